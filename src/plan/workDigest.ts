import { createHash } from 'node:crypto';
import { canonicalJson } from '../scenario/canonical.js';
import type { Plan } from './plan.js';
import type { TaskIdentity } from './taskObjects.js';
import { planTask, taskKey } from './work.js';

/** What makes a piece of work the work that it is; whatever changes here makes new work. */
export interface WorkParts {
  /** SHA-256 of each input, as 64 hex digits; none where a campaign is given by counts. */
  inputs: readonly string[];
  /** `sha256:...` of the image; its name where that is not known. */
  image: string;
  adapter: string;
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
}

/** 64 hex digits. The order of inputs and variables does not matter, that of the command does. */
export function workDigest(parts: WorkParts): string {
  const { image, adapter, command, environment } = parts;
  const inputs = [...parts.inputs].sort();
  return createHash('sha256')
    .update(canonicalJson({ version: 1, inputs, image, adapter, command, environment }))
    .digest('hex');
}

/**
 * Key and digest of a campaign task. `inputSha256`: of its input, which only staging can know; null where it has none
 * because the campaign is given by counts. Then the digest is over what there is.
 */
export function taskIdentity(
  plan: Pick<Plan, 'campaign' | 'work' | 'image' | 'task'>,
  task: number,
  inputSha256: string | null,
): TaskIdentity {
  const { input } = planTask(plan, task);
  if (input !== null && inputSha256 === null) {
    throw new Error(`the digest of task ${task} needs the SHA-256 of its input ${input}`);
  }
  const { adapter, command, environment } = plan.task;
  const inputs = inputSha256 === null ? [] : [inputSha256];
  const digest = workDigest({ inputs, image: imageIdentity(plan), adapter, command, environment });
  return { key: taskKey(plan, task), digest };
}

/** `sha256:...`, when the name of an image holds it. */
export function imageDigest(uri: string): string | null {
  return /@(sha256:[0-9a-f]{64})$/.exec(uri)?.[1] ?? null;
}

/**
 * The image apart from where it lies: a task is the same work in every region. Its digest; else its name behind the
 * registry's host; `unset` when the plan names none. Images that differ between regions are named together.
 */
export function imageIdentity({ image }: Pick<Plan, 'image'>): string {
  const identities = Object.values(image.uriByRegion).map(
    (uri) => imageDigest(uri) ?? uri.replace(/^[a-z0-9-]+-docker\.pkg\.dev\//, ''),
  );
  return [...new Set(identities)].sort().join(' ') || 'unset';
}
