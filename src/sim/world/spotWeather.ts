import type { ShareDistribution } from '../../scenario/scenario.js';
import type { EventQueue } from '../eventQueue.js';
import { Purpose, type Streams } from '../streams.js';
import { type Fleet, Phase } from './fleet.js';
import type { Job } from './jobTable.js';
import type { RegionState } from './regionState.js';
import { LOAD_GRID_SECONDS } from './spotHazard.js';
import { struckZone, zoneOfVm } from './zones.js';

/** The timers of one region; `ramp` belongs to the World's dispatch, `ordered` to the faults that testers order. */
export const RegionTimer = { ramp: 0, shock: 1, load: 2, stockout: 3, series: 4, ordered: 5 } as const;

const TIMERS = 8;
/** Ordered preemptions count from here in the keys of their draws, so that they share none with evictions. */
const FIRST_ORDERED = 32_768;

/** The id of a region's timer in the event queue: VMs have even ids, jobs 1 modulo 4, regions 3 modulo 4. */
export function regionTimerId(region: number, timer: number): number {
  return 4 * (region * TIMERS + timer) + 3;
}

export function regionOfTimer(id: number): { region: number; timer: number } {
  const n = id >> 2;
  return { region: Math.floor(n / TIMERS), timer: n % TIMERS };
}

/** What the weather does to the VMs and to those who wait. */
export interface WeatherEffects {
  preempt(vm: number, t: number): void;
  /** The VM's hazard in the cell of the load grid that begins now. */
  followHazard(vm: number, t: number): void;
  /** More Spot VMs can be had. */
  roomMade(region: RegionState, t: number): void;
}

/**
 * What happens to a region's Spot VMs as a whole: shocks that take a share of them at once (compound Poisson),
 * stockouts, a replayed series of capacity, and the grid of the load factor. Every draw is keyed by the region and
 * the number of the event, and by the VM that it may hit, so that two plans see the same weather.
 */
export class SpotWeather {
  private readonly streams: Streams;
  private readonly queue: EventQueue;
  private readonly fleet: Fleet;
  private readonly jobs: readonly Job[];
  private readonly effects: WeatherEffects;
  /** Events of each kind so far, by region: the number in their keys. */
  private readonly shocks: number[] = [];
  private readonly stockouts: number[] = [];
  private readonly steps: number[] = [];

  constructor(parts: {
    streams: Streams;
    queue: EventQueue;
    fleet: Fleet;
    jobs: readonly Job[];
    effects: WeatherEffects;
  }) {
    this.streams = parts.streams;
    this.queue = parts.queue;
    this.fleet = parts.fleet;
    this.jobs = parts.jobs;
    this.effects = parts.effects;
  }

  /** Campaign time 0. */
  begin(region: RegionState): void {
    const { number, settings, hazard } = region;
    this.shocks[number] = 0;
    this.stockouts[number] = 0;
    this.steps[number] = 0;
    if (settings.shocks !== null && settings.shocks.perHour > 0) this.awaitShock(region, 0);
    if (hazard.followsLoad) this.queue.schedule(regionTimerId(number, RegionTimer.load), LOAD_GRID_SECONDS);
    if (settings.capacity.stockouts !== null && settings.capacity.stockouts.perHour > 0) {
      this.awaitStockout(region, 0);
    }
    if (settings.capacity.series !== null) this.stepSeries(region, 0);
  }

  handle(region: RegionState, timer: number, t: number): void {
    this.queue.cancel(regionTimerId(region.number, timer));
    if (timer === RegionTimer.shock) this.shock(region, t);
    else if (timer === RegionTimer.load) this.followLoad(region, t);
    else if (timer === RegionTimer.stockout) this.turnStockout(region, t);
    else this.stepSeries(region, t);
  }

  // ---- shocks --------------------------------------------------------------------------------------------------

  private awaitShock(region: RegionState, t: number): void {
    const { number, settings } = region;
    const n = this.shocks[number] as number;
    const hours = this.streams.exponential(number, 0, Purpose.shock, 2 * n) / (settings.shocks?.perHour ?? 0);
    this.queue.schedule(regionTimerId(number, RegionTimer.shock), t + hours * 3600);
  }

  /** Each Spot VM of the region, or of the one zone that is struck, is hit with the shock's own probability. */
  private shock(region: RegionState, t: number): void {
    const { number, settings } = region;
    const n = this.shocks[number] as number;
    this.shocks[number] = n + 1;
    if (settings.shocks === null) return;
    const share = sampleShare(
      settings.shocks.share,
      this.streams.uniform(number, 0, Purpose.shock, 2 * n + 1),
    );
    const struck =
      settings.shocks.scope === 'zone' ? struckZone(this.streams, number, n, settings.zones) : null;
    for (const vm of this.spotVms(region)) {
      const u = this.luckOf(vm, Purpose.shock, number * 65_536 + n);
      if (u < share && (struck === null || this.zoneOf(vm, region) === struck)) this.effects.preempt(vm, t);
    }
    this.awaitShock(region, t);
  }

