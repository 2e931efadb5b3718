import { choice, count, flag, group, percent, seconds, share, table, usd } from '../description.js';
import type { Decisions, Scenario } from '../scenario.js';
import { regionName } from './names.js';

/** What `plan` searches over and `simulate` uses as given. */
export const decisions = group<Decisions>('How the campaign is run.', {
  strategy: choice(['retry', 'checkpoint', 'rolling'], {
    about: 'A preset for checkpoint.policy and waves; keys that are given win.',
    fallback: 'checkpoint',
  }),
  parallelism: table({
    about:
      'VMs at a time, by region; by default the GPU quota of each region. A region with 0 takes no part.',
    name: regionName,
    of: count({ about: 'VMs at a time.' }),
    computed: true,
  }),
  provisioning: choice(['spot', 'onDemand', 'flexStart'], {
    about:
      "Kind of VMs. flexStart (Batch's FLEX_START, a preview): Spot's GPU quota, not preempted, and a job ends after 7 days of RUNNING.",
    fallback: 'spot',
  }),
  checkpoint: group<Decisions['checkpoint']>('When checkpoints are shipped.', {
    policy: choice(['none', 'periodic', 'aligned', 'adaptive'], {
      about:
        'periodic: own clock of each task; aligned: multiples of the interval on the wall clock (a storm); adaptive: own clock, with the interval of Young and Daly for the hazard and the cost that are observed.',
      fallback: 'periodic',
    }),
    intervalSeconds: seconds({ about: 'Time between checkpoints.', above: 0, fallback: 600 }),
    jitterSeconds: seconds({ about: 'Each interval is lengthened by a draw from 0 to this.', fallback: 120 }),
    firstPhase: choice(['random', 'none'], {
      about: 'random: the first checkpoint comes after a random part of the interval.',
      fallback: 'random',
    }),
    flushOnNotice: flag({ about: 'Ship a checkpoint when Spot gives notice.', fallback: false }),
  }),
  image: choice(['pull', 'streaming', 'baked'], { about: 'Image delivery.', fallback: 'pull' }),
  maxRetries: count({ about: 'Retries of one task within its job, whatever the cause.', fallback: 10 }),
  buckets: choice(['perRegion', 'one'], { about: 'Buckets for checkpoints.', fallback: 'perRegion' }),
  waves: group<Decisions['waves']>('How the campaign is cut into jobs.', {
    size: count({
      about: 'Molecules in one job; all: one array job a region.',
      min: 1,
      word: 'all',
      fallback: 'all',
    }),
    start: choice(['finished', 'drained'], {
      about:
        'The next job starts when the earlier one is finished, or when none of its tasks is waiting any more.',
      fallback: 'drained',
    }),
  }),
  remainder: group<Decisions['remainder']>('What becomes of tasks that used up their retries.', {
    policy: choice(['leave', 'sameRegion', 'anyRegion', 'onDemand'], {
      about: 'Where they are submitted again.',
      fallback: 'sameRegion',
    }),
    maxRounds: count({ about: 'How often.', fallback: 5 }),
  }),
  tail: group<Decisions['tail']>('On-demand VMs for the end of the campaign.', {
    onDemandLastPercent: percent({ about: 'Share of the tasks that run on demand at the end.', fallback: 0 }),
    onDemandAfterPreemptions: count({
      about: 'A task that was preempted this often goes on demand.',
      nothing: 'none',
      min: 1,
      fallback: null,
    }),
  }),
  startup: group<Decisions['startup']>('Start of the campaign.', {
    spreadSeconds: seconds({
      about: 'Tasks wait a random time up to this before their first pull.',
      fallback: 0,
    }),
  }),
});

export const objective = group<Scenario['objective']>('What a plan is held against.', {
  deadlineSeconds: seconds({ about: 'Longest makespan.', nothing: 'none', above: 0, fallback: null }),
  budgetUsd: usd({ about: 'Most money.', nothing: 'none', fallback: null }),
  confidence: share({
    about: 'Probability with which both must hold.',
    above: 0,
    fallback: 0.95,
  }),
});
