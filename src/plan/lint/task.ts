import { meanOf } from '../../scenario/distribution.js';
import { buildJob } from '../job.js';
import { LIMITS, SOURCES } from '../limits.js';
import type { Finding } from '../plan.js';
import { CONTRACT, grouped, type Rule } from './finding.js';

const TASK_CONTRACT = 'docs/tasks.md';

/** What a program cannot save cannot be shipped: each preemption begins it again, and that is strategy retry. */
export const commandCheckpoints: Rule = ({ task, checkpoint }) => {
  if (task.adapter !== 'command' || task.checkpointFiles.length > 0 || checkpoint.policy === 'none')
    return [];
  return [
    {
      rule: 'command-checkpoints',
      severity: 'error',
      path: 'task.checkpointFiles',
      message: `The plan ships checkpoints (${checkpoint.policy}) and the command names no files that make one: name task.checkpointFiles, or plan with strategy retry (policy none).`,
      found: 'no checkpointFiles',
      limit: 'a glob, or checkpoint policy none',
      source: TASK_CONTRACT,
    },
  ];
};

/** Without a file to read, nothing tells a command that computes from one that hangs. */
export const commandProgress: Rule = ({ task }) => {
  if (task.adapter !== 'command' || task.progress !== null) return [];
  if (task.maxRunDurationSeconds !== null) return [];
  return [
    {
      rule: 'command-progress',
      severity: 'warning',
      path: 'task.progress',
      message:
        'A command that hangs would keep its VM: let it write its steps to a file and name it in task.progress, or set task.maxRunDuration.',
      found: 'neither progress nor maxRunDuration',
      limit: 'one of them',
      source: TASK_CONTRACT,
    },
  ];
};

/** An attempt ships its last checkpoint and ends itself so long before Batch would kill it. */
const OWN_END_SECONDS = 600;

/** The image is pulled, and the last checkpoint shipped, inside the time of an attempt. */
export const maxRunRoom: Rule = (plan) => {
  const seconds = plan.task.maxRunDurationSeconds;
  if (seconds === null) return [];
  const { campaign, startup } = plan.scenario.resolved;
  const work = meanOf(campaign.taskDurationSeconds);
  const image = meanOf(startup[`${plan.image.delivery}Seconds`]);
  const needed = Math.round(work + image + OWN_END_SECONDS);
  // Less than the work alone is a finding of its own.
  if (seconds < work || seconds >= needed) return [];
  return [
    {
      rule: 'max-run-room',
      severity: 'warning',
      path: 'task.maxRunDurationSeconds',
      message: `An attempt of ${grouped(seconds)} s has no room for the image (${grouped(image)} s) and the last ${OWN_END_SECONDS} s, in which a task ends itself, beside ${grouped(work)} s of work: raise task.maxRunDuration.`,
      found: seconds,
      limit: needed,
      source: SOURCES.timeouts,
    },
  ];
};

const OWN_VARIABLE = /^(?:FEPCAST_|BATCH_)|^GCE_METADATA_HOST$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SECRET_VERSION =
  /^projects\/[a-z0-9.:-]+\/secrets\/[A-Za-z0-9_-]{1,255}\/versions\/(?:latest|[1-9][0-9]*)$/;

/** Variables of the user's, open or secret, beside those that the job builder and Batch write. */
export const variables: Rule = ({ task, cloud }) => {
  const secret = Object.keys(cloud?.secretEnvironment ?? {});
  const open = Object.keys(task.environment);
  const at = (name: string) => (open.includes(name) ? 'task.environment' : 'cloud.secretEnvironment');
  const finding = (name: string, rule: string, message: string, limit: string): Finding => ({
    rule,
    severity: 'error',
    path: `${at(name)}.${name}`,
    message,
    found: name,
    limit,
    source: SOURCES.protos,
  });
  return [...new Set([...open, ...secret])].flatMap((name) => {
    if (OWN_VARIABLE.test(name)) {
      const message = `${name} is a variable that fepcast or Batch sets itself: give yours another name.`;
      return [finding(name, 'variable-taken', message, 'no FEPCAST_ or BATCH_ name')];
    }
    if (!VARIABLE.test(name)) {
      const message = 'The name of a variable has letters, digits and _, no digit first: change it.';
      return [finding(name, 'variable-form', message, VARIABLE.source)];
    }
    if (open.includes(name) && secret.includes(name)) {
      const message = `${name} is both a variable and a secret, and nobody can tell which one a task would see: remove one.`;
      return [finding(name, 'variable-twice', message, 'one of the two')];
    }
    return [];
  });
};

export const secrets: Rule = ({ cloud }) =>
  Object.entries(cloud?.secretEnvironment ?? {}).flatMap(([name, secret]): Finding[] => {
    const path = `cloud.secretEnvironment.${name}`;
    const source = SOURCES.secrets;
    if (!SECRET_VERSION.test(secret)) {
      const limit = 'projects/P/secrets/S/versions/N';
      const message = `A secret is named by its version, ${limit}; its value has no place in a plan: change it.`;
      // What may be the secret itself is not repeated.
      return [
        { rule: 'secret-form', severity: 'error', path, message, found: 'something else', limit, source },
      ];
    }
    if (!secret.endsWith('/latest')) return [];
    const message =
      'The latest version of a secret may change while the campaign runs, and tasks would differ: name its number.';
    return [
      {
        rule: 'secret-latest',
        severity: 'warning',
        path,
        message,
        found: 'latest',
        limit: 'a number',
        source,
      },
    ];
  });

/** The tasks by name and the counts of the campaign are two ways to say the same. */
export const workCounts: Rule = ({ work, campaign }) => {
  if (work === null) return [];
  const [molecules, windows] = [work.molecules.length, work.windows.length];
  if (
    molecules === campaign.molecules &&
    windows === campaign.windows &&
    work.inputs.length === campaign.tasks
  )
    return [];
  return [
    {
      rule: 'work-counts',
      severity: 'error',
      path: 'work',
      message: 'The tasks by name are not those of the campaign: run fepcast plan again.',
      found: `${molecules} x ${windows}`,
      limit: `${campaign.molecules} x ${campaign.windows}`,
      source: CONTRACT,
    },
  ];
};

/** Of the label and the ids that only a run knows. */
const RUN_BYTES = 1_000;

/** The job of the first shard: the others differ from it in a few figures. */
export const jobSize: Rule = (plan) => {
  const [first, ...others] = plan.shards;
  if (first === undefined || typeof first.region !== 'string') return [];
  const shard = { ...first, region: first.region };
  const shards = [
    shard,
    ...others.flatMap((other) =>
      typeof other.region === 'string' ? [{ ...other, region: other.region }] : [],
    ),
  ];
  const part = { jobId: 'j', shard, round: 0, tasks: [{ first: shard.firstTask, count: shard.taskCount }] };
  const job = buildJob({ ...plan, shards }, part, { runId: 'r', project: 'p' });
  const bytes = Buffer.byteLength(JSON.stringify(job)) + RUN_BYTES;
  const { value: limit, source } = LIMITS.jobDefinitionBytes;
  if (bytes <= limit) return [];
  const message = `A job of this plan would be ${grouped(bytes)} bytes long, and Batch takes ${grouped(limit)}: shorten task.environment, task.command and the labels.`;
  return [{ rule: 'job-size', severity: 'error', path: 'task', message, found: bytes, limit, source }];
};
