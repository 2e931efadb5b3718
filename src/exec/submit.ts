import type { BatchJob } from '../plan/batchJob.js';
import { SPEC_LABEL } from '../plan/job.js';
import { type BatchPort, PortError, type PortJob } from './port.js';

export interface SubmitRequest {
  region: string;
  jobId: string;
  requestId: string;
  job: BatchJob;
}

/**
 * Creates the job, or adopts the one of this id that is there: after an unclear failure, or a crash, the job may
 * have been accepted already. Throws PortError ALREADY_EXISTS when that job is not what was to be submitted.
 */
export async function createOrAdopt(
  port: BatchPort,
  request: SubmitRequest,
): Promise<{ job: PortJob; adopted: boolean }> {
  try {
    return { job: await port.createJob(request), adopted: false };
  } catch (error) {
    if (!(error instanceof PortError && error.kind === 'ALREADY_EXISTS')) throw error;
  }
  const job = await port.getJob(request.region, request.jobId);
  const expected = request.job.labels?.[SPEC_LABEL];
  const found = job.labels[SPEC_LABEL];
  if (expected !== undefined && found === expected) return { job, adopted: true };
  throw new PortError(
    'ALREADY_EXISTS',
    `job ${request.jobId} in ${request.region}: found a job with the label ${SPEC_LABEL}=${found ?? '(none)'}, ` +
      `expected ${expected}; it belongs to something else: choose another --run-id`,
  );
}
