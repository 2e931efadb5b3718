import { createHash } from 'node:crypto';

/** The run id that a plan gets when nobody names one: the same plan, project and kind of run give the same id. */
export function defaultRunId(run: {
  planId: string;
  project: string;
  source: 'rehearse' | 'execute';
}): string {
  return `fc-${digest(`run\n${run.planId}\n${run.project}\n${run.source}`).slice(0, 8)}`;
}

/** `first`, or `first-2`, `first-3`, ...: the first one that is not taken. */
export function nextRunId(first: string, taken: readonly string[]): string {
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? first : `${first}-${number}`;
    if (!taken.includes(id)) return id;
  }
}

/**
 * The request id of a mutation: a UUID (version 8, RFC 9562) made from the run and the job, so that a retry, also
 * by a later process, is recognised by Batch as the same request.
 */
export function requestIdOf(runId: string, jobId: string, verb: 'create' | 'cancel'): string {
  const hex = digest(`${verb}\n${runId}\n${jobId}`);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
