import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dryRun } from '../../src/exec/dryRun.js';
import { planOf } from '../exec/plans.js';
import { type Emulated, emulate, exampleJob, finish, PARENT } from './emulated.js';

/** The programs as they are installed; without them these tests are skipped. */
function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const HAS_GCLOUD = installed('gcloud');
const HAS_CURL = installed('curl');
const run = promisify(execFile);

let emulated: Emulated;
let folder: string;
beforeAll(async () => {
  emulated = await emulate();
  folder = mkdtempSync(join(tmpdir(), 'gcloud-'));
});
afterAll(async () => {
  await emulated.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `gcloud batch ...`, unmodified: only its environment names the emulator. */
async function batch(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    CLOUDSDK_CONFIG: join(folder, 'config'),
    CLOUDSDK_CORE_PROJECT: 'p',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_API_ENDPOINT_OVERRIDES_BATCH: `${emulated.url}/`,
  };
  return run('gcloud', ['batch', ...args, '--location', 'us-central1'], { env });
}

const withGcloud = test.skipIf(!HAS_GCLOUD);

withGcloud('gcloud submits, describes and lists a job and its tasks (needs gcloud)', async () => {
  const file = join(folder, 'job.json');
  writeFileSync(file, JSON.stringify(exampleJob(4, 2)));
  const { stderr } = await batch('jobs', 'submit', 'job-a', '--config', file);
  expect(stderr).toMatch(/Job job-a-\S+ was successfully submitted/);
  emulated.pass(3600);
  const described = await batch('jobs', 'describe', 'job-a', '--format', 'json');
  expect(JSON.parse(described.stdout)).toMatchObject({
    name: `${PARENT}/jobs/job-a`,
    status: { state: 'RUNNING', taskGroups: { group0: { counts: { RUNNING: '2', PENDING: '2' } } } },
  });
  const listed = await batch('jobs', 'list', '--filter', 'status.state=RUNNING');
  expect(listed.stdout).toMatch(/jobs\/job-a\s+us-central1\s+RUNNING/);
  const tasks = await batch('tasks', 'list', '--job', 'job-a', '--format', 'value(status.state)');
  expect(tasks.stdout.trim().split('\n').sort()).toEqual(['PENDING', 'PENDING', 'RUNNING', 'RUNNING']);
  finish(emulated);
  const task = ['tasks', 'describe', '3', '--job', 'job-a', '--task_group', 'group0', '--format', 'json'];
  expect(JSON.parse((await batch(...task)).stdout)).toMatchObject({ status: { state: 'SUCCEEDED' } });
});

withGcloud('gcloud submits the files of a dry run unchanged (needs gcloud)', async () => {
  const plan = planOf({ molecules: 4, windows: 13 }, {}, ['us-central1']);
  const jobs = await dryRun(plan, { runId: 'dry', project: 'p', outDir: join(folder, 'dry') });
  expect(jobs.length).toBeGreaterThan(0);
  for (const { jobId, jobFile } of jobs) {
    await batch('jobs', 'submit', jobId, '--config', jobFile);
    const { stdout } = await batch('jobs', 'describe', jobId, '--format', 'json');
    const sent = JSON.parse(readFileSync(jobFile, 'utf8'));
    const { allocationPolicy, labels } = JSON.parse(stdout);
    expect({ allocationPolicy, labels }).toMatchObject({ labels: sent.labels });
    expect(allocationPolicy.instances[0].policy.machineType).toBe(
      sent.allocationPolicy.instances[0].policy.machineType,
    );
  }
});

withGcloud('gcloud cancels and deletes, and prints what is refused (needs gcloud)', async () => {
  const file = join(folder, 'long.json');
  writeFileSync(file, JSON.stringify(exampleJob(9, 9)));
  await batch('jobs', 'submit', 'job-c', '--config', file);
  await expect(batch('jobs', 'submit', 'job-c', '--config', file)).rejects.toMatchObject({
    stderr: expect.stringContaining('ALREADY_EXISTS'),
  });
  writeFileSync(
    file,
    '{"taskGroups": [{"taskSpec": {"runnables": [{"script": {"text": "true"}}], "maxRetryCount": 11}}]}',
  );
  await expect(batch('jobs', 'submit', 'job-d', '--config', file)).rejects.toMatchObject({
    stderr: expect.stringContaining('field: taskGroups[0].taskSpec.maxRetryCount'),
  });
  expect((await batch('jobs', 'cancel', 'job-c')).stderr).toContain('cancellation is in progress');
  emulated.pass(60);
  const state = ['jobs', 'describe', 'job-c', '--format', 'value(status.state)'];
  expect((await batch(...state)).stdout.trim()).toBe('CANCELLED');
  expect((await batch('jobs', 'delete', 'job-c')).stderr).toContain('deletion is in progress');
  emulated.pass(60);
  await expect(batch(...state)).rejects.toMatchObject({ stderr: expect.stringContaining('not found') });
});

test.skipIf(!HAS_CURL)("curl creates a job as Google's own examples do (needs curl)", async () => {
  const file = join(folder, 'curl.json');
  writeFileSync(
    file,
    '{"taskGroups": [{"taskSpec": {"runnables": [{"script": {"text": "echo hello"}}]}, "taskCount": 4, "parallelism": 2}]}',
  );
  const post = ['-sS', '-X', 'POST', '-H', 'Content-Type: application/json; charset=utf-8', '-d', `@${file}`];
  const { stdout } = await run('curl', [...post, `${emulated.url}/v1/${PARENT}/jobs?job_id=example`]);
  expect(JSON.parse(stdout)).toMatchObject({ name: `${PARENT}/jobs/example`, status: { state: 'QUEUED' } });
});