  /** The zone of a VM, among those that its job names or, where it names none, its region has. */
  private zoneOf(vm: number, { settings }: RegionState): string | null {
    const { fleet } = this;
    const { zones } = (this.jobs[fleet.job[vm] as number] as Job).spec;
    return zoneOfVm(
      this.streams,
      fleet.keyTask[vm] as number,
      fleet.keyAttempt[vm] as number,
      zones.length > 0 ? zones : settings.zones,
    );
  }

  /** A VM's own draw in an event of its region. */
  private luckOf(vm: number, purpose: Purpose, n: number): number {
    const { fleet } = this;
    return this.streams.uniform(
      fleet.keyTask[vm] as number,
      (fleet.keyAttempt[vm] as number) + 1,
      purpose,
      n,
    );
  }

  /** Billed Spot VMs of the region, by slot. */
  private spotVms(region: RegionState): number[] {
    const { fleet } = this;
    const vms: number[] = [];
    for (let vm = 0; vm < fleet.capacity; vm += 1) {
      const phase = fleet.phase[vm] as number;
      if (phase === Phase.free || phase === Phase.creating) continue;
      const job = this.jobs[fleet.job[vm] as number] as Job;
      if (job.region === region.number && job.spec.provisioning === 'spot') vms.push(vm);
    }
    return vms;
  }

  // ---- load ----------------------------------------------------------------------------------------------------

  private followLoad(region: RegionState, t: number): void {
    for (const vm of this.spotVms(region)) this.effects.followHazard(vm, t);
    this.queue.schedule(regionTimerId(region.number, RegionTimer.load), t + LOAD_GRID_SECONDS);
  }

  // ---- capacity ------------------------------------------------------------------------------------------------

  private awaitStockout(region: RegionState, t: number): void {
    const n = this.stockouts[region.number] as number;
    const perHour = region.settings.capacity.stockouts?.perHour ?? 0;
    const hours = this.streams.exponential(region.number, 0, Purpose.stockout, 4 * n) / perHour;
    this.queue.schedule(regionTimerId(region.number, RegionTimer.stockout), t + hours * 3600);
  }

  private turnStockout(region: RegionState, t: number): void {
    const { stockouts } = region.settings.capacity;
    if (stockouts === null) return;
    const n = this.stockouts[region.number] as number;
    if (region.stockedOut) {
      this.stockouts[region.number] = n + 1;
      region.stockedOut = false;
      this.awaitStockout(region, t);
      this.effects.roomMade(region, t);
      return;
    }
    region.stockedOut = true;
    // The n-th stockout is the (n + 1)-th "attempt" of the region's stream: a draw of its own.
    const seconds = this.streams.sample(stockouts.durationSeconds, region.number, n + 1, Purpose.stockout);
    this.queue.schedule(regionTimerId(region.number, RegionTimer.stockout), t + seconds);
  }

  private stepSeries(region: RegionState, t: number): void {
    const { series } = region.settings.capacity;
    if (series === null) return;
    const n = this.steps[region.number] as number;
    this.steps[region.number] = n + 1;
    const next = series.fromSeconds[n + 1];
    if (next !== undefined) this.queue.schedule(regionTimerId(region.number, RegionTimer.series), next);
    const before = region.obtainable;
    region.obtainable = series.vms[n] ?? Number.POSITIVE_INFINITY;
    if (region.obtainable > before) this.effects.roomMade(region, t);
    else this.evict(region, n, t);
  }

  /** VMs beyond what can be had are taken away, in the order of their own draws. */
  private evict(region: RegionState, n: number, t: number): void {
    const vms = this.spotVms(region);
    const excess = vms.length - region.obtainable;
    if (excess > 0) this.takeAway(vms, excess, region.number * 65_536 + n, t);
  }

  /** Takes a share of the region's Spot VMs away, as a tester ordered; `n` tells one order from the next. */
  preemptShare(region: RegionState, share: number, n: number, t: number): void {
    const vms = this.spotVms(region);
    this.takeAway(vms, Math.round(vms.length * share), region.number * 65_536 + FIRST_ORDERED + n, t);
  }

  private takeAway(vms: readonly number[], count: number, key: number, t: number): void {
    vms
      .map((vm) => ({ vm, u: this.luckOf(vm, Purpose.eviction, key) }))
      .sort((a, b) => a.u - b.u || a.vm - b.vm)
      .slice(0, count)
      .forEach(({ vm }) => {
        this.effects.preempt(vm, t);
      });
  }
}

function sampleShare(share: ShareDistribution, u: number): number {
  if ('constant' in share) return share.constant;
  const [low, high] = share.uniform;
  return low + (high - low) * u;
}
