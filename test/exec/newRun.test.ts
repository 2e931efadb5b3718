import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { connectEmulatorStorage } from '../../src/exec/googleStorage.js';
import { nextRunId } from '../../src/exec/ids.js';
import { runsInBucket } from '../../src/exec/runRecord.js';
import { runObject } from '../../src/exec/statePlace.js';
import type { StoragePort } from '../../src/exec/storagePort.js';
import { scenarioOf } from './plans.js';

let emulator: Emulator;
let storage: StoragePort;

beforeAll(async () => {
  emulator = await startEmulator({
    scenario: scenarioOf({ molecules: 1, windows: 1 }),
    seed: '1',
    speed: 1,
    buckets: [{ name: 'state', location: 'us-central1' }],
  });
  storage = await connectEmulatorStorage({ httpPort: emulator.httpPort, project: 'p' });
});

afterAll(() => emulator.stop());

const put = (place: { bucket: string; name: string }) =>
  storage.write({ ...place, ifGenerationMatch: '0', source: { bytes: Buffer.from('{}') } });

it('a new run takes an id that no run of any machine has, by what is in the state bucket', async () => {
  const team = { bucket: 'state', prefix: 'team [a]/fep' };
  for (const run of ['fc-1', 'fc-1-2']) await put(runObject(team, run, 'plan.json'));
  await put(runObject(team, 'fc-1', 'jobs/x/plan.json'));
  await put(runObject(team, 'half', 'ledger/00000000.jsonl'));
  await put(runObject({ bucket: 'state', prefix: '' }, 'fc-9', 'plan.json'));
  const ids = await runsInBucket(storage, team);
  expect(ids.sort()).toEqual(['fc-1', 'fc-1-2']);
  expect(nextRunId('fc-1', ids)).toBe('fc-1-3');
  expect(await runsInBucket(storage, { bucket: 'state', prefix: '' })).toEqual(['fc-9']);
});

it('where there is no bucket yet there is no run', async () => {
  expect(await runsInBucket(storage, { bucket: 'absent', prefix: '' })).toEqual([]);
});
