import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildJob, jobIdOf } from '../plan/job.js';
import type { Plan, Shard } from '../plan/plan.js';
import { taskIndexFile } from '../plan/taskIndex.js';
import { inputError } from '../scenario/errors.js';
import { assertValidJob } from './batchSchema.js';
import { makeFolder } from './makeFolder.js';
import { checkRunId } from './runFolder.js';

/** The two files of one job. */
export interface DryRunJob {
  jobId: string;
  region: string;
  jobFile: string;
  indexFile: string;
}

/**
 * Writes what `exec` would submit: `outDir/<jobId>.json` per shard, in the Batch API's own JSON form and valid by
 * the official protos, and `outDir/<jobId>.index` beside it. Nothing is written unless every job is valid.
 * Throws InputError when `outDir` cannot be a folder or no job id can be made from the run id.
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
  await makeOutFolder(run.outDir);
  const written: DryRunJob[] = [];
  for (const { jobId, region, job, tasks } of jobs) {
    const jobFile = join(run.outDir, `${jobId}.json`);
    const indexFile = join(run.outDir, `${jobId}.index`);
    await writeFile(jobFile, `${JSON.stringify(job, null, 2)}\n`);
    await writeFile(indexFile, taskIndexFile(plan, tasks));
    written.push({ jobId, region, jobFile, indexFile });
  }
  return written;
}

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
