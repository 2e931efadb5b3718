import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertValidJob } from '../../src/exec/batchSchema.js';
import { dryRun } from '../../src/exec/dryRun.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { checkJob } from '../../src/plan/protoJson.js';
import { ProtoSchema } from '../../src/plan/protoSchema.js';
import { TASK_INDEX_ROW_BYTES } from '../../src/plan/taskIndex.js';
import { planOf } from './plans.js';

let folder: string;
const REGIONS = ['us-central1', 'us-east1', 'us-west1', 'europe-west4'];
const plan = planOf({ molecules: 10, windows: 13 }, {}, REGIONS);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fepcast-dry-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('a dry run', () => {
  it('writes one valid job and its index per shard, and lists them', async () => {
    const outDir = join(folder, 'a', 'b');
    const jobs = await dryRun(plan, { runId: 'fc-dry', project: 'p', outDir });
    expect(jobs.map((job) => job.region)).toEqual(REGIONS);
    expect((await readdir(outDir)).sort()).toEqual(
      jobs.flatMap(({ jobId }) => [`${jobId}.index`, `${jobId}.json`]).sort(),
    );
    const schema = new ProtoSchema(
      createRequire(import.meta.url)('@google-cloud/batch/build/protos/protos.json'),
    );
    let tasks = 0;
    for (const { jobFile, indexFile, region } of jobs) {
      const job: BatchJob = JSON.parse(await readFile(jobFile, 'utf8'));
      expect(checkJob(schema, job)).toEqual([]);
      expect(job.allocationPolicy?.location?.allowedLocations).toEqual([`regions/${region}`]);
      const [group] = job.taskGroups;
      expect(group?.taskCountPerNode).toBe(1);
      expect(group?.taskSpec.maxRetryCount).toBe(10);
      expect(group?.taskSpec.lifecyclePolicies).toHaveLength(1);
      const index = await readFile(indexFile, 'utf8');
      expect(index.length).toBe(Number(group?.taskCount) * TASK_INDEX_ROW_BYTES);
      tasks += Number(group?.taskCount);
    }
    expect(tasks).toBe(130);
  });

  it('refuses a file as its folder', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'mine');
    for (const outDir of [file, join(file, 'below')]) {
      await expect(dryRun(plan, { runId: 'fc-dry', project: 'p', outDir })).rejects.toThrow('--out: found');
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('refuses a run id from which Batch takes no job id', async () => {
    await expect(dryRun(plan, { runId: 'My Run', project: 'p', outDir: folder })).rejects.toThrow('--run-id');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is stopped by a job that the official protos do not know', async () => {
    const [first] = await dryRun(plan, { runId: 'fc-dry', project: 'p', outDir: folder });
    const job = JSON.parse(await readFile(first?.jobFile ?? '', 'utf8'));
    assertValidJob(job, 'x');
    job.taskGroups[0].paralelism = job.taskGroups[0].parallelism;
    expect(() => assertValidJob(job, 'x')).toThrow(/job x .*taskGroups\[0\]\.paralelism.*parallelism/);
  });
});
