/** A VM that was watched up to an age: it was preempted then, or was still alive (stopped by its owner, ...). */
export interface ObservedLife {
  age: number;
  preempted: boolean;
}

/** A step function: 1 at first, `survival[i]` from `age[i]` on. */
export interface SurvivalCurve {
  /** Rising. */
  age: number[];
  /** Falling; 0 at the end where the oldest VM was preempted. */
  survival: number[];
}

/**
 * The estimate of Kaplan and Meier (J. Am. Stat. Assoc. 53, 1958): at every age at which VMs were preempted, survival
 * falls by the share of those that were under watch then. A VM that was lost from sight at the same age still was.
 */
export function kaplanMeier(lives: readonly ObservedLife[]): SurvivalCurve {
  const byAge = [...lives].sort((a, b) => a.age - b.age);
  const curve: SurvivalCurve = { age: [], survival: [] };
  let survival = 1;
  for (let i = 0; i < byAge.length; ) {
    const { age } = byAge[i]!;
    const watched = byAge.length - i;
    let preempted = 0;
    for (; byAge[i]?.age === age; i += 1) if (byAge[i]!.preempted) preempted += 1;
    if (preempted === 0) continue;
    survival *= (watched - preempted) / watched;
    curve.age.push(age);
    curve.survival.push(survival);
  }
  return curve;
}

/**
 * The mean hazard of a curve's last quarter, per unit of age: (H(last) - H(0.75 last)) / (0.25 last) with
 * H = -ln S. Where survival ends at 0, H stays finite: it is taken just before the last age.
 */
export function tailHazard({ age, survival }: SurvivalCurve): number {
  const last = age.at(-1) ?? 0;
  if (last === 0) return 0;
  const alive = survival.filter((share) => share > 0);
  const before = age.filter((at) => at <= 0.75 * last).length;
  const cumulative = (steps: number): number => -Math.log(alive[Math.min(steps, alive.length) - 1] ?? 1);
  return (cumulative(age.length) - cumulative(before)) / (0.25 * last);
}
