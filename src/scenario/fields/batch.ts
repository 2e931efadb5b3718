import {
  choice,
  count,
  documented,
  flag,
  group,
  guess,
  perHour,
  perMinute,
  seconds,
} from '../description.js';
import type { Scenario } from '../scenario.js';
import { lognormal, secondsDistribution } from './distribution.js';

const BATCH_QUOTAS = documented('https://docs.cloud.google.com/batch/quotas');
const EXIT_CODES = 'https://docs.cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes';

export const batch = group<Scenario['batch']>('Google Cloud Batch.', {
  vmsPerMinute: perMinute({
    about: 'VMs that Batch creates a minute in one region.',
    nothing: 'unlimited',
    fallback: 250,
    basis: guess('no published figure', 50, 1_000),
  }),
  vmReuse: flag({
    about: 'A VM runs the next task of its job instead of being replaced.',
    fallback: true,
    basis: documented(
      '4 tasks on 2 VMs, 2 each; https://docs.cloud.google.com/batch/docs/create-run-basic-job',
    ),
  }),
  retriedTasks: choice(['last', 'byIndex'], {
    about: 'Whether a retried task waits behind all others, or goes by its index like them.',
    fallback: 'last',
    basis: documented('not documented by Google; the order is an assumption that a pilot can check'),
  }),
  idleScaleInSeconds: seconds({
    about: 'How long a VM without a task is kept while its job still runs.',
    fallback: 0,
    basis: guess('not documented', 0, 600),
  }),
  faults: group<Scenario['batch']['faults']>('What else ends attempts, per VM-hour of running.', {
    vmLostPerHour: perHour({
      about: 'Batch stops hearing from the VM: exit code 50002.',
      fallback: 0,
      basis: guess(`one bad VM in about 2,000 was reported; ${EXIT_CODES}`, 0, 1e-3),
    }),
    rebootPerHour: perHour({
      about: 'The VM reboots and is used again: exit code 50003.',
      fallback: 0,
      basis: guess(EXIT_CODES, 0, 1e-4),
    }),
    unresponsivePerHour: perHour({
      about: 'The task cannot be reached any more and its VM is given up: exit code 50004.',
      fallback: 0,
      basis: guess(EXIT_CODES, 0, 1e-4),
    }),
    recreatedPerHour: perHour({
      about: 'The VM is recreated under the task: exit code 50006.',
      fallback: 0,
      basis: guess(EXIT_CODES, 0, 1e-3),
    }),
  }),
  scheduleDelaySeconds: secondsDistribution({
    about: 'From submission until the job asks for its first VM.',
    fallback: lognormal(75, 0.7),
    basis: guess('field reports of 1 to 2.5 min from submission to the first running task', 30, 240),
  }),
  limits: group<Scenario['batch']['limits']>('Documented limits of Batch; lift one to ask "what if".', {
    parallelTasksPerJob: count({
      about: 'Tasks of one job at a time.',
      nothing: 'unlimited',
      min: 1,
      fallback: 5_000,
      basis: BATCH_QUOTAS,
    }),
    vmsPerJob: count({
      about: 'VMs of a job that may use several zones.',
      nothing: 'unlimited',
      min: 1,
      fallback: 4_000,
      basis: BATCH_QUOTAS,
    }),
    vmsPerJobOneZone: count({
      about: 'VMs of a job that may use one zone only.',
      nothing: 'unlimited',
      min: 1,
      fallback: 2_000,
      basis: BATCH_QUOTAS,
    }),
    tasksPerJob: count({
      about: 'Tasks of one job.',
      nothing: 'unlimited',
      min: 1,
      fallback: 100_000,
      basis: BATCH_QUOTAS,
    }),
    retries: count({
      about: 'Most retries of one task, whatever the cause.',
      nothing: 'unlimited',
      fallback: 10,
      basis: documented('maxRetryCount, google.cloud.batch.v1.TaskSpec'),
    }),
    queuedSeconds: seconds({
      about: 'A job that is QUEUED for longer fails.',
      nothing: 'unlimited',
      above: 0,
      fallback: 172_800,
      basis: BATCH_QUOTAS,
    }),
    runningSeconds: seconds({
      about: 'A job that is RUNNING for longer fails.',
      nothing: 'unlimited',
      above: 0,
      fallback: 1_209_600,
      basis: BATCH_QUOTAS,
    }),
  }),
});
