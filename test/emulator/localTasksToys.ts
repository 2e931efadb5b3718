import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { VmIdentity } from '../../src/emulator/metadata/vmMetadata.js';
import type { TaskAttempt } from '../../src/emulator/taskRunner.js';
import type { BatchJob, BatchRunnable } from '../../src/plan/batchJob.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { exampleScenario } from '../plan/examplePlan.js';

/** A job of runnables, each a script's text or a runnable. */
export function toyJob(...runnables: (string | BatchRunnable)[]): BatchJob {
  return {
    taskGroups: [
      {
        taskCount: 4,
        parallelism: 2,
        taskSpec: {
          runnables: runnables.map((runnable) =>
            typeof runnable === 'string' ? { script: { text: runnable } } : runnable,
          ),
        },
      },
    ],
  };
}

export function toyAttempt(job: BatchJob, change: Partial<TaskAttempt> = {}): TaskAttempt {
  const vm = change.vm ?? 0;
  const identity: VmIdentity = {
    name: `toy-${vm}`,
    id: String(7_000_000_000_000_000 + vm),
    zone: 'us-central1-a',
    machineType: 'n2-standard-2',
    project: 'p',
    projectNumber: '123456789012',
    serviceAccount: 'toy@p.iam.gserviceaccount.com',
  };
  return {
    vm,
    identity,
    region: 'us-central1',
    jobId: 'toy',
    job,
    index: 0,
    count: 4,
    retry: 0,
    ...change,
  };
}

/** Everything but the tasks takes next to no time. `perHour`: hazard of a VM, by campaign time. */
export function quickScenario(perHour: number, noticeSeconds = 4): Scenario {
  const scenario = exampleScenario();
  const soon = { constant: 1 };
  Object.assign(scenario.startup, { createSeconds: soon, bootSeconds: soon, driverSeconds: soon });
  Object.assign(scenario.startup, { pullSeconds: soon, streamingSeconds: soon, bakedSeconds: soon });
  scenario.batch.scheduleDelaySeconds = soon;
  scenario.batch.vmsPerMinute = null;
  scenario.spot.noticeSeconds = noticeSeconds;
  for (const region of Object.values(scenario.regions)) {
    region.hazard = { piecewise: [{ untilSeconds: null, perHour }] };
  }
  return scenario;
}

/** The job on Spot VMs, two at once. */
export function spotJob(job: BatchJob, taskCount: number): BatchJob {
  const policy = { machineType: 'g2-standard-4', provisioningModel: 'SPOT' as const };
  const computeResource = { cpuMilli: 4000, memoryMib: 15_000 };
  return {
    ...job,
    taskGroups: job.taskGroups.map((group) => ({
      ...group,
      taskCount,
      parallelism: 2,
      taskCountPerNode: 1,
      taskSpec: { ...group.taskSpec, maxRetryCount: 10, computeResource },
    })),
    allocationPolicy: { location: { allowedLocations: ['regions/us-central1'] }, instances: [{ policy }] },
    logsPolicy: { destination: 'CLOUD_LOGGING' },
  };
}

const PATIENCE_MS = 30_000;

/** Waits for what must come. */
export async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`this never came: ${what}`);
    await wait(10);
  }
}

/** Processes whose environment holds the text; Linux only. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid === process.pid) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}
