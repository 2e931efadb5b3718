import { homeOf } from '../../plan/homes.js';
import { imageUriOf } from '../../plan/job.js';
import type { Plan } from '../../plan/plan.js';
import { vmUsdPerHour } from '../../plan/vmPrice.js';
import { meanOf } from '../../scenario/distribution.js';
import { JobAccounting } from '../attempts.js';
import type { PortJob, PortTask } from '../port.js';
import type { CanaryJob } from './canaryJob.js';
import { type CanaryReport, projectedSeconds } from './canaryReport.js';

/** What a canary took and saw; null: not known. */
export interface CanaryFacts {
  /** From CreateJob to SCHEDULED, from there to the task having a VM, from there to its end. */
  queuedSeconds: number | null;
  vmSeconds: number | null;
  taskSeconds: number | null;
  /** As the task saw it. */
  accelerator: string | null;
  /** Planned time of a window over the time that it would take at the speed seen: above 1 is faster than planned. */
  speed: number | null;
  costUsd: number | null;
}

export interface CanaryVerdict {
  passed: boolean;
  /** One sentence. */
  message: string;
  /** A command that repairs it, or shows more. */
  repair: string | null;
  facts: CanaryFacts;
}

/** Below this the plan's times and costs are those of another campaign. */
const SLOW = 2 / 3;

const EXIT_CONFIGURATION = 2;
const EXIT_INPUT = 72;
const EXIT_STORE = 77;
const EXIT_ACCELERATOR = 82;
const EXIT_PREEMPTED = 50001;
/** Of a container runtime that could not pull or start an image. */
const EXITS_OF_THE_RUNTIME = [1, 125, 126, 127];

/**
 * Judges a canary whose job is final: by the events of Batch and by the report of the task, which is there only when
 * the task could write it. `virtual`: its task only let time pass, and nobody writes a report.
 */
export function judgeCanary(
  canary: CanaryJob,
  seen: { job: PortJob; tasks: readonly PortTask[]; report: CanaryReport | null },
  plan: Plan,
  options: { project: string; virtual: boolean },
): CanaryVerdict {
  const facts = factsOf(canary, seen, plan);
  const finding = failureOf(canary, seen, plan, options) ?? successOf(canary, facts);
  return { ...finding, facts };
}

type Finding = Pick<CanaryVerdict, 'passed' | 'message' | 'repair'>;

function successOf({ part }: CanaryJob, { speed, vmSeconds, accelerator }: CanaryFacts): Finding {
  const parts = [
    ...(accelerator === null ? [] : [accelerator]),
    ...(vmSeconds === null ? [] : [`a VM after ${Math.round(vmSeconds)} s`]),
    ...(speed === null ? [] : [`${speed.toFixed(2)} times the planned speed`]),
  ];
  const message = `the canary of ${part.shard.region} passed${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
  const slow = speed !== null && speed < SLOW;
  return slow
    ? {
        passed: true,
        message: `${message}, so that the campaign will take longer and cost more`,
        repair: 'fepcast plan SCENARIO',
      }
    : { passed: true, message, repair: null };
}

function failureOf(
  canary: CanaryJob,
  { job, tasks, report }: { job: PortJob; tasks: readonly PortTask[]; report: CanaryReport | null },
  plan: Plan,
  { project, virtual }: { project: string; virtual: boolean },
): Finding | null {
  const { region } = canary.part.shard;
  const fail = (why: string, repair: string | null): Finding => ({
    passed: false,
    message: `the canary of ${region} failed: ${why}`,
    repair,
  });
  const describe = `gcloud batch jobs describe ${job.jobId} --location=${region} --project=${project}`;
  if (job.state === 'CANCELLED') return fail('somebody cancelled it', describe);
  if (job.state !== 'SUCCEEDED') {
    return fail(
      ...(byEvent(job, plan, region, project) ??
        byExitCode(tasks, report, plan, region, project) ?? [lastWords(job), describe]),
    );
  }
  const broken = report?.trials.find(({ ok }) => !ok);
  if (broken) return fail(`${broken.name}: ${broken.message}`, describe);
  if (report === null && !virtual) {
    const place = `gs://${canary.report.bucket}/${canary.report.name}`;
    return fail(
      `its task ended well but left no report at ${place}: is the image one of fepcast's?`,
      describe,
    );
  }
  return null;
}

type Why = [why: string, repair: string | null];

/** What Batch says of VMs that never came to run the task. */
function byEvent(job: PortJob, plan: Plan, region: string, project: string): Why | null {
  const texts = job.events.map(({ description }) => description);
  const has = (pattern: RegExp): boolean => texts.some((text) => pattern.test(text));
  const account = plan.cloud?.serviceAccount ?? null;
  if (has(/No VM has agent reporting/)) {
    const member = account === null ? 'SERVICE_ACCOUNT' : account;
    return [
      'its VM never reported to Batch: the account lacks roles/batch.agentReporter, or the network does not reach Google',
      `gcloud projects add-iam-policy-binding ${project} --member=serviceAccount:${member} --role=roles/batch.agentReporter --condition=None`,
    ];
  }
  if (has(/CODE_GCE_QUOTA_EXCEEDED|Quota checking process/)) {
    return [
      `the quota of ${region} does not hold one VM`,
      `gcloud compute regions describe ${region} --project=${project}`,
    ];
  }
  if (has(/ZONE_RESOURCE_POOL_EXHAUSTED/)) return [`${region} has no capacity for one VM now`, null];
  if (has(/CODE_SERVICE_ACCOUNT_MISMATCH/))
    return ['its VM runs as another service account than the job', null];
  return null;
}

