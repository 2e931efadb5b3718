import { afterEach, expect, test } from 'vitest';
import {
  type CanaryReport,
  parseCanaryReport,
  projectedSeconds,
} from '../../src/exec/canary/canaryReport.js';
import { Cloud } from './cloud.js';
import { until } from './until.js';

let cloud: Cloud;
afterEach(() => cloud.stop());

const REPORT = 'runs/run/canary/us-central1.json';
/** Computes for 0.3 s of wall time at the tests' scale. */
const CANARY = {
  FEPCAST_CANARY: '1',
  FEPCAST_CANARY_REPORT: `gs://results/${REPORT}`,
  FEPCAST_EXPECTED_SECONDS: '30',
  STUB_STEPS: '100000',
};

async function report(): Promise<CanaryReport | null> {
  const text = await cloud.get('results', REPORT);
  return text === null ? null : parseCanaryReport(text.toString());
}

test('a canary tries everything, tells what it saw and leaves nothing', async () => {
  cloud = await Cloud.start({ input: 'the input' });
  const before = await cloud.list('results');
  const { code, log } = await cloud.run({ environment: CANARY });
  expect(code, log).toBe(0);
  const seen = await report();
  expect(seen?.trials.map(({ name, ok }) => `${name} ${ok}`)).toEqual([
    'input true',
    'write true',
    'overwrite true',
    'delete true',
    'engine true',
  ]);
  expect(seen).toMatchObject({
    accelerator: null,
    machine: 'g2-standard-4 in us-central1-a',
    engine: { of: 100000 },
  });
  expect(seen && projectedSeconds(seen)).toBeGreaterThan(30);
  expect(await cloud.list('scratch')).toEqual([]);
  expect(await cloud.list('results')).toEqual([...before, REPORT].sort());
});

test.each([
  ['engine', 84, { STUB_FAIL_AT: '20' }],
  ['engine', 80, { STUB_STALL_AT: '0' }],
  ['accelerator', 82, { FEPCAST_ACCELERATOR: 'nvidia-l4', FEPCAST_TIME_SCALE: '0.001' }],
])('what fails is in the report: %s, exit %i', async (name, expected, environment) => {
  cloud = await Cloud.start();
  const { code, log } = await cloud.run({ environment: { ...CANARY, ...environment } });
  expect(code, log).toBe(expected);
  const last = (await report())?.trials.at(-1);
  expect(last).toMatchObject({ name, ok: false });
  expect(log).toContain(last?.message);
  expect(await cloud.list('scratch')).toEqual([]);
});

test('an account that may write but not overwrite or delete is found out', async () => {
  cloud = await Cloud.start({ allows: (permission) => permission !== 'storage.objects.delete' });
  const { code, log } = await cloud.run({ environment: CANARY });
  expect(code, log).toBe(2);
  const last = (await report())?.trials.at(-1);
  expect(last).toMatchObject({ name: expect.stringMatching(/^(?:overwrite|delete)$/), ok: false });
  expect(last?.message).toContain('the service account may not');
});

test('a canary whose VM is taken away ships nothing and exits 76', async () => {
  cloud = await Cloud.start();
  const attempt = await cloud.begin({ environment: { ...CANARY, FEPCAST_EXPECTED_SECONDS: '100000' } });
  await until(() => cloud.engineStep(1) > 60, attempt);
  attempt.terminate();
  expect(await attempt.exited, attempt.log()).toBe(76);
  expect(await cloud.list('scratch')).toEqual([]);
});
