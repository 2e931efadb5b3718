import type { Plan } from '../plan/plan.js';
import type { InputOf } from '../plan/taskIndex.js';
import { inputError } from '../scenario/errors.js';
import { isPrecondition } from './retryStorage.js';
import { type StagingOptions, stageInputs } from './staging.js';
import { gsUrl, type ObjectPlace } from './storagePort.js';

const NONE = '-';

/**
 * The inputs of a run: staged once, and from then on known from the run's record, so that it can go on where the files
 * are not. The record has a line for each task: the SHA-256 of its input, or "-".
 */
export async function inputsOfRun(options: StagingOptions & { place: ObjectPlace }): Promise<InputOf> {
  const { storage, plan, place } = options;
  const known = await readInputs(options);
  if (known !== null) return known;
  const inputOf = await stageInputs(options);
  const lines = Array.from({ length: plan.campaign.tasks }, (_, task) => inputOf(task)?.sha256 ?? NONE);
  try {
    await storage.write({
      ...place,
      ifGenerationMatch: '0',
      source: { bytes: Buffer.from(`${lines.join('\n')}\n`) },
      contentType: 'text/plain',
    });
  } catch (error) {
    if (!isPrecondition(error)) throw error;
    return (await readInputs(options)) ?? inputOf;
  }
  return inputOf;
}

/** Null as long as nothing has been staged for the run. */
export async function readInputs(
  options: Pick<StagingOptions, 'storage'> & { place: ObjectPlace; plan: Plan },
): Promise<InputOf | null> {
  const { storage, plan, place } = options;
  if (plan.work === null) return () => null;
  if ((await storage.stat(place)) === null) return null;
  const lines = Buffer.from(await storage.read(place))
    .toString('utf8')
    .split('\n')
    .slice(0, -1);
  if (lines.length !== plan.campaign.tasks || !lines.every((line) => /^(?:-|[0-9a-f]{64})$/.test(line))) {
    throw inputError({
      file: gsUrl(place),
      found: `${lines.length} lines`,
      expected: `a SHA-256 or "${NONE}" for each of ${plan.campaign.tasks} tasks`,
    });
  }
  return (task) => {
    const sha256 = lines[task];
    return sha256 === undefined || sha256 === NONE ? null : { sha256 };
  };
}
