import { type AgeHazard, ageHazardOf } from '../../scenario/ageHazard.js';
import type { Region, Scenario } from '../../scenario/scenario.js';

/** The load factor is taken anew at whole multiples of this, and is constant in between. */
export const LOAD_GRID_SECONDS = 900;

const DAY_SECONDS = 86_400;
/** Nothing is looked for beyond this: ten times the horizon of a simulation. */
const FAR_SECONDS = 10 * 365 * DAY_SECONDS;

/**
 * The hazard of a region's Spot VMs: by age, times a factor of the local time of day, times a factor of our load.
 * A VM draws one Exp(1) and is preempted when its integrated hazard has reached it.
 */
export class SpotHazard {
  /** The load factor is on: lives must be followed cell by cell of its grid. */
  readonly followsLoad: boolean;
  /** What the last cell that a VM lived through used up of its bearing. */
  usedUp = 0;
  private readonly byAge: AgeHazard;
  private readonly spot: Scenario['spot'];
  private readonly poolVms: number | null;
  private readonly utcOffsetHours: number;

  constructor(region: Region, spot: Scenario['spot']) {
    this.byAge = ageHazardOf(region.hazard);
    this.spot = spot;
    this.poolVms = region.capacity.poolVms;
    this.utcOffsetHours = region.utcOffsetHours;
    this.followsLoad = spot.loadFactor > 0 && this.poolVms !== null;
  }

  /** When a VM that started at `start` is preempted if it can bear an integrated hazard of `x`; no load factor. */
  deathAt(x: number, start: number): number {
    if (this.spot.timeOfDay === null) return start + this.byAge.ageAt(x);
    let left = x;
    let t = start;
    while (t < FAR_SECONDS) {
      const to = this.nextTurn(t);
      const death = this.withinCell(left, start, t, to, this.dayFactorAt(t));
      if (death < Number.POSITIVE_INFINITY) return death;
      left -= this.usedUp;
      t = to;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** One cell in which the factors are constant: the time of death if `left` is used up in it, else Infinity. */
  private withinCell(left: number, start: number, from: number, to: number, factor: number): number {
    const before = this.byAge.integrated(from - start);
    const used = factor * (this.byAge.integrated(to - start) - before);
    this.usedUp = used;
    if (used < left) return Number.POSITIVE_INFINITY;
    return Math.min(to, Math.max(from, start + this.byAge.ageAt(before + left / factor)));
  }

  /** As `withinCell`, for the cell of the load grid from `from` on with `vms` Spot VMs of ours in the region. */
  followed(left: number, start: number, from: number, vms: number): number {
    const load = 1 + this.spot.loadFactor * Math.min(1, vms / (this.poolVms ?? Number.POSITIVE_INFINITY));
    const to = (Math.floor(from / LOAD_GRID_SECONDS) + 1) * LOAD_GRID_SECONDS;
    return this.withinCell(left, start, from, to, load * this.dayFactorAt(from));
  }

  private dayFactorAt(t: number): number {
    const { timeOfDay } = this.spot;
    if (timeOfDay === null) return 1;
    const hour = this.localHour(t);
    const { dayFromHour, dayToHour, dayFactor, nightFactor } = timeOfDay;
    return hour >= dayFromHour && hour < dayToHour ? dayFactor : nightFactor;
  }

  private localHour(t: number): number {
    const hours = t / 3600 + this.spot.startHourUtc + this.utcOffsetHours;
    return ((hours % 24) + 24) % 24;
  }

  /** The next time after `t` at which day begins or ends there. */
  private nextTurn(t: number): number {
    const { timeOfDay } = this.spot;
    if (timeOfDay === null) return Number.POSITIVE_INFINITY;
    const hour = this.localHour(t);
    const ahead = [timeOfDay.dayFromHour, timeOfDay.dayToHour].map((turn) => {
      const wait = (((turn - hour) % 24) + 24) % 24;
      return wait < 1e-9 ? 24 : wait;
    });
    return t + Math.min(...ahead) * 3600;
  }
}
