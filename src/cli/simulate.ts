import type { CostPart, Forecast, Outcome } from '../plan/forecast.js';
import { parseJournal } from '../plan/journal.js';
import { makePlan } from '../plan/makePlan.js';
import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { decisionsOf, type StrategyName } from '../search/strategies.js';
import { replayJournal } from '../sim/replayJournal.js';
import { summarise } from '../sim/replicate.js';
import { forecastPlan } from '../sim/workers.js';
import { describeForecast } from '../ui/forecastTable.js';
import { EXIT, type ExitCode } from './exit.js';
import { guessLines } from './guesses.js';
import { loadInput, readText } from './load.js';
import { createOutput } from './output.js';
import { type SamplingOptions, sampled } from './sampling.js';
import { campaignLine, decisionsLine, plural } from './summary.js';
import { watchReplication } from './watch.js';

export interface SimulateOptions extends SamplingOptions {
  strategy?: StrategyName;
  replay?: string;
  watch: boolean;
}

/** What was simulated, and what came out. */
interface Simulated {
  seed: string;
  replications: number;
  forecast: Forecast;
  costBreakdownUsd: Record<CostPart, number>;
  engine: { events: number; wallSeconds: number; folded: boolean };
}

export async function simulate(file: string, options: SimulateOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const plan = planToSimulate(file, options);
  const simulated = await simulatePlan(plan, options);
  const { name, sha256 } = plan.scenario;
  const { seed, replications, forecast, costBreakdownUsd, engine } = simulated;
  output.document({
    scenario: { name, sha256 },
    plan,
    seed,
    replications,
    forecast,
    costBreakdownUsd,
    engine,
  });
  output.print(campaignLine(name, plan.campaign));
  output.print(`${decisionsLine(plan)}; ${plural(replications, 'replication')}, seed ${seed}\n`);
  output.print(describeForecast(forecast, costBreakdownUsd).join('\n'));
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
  if (strategy === undefined) return input.plan;
  const expected = 'no --strategy with a plan: its decisions are made; use it with a scenario';
  throw inputError({ file, path: '--strategy', found: `"${strategy}"`, expected });
}

async function simulatePlan(plan: Plan, options: SimulateOptions): Promise<Simulated> {
  const { seed, replications, workers } = options;
  if (options.replay !== undefined) return replay(plan, options.replay);
  if (options.watch) return timed(seed, () => watchReplication(plan, seed, createOutput(options)));
  const uncertainty = options.uncertainty === 'on';
  const result = await sampled('simulating', (watch) =>
    forecastPlan(plan, { seed, replications, workers, uncertainty, ...watch }),
  );
  return { seed, replications, ...result };
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
  return { seed, replications: 1, ...summarise([outcome]), engine };
}
