import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from '../exec/atomicFile.js';
import { codeOf, makeFolder } from '../exec/makeFolder.js';
import type { Forecast } from '../plan/forecast.js';
import { lintPlan } from '../plan/lint.js';
import type { Alternative, Plan } from '../plan/plan.js';
import { formatPlan } from '../plan/planFile.js';
import { scenarioSha256 } from '../scenario/canonical.js';
import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import { DURATION, type Unit, USD } from '../scenario/units.js';
import { NoPlanError, type SearchOptions, searchPlan } from '../search/searchPlan.js';
import { forecastPlan } from '../sim/workers.js';
import { describeForecast } from '../ui/forecastTable.js';
import { formatCount, formatUsd } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { wrapWords } from '../ui/text.js';
import { EXIT, type ExitCode } from './exit.js';
import { guessLines, luckAloneLines } from './guesses.js';
import { type LiveOptions, liveLines, liveScenario } from './live.js';
import { loadScenario } from './load.js';
import { createOutput, tableWidth } from './output.js';
import { type SamplingOptions, sampled } from './sampling.js';
import { campaignLine, decisionsLine, duration, plural } from './summary.js';

export interface PlanOptions extends SamplingOptions, LiveOptions {
  deadline?: string;
  budget?: string;
  confidence?: number;
  objective: 'cost' | 'time';
  out: string;
}

export async function plan(file: string, options: PlanOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const assumed = loadScenario(file, options.set);
  const wish = wishOf(assumed, options);
  await checkPlace(options.out);
  const { scenario, stamp } = await liveScenario(assumed, options, output);
  if (stamp !== null) output.print(`${liveLines(stamp).join('\n')}\n`);
  const { seed, replications, workers } = options;
  const identity = { name: scenario.name, sha256: scenarioSha256(scenario) };
  try {
    const found = await sampled('trying plans', (watch) =>
      searchPlan(scenario, {
        ...wish,
        seed,
        replications,
        workers,
        uncertainty: options.uncertainty === 'on',
        ...watch,
      }),
    );
    const chosen = { ...found, live: stamp };
    const luck = output.json ? null : await luckAlone(chosen, options);
    await writeAtomically(options.out, formatPlan(chosen));
    output.document({ scenario: identity, out: options.out, plan: chosen });
    output.print(describeChoice(chosen, luck, wish, options).join('\n'));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof NoPlanError)) throw error;
    output.document({ scenario: identity, out: null, plan: null, alternatives: error.alternatives });
    output.print(alternativeLines(error.alternatives).join('\n'));
    throw error;
  }
}

/** The plan's forecast with every guess at its value; null where that is the forecast that it has. */
async function luckAlone(chosen: Plan, options: PlanOptions): Promise<Forecast | null> {
  const { seed, replications, workers, uncertainty } = options;
  if (uncertainty === 'off' || Object.keys(chosen.scenario.resolved.guesses).length === 0) return null;
  const { forecast } = await sampled('telling luck from guesses', (watch) =>
    forecastPlan(chosen, { seed, replications, workers, ...watch }),
  );
  return forecast;
}

type Wish = Pick<SearchOptions, 'deadlineSeconds' | 'budgetUsd' | 'confidence' | 'objective'>;

/** The scenario's objective, as far as the options do not say otherwise. */
function wishOf({ objective }: Scenario, options: PlanOptions): Wish {
  return {
    deadlineSeconds: quantity('--deadline', options.deadline, DURATION) ?? objective.deadlineSeconds,
    budgetUsd: quantity('--budget', options.budget, USD) ?? objective.budgetUsd,
    confidence: options.confidence ?? objective.confidence,
    objective: options.objective,
  };
}

function quantity(flag: string, text: string | undefined, unit: Unit): number | null {
  if (text === undefined) return null;
  const bare = unit.bare === 'any' && text.trim() !== '' ? Number(text) : Number.NaN;
  const value = Number.isNaN(bare) ? unit.parse(text) : bare;
  if (value !== null && value > 0 && Number.isFinite(value)) return value;
  const expected = `${unit.what} above 0, such as ${unit.examples.join(' or ')}`;
  throw inputError({ path: flag, found: `"${text}"`, expected });
}

/** Before the search: nobody waits for a plan that cannot be kept. */
async function checkPlace(file: string): Promise<void> {
  try {
    await makeFolder(dirname(file));
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    const found = `a place that cannot be written (${codeOf(error)})`;
    throw inputError({ file, path: '--out', found, expected: 'a file name in a folder of yours' });
  }
  const isFolder = (await stat(file).catch(() => null))?.isDirectory() ?? false;
  if (isFolder) throw inputError({ file, path: '--out', found: 'a directory', expected: 'a file name' });
}

function describeChoice(chosen: Plan, luck: Forecast | null, wish: Wish, options: PlanOptions): string[] {
  const { scenario, campaign, forecast } = chosen;
  const warnings = lintPlan(chosen).length;
  return [
    campaignLine(scenario.name, campaign),
    '',
    `Chosen: ${decisionsLine(chosen)}.`,
    ...wrapWords(`Why: ${why(wish, options)}.`, tableWidth()),
    ...(forecast === null ? [] : ['', ...describeForecast(forecast, null)]),
    '',
    ...alternativeLines(chosen.alternatives),
    '',
    ...guessLines(scenario.resolved, options.uncertainty),
    ...(luck === null ? [] : luckAloneLines(luck)),
    '',
    ...(warnings === 0 ? [] : [`${plural(warnings, 'warning')}: see fepcast lint ${options.out}`]),
    `Written to ${options.out}. Next: fepcast exec ${options.out} --rehearse`,
  ];
}

/** "the lowest mean cost of all plans that end within 10d 0h for at most $60,000 in 95 % of 10 replications" */
function why(
  { deadlineSeconds, budgetUsd, confidence, objective }: Wish,
  { replications }: PlanOptions,
): string {
  const limits = [
    'finish every task',
    ...(deadlineSeconds === null ? [] : [`end within ${duration(deadlineSeconds)}`]),
    ...(budgetUsd === null ? [] : [`cost at most ${formatUsd(budgetUsd)}`]),
  ];
  const least = objective === 'cost' ? 'the lowest mean cost' : 'the shortest mean makespan';
  const share = `${Math.round(confidence * 100)} % of ${plural(replications, 'replication')}`;
  const other = objective === 'cost' ? 'fastest' : 'cheapest';
  return `${least} of the plans that ${limits.join(' and ')} in at least ${share}, or within 0.5 % of it and the ${other} of these`;
}

const ALTERNATIVE_COLUMNS = [
  { title: 'instead' },
  { title: 'makespan', align: 'right' },
  { title: 'cost', align: 'right' },
  { title: 'failed', align: 'right' },
  { title: 'why not', wrap: true },
] as const;
/** The runner-up and a few more. */
const ALTERNATIVES_SHOWN = 5;

function alternativeLines(alternatives: readonly Alternative[]): string[] {
  if (alternatives.length === 0) return [];
  const rows = alternatives
    .slice(0, ALTERNATIVES_SHOWN)
    .map(({ name, makespanHours, costUsd, tasksFailed, verdict }) => [
      name,
      duration(makespanHours.p50 * 3600),
      formatUsd(costUsd.p50),
      formatCount(tasksFailed),
      verdict,
    ]);
  return formatTable(ALTERNATIVE_COLUMNS, rows, { width: tableWidth() });
}
