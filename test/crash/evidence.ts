import type { BatchPort, CloudPort, PortJob, PortTask } from '../../src/exec/port.js';
import { runObject } from '../../src/exec/statePlace.js';
import { listAll, type StoragePort, type StoredObject } from '../../src/exec/storagePort.js';
import { homeOf } from '../../src/plan/homes.js';
import { RUN_LABEL } from '../../src/plan/job.js';
import type { Plan } from '../../src/plan/plan.js';
import { RUN } from './smallPlan.js';
import { STATE } from './virtualCloud.js';

/** What is in the cloud when a run is over, seen past the executor. */
export interface Evidence {
  plan: Plan;
  /** All jobs with the label of the run, with their tasks by index. */
  jobs: { job: PortJob; tasks: PortTask[] }[];
  /** The objects of the ledger, in the order of their names. */
  ledger: { text: string; holder: string }[];
  /** Every result, also those that were put aside: `bucket/name` to its content. */
  results: Map<string, string>;
}

/** Looks at everything. The ports must be well-behaved ones. */
export async function evidenceOf({ batch, storage }: CloudPort, plan: Plan, runId = RUN): Promise<Evidence> {
  const regions = [...new Set(plan.shards.map(({ region }) => region))];
  const jobs: Evidence['jobs'] = [];
  for (const region of regions) {
    for (const job of await jobsIn(batch, region, runId)) {
      jobs.push({ job, tasks: await tasksOfJob(batch, job) });
    }
  }
  const place = runObject(STATE, runId, 'ledger/');
  const ledger = await contents(storage, { bucket: place.bucket, prefix: place.name });
  const results = new Map<string, string>();
  for (const bucket of new Set(regions.map((region) => homeOf(plan, region).resultsBucket))) {
    for (const { object, text } of await contents(storage, { bucket, matchGlob: 'tasks/**/result.json' })) {
      results.set(`${bucket}/${object.name}`, text);
    }
  }
  return {
    plan,
    jobs,
    ledger: ledger.map(({ object, text }) => ({ text, holder: object.metadata['fepcast-holder'] ?? '' })),
    results,
  };
}

async function contents(
  storage: StoragePort,
  listing: Parameters<typeof listAll>[1],
): Promise<{ object: StoredObject; text: string }[]> {
  const all: { object: StoredObject; text: string }[] = [];
  for await (const object of listAll(storage, listing)) {
    all.push({ object, text: Buffer.from(await storage.read(object)).toString('utf8') });
  }
  return all;
}

async function jobsIn(batch: BatchPort, region: string, runId: string): Promise<PortJob[]> {
  const jobs: PortJob[] = [];
  let token: string | null = null;
  do {
    const label = { key: RUN_LABEL, value: runId };
    const page: { jobs: PortJob[]; next: string | null } = await batch.listJobs(region, label, token);
    jobs.push(...page.jobs);
    token = page.next;
  } while (token !== null);
  return jobs;
}

async function tasksOfJob(batch: BatchPort, { region, jobId }: PortJob): Promise<PortTask[]> {
  const tasks: PortTask[] = [];
  let token: string | null = null;
  do {
    const page: { tasks: PortTask[]; next: string | null } = await batch.listTasks(region, jobId, token);
    tasks.push(...page.tasks);
    token = page.next;
  } while (token !== null);
  return tasks;
}
