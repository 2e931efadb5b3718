import type { CostPart, Forecast, MoleculeProgress, Outcome } from '../plan/forecast.js';
import { parseJournal } from '../plan/journal.js';
import { lintPlan } from '../plan/lint.js';
import { makePlan } from '../plan/makePlan.js';
import { assertCanFinish } from '../plan/neverFinishes.js';
import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { decisionsOf, type StrategyName } from '../search/strategies.js';
import { replayJournal } from '../sim/replayJournal.js';
import { summarise } from '../sim/replicate.js';
import { simulatePlan } from '../sim/simulatePlan.js';
import type { Uncertainty } from '../sim/uncertainty.js';
import { describeForecast } from '../ui/forecastTable.js';
import { EXIT, type ExitCode } from './exit.js';
import { lostTasksLine, moleculesLine, spreadLine } from './forecastNotes.js';
import { guessLines } from './guesses.js';
import { loadInput, readText } from './load.js';
import { createOutput, type Output } from './output.js';
import { type SamplingOptions, sampled } from './sampling.js';
import { campaignLine, decisionsLine, plural } from './summary.js';
import { openTrace, writeTrace } from './trace.js';
import { watchReplication } from './watch.js';

export interface SimulateOptions extends SamplingOptions {
  strategy?: StrategyName;
  replay?: string;
  trace?: string;
  watch: boolean;
}

/** What was simulated, and what came out. */
interface Simulated {
  seed: string;
  replications: number;
  forecast: Forecast;
  costBreakdownUsd: Record<CostPart, number>;
  moleculesOverTime: MoleculeProgress[];
  moleculesAtRiskOverTime: MoleculeProgress[];
  uncertainty: Uncertainty | null;
  engine: { events: number; wallSeconds: number; folded: boolean };
}

export async function simulate(file: string, options: SimulateOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const plan = planToSimulate(file, options);
  // A rehearsal's commands are replayed as they were, however they ended.
  if (options.replay === undefined) assertCanFinish(plan);
  noteBrokenLimits(plan, output);
  const traced = options.trace === undefined ? null : await trace(plan, file, options.trace, options);
  const simulated = await simulateAs(plan, options);
  const { name, sha256 } = plan.scenario;
  const { seed, replications, forecast, costBreakdownUsd, moleculesOverTime, uncertainty, engine } =
    simulated;
  output.document({
    scenario: { name, sha256 },
    plan,
    seed,
    replications,
    forecast,
    costBreakdownUsd,
    moleculesOverTime,
    moleculesAtRiskOverTime: simulated.moleculesAtRiskOverTime,
    uncertainty,
    engine,
  });
  output.print(campaignLine(name, plan.campaign));
  output.print(`${decisionsLine(plan)}; ${plural(replications, 'replication')}, seed ${seed}\n`);
  output.print(describeForecast(forecast, costBreakdownUsd).join('\n'));
  output.print(moleculesLine(moleculesOverTime));
  const notes = [
    lostTasksLine(plan, forecast),
    uncertainty === null ? null : spreadLine(forecast, uncertainty),
    traced,
  ].filter((line) => line !== null);
  if (notes.length > 0) output.print(`\n${notes.join('\n')}`);
  // A single replay or a watched replication has no guesses to draw.
  const single = options.replay !== undefined || options.watch;
  const guesses = guessLines(plan.scenario.resolved, single ? 'off' : options.uncertainty);
  if (guesses.length > 0) output.print(`\n${guesses.join('\n')}`);
  return EXIT.done;
}

function planToSimulate(file: string, options: SimulateOptions): Plan {
  const input = loadInput(file, options.set);
  const { strategy } = options;
  if (input.kind === 'scenario') {
    const { scenario } = input;
    return strategy === undefined ? makePlan(scenario) : makePlan(scenario, decisionsOf(strategy, scenario));
  }
  if (strategy === undefined) return inItsWorld(input.plan, file);
  const expected = 'no --strategy with a plan: its decisions are made; use it with a scenario';
  throw inputError({ file, path: '--strategy', found: `"${strategy}"`, expected });
}

/** A plan that names a region of which its scenario says nothing cannot be simulated. */
function inItsWorld(plan: Plan, file: string): Plan {
  const known = Object.keys(plan.scenario.resolved.regions);
  plan.shards.forEach(({ region }, i) => {
    if (known.includes(region)) return;
    throw inputError({
      file,
      path: `shards[${i}].region`,
      found: `"${region}"`,
      expected: `a region of its scenario: ${known.join(', ')}`,
    });
  });
  return plan;
}

/** A what-if may break limits, but nobody should take it for a plan that can be run. */
function noteBrokenLimits(plan: Plan, output: Output): void {
  const errors = lintPlan(plan).filter((finding) => finding.severity === 'error');
  if (errors.length === 0) return;
  const rules = [...new Set(errors.map((finding) => finding.rule))].join(', ');
  output.note(`note: this plan breaks ${plural(errors.length, 'limit')} and could not be run: ${rules}`);
}

async function simulateAs(plan: Plan, options: SimulateOptions): Promise<Simulated> {
  const { seed, replications, workers } = options;
  if (options.replay !== undefined) return replay(plan, options.replay);
  if (options.watch) return timed(seed, () => watchReplication(plan, seed, createOutput(options)));
  const uncertainty = options.uncertainty === 'on';
  const result = await sampled('simulating', (watch) =>
    simulatePlan(plan, { seed, replications, workers, uncertainty, ...watch }),
  );
  return { seed, replications, ...result };
}

/** Writes the event log of replication 0; returns what to tell people of it. */
async function trace(plan: Plan, input: string, file: string, options: SimulateOptions): Promise<string> {
  const other = options.replay === undefined ? (options.watch ? '--watch' : null) : '--replay';
  if (other !== null) {
    throw inputError({ path: '--trace', found: `${other} too`, expected: 'only one of the two' });
  }
  const lines = openTrace(file, input);
  const uncertainty = options.uncertainty === 'on';
  const count = await sampled('tracing', ({ signal }) =>
    writeTrace(lines, plan, { seed: options.seed, uncertainty, signal }),
  );
  return `The events of replication 0 are in ${file} (${plural(count, 'line')}).`;
}

/** The commands of a rehearsal, given to the World at the campaign times at which the emulator got them. */
async function replay(plan: Plan, file: string): Promise<Simulated> {
  const journal = parseJournal(readText(file, 'the journal of a rehearsal'), file);
  const { seed, scenario } = journal.header;
  if (scenario.sha256 !== plan.scenario.sha256) {
    const [found, expected] = [scenario.sha256, plan.scenario.sha256].map((sha256) => sha256.slice(0, 12));
    throw inputError({
      file,
      path: 'scenario.sha256',
      found: `${found}…`,
      expected: `${expected}…, the plan's`,
    });
  }
  return timed(seed, async () => replayJournal(journal));
}

/** One outcome as a forecast. */
async function timed(seed: string, play: () => Promise<Outcome>): Promise<Simulated> {
  const startedAt = performance.now();
  const outcome = await play();
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const engine = { events: outcome.events, wallSeconds, folded: false };
  return { seed, replications: 1, ...summarise([outcome]), uncertainty: null, engine };
}
