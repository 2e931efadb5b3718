import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { formatIndexRow } from '../../src/plan/taskIndex.js';
import { claimObject, resultObject } from '../../src/plan/taskObjects.js';
import { parseClaim, resultSchema } from '../../src/plan/taskRecords.js';
import { PARENT } from './emulated.js';
import { processesWith, quickScenario, spotJob, toyJob, until } from './localTasksToys.js';

const STUB_ENGINE = fileURLToPath(new URL('../../task-image/test/stub-engine.sh', import.meta.url));
const ROW_BYTES = 200;
const STEPS = 300;

function canRun(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const task = (index: number) => ({ key: `m0/main/0/w0${index}`, digest: String(index).repeat(64) });

/** The objects of an emulator that asks nobody who he is. */
function objectsOf({ httpPort }: Emulator) {
  const base = `http://127.0.0.1:${httpPort}`;
  return {
    put: async (bucket: string, name: string, body: string): Promise<void> => {
      const query = `uploadType=media&name=${encodeURIComponent(name)}`;
      const answer = await fetch(`${base}/upload/storage/v1/b/${bucket}/o?${query}`, {
        method: 'POST',
        body,
      });
      expect(answer.status).toBe(200);
    },
    get: async (bucket: string, name: string): Promise<string | null> => {
      const answer = await fetch(`${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`);
      return answer.ok ? answer.text() : null;
    },
  };
}

test.skipIf(!canRun())(
  "a job of fepcast's own runs the entrypoint of the task image, through preemptions (skipped without Linux and curl)",
  async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'local-image-'));
    closing.push(() => rmSync(dataFolder, { recursive: true, force: true }));
    const emulator = await startEmulator({
      // Half a second of the wall clock between notice and end.
      scenario: quickScenario(0, 10),
      seed: 'image',
      speed: 20,
      buckets: ['scratch', 'results'].map((name) => ({ name, location: 'us-central1' })),
      localTasks: { dataFolder, containerCommand: null },
    });
    closing.push(() => emulator.stop());
    const objects = objectsOf(emulator);
    const rows = [0, 1, 2].map((index) =>
      formatIndexRow(
        { task: index, ...task(index), scratchBucket: 'scratch', resultsBucket: 'results', input: null },
        ROW_BYTES,
      ),
    );
    await objects.put('results', 'runs/run/jobs/image/index', rows.join(''));
    const variables = {
      FEPCAST_RUN_ID: 'run',
      FEPCAST_JOB: 'image',
      FEPCAST_INDEX: 'gs://results/runs/run/jobs/image/index',
      FEPCAST_INDEX_ROW_BYTES: String(ROW_BYTES),
      FEPCAST_ADAPTER: 'stub',
      FEPCAST_CHECKPOINT_POLICY: 'periodic',
      FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '20',
      FEPCAST_FLUSH_ON_NOTICE: '1',
      FEPCAST_TIME_SCALE: '0.01',
      STUB_ENGINE,
      STUB_STEPS: String(STEPS),
      STUB_NAP: '0.03',
    };
    const job = toyJob({ container: { imageUri: 'image' }, environment: { variables } });
    const url = `http://127.0.0.1:${emulator.httpPort}/v1/${PARENT}/jobs`;
    const created = await fetch(`${url}?job_id=image`, {
      method: 'POST',
      body: JSON.stringify(spotJob(job, 3)),
    });
    expect(created.status).toBe(200);
    const claimOf = async (index: number) =>
      parseClaim((await objects.get('scratch', claimObject(task(index)))) ?? '').lines;
    while ((await claimOf(0)).length === 0 || (await claimOf(1)).length === 0);
    const preempt = { region: 'us-central1', at: 0, kind: 'preempt', share: 1 };
    const ordered = await fetch(`http://127.0.0.1:${emulator.httpPort}/emulator/v1/faults`, {
      method: 'POST',
      body: JSON.stringify({ world: [preempt] }),
    });
    expect(ordered.status).toBe(200);
    let state = '';
    while (!['SUCCEEDED', 'FAILED'].includes(state)) {
      const seen = (await (await fetch(`${url}/image`)).json()) as { status: { state: string } };
      state = seen.status.state;
    }
    const logs = join(dataFolder, 'logs/us-central1/image');
    const printed = readdirSync(logs).map((name) => `${name}:\n${readFileSync(join(logs, name), 'utf8')}`);
    expect(state, printed.join('\n')).toBe('SUCCEEDED');
    for (const index of [0, 1, 2]) {
      const result = resultSchema.parse(
        JSON.parse((await objects.get('results', resultObject(task(index)))) ?? 'null'),
      );
      expect(result).toMatchObject({ ...task(index), task: index, run: 'run' });
      const starts = (await claimOf(index)).filter(({ kind }) => kind === 'start');
      for (const start of starts) expect(start).toMatchObject({ job: 'image', index });
      expect(starts.map(({ retry }) => retry)).toEqual(index === 2 ? [0] : [0, 1]);
    }
    await until('nothing is left', () => processesWith(dataFolder).length === 0);
  },
);