function byExitCode(
  tasks: readonly PortTask[],
  report: CanaryReport | null,
  plan: Plan,
  region: string,
  project: string,
): Why | null {
  const last = lastExitCode(tasks);
  if (last === null) return null;
  const { scratchBucket, resultsBucket } = homeOf(plan, region);
  const account = plan.cloud?.serviceAccount ?? 'SERVICE_ACCOUNT';
  const grant = (bucket: string): string =>
    `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=serviceAccount:${account} --role=roles/storage.objectUser`;
  if (last === EXIT_ACCELERATOR) {
    return [
      `its task found no GPU: ${plan.cloud?.installGpuDrivers === false ? 'the boot image has no driver that works' : 'the driver was not installed'}`,
      null,
    ];
  }
  if (last === EXIT_CONFIGURATION) {
    const why = `its task was refused by a bucket or found a setting wrong (exit code ${last})`;
    return [why, `${grant(scratchBucket)} && ${grant(resultsBucket)}`];
  }
  if (last === EXIT_STORE) return [`its task did not reach Cloud Storage (exit code ${last})`, null];
  if (last === EXIT_INPUT)
    return [`its task did not find its input, or another one (exit code ${last})`, null];
  if (last === EXIT_PREEMPTED) return ['its VM was taken away every time: nothing was learnt', null];
  if (EXITS_OF_THE_RUNTIME.includes(last) && report === null) {
    const repair = `gcloud projects add-iam-policy-binding ${project} --member=serviceAccount:${account} --role=roles/artifactregistry.reader --condition=None`;
    const image = imageUriOf(plan, region, project);
    return [
      `its container ended with exit code ${last} before it wrote a word: ${image} could not be pulled or started`,
      repair,
    ];
  }
  return [`its task ended with exit code ${last}`, null];
}

/** Of the attempt that ended last; null when none ended with one. */
function lastExitCode(tasks: readonly PortTask[]): number | null {
  const ends = tasks
    .flatMap(({ events }) => events)
    .filter(({ exitCode }) => exitCode !== null && exitCode !== 0)
    .sort((a, b) => a.time - b.time);
  return ends.at(-1)?.exitCode ?? null;
}

function lastWords({ events, state }: PortJob): string {
  const last = [...events].sort((a, b) => a.time - b.time).at(-1);
  return last === undefined ? `its job is ${state}` : last.description;
}

function factsOf(
  { part }: CanaryJob,
  { job, tasks, report }: { job: PortJob; tasks: readonly PortTask[]; report: CanaryReport | null },
  plan: Plan,
): CanaryFacts {
  const scheduled = earliest(job.events.filter(({ description }) => / to SCHEDULED\b/.test(description)));
  const events = tasks.flatMap((task) => task.events);
  const assigned = earliest(events.filter(({ state }) => state === 'ASSIGNED'));
  // Batch tells exit codes of failures only.
  const ends = events.filter(({ exitCode, state }) => exitCode !== null || state === 'SUCCEEDED');
  const ended = Math.max(...ends.map(({ time }) => time));
  const between = (from: number | null, to: number | null): number | null =>
    from === null || to === null || !Number.isFinite(to) ? null : Math.max(0, to - from);
  const taskSeconds = between(assigned, ended);
  const projected = report === null ? null : projectedSeconds(report);
  const planned = meanOf(plan.scenario.resolved.campaign.taskDurationSeconds);
  return {
    queuedSeconds: between(job.createTime, scheduled),
    vmSeconds: between(scheduled, assigned),
    taskSeconds,
    accelerator: report?.accelerator ?? null,
    speed: projected === null || projected <= 0 ? null : planned / projected,
    costUsd: taskSeconds === null ? null : (billedSeconds(tasks, ended) / 3600) * usdPerHour(plan, part),
  };
}

/** Of all its VMs: one that was taken away may be followed by hours without any. */
function billedSeconds(tasks: readonly PortTask[], ended: number): number {
  const accounting = new JobAccounting();
  accounting.add(tasks);
  return accounting.total(ended).vmSeconds;
}

function usdPerHour(plan: Plan, { shard }: CanaryJob['part']): number {
  const price = vmUsdPerHour(plan.scenario.resolved, {
    region: shard.region,
    provisioning: shard.provisioning,
    bootDiskGb: plan.machine.bootDiskGb,
    externalIp: plan.cloud?.externalIp ?? false,
  });
  return price.machine + price.bootDisk + price.externalIp;
}

function earliest(events: readonly { time: number }[]): number | null {
  return events.length === 0 ? null : Math.min(...events.map(({ time }) => time));
}
