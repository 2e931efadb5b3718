import type { BatchJob } from '../plan/batchJob.js';
import type { JobSpec } from '../plan/jobSpec.js';
import { toProtoJson, toProtoObject } from '../plan/protoConvert.js';
import { checkJob, JOB_MESSAGE } from '../plan/protoJson.js';
import type { ProtoSchema } from '../plan/protoSchema.js';
import { InputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import { brokenJobId, brokenRequestId, brokenRules } from './jobRules.js';
import type { JobName } from './names.js';
import { badRequest, StatusError } from './statusError.js';

/** The job in canonical proto-JSON; throws INVALID_ARGUMENT with everything that is wrong with the request. */
export function checkedJob(
  { schema, scenario }: { schema: ProtoSchema; scenario: Scenario },
  id: JobName,
  requestId: string,
  job: unknown,
): BatchJob {
  const violations = [...brokenRequestId(requestId), ...brokenJobId(id.jobId)];
  const faults = checkJob(schema, job);
  if (faults.length > 0) throw badRequest([...violations, ...faults]);
  const canonical = toProtoJson(schema, JOB_MESSAGE, toProtoObject(schema, JOB_MESSAGE, job));
  if (!isBatchJob(canonical)) {
    throw badRequest([...violations, { field: 'taskGroups', description: 'is required' }]);
  }
  violations.push(...brokenRules(canonical, id.region, scenario));
  if (violations.length > 0) throw badRequest(violations);
  return canonical;
}

export type JobSpecReader = (job: BatchJob, region: string, jobId: string, scenario: Scenario) => JobSpec;

/** What the World is told of the job; throws INVALID_ARGUMENT for variables that mean nothing. */
export function jobSpecOf(
  { readJobSpec, scenario }: { readJobSpec: JobSpecReader; scenario: Scenario },
  id: JobName,
  json: BatchJob,
): JobSpec {
  try {
    return readJobSpec(json, id.region, id.jobId, scenario);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new StatusError('INVALID_ARGUMENT', error.message, [{ field: 'job', description: error.message }]);
  }
}

/** What the schema's required fields make sure of. */
function isBatchJob(job: object): job is BatchJob {
  return 'taskGroups' in job && Array.isArray(job.taskGroups);
}
