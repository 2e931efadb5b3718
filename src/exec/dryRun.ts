import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildJob, jobIdOf } from '../plan/job.js';
import type { Plan, Shard } from '../plan/plan.js';
import { type InputOf, taskIndexOf } from '../plan/taskIndex.js';
import { tasksOf } from '../plan/taskRanges.js';
import { planTask } from '../plan/work.js';
import { inputError } from '../scenario/errors.js';
import { assertValidJob } from './batchSchema.js';
import { fileSha256 } from './fileSha256.js';
import { codeOf, makeFolder } from './makeFolder.js';
import { checkRunId } from './runFolder.js';

/** The two files of one job. */
export interface DryRunJob {
  jobId: string;
  region: string;
  jobFile: string;
  indexFile: string;
  /** Tasks whose input lies in a bucket: staging hashes it, and until then "-" stands in the index. */
  unhashedInputs: number;
}

/**
 * Writes what `exec` would submit: `outDir/<jobId>.json` per shard, in the Batch API's own JSON form and valid by
 * the official protos, and `outDir/<jobId>.index` beside it. Nothing is written unless every job is valid.
 * Local inputs are hashed; no service is asked. Throws InputError when one of them cannot be read, when `outDir` cannot
 * be a folder, or when no job id can be made from the run id.
 */
export async function dryRun(
  plan: Plan,
  run: { runId: string; project: string; outDir: string },
): Promise<DryRunJob[]> {
  checkRunId(run.runId, plan);
  const jobs = plan.shards.map((shard) => {
    const jobId = jobIdOf(run.runId, shard.id, 0);
    const tasks = tasksOfShard(shard);
    const job = buildJob(plan, { jobId, shard, round: 0, tasks }, run);
    assertValidJob(job, jobId);
    return { jobId, region: shard.region, job, tasks };
  });
  const inputOf = await hashInputs(plan);
  await makeOutFolder(run.outDir);
  const written: DryRunJob[] = [];
  for (const { jobId, region, job, tasks } of jobs) {
    const jobFile = join(run.outDir, `${jobId}.json`);
    const indexFile = join(run.outDir, `${jobId}.index`);
    await writeFile(jobFile, `${JSON.stringify(job, null, 2)}\n`);
    await writeFile(indexFile, taskIndexOf(plan, tasks, inputOf).text);
    const unhashedInputs = [...tasksOf(tasks)].filter(
      (task) => planTask(plan, task).input !== null && inputOf(task) === null,
    ).length;
    written.push({ jobId, region, jobFile, indexFile, unhashedInputs });
  }
  return written;
}

/** The SHA-256 of every input that is a file here, read once each. */
async function hashInputs({ work }: Plan): Promise<InputOf> {
  const digests = new Map<string, string>();
  for (const [i, input] of (work?.inputs ?? []).entries()) {
    if (isObject(input) || digests.has(input)) continue;
    try {
      digests.set(input, await fileSha256(resolve(work?.folder ?? '', input)));
    } catch (error) {
      const found = `"${input}", which cannot be read (${codeOf(error)})`;
      throw inputError({ path: `work.inputs[${i}]`, found, expected: 'a file, or gs://bucket/object' });
    }
  }
  return (task) => {
    const sha256 = digests.get(work?.inputs[task] ?? '');
    return sha256 === undefined ? null : { sha256 };
  };
}

const isObject = (input: string): boolean => input.startsWith('gs://');

function tasksOfShard(shard: Shard): { first: number; count: number }[] {
  return [{ first: shard.firstTask, count: shard.taskCount }];
}

async function makeOutFolder(outDir: string): Promise<void> {
  try {
    await makeFolder(outDir);
  } catch (error) {
    const isFile =
      error instanceof Error && 'code' in error && (error.code === 'EEXIST' || error.code === 'ENOTDIR');
    const found = isFile ? `"${outDir}", which is or lies under a file` : String(error);
    throw inputError({ path: '--out', found, expected: 'a folder that can be written' });
  }
}
