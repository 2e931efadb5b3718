import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertValidJob } from '../../src/exec/batchSchema.js';
import { dryRun } from '../../src/exec/dryRun.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { checkJob } from '../../src/plan/protoJson.js';
import { ProtoSchema } from '../../src/plan/protoSchema.js';
import { indexRowBytes, parseIndexRow } from '../../src/plan/taskIndex.js';
import { taskIdentity } from '../../src/plan/workDigest.js';
import { workTable } from '../realWork.js';
import { planOf, scenarioOf } from './plans.js';

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
      expect(index.length).toBe(Number(group?.taskCount) * indexRowBytes(plan));
      tasks += Number(group?.taskCount);
    }
    expect(tasks).toBe(130);
  });

  it('hashes the inputs that lie here, and says of how many it knows nothing', async () => {
    const input = join(folder, 'window.tpr');
    await writeFile(input, 'the input');
    const sha256 = createHash('sha256').update('the input').digest('hex');
    const table = { ...workTable(['lig1', '$(reboot)'], 2), folder };
    table.inputs = ['window.tpr', 'gs://bucket/b.tpr', input, 'window.tpr'];
    const scenario = scenarioOf({ molecules: 2, windows: 2 });
    const named = makePlan({ ...scenario, work: { table, inputs: null, pattern: null } });
    const outDir = join(folder, 'out');
    const [job] = await dryRun(named, { runId: 'fc-dry', project: 'p', outDir });
    expect(job?.unhashedInputs).toBe(1);
    const index = await readFile(job?.indexFile ?? '', 'utf8');
    const width = indexRowBytes(named);
    const rows = [0, 1, 2, 3].map((i) => parseIndexRow(index.slice(i * width, (i + 1) * width)));
    expect(rows.map((row) => row?.input)).toEqual([sha256, null, sha256, sha256]);
    expect(rows[0]).toMatchObject(taskIdentity(named, 0, sha256));
    expect(rows[1]?.digest).toBe('-');
    expect(rows[2]?.key).toBe('%24%28reboot%29/main/0/0');
    const written: BatchJob = JSON.parse(await readFile(job?.jobFile ?? '', 'utf8'));
    expect(written.taskGroups[0]?.taskSpec.environment?.variables).toMatchObject({
      FEPCAST_INDEX: 'gs://fepcast-results-us-central1/runs/fc-dry/jobs/fc-dry-us-central1-w0/index',
      FEPCAST_INDEX_ROW_BYTES: String(width),
    });
  });

  it('names an input that is not there, and writes nothing', async () => {
    const table = { ...workTable(['a'], 1), folder };
    const scenario = scenarioOf({ molecules: 1, windows: 1 });
    const named = makePlan({ ...scenario, work: { table, inputs: null, pattern: null } });
    const outDir = join(folder, 'out');
    await expect(dryRun(named, { runId: 'fc-dry', project: 'p', outDir })).rejects.toThrow(
      'work.inputs[0]: found "in/0-0.tpr", which cannot be read (ENOENT), expected a file, or gs://bucket/object',
    );
    expect(await readdir(folder)).toEqual([]);
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
