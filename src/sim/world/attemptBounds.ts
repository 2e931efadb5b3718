import { Purpose, type Streams } from '../streams.js';
import type { Agenda } from './agenda.js';
import { End, type Fleet, Pending, Phase } from './fleet.js';
import type { Job } from './jobTable.js';
import type { Mishap } from './mishaps.js';
import type { RegionState } from './regionState.js';

/** When the present attempt of a VM is over at the latest, and why: its VM's death, its time limit, a mishap. */
export class AttemptBounds {
  private readonly streams: Streams;
  private readonly fleet: Fleet;
  private readonly jobs: readonly Job[];
  private readonly regions: readonly RegionState[];
  private readonly agenda: Agenda;

  constructor(parts: {
    streams: Streams;
    fleet: Fleet;
    jobs: readonly Job[];
    regions: readonly RegionState[];
    agenda: Agenda;
  }) {
    this.streams = parts.streams;
    this.fleet = parts.fleet;
    this.jobs = parts.jobs;
    this.regions = parts.regions;
    this.agenda = parts.agenda;
  }

  /** Draws the VM's lifetime from `t` on: one Exp(1), whatever the hazard. */
  startHazard(vm: number, t: number): void {
    const { fleet } = this;
    const { region, spec } = this.jobs[fleet.job[vm] as number] as Job;
    if (spec.provisioning !== 'spot') return;
    const x = this.streams.exponential(
      fleet.keyTask[vm] as number,
      fleet.keyAttempt[vm] as number,
      Purpose.life,
      0,
    );
    const { hazard } = this.regions[region] as RegionState;
    fleet.hazardFrom[vm] = t;
    fleet.bearing[vm] = x;
    if (hazard.followsLoad) this.followHazard(vm, t);
    else this.dieAt(vm, hazard.deathAt(x, t));
  }

  /** The cell of the load grid from `t` on: the VM dies in it or has borne it. */
  followHazard(vm: number, t: number): void {
    const { fleet } = this;
    const from = fleet.hazardFrom[vm] as number;
    if (from < 0) return;
    const { region } = this.jobs[fleet.job[vm] as number] as Job;
    const { hazard, spotVms } = this.regions[region] as RegionState;
    const left = fleet.bearing[vm] as number;
    const death = hazard.followed(left, from, t, spotVms);
    if (death < Number.POSITIVE_INFINITY) this.dieAt(vm, death);
    else fleet.bearing[vm] = left - hazard.usedUp;
  }

  /** The VM is taken away at `at`, unless the attempt ends before or at the same instant. */
  dieAt(vm: number, at: number): void {
    const { fleet } = this;
    // A VM that has had its notice goes when that is over.
    if (fleet.phase[vm] === Phase.flushing) return;
    fleet.deathAt[vm] = at;
    this.bound(vm, at, End.preempted);
    if ((fleet.endAt[vm] as number) < (fleet.nextAt[vm] as number)) {
      this.agenda.arm(vm, Pending.end, fleet.endAt[vm] as number);
    }
  }

  /** The attempt, which is RUNNING from `t` on, may take as long as its job allows. */
  startLimit(vm: number, t: number): void {
    const { fleet } = this;
    const limit = (this.jobs[fleet.job[vm] as number] as Job).spec.maxRunDurationSeconds;
    if (limit === null) return;
    fleet.limitAt[vm] = t + limit;
    this.bound(vm, t + limit, End.timeLimit);
  }

  /** The attempt ends at `at` at the latest. */
  bound(vm: number, at: number, kind: number): void {
    if (at < (this.fleet.endAt[vm] as number)) {
      this.fleet.endAt[vm] = at;
      this.fleet.endKind[vm] = kind;
    }
  }

  mayBeCutBy(vm: number, mishap: Mishap | null): void {
    if (mishap !== null) this.bound(vm, mishap.at, mishap.kind);
  }
}
