import { CAPACITY_SERIES_FILE } from '../capacitySeriesFile.js';
import {
  choice,
  computedGroup,
  count,
  dataFile,
  documented,
  gigabytes,
  group,
  guess,
  list,
  oneOf,
  optionalDataFile,
  optionalGroup,
  optionalText,
  perHour,
  plainNumber,
  seconds,
  share,
  table,
  usdPerHour,
  utcOffset,
  vms,
} from '../description.js';
import { LIFETIMES_FILE } from '../lifetimesFile.js';
import type { Capacity, Hazard, Region, ShareDistribution, Shocks } from '../scenario.js';
import { lognormal, secondsDistribution } from './distribution.js';
import { regionName, zoneName } from './names.js';

const HAZARD_GUESS = 'nobody publishes a rate for L4; public data of other machines span 1 to 30 %/h';

const hazard = oneOf<Hazard>({
  about: 'Spot preemption by age of the VM.',
  what: 'a hazard',
  example: '{ constant: { hourlySurvival: 0.95 } }',
  fallback: { constant: { hourlySurvival: 0.95 } },
  basis: guess(HAZARD_GUESS, 0.7, 0.99),
  options: {
    constant: group('The same at every age.', {
      hourlySurvival: share({
        about: 'Probability that a VM lives through one hour.',
        above: 0,
        alias: {
          key: 'hourlyPreemption',
          as: share({ about: 'Probability that a VM is preempted within one hour.' }),
          convert: (preemption) => 1 - preemption,
        },
      }),
    }),
    piecewise: list({
      about: 'A rate for each range of ages, youngest first; the last may lack `until`.',
      what: 'a list of { until, perHour }',
      of: group<{ untilSeconds: number | null; perHour: number }>('A range of ages.', {
        untilSeconds: seconds({
          about: 'Age of the VM at which it ends; absent in the last one.',
          nothing: 'none',
          above: 0,
          fallback: null,
        }),
        perHour: perHour({ about: 'Preemptions per VM-hour; a rate, not a probability.' }),
      }),
      check: checkAges,
    }),
    weibull: group<{ shape: number; scaleSeconds: number }>('S(age) = exp(-(age / scale)^shape).', {
      shape: plainNumber({ about: 'Below 1 the hazard falls with age: young VMs die first.', above: 0 }),
      scaleSeconds: seconds({ about: 'Age that 37 % of the VMs reach.', above: 0 }),
    }),
    lifetimes: dataFile(
      'Measured: a CSV with lifetime_hours (or lifetime_seconds) and censored (1: the VM was not preempted).',
      LIFETIMES_FILE,
    ),
  },
});

function checkAges(pieces: readonly unknown[]) {
  const ages = (pieces as readonly { untilSeconds: number | null }[]).map((piece) => piece.untilSeconds);
  if (ages.length === 0) return { found: 'an empty list', expected: 'at least one { until, perHour }' };
  for (const [i, age] of ages.entries()) {
    const before = ages[i - 1] ?? 0;
    if (age === null ? i < ages.length - 1 : age <= before) {
      return {
        at: [i, 'untilSeconds'],
        found: age === null ? 'nothing' : `${age} s after ${before} s`,
        expected: 'rising ages; only the last may lack one',
      };
    }
  }
  return null;
}

const shockShare = oneOf<ShareDistribution>({
  about: 'Share of the Spot VMs that one shock takes, of the region or of the zone that it strikes.',
  what: 'a share',
  example: '{ uniform: [0.1, 0.5] }',
  options: {
    constant: share({ about: 'Always this much.' }),
    uniform: list({
      about: 'Evenly spread between a low and a high end.',
      what: 'two shares, [low, high]',
      of: share({ about: 'One end.' }),
      check: (ends) => {
        const [low, high] = ends as readonly number[];
        if (ends.length === 2 && low! <= high!) return null;
        return { found: JSON.stringify(ends), expected: 'two shares, [low, high], the lower one first' };
      },
    }),
  },
});

