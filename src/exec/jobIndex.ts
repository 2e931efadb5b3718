import { indexUriOf, type JobPart } from '../plan/job.js';
import type { Plan } from '../plan/plan.js';
import { type InputOf, taskIndexOf } from '../plan/taskIndex.js';
import { InputError } from '../scenario/errors.js';
import { isPrecondition } from './retryStorage.js';
import { parseGsUrl, type StoragePort } from './storagePort.js';

/**
 * Puts the index of a job where its tasks look for it; done before the job is created. One that is there already, from
 * an earlier try, must be the same to the byte.
 */
export async function writeJobIndex(
  storage: StoragePort,
  plan: Plan,
  part: JobPart,
  run: { runId: string; inputOf: InputOf },
): Promise<void> {
  const url = indexUriOf(plan, part.shard.region, run.runId, part.jobId);
  const place = parseGsUrl(url);
  if (place === null) throw new InputError(`run ${run.runId}: the plan names no bucket for ${url}`);
  const bytes = Buffer.from(taskIndexOf(plan, part.tasks, run.inputOf).text);
  try {
    await storage.write({ ...place, ifGenerationMatch: '0', source: { bytes }, contentType: 'text/plain' });
  } catch (error) {
    if (!isPrecondition(error)) throw error;
    const there = Buffer.from(await storage.read(place));
    if (there.equals(bytes)) return;
    throw new InputError(
      `run ${run.runId}: ${url} holds another index than that of job ${part.jobId}: the inputs have changed since it was written; start a new run (--new-run)`,
    );
  }
}
