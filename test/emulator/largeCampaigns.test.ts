import { afterEach, expect, test } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.js';
import { exampleScenario } from '../plan/examplePlan.js';
import { batchClient, clientJob, emulate, exampleJob, PARENT } from './emulated.js';

const NAME = `${PARENT}/jobs/job-a`;
const GROUP = `${NAME}/taskGroups/group0`;
const TASKS = 13_000;
const PARALLELISM = 5000;

let emulator: Emulator | null = null;
afterEach(async () => {
  await emulator?.stop();
  emulator = null;
});

/** Room for all of the campaign's VMs, and tasks that nothing interrupts but Spot. */
function roomy(): ReturnType<typeof exampleScenario> {
  const scenario = exampleScenario();
  const region = scenario.regions['us-central1']!;
  region.quota = { ...region.quota, spotGpus: PARALLELISM, cpus: 4 * PARALLELISM, diskGb: 100 * PARALLELISM };
  scenario.campaign.taskFailure = 0;
  scenario.batch.vmsPerMinute = null;
  return scenario;
}

test.each([
  { speed: 10_000, seen: 'SUCCEEDED' },
  { speed: 1, seen: 'QUEUED' },
])(
  '13,000 tasks through gRPC at speed $speed: counts add up and parallelism holds until the job is $seen',
  async ({ speed, seen }) => {
    emulator = await startEmulator({ scenario: roomy(), seed: 'large', speed });
    const client = batchClient(emulator.grpcPort);
    try {
      const job = clientJob(exampleJob(TASKS, PARALLELISM));
      await client.createJob({ parent: PARENT, jobId: 'job-a', job });
      for (;;) {
        const [{ status }] = await client.getJob({ name: NAME });
        const counts = status?.taskGroups?.group0?.counts ?? {};
        const of = (state: string): number => Number(counts[state] ?? 0);
        const total = Object.values(counts).reduce((sum: number, count) => sum + Number(count), 0);
        expect(total).toBe(TASKS);
        expect(of('RUNNING') + of('ASSIGNED')).toBeLessThanOrEqual(PARALLELISM);
        expect(status?.state).not.toBe('FAILED');
        if (status?.state !== seen) continue;
        expect(of(seen === 'QUEUED' ? 'PENDING' : seen)).toBe(TASKS);
        return;
      }
    } finally {
      await client.close();
    }
  },
  300_000,
);

test('100,000 tasks are listed through gRPC, each once and in order', async () => {
  const emulated = await emulate({ scenario: roomy() });
  try {
    await emulated.client.createJob({
      parent: PARENT,
      jobId: 'job-a',
      job: clientJob(exampleJob(100_000, PARALLELISM)),
    });
    emulated.pass(86_400);
    let next = 0;
    for (let pageToken = ''; ; ) {
      const request = { parent: GROUP, pageSize: 1000, pageToken };
      const [tasks, , answer] = await emulated.client.listTasks(request, { autoPaginate: false });
      for (const { name } of tasks) {
        if (name !== `${GROUP}/tasks/${next}`) expect(name).toBe(`${GROUP}/tasks/${next}`);
        next += 1;
      }
      pageToken = answer?.nextPageToken ?? '';
      if (pageToken === '') break;
    }
    expect(next).toBe(100_000);
  } finally {
    await emulated.stop();
  }
}, 120_000);
