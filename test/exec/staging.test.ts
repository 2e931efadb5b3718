import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PortError } from '../../src/exec/port.js';
import { retryingStorage } from '../../src/exec/retryStorage.js';
import { inputsOfRun } from '../../src/exec/stagedInputs.js';
import { type StagingProgress, stageInputs } from '../../src/exec/staging.js';
import type { Plan } from '../../src/plan/plan.js';
import { FakeClock } from './fakeBatch.js';
import { MemoryStorage } from './memoryStorage.js';
import { planOf } from './plans.js';

let folder: string;
let storage: MemoryStorage;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fepcast-staging-'));
  storage = new MemoryStorage();
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Four molecules of two windows, in two regions. */
function planWith(inputs: readonly string[]): Plan {
  const plan = planOf({ molecules: 4, windows: 2 }, {}, ['us-central1', 'us-east1']);
  const windows = ['0', '1'].map((window) => ({ leg: 'main', repeat: '0', window }));
  const molecules = ['a', 'b', 'c', 'd'];
  return {
    ...plan,
    work: { file: 'tasks.csv', sha256: '', folder, molecules, windows, inputs: [...inputs] },
  };
}

const NAMES = Array.from({ length: 8 }, (_, task) => `in-${task}.tpr`);
const LETTERS = [...'abcdefgh'];
const CENTRAL = 'fepcast-results-us-central1';
const EAST = 'fepcast-results-us-east1';

const writeInputs = (texts: readonly string[]) =>
  Promise.all(texts.map((text, task) => writeFile(join(folder, `in-${task}.tpr`), text)));

describe('staging', () => {
  it('brings each input to the home of its tasks, the same content once', async () => {
    await writeInputs(['x', 'x', 'b', 'c', 'x', 'e', 'f', 'g']);
    const inputOf = await stageInputs({ storage, plan: planWith(NAMES) });
    const at = (bucket: string, texts: string[]) => texts.map((text) => `${bucket}/inputs/${sha256(text)}`);
    expect(storage.names()).toEqual(
      [...at(CENTRAL, ['x', 'b', 'c']), ...at(EAST, ['x', 'e', 'f', 'g'])].sort(),
    );
    expect(inputOf(2)).toEqual({ sha256: sha256('b') });
  });

  it('sends nothing again that is there, goes on where it was interrupted, and mends a damaged copy', async () => {
    await writeInputs(LETTERS);
    const plan = planWith(NAMES);
    let writes = 0;
    storage.fault = (call) => {
      if (!call.startsWith('write')) return null;
      writes += 1;
      return writes > 3 ? new PortError('PERMISSION_DENIED', 'interrupted') : null;
    };
    await expect(stageInputs({ storage, plan, parallel: 1 })).rejects.toThrow('interrupted');
    storage.fault = () => null;
    const damaged = { bucket: CENTRAL, name: `inputs/${sha256('a')}` };
    storage.plant(damaged, 'half');
    const seen: StagingProgress[] = [];
    const onProgress = (progress: StagingProgress) => void seen.push(progress);
    await stageInputs({ storage, plan, onProgress });
    expect(seen.at(-1)).toEqual({ done: 8, total: 8, sent: 6, sentBytes: 6 });
    expect(storage.text(damaged)).toBe('a');
    await stageInputs({ storage, plan, onProgress });
    expect(seen.at(-1)).toEqual({ done: 8, total: 8, sent: 0, sentBytes: 0 });
  });

  it('reads inputs that lie in a bucket once, and knows the copy again', async () => {
    for (const name of NAMES) storage.plant({ bucket: 'source', name }, `content of ${name}`);
    const plan = planWith(NAMES.map((name) => `gs://source/${name}`));
    expect((await stageInputs({ storage, plan }))(5)).toEqual({ sha256: sha256('content of in-5.tpr') });
    const reads = storage.count('read');
    expect((await stageInputs({ storage, plan }))(5)).toEqual({ sha256: sha256('content of in-5.tpr') });
    expect(storage.count('read')).toBe(reads);
    storage.plant({ bucket: 'source', name: 'in-5.tpr' }, 'another');
    expect((await stageInputs({ storage, plan }))(5)).toEqual({ sha256: sha256('another') });
  });

  it('names an input that is not there', async () => {
    await writeInputs(['a']);
    await expect(stageInputs({ storage, plan: planWith(NAMES) })).rejects.toThrow('cannot be read (ENOENT)');
    const elsewhere = planWith(NAMES.map((name) => `gs://source/${name}`));
    await expect(stageInputs({ storage, plan: elsewhere })).rejects.toThrow('which is not there');
  });

  it('is remembered by the run, which goes on where the files are not', async () => {
    await writeInputs(LETTERS);
    const plan = planWith(NAMES);
    const place = { bucket: 'fepcast-state', name: 'runs/r/inputs.txt' };
    await inputsOfRun({ storage, plan, place });
    await rm(folder, { recursive: true });
    expect((await inputsOfRun({ storage, plan, place }))(7)).toEqual({ sha256: sha256('h') });
  });

  it('outlives lost answers and refusals', async () => {
    await writeInputs(LETTERS);
    let ids = 0;
    const retried = retryingStorage(storage, {
      clock: new FakeClock(),
      random: () => 0.5,
      newId: () => {
        ids += 1;
        return String(ids);
      },
    });
    let calls = 0;
    const everyThird = (): Error | null => {
      calls += 1;
      return calls % 3 === 0 ? new PortError('RETRYABLE', '503') : null;
    };
    storage.fault = everyThird;
    storage.answerLost = everyThird;
    await stageInputs({ storage: retried, plan: planWith(NAMES) });
    expect(storage.names()).toHaveLength(8);
  });
});
