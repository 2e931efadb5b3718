import { meanOf } from '../../scenario/distribution.js';
import type { Scenario } from '../../scenario/scenario.js';
import type { PlanFile, ShardFile } from '../planFile.js';
import { meanIntervalSeconds } from './interval.js';
import { vmRisk } from './risk.js';
import { cumulative, expectedLife, type RaisedHazard, survival } from './survival.js';

/**
 * What one task costs on average, by closed formulas: good to a few per cent, which is enough to hold a plan
 * against a limit of days, and for the guard to tell what submitted work will cost. The forecast itself is simulated;
 * nothing else may be built on these.
 *
 * They assume tasks of the mean duration, a new VM for every attempt, no queueing, and uploads that do not hold up the
 * engine; time of day and load are taken at their means (vmRisk).
 */
export interface ExpectedTask {
  /** Hours that the task keeps a VM busy, over all its attempts. */
  vmHours: number;
  /** Probability that its retries do not suffice. */
  outOfRetries: number;
}

const HOUR = 3_600;
const NEVER: ExpectedTask = { vmHours: Infinity, outOfRetries: 1 };

export function expectedTask(plan: PlanFile, shard: ShardFile): ExpectedTask {
  const scenario = plan.scenario.resolved;
  const hazard = vmRisk(plan, shard);
  const attempt: Attempt = {
    workHours: meanOf(scenario.campaign.taskDurationSeconds) / HOUR,
    startupHours: meanStartupSeconds(plan) / HOUR,
    startupIsExposed: scenario.spot.hazardFrom === 'vm',
    startsOnNewVm: !scenario.batch.vmReuse,
    failure: scenario.campaign.taskFailure,
  };
  const segment = checkpointSegment(plan, scenario);
  return segment === null || segment.hours >= attempt.workHours
    ? withoutCheckpoints(hazard, attempt, shard.maxRetryCount)
    : withCheckpoints(hazard, attempt, segment, shard.maxRetryCount);
}

interface Attempt {
  workHours: number;
  startupHours: number;
  /** A VM can be preempted while it starts up, too. */
  startupIsExposed: boolean;
  /** The first attempt starts a VM as well; else it takes over one that is there. */
  startsOnNewVm: boolean;
  /** Probability that an attempt ends with the application's own error. */
  failure: number;
}

/** Work between two checkpoints and what they hold up, hours. */
interface Segment {
  hours: number;
  pauseHours: number;
}

function meanStartupSeconds(plan: PlanFile): number {
  const { startup } = plan.scenario.resolved;
  const { delivery } = plan.image;
  const driver = delivery === 'baked' ? 0 : meanOf(startup.driverSeconds);
  const image = meanOf(
    { pull: startup.pullSeconds, streaming: startup.streamingSeconds, baked: startup.bakedSeconds }[delivery],
  );
  return meanOf(startup.createSeconds) + meanOf(startup.bootSeconds) + driver + image;
}

function checkpointSegment(plan: PlanFile, scenario: Scenario): Segment | null {
  const { policy, engineIntervalSeconds } = plan.checkpoint;
  if (policy === 'none') return null;
  const seconds = meanIntervalSeconds(plan.checkpoint);
  const pauses = engineIntervalSeconds > 0 ? seconds / engineIntervalSeconds : 1;
  return { hours: seconds / HOUR, pauseHours: (scenario.checkpoint.pauseSeconds * pauses) / HOUR };
}

/** An attempt must survive from the VM's start to the task's end: W = (integral of G over it) / G(end). */
function withoutCheckpoints(hazard: RaisedHazard, attempt: Attempt, retries: number): ExpectedTask {
  const { workHours, startupHours, startupIsExposed, startsOnNewVm, failure } = attempt;
  const exposed = workHours + (startupIsExposed ? startupHours : 0);
  const unexposed = startupIsExposed ? 0 : startupHours;
  const success = survival(hazard, exposed) * (1 - failure);
  if (success === 0) return NEVER;
  const vmHours = (expectedLife(hazard, exposed) + unexposed) / success - (startsOnNewVm ? 0 : startupHours);
  return { vmHours, outOfRetries: (1 - success) ** (retries + 1) };
}

/**
 * Equal segments under a constant hazard (Daly): W = M e^(R/M) [(N-1)(e^((w+C)/M) - 1) + e^(w/M) - 1]. Another
 * hazard is replaced by the constant one under which the task's whole duration is survived equally often.
 */
function withCheckpoints(
  hazard: RaisedHazard,
  attempt: Attempt,
  segment: Segment,
  retries: number,
): ExpectedTask {
  const { workHours, startupHours, startsOnNewVm, failure } = attempt;
  const rate = cumulative(hazard, workHours) / workHours;
  if (rate === Infinity) return NEVER;
  const segments = workHours / segment.hours;
  const hours = (length: number) => (rate === 0 ? length : Math.expm1(rate * length) / rate);
  const vmHours =
    Math.exp(rate * startupHours) *
      ((segments - 1) * hours(segment.hours + segment.pauseHours) + hours(segment.hours)) +
    (startsOnNewVm ? startupHours : 0);
  const failures = rate * vmHours + (failure === 0 ? 0 : failure / (1 - failure));
  return { vmHours, outOfRetries: poissonAbove(retries, failures) };
}

/** P(N > most) for a Poisson number of the given mean. */
function poissonAbove(most: number, mean: number): number {
  if (mean > 700) return 1;
  let term = Math.exp(-mean);
  let below = term;
  for (let k = 1; k <= most; k += 1) {
    term *= mean / k;
    below += term;
    // What follows is too small to be added: a lifted limit allows a million retries.
    if (k > mean && term < Number.EPSILON * below) break;
  }
  return Math.max(0, 1 - below);
}
