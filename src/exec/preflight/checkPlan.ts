import { exposureOfShards, exposureUsd, firstWave } from '../../plan/exposure.js';
import { lintOk, lintPlan } from '../../plan/lint.js';
import type { Plan } from '../../plan/plan.js';
import { type Check, failed, grouped, passed, warned } from './check.js';

/** How many inputs there are to be, and which are nowhere. */
export interface InputFacts {
  total: number;
  missing: readonly string[];
}

/**
 * What is known of the inputs: what was found, or that nobody has to look: virtual tasks read none, and a run that goes
 * on has staged its own. `unnamed`: the plan is made from counts alone.
 */
export type InputState = InputFacts | 'virtual' | 'staged' | 'unnamed';

export function checkLint(plan: Plan, planFile: string): Check {
  const findings = lintPlan(plan);
  if (findings.length === 0) return passed('lint', 'Every known limit is kept.');
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const repair = `fepcast lint ${planFile}`;
  if (!lintOk(findings)) return failed('lint', `The plan breaks ${plural(errors, 'limit')}.`, repair);
  return warned('lint', `The plan has ${plural(findings.length, 'warning')}.`, repair);
}

export function checkInputs(inputs: InputState): Check {
  if (inputs === 'virtual') return passed('inputs', 'Virtual tasks read no inputs.');
  if (inputs === 'staged') return passed('inputs', 'The run has staged its inputs before.');
  if (inputs === 'unnamed') {
    const message =
      'The plan says how many tasks there are and not what they are: give its scenario a work table.';
    return failed('inputs', message);
  }
  const { total, missing } = inputs;
  if (missing.length === 0) return passed('inputs', `All ${grouped(total)} inputs are there.`);
  const first = missing[0] ?? '';
  const more = missing.length === 1 ? '' : ` and ${plural(missing.length - 1, 'other')}`;
  return failed(
    'inputs',
    `${grouped(missing.length)} of ${grouped(total)} inputs are missing: ${first}${more}.`,
  );
}

export function checkForecast(plan: Plan): Check {
  const { forecast } = plan;
  if (forecast === null) {
    return warned(
      'forecast',
      'The plan carries no forecast: nobody knows what it will cost.',
      'fepcast plan SCENARIO --out plan.json',
    );
  }
  const { makespanHours: time, costUsd: cost } = forecast;
  const days = (hours: number): string => (hours / 24).toFixed(1);
  const range = `${days(time.p10)} to ${days(time.p90)} days, ${grouped(cost.p10)} to ${grouped(cost.p90)} USD`;
  return passed(
    'forecast',
    `${days(time.p50)} days and ${grouped(cost.p50)} USD (80 % of replications: ${range}).`,
  );
}

/** Real money needs a limit; in a rehearsal none is spent. */
export function checkBudget(plan: Plan, options: { required: boolean; planFile: string }): Check {
  const { budgetUsd, onBudget } = plan.guard;
  if (budgetUsd === null) {
    if (!options.required) return passed('budget', 'None, and a rehearsal spends nothing.');
    const message = 'The plan has no budget, and a run on Google Cloud needs one.';
    return failed('budget', message, `fepcast exec ${options.planFile} --budget USD`);
  }
  const median = plan.forecast?.costUsd.p50 ?? null;
  if (median !== null && median > budgetUsd) {
    const message = `The budget of ${grouped(budgetUsd)} USD is less than the ${grouped(median)} USD of the forecast: the guard will ${onBudget}.`;
    return warned('budget', message, `fepcast exec ${options.planFile} --budget ${Math.ceil(median * 1.1)}`);
  }
  const passes = `${grouped(budgetUsd)} USD; when it is reached, the guard will ${onBudget}.`;
  if (options.required && onBudget === 'warn') {
    const repair = `fepcast exec ${options.planFile} --budget ${Math.ceil(budgetUsd)} --on-budget cancel`;
    return warned('budget', passes, repair);
  }
  return passed('budget', passes);
}

export function checkExposure(plan: Plan): Check {
  const first = firstWave(plan);
  const usd = exposureOfShards(plan, first);
  const { maxUnattendedUsd } = plan.guard;
  const most = `The first jobs can cost at most ${grouped(usd)} USD if nobody watches them`;
  const least = Math.max(...first.map((shard) => exposureUsd(plan, { ...shard, parallelism: 1 }, 1)));
  if (maxUnattendedUsd !== null && least > maxUnattendedUsd) {
    return failed(
      'exposure',
      `One task alone can cost ${grouped(least)} USD if nobody watches it, more than guard.maxUnattendedUsd (${grouped(maxUnattendedUsd)} USD): nothing could be sent.`,
    );
  }
  if (maxUnattendedUsd !== null && usd > maxUnattendedUsd) {
    return warned(
      'exposure',
      `${most}, more than guard.maxUnattendedUsd (${grouped(maxUnattendedUsd)} USD): smaller waves are sent.`,
    );
  }
  return passed('exposure', `${most}.`);
}

function plural(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? '' : 's'}`;
}