const shocks = optionalGroup<Shocks>('At random times many Spot VMs are taken at once; null: never.', {
  perHour: perHour({ about: 'Shocks an hour; their times are independent of each other.' }),
  share: shockShare,
  scope: choice(['region', 'zone'], {
    about:
      'Whom a shock strikes: the whole region, or one of its zones (`zones`) drawn for each shock, of whose VMs it takes the share.',
    fallback: 'region',
    basis: documented(
      'zones of one region fail together (availability correlates by 0.43 within a region, by 0.14 across), computed from https://github.com/skypilot-org/spot-traces',
    ),
  }),
});

const capacity = group<Capacity>('How many Spot VMs can be had here, whatever the quota says.', {
  poolVms: vms({
    about: 'Spot VMs of this kind that the region has for all; what the load factor counts on.',
    nothing: 'unlimited',
    min: 1,
    fallback: null,
    basis: documented('taken to be no limit: nobody publishes it; 20 to 600 L4 at once are guessed'),
  }),
  stockouts: optionalGroup<NonNullable<Capacity['stockouts']>>(
    'Spells in which no Spot VM can be created; null: none.',
    {
      perHour: perHour({ about: 'Stockouts that begin, an hour.' }),
      durationSeconds: secondsDistribution({
        about: 'How long one lasts.',
        fallback: lognormal(3_600, 1),
        basis: guess('10 min to 10 h; no figures are public', 600, 36_000),
      }),
    },
  ),
  series: optionalDataFile({
    about: 'Replayed: a CSV with t_seconds and nodes (or vms); VMs beyond what is left are taken away.',
    format: CAPACITY_SERIES_FILE,
    basis: documented('none unless it is given'),
  }),
});

export const regions = table<Region>({
  about: 'The regions that may be used, with our quota, prices and hazard there.',
  name: regionName,
  of: group<Region>('One region.', {
    quota: group<Region['quota']>('What the project may use here; the binding one limits VMs.', {
      spotGpus: count({
        about: 'Spot GPUs (PREEMPTIBLE_NVIDIA_L4_GPUS).',
        fallback: 1,
        basis: documented('default of new projects; read yours with `gcloud compute regions describe`'),
      }),
      onDemandGpus: count({
        about: 'On-demand GPUs (NVIDIA_L4_GPUS).',
        fallback: 1,
        basis: documented('default of new projects; read yours with `gcloud compute regions describe`'),
      }),
      cpus: count({
        about: 'vCPUs; a g2-standard-4 takes 4.',
        nothing: 'unlimited',
        fallback: null,
        basis: documented('taken to be no limit unless it is given: it differs from project to project'),
      }),
      diskGb: gigabytes({
        about: 'GB of persistent SSD disk (SSD_TOTAL_GB), which pd-balanced boot disks count in.',
        nothing: 'unlimited',
        fallback: null,
        basis: documented('taken to be no limit unless it is given: it differs from project to project'),
      }),
    }),
    price: computedGroup<Region['price']>(
      'USD per VM-hour; known for g2-standard-4 where a region offers L4.',
      {
        spotUsdPerHour: usdPerHour({ about: 'One Spot VM for one hour.' }),
        onDemandUsdPerHour: usdPerHour({ about: 'One on-demand VM for one hour.' }),
        flexStartUsdPerHour: usdPerHour({
          about: 'One FLEX_START VM for one hour; none: the on-demand price.',
          nothing: 'none',
          fallback: null,
          basis: documented(
            'taken to be the on-demand price: the one list found has L4 at it (0.72 USD in asia-northeast3); no page was found that names a discount',
          ),
        }),
        date: optionalText({
          about: 'Day of these prices.',
          what: 'a date',
          example: '2026-07-30',
          pattern: /^\d{4}-\d\d-\d\d$/,
        }),
      },
    ),
    hazard,
    shocks,
    capacity,
    utcOffsetHours: utcOffset({
      about: 'Local time less UTC; known (standard time) where a region offers L4.',
      fallback: 0,
      basis: documented('0 where it is not known; only the time-of-day factor asks for it'),
    }),
    zones: list({
      about:
        'Zones to use, over which VMs are spread evenly; empty: every zone of the region, which the models take as one.',
      what: 'a list of zones',
      of: zoneName,
      fallback: [],
    }),
  }),
});
