import { whyNeverFinishes } from '../plan/neverFinishes.js';
import { scenarioSha256 } from '../scenario/canonical.js';
import { compareStrategies } from '../search/compare.js';
import { STRATEGY_NOTES } from '../search/strategies.js';
import { formatCount, formatUsd } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { EXIT, type ExitCode } from './exit.js';
import { guessLines } from './guesses.js';
import { loadScenario } from './load.js';
import { createOutput } from './output.js';
import { type SamplingOptions, sampled } from './sampling.js';
import { campaignLine, duration, plural } from './summary.js';

const COLUMNS = [
  { title: 'strategy' },
  { title: 'makespan', align: 'right' },
  { title: 'p90', align: 'right' },
  { title: 'cost', align: 'right' },
  { title: 'p90', align: 'right' },
  { title: 'lost work', align: 'right' },
  { title: 'preempted', align: 'right' },
  { title: 'failed', align: 'right' },
] as const;

export async function compare(file: string, options: SamplingOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const scenario = loadScenario(file, options.set);
  const { seed, replications, workers } = options;
  const uncertainty = options.uncertainty === 'on';
  const { strategies } = await sampled('comparing strategies', (watch) =>
    compareStrategies(scenario, { seed, replications, workers, uncertainty, ...watch }),
  );
  output.document({ scenario: { name: scenario.name, sha256: scenarioSha256(scenario) }, strategies });
  output.print(campaignLine(scenario.name, scenario.campaign));
  output.print(
    `the same luck for every strategy: ${plural(replications, 'replication')} each, seed ${seed}\n`,
  );
  const rows = strategies.map(({ name, forecast }) => [
    name,
    duration(forecast.makespanHours.p50 * 3600),
    duration(forecast.makespanHours.p90 * 3600),
    formatUsd(forecast.costUsd.p50),
    formatUsd(forecast.costUsd.p90),
    `${formatCount(forecast.lostWorkHours.mean)} h`,
    formatCount(forecast.preemptions.mean),
    formatCount(forecast.tasksFailed.mean),
  ]);
  output.print(formatTable(COLUMNS, rows).join('\n'));
  const notes = strategies.map(({ name }) => [name, STRATEGY_NOTES[name]]);
  output.print(['', ...formatTable([{ title: 'strategy' }, { title: 'what it is' }], notes)].join('\n'));
  for (const { name, plan } of strategies) {
    const reason = whyNeverFinishes(plan);
    if (reason !== null) output.print(`\n${name} can never finish: ${reason}.`);
  }
  const guesses = guessLines(scenario, options.uncertainty);
  if (guesses.length > 0) output.print(`\n${guesses.join('\n')}`);
  return EXIT.done;
}
