import {
  choice,
  documented,
  group,
  guess,
  optionalGroup,
  plainNumber,
  seconds,
  share,
} from '../description.js';
import type { Scenario } from '../scenario.js';

/** Day and night differ; how much is known for another machine only. */
const TIME_OF_DAY =
  'preemptible CPU VMs of 2019 were lost more often by day (8 to 20 h); https://github.com/kadupitiya/goog-preemption-data';

export const spot = group<Scenario['spot']>(
  'Spot preemption in general; the hazard itself is given by region.',
  {
    hazardFrom: choice(['vm', 'task'], {
      about: "When the hazard clock starts: with the VM, or with the task's run (start-up is exempt).",
      fallback: 'vm',
      basis: documented(
        'Compute Engine may preempt a Spot VM from its start on; https://docs.cloud.google.com/compute/docs/instances/spot',
      ),
    }),
    startHourUtc: plainNumber({
      about: 'Hour of the day (UTC) at which the campaign starts; only the time-of-day factor asks for it.',
      max: 24,
      fallback: 8,
      basis: guess('a morning in Europe', 0, 24),
    }),
    timeOfDay: optionalGroup<NonNullable<Scenario['spot']['timeOfDay']>>(
      "Factors on every hazard by the region's local time; null: none.",
      {
        dayFactor: plainNumber({
          about: 'By day.',
          fallback: 1.6,
          basis: guess(TIME_OF_DAY, 1, 2),
        }),
        nightFactor: plainNumber({
          about: 'By night.',
          fallback: 0.4,
          basis: guess(TIME_OF_DAY, 0.3, 1),
        }),
        dayFromHour: plainNumber({
          about: 'Local hour at which day begins.',
          max: 24,
          fallback: 8,
          basis: guess(TIME_OF_DAY, 0, 12),
        }),
        dayToHour: plainNumber({
          about: 'Local hour at which it ends; later than dayFromHour.',
          max: 24,
          fallback: 20,
          basis: guess(TIME_OF_DAY, 12, 24),
        }),
      },
    ),
    loadFactor: plainNumber({
      about: "The hazard grows by this factor times our share of a region's pool (capacity.pool).",
      fallback: 0,
      basis: guess('no measurement is public; 1 doubles the hazard of whoever has the whole pool', 0, 3),
    }),
    noticeSeconds: seconds({
      about: 'From the notice of a preemption to the end of the VM.',
      fallback: 30,
      basis: documented('30 s, best effort; https://docs.cloud.google.com/compute/docs/instances/spot'),
    }),
    flushSuccess: share({
      about: 'Probability that a task sees the notice in time to flush (decisions.checkpoint.flushOnNotice).',
      fallback: 0.5,
      basis: guess('the notice is best effort, and nobody publishes how often it comes', 0, 1),
    }),
  },
);
