import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Cloud } from './cloud.js';
import { hasCommand } from './hasCommand.js';
import { playSchedule } from './schedules.js';

const METHANE = fileURLToPath(new URL('../../examples/methane/', import.meta.url));
const STEPS = 4000;
const hasGromacs = hasCommand('gmx', 'the tests with real GROMACS');

const folder = mkdtempSync(join(tmpdir(), 'fepcast-gromacs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let cloud: Cloud;
afterEach(() => cloud?.stop());

/** Checkpoints every half second, of which one in about 0.6 s is shipped. */
const ENVIRONMENT = {
  FEPCAST_ADAPTER: 'gromacs',
  FEPCAST_ENGINE_INTERVAL_SECONDS: '50',
  FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '50',
  FEPCAST_CHECKPOINT_JITTER_SECONDS: '20',
  FEPCAST_STALL_SECONDS: '100000',
};

test.skipIf(!hasGromacs)(
  'a window that is stopped five times, over a store that fails, gives the digits of a run that never stopped',
  async () => {
    const tpr = window(5);
    const whole = uninterrupted(tpr);
    cloud = await Cloud.start({ seed: 'gromacs', input: tpr, tokensLiveSeconds: 2 });
    cloud.disturb(0.25);
    const played = await playSchedule(cloud, 20, { blows: 5, within: 3500, environment: ENVIRONMENT });
    cloud.faults.clear();
    const story = played.map((attempt) => attempt.story).join('\n');
    expect(played.at(-1)?.code, story).toBe(0);
    expect(withoutComments(await cloud.output('dhdl.xvg')), story).toBe(whole.dhdl);
    expect(await cloud.output('state.gro'), story).toBe(whole.coordinates);
    const result = await cloud.result();
    expect(result).toMatchObject({
      stepsDone: STEPS,
      stepsPlanned: STEPS,
      input: cloud.inputDigest,
      science: { engine: 'gromacs', nsteps: STEPS, seed: 31005, lambda: 5, temperature: 298.15, dtPs: 0.002 },
    });
    expect(result?.science.nsPerDay).toBeGreaterThan(0);
    expect(result?.science.version).toMatch(/^20\d\d/);
    expect(result?.outputs.map(({ name }) => name)).toEqual([
      'dhdl.xvg',
      'state.gro',
      'state.log',
      'state.edr',
    ]);
    // It did go on from checkpoints, at the step that the engine itself wrote.
    expect(
      played.some(({ story }) => /goes on from step [1-9]/.test(story)),
      story,
    ).toBe(true);
  },
);

test.skipIf(!hasGromacs)(
  'an input that GROMACS cannot read ends with the engine failing, not with a result',
  async () => {
    cloud = await Cloud.start({ input: 'not a run input file' });
    expect((await cloud.run({ environment: ENVIRONMENT })).code).toBe(84);
    const { code, log } = await cloud.run({ environment: ENVIRONMENT });
    expect(code, log).toBe(79);
    expect(log).toContain('engine: ');
    expect(await cloud.result()).toBeNull();
  },
);

/** The run input file of a window. */
function window(lambda: number): Buffer {
  const out = join(folder, `w${lambda}`);
  execFileSync('bash', [join(METHANE, 'make-tpr.sh'), String(lambda), String(STEPS), out]);
  return readFileSync(join(out, 'window.tpr'));
}

function uninterrupted(tpr: Buffer): { dhdl: string; coordinates: string } {
  const place = mkdtempSync(join(folder, 'whole-'));
  const command = ['-quiet', 'mdrun', '-nt', '1', '-pin', 'off', '-reprod', '-s', 'window.tpr'];
  execFileSync('cp', [join(folder, 'w5', 'window.tpr'), place]);
  expect(readFileSync(join(place, 'window.tpr')).equals(tpr)).toBe(true);
  execFileSync('gmx', [...command, '-deffnm', 'state', '-dhdl', 'dhdl.xvg'], { cwd: place, stdio: 'ignore' });
  const read = (name: string): string => readFileSync(join(place, name), 'utf8');
  return { dhdl: withoutComments(read('dhdl.xvg')), coordinates: read('state.gro') };
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}
