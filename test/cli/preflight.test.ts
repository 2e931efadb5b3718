import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { type ProjectTroubleInput, projectTroubleSchema } from '../../src/emulator/services/project.js';
import type { Check } from '../../src/exec/preflight/check.js';
import { isAlive, markOf } from '../../src/exec/processAlive.js';
import type { Plan } from '../../src/plan/plan.js';
import { parseScenario } from '../../src/scenario/parse.js';
import { fepcast, scratchFolder } from './run.js';

const TIMEOUT_MS = 60_000;

const SCENARIO = `
name: two-regions
campaign: { molecules: 2, windows: 13, taskDuration: { constant: 1h } }
regions:
  us-central1: { quota: { spotGpus: 20, onDemandGpus: 5 } }
  us-east1: { quota: { spotGpus: 20, onDemandGpus: 5 } }
decisions: { parallelism: { us-central1: 10, us-east1: 10 } }
objective: { budget: 500 }
cloud: { project: my-project, serviceAccount: runner@my-project.iam.gserviceaccount.com }
`;

const scratch = scratchFolder();
const scenario = join(scratch.path, 'scenario.yaml');
const plan = join(scratch.path, 'plan.json');
const state = join(scratch.path, 'state');

beforeAll(async () => {
  writeFileSync(scenario, SCENARIO);
  const { code } = await fepcast(['plan', scenario, '--out', plan, '--replications', '2', '--workers', '1']);
  expect(code).toBe(0);
}, TIMEOUT_MS);

afterAll(() => scratch.remove());

async function rehearse(runId: string, trouble: ProjectTroubleInput, more: string[] = []) {
  const file = join(scratch.path, `${runId}.yaml`);
  writeFileSync(file, JSON.stringify(trouble));
  const place = ['--state-dir', state, '--run-id', runId];
  return fepcast(['exec', plan, '--rehearse', '--play', file, '--speed', '20000', ...place, ...more]);
}

/** The emulator that the run had started. */
function emulatorLives(runId: string): boolean {
  const text = readFileSync(join(state, 'runs', runId, 'emulator.process.json'), 'utf8');
  return isAlive(markOf((JSON.parse(text) as { pid: number }).pid));
}

describe('exec in a wrong project', () => {
  it('starts nothing, says what is wrong and how to repair it, and ends with exit code 3', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { code, stdout, stderr } = await rehearse('r-api', { disabledApis: ['batch.googleapis.com'] }, [
      '--json',
    ]);
    expect(code).toBe(3);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
    expect(ok).toBe(false);
    expect(checks.filter(({ outcome }) => outcome === 'fail').map(({ name }) => name)).toEqual(['apis']);
    expect(stderr).toContain('gcloud services enable batch.googleapis.com --project=my-project');
    expect(stderr).toContain(
      'nothing was started: The batch.googleapis.com API is switched off in my-project.',
    );
    expect(emulatorLives('r-api')).toBe(false);
  });

  it('ends with exit code 4 when it is a permission that lacks', { timeout: TIMEOUT_MS }, async () => {
    const { code, stderr } = await rehearse('r-act', { deniedPermissions: ['iam.serviceAccounts.actAs'] });
    expect(code).toBe(4);
    expect(stderr).toContain('--role=roles/iam.serviceAccountUser');
  });

  it('goes on after it was repaired, under the same name', { timeout: TIMEOUT_MS }, async () => {
    const broken = await rehearse('r-fix', {
      quotas: { 'us-east1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 0 }, NVIDIA_L4_GPUS: { limit: 0 } } },
    });
    expect(broken.code).toBe(3);
    const repaired = await rehearse('r-fix', {}, ['--json']);
    expect(repaired.code).toBe(0);
    expect(JSON.parse(repaired.stdout)).toMatchObject({ state: 'succeeded' });
    expect(repaired.stderr).not.toContain('preflight');
  });

  it('sends no wave where the canary fails, and ends with exit code 3', { timeout: TIMEOUT_MS }, async () => {
    const tasks = { 'us-central1': 'agentNotReporting', 'us-east1': 'agentNotReporting' } as const;
    const { code, stderr } = await rehearse('r-canary', { tasks }, ['--canary']);
    expect(code).toBe(3);
    expect(stderr).toContain('the canary of us-east1 failed: its VM never reported to Batch');
    expect(stderr).toContain('--role=roles/batch.agentReporter');
    const ledger = readFileSync(join(state, 'runs', 'r-canary', 'ledger.jsonl'), 'utf8');
    expect(ledger).not.toContain('job-intended');
    expect(emulatorLives('r-canary')).toBe(false);
  });

  it('plays a project in a rehearsal alone', async () => {
    const { code, stderr } = await fepcast(['exec', plan, '--play', scenario]);
    expect(code).toBe(2);
    expect(stderr).toContain('--rehearse');
  });
});

describe('plan --live', () => {
  let emulator: Emulator;

  async function play(trouble: ProjectTroubleInput): Promise<string[]> {
    emulator = await startEmulator({
      scenario: parseScenario(SCENARIO, { file: scenario }),
      seed: 'live',
      speed: 1,
      project: projectTroubleSchema.parse(trouble),
    });
    return [
      'plan',
      scenario,
      '--live',
      '--emulator',
      String(emulator.httpPort),
      '--replications',
      '2',
      '--workers',
      '1',
    ];
  }

  it('takes quota and prices of the day, and stamps them into the plan', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const args = await play({
      quotas: { 'us-east1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 9, usage: 2 } } },
    });
    const out = join(scratch.path, 'live.json');
    const { code, stdout, stderr } = await fepcast([...args, '--out', out]);
    await emulator.stop();
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('us-east1: 7 Spot GPUs free (2 in use), 0.397 USD/h Spot');
    const { live, scenario: embedded } = JSON.parse(readFileSync(out, 'utf8')) as Plan;
    expect(live?.project).toBe('my-project');
    expect(embedded.resolved.regions['us-east1']?.quota.spotGpus).toBe(7);
    expect(embedded.resolved.regions['us-east1']?.price.date).toBe(live?.at.slice(0, 10));
    expect((await fepcast(['lint', out])).code).toBe(0);
  });

  it('falls back to the scenario with one warning for each kind', { timeout: TIMEOUT_MS }, async () => {
    const args = await play({ disabledApis: ['compute.googleapis.com', 'cloudbilling.googleapis.com'] });
    const out = join(scratch.path, 'fallback.json');
    const { code, stderr } = await fepcast([...args, '--out', out, '--json']);
    await emulator.stop();
    expect(code).toBe(0);
    const warnings = stderr.split('\n').filter((line) => line.startsWith('warning: '));
    expect(warnings).toHaveLength(2);
    const { scenario: embedded } = JSON.parse(readFileSync(out, 'utf8')) as Plan;
    expect(embedded.resolved.regions['us-east1']?.quota.spotGpus).toBe(20);
  });

  it('needs a project, and its options need it', async () => {
    const nowhere = join(scratch.path, 'nowhere.yaml');
    writeFileSync(nowhere, SCENARIO.replace(/cloud:.*\n/, ''));
    const without = await fepcast(['plan', nowhere, '--live']);
    expect(without.code).toBe(2);
    expect(without.stderr).toContain("--project, or the scenario's cloud.project");
    const alone = await fepcast(['plan', scenario, '--emulator', '4000']);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('--live');
  });
});
