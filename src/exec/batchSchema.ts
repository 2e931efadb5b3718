import { createRequire } from 'node:module';
import type { BatchJob } from '../plan/batchJob.js';
import { type ProtoObject, toProtoObject } from '../plan/protoConvert.js';
import { checkJob, JOB_MESSAGE } from '../plan/protoJson.js';
import { ProtoSchema, type ProtosJson } from '../plan/protoSchema.js';

const PROTOS = '@google-cloud/batch/build/protos/protos.json';

let loaded: ProtoSchema | null = null;

/** The official schema of the Batch API, from the protos that ship with the client; read on first use (1 MB). */
function batchSchema(): ProtoSchema {
  const protos: ProtosJson = loaded ? {} : createRequire(import.meta.url)(PROTOS);
  loaded ??= new ProtoSchema(protos);
  return loaded;
}

/**
 * Throws unless the job is valid by the official protos. Nothing is sent or written without this: the client
 * drops misspelt fields and unknown enum names without a word.
 */
export function assertValidJob(job: BatchJob, jobId: string): void {
  const [first, ...more] = checkJob(batchSchema(), job);
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  throw new Error(`job ${jobId} is not a valid Batch job: ${first.field}: ${first.description}${others}`);
}

/** The job as the Node client takes it. Throws for a job that is not valid. */
export function clientJob(job: BatchJob, jobId: string): ProtoObject {
  assertValidJob(job, jobId);
  return toProtoObject(batchSchema(), JOB_MESSAGE, job);
}
