import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { readProjectFile } from '../emulator/services/projectFile.js';
import { CanaryError } from '../exec/canary/canaries.js';
import { findCredentials } from '../exec/credentials.js';
import { dryRun } from '../exec/dryRun.js';
import { defaultRunId } from '../exec/ids.js';
import { type BeforeStart, inspect } from '../exec/preflight/beforeStart.js';
import { executeOnGoogle, rehearse } from '../exec/run.js';
import type { ExecSummary } from '../exec/summary.js';
import { lintOk, lintPlan } from '../plan/lint.js';
import type { Plan } from '../plan/plan.js';
import { planIdOf } from '../plan/planId.js';
import type { Snapshot } from '../plan/snapshot.js';
import { inputError } from '../scenario/errors.js';
import { formatTable } from '../ui/table.js';
import { EMULATOR_ENTRY } from './emulatorEntry.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { findingLines } from './findingLines.js';
import { forecastAgainstActual } from './forecastAgainstActual.js';
import { interruptible } from './interrupt.js';
import { describeFindings } from './lint.js';
import { loadPlan, loadPlanFile } from './load.js';
import { createOutput, type Output } from './output.js';
import { showPreflight } from './preflight.js';
import { outcomeOf } from './reportRun.js';
import { campaignLine, decisionsLine, plural, usdWithRange } from './summary.js';
import { openViewer, type Viewer } from './viewer.js';

export interface ExecOptions {
  dryRun?: boolean;
  out?: string;
  rehearse?: boolean;
  speed?: number;
  tasks?: string;
  containerCommand?: string;
  /** A file that describes the project which the emulator of a rehearsal plays. */
  play?: string;
  budget?: number;
  onBudget?: Plan['guard']['onBudget'];
  /** Undefined: on Google yes, in a rehearsal no. */
  canary?: boolean;
  seed: string;
  project?: string;
  runId?: string;
  newRun?: boolean;
  stateDir: string;
  yes?: boolean;
  ui: boolean;
  json?: boolean;
}

/** Stands in the files of a dry run for a plan that names no project. */
const NO_PROJECT = 'project-unset';

export async function exec(file: string, options: ExecOptions): Promise<ExitCode> {
  const output = createOutput(options);
  checkOptions(options);
  const findings = lintPlan(loadPlanFile(file));
  if (!lintOk(findings)) {
    output.document({ ok: false, findings });
    for (const line of describeFindings(findings)) output.note(line);
    throw new CommandError(EXIT.guard, `${file} cannot work as it is: ${plural(findings.length, 'finding')}`);
  }
  const plan = withBudget(loadPlan(file), options);
  if (findings.length > 0) output.note(`${plural(findings.length, 'warning')}: see fepcast lint ${file}`);
  if (options.dryRun) return writeJobs(plan, options, output);
  output.print(`${campaignLine(plan.scenario.name, plan.campaign)}\n${decisionsLine(plan)}\n`);
  return run(plan, { ...options, file }, output);
}

function checkOptions(options: ExecOptions): void {
  const { dryRun, out, rehearse, speed, tasks, containerCommand, play } = options;
  if (dryRun && rehearse)
    throw inputError({ path: '--dry-run', found: '--rehearse', expected: 'one of the two' });
  if (dryRun && out === undefined) {
    throw inputError({ path: '--dry-run', found: 'no --out', expected: '--out DIR, where the files go' });
  }
  if (out !== undefined && !dryRun)
    throw inputError({ path: '--out', found: `"${out}"`, expected: '--dry-run with it' });
  if (speed !== undefined && !rehearse) {
    throw inputError({ path: '--speed', found: `${speed}`, expected: '--rehearse with it' });
  }
  if (play !== undefined && !rehearse) {
    throw inputError({ path: '--play', found: `"${play}"`, expected: '--rehearse with it' });
  }
  if (containerCommand !== undefined && tasks !== 'local') {
    const found = `"${containerCommand}"`;
    throw inputError({ path: '--container-command', found, expected: '--tasks local with it' });
  }
  if (tasks === undefined) return;
  if (!rehearse) throw inputError({ path: '--tasks', found: `"${tasks}"`, expected: '--rehearse with it' });
  if (tasks !== 'virtual' && tasks !== 'local') {
    throw inputError({ path: '--tasks', found: `"${tasks}"`, expected: 'virtual or local' });
  }
}

/** What whoever has real processes run on this machine should know beforehand. */
function localNotes(plan: Plan, { speed = 1 }: ExecOptions): string[] {
  const regions = [...new Set(plan.shards.map(({ region }) => region))];
  const busiest = (region: string): number => {
    const byWave = new Map<number, number>();
    for (const shard of plan.shards.filter((each) => each.region === region)) {
      byWave.set(shard.wave, (byWave.get(shard.wave) ?? 0) + shard.parallelism);
    }
    return Math.max(...byWave.values());
  };
  const atOnce = regions.reduce((sum, region) => sum + busiest(region), 0);
  const cores = availableParallelism();
  return [
    ...(atOnce > cores
      ? [`up to ${atOnce} tasks run at once as processes of this machine, which has ${plural(cores, 'core')}`]
      : []),
    ...(speed === 1 ? [] : [`at speed ${speed} waiting is shorter, but real work takes as long as it takes`]),
  ];
}

async function writeJobs(plan: Plan, options: ExecOptions, output: Output): Promise<ExitCode> {
  const project = options.project ?? plan.cloud?.project ?? NO_PROJECT;
  const runId = options.runId ?? defaultRunId({ planId: plan.id, project, source: 'execute' });
  const outDir = options.out ?? '.';
  const jobs = await dryRun(plan, { runId, project, outDir });
  const regions = Object.keys(plan.image.uriByRegion);
  if (project === NO_PROJECT || plan.shards.some(({ region }) => !regions.includes(region))) {
    output.note('the plan lacks a project or images: placeholders stand for them in the jobs');
  }
  const unhashed = jobs.reduce((sum, job) => sum + job.unhashedInputs, 0);
  if (unhashed > 0) {
    output.note(`${plural(unhashed, 'input')} in buckets: "-" stands for the digest until they are staged`);
  }
  output.document({ runId, project, jobs });
  const rows = jobs.map(({ region, jobFile }) => [region, jobFile]);
  output.print(formatTable([{ title: 'region' }, { title: 'job' }], rows).join('\n'));
  const each = `${plural(jobs.length, 'job')} written, the task index beside each as .index`;
  output.print(`\n${each}; nothing was sent`);
  return EXIT.done;
}

async function run(plan: Plan, options: ExecOptions & { file: string }, output: Output): Promise<ExitCode> {
  const { runId, newRun, project, stateDir, seed, speed } = options;
  // Whoever is not logged in learns that before anything else.
  if (!options.rehearse) await findCredentials();
  const tasks = options.tasks === 'local' ? 'local' : 'virtual';
  if (tasks === 'local') for (const line of localNotes(plan, options)) output.note(line);
  const { signal, interrupt, dispose } = interruptible();
  const shown: { viewer: Viewer | null } = { viewer: null };
  const onSnapshot = (snapshot: Snapshot): void => {
    // Opened only now: before, the preflight speaks, and asks.
    shown.viewer ??= openViewer(plan, { output, ui: options.ui, onInterrupt: interrupt });
    shown.viewer.update(snapshot);
  };
  const beforeStart = async (start: BeforeStart): Promise<void> => {
    showPreflight(await inspect(start, options.file), start.source, output);
    if (start.source === 'execute') await confirm(plan, options);
  };
  const { canary } = options;
  const common = { plan, runId, newRun, project, stateDir, onSnapshot, signal, beforeStart, canary };
  let summary: ExecSummary;
  try {
    summary = options.rehearse
      ? await rehearse({
          ...common,
          seed,
          speed,
          emulatorEntry: EMULATOR_ENTRY,
          tasks,
          ...(options.play === undefined ? {} : { playedProject: readProjectFile(options.play) }),
          ...(options.containerCommand === undefined ? {} : { containerCommand: [options.containerCommand] }),
        })
      : await executeOnGoogle(common);
  } catch (error) {
    await shown.viewer?.close();
    shown.viewer = null;
    if (error instanceof CanaryError)
      for (const repair of error.repairs) output.note(`to repair it: ${repair}`);
    throw error;
  } finally {
    await shown.viewer?.close();
    dispose();
  }
  output.document(summary);
  if (summary.state === 'running') {
    const left = summary.jobs.length === 0 ? 'nothing was submitted yet' : 'the jobs go on';
    output.note(`interrupted; ${left}. The same command goes on with the run:\n  ${sameCommand()}`);
    return EXIT.interrupted;
  }
  if (shown.viewer === null) {
    output.note(`run ${summary.runId} was over already: nothing was started (another --run-id starts anew)`);
    output.print('');
  }
  output.print(closingWords(plan, summary).join('\n'));
  return outcomeOf(summary);
}

function closingWords(plan: Plan, summary: ExecSummary): string[] {
  const heading = `run ${summary.runId} ${summary.state}; what its plan forecast, and what came:`;
  return [heading, '', ...forecastAgainstActual(plan, summary), ...findingLines(summary)];
}

/** Money is spent only after a yes; where nobody can be asked, only up to a budget that was typed. */
async function confirm(plan: Plan, { yes, budget }: ExecOptions): Promise<void> {
  if (!process.stdin.isTTY) {
    if (!yes) throw inputError({ path: '--yes', found: 'nobody at a terminal to ask', expected: '--yes' });
    if (budget === undefined) {
      throw new CommandError(EXIT.guard, 'without a terminal --yes needs --budget USD: nothing was started');
    }
  }
  if (yes) return;
  const cost =
    plan.forecast === null ? 'an unknown cost' : `a forecast cost of ${usdWithRange(plan.forecast.costUsd)}`;
  const question = `Start ${plural(plan.shards.length, 'job')} on Google Cloud, at ${cost}? [y/N] `;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(question);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.failed, 'nothing was started');
  } finally {
    terminal.close();
  }
}

/**
 * A budget is kept unless somebody typed that it is not: where the plan would only warn, jobs are cancelled at it. The
 * plan with another guard is another plan, by its id too.
 */
function withBudget(plan: Plan, { budget, onBudget }: Pick<ExecOptions, 'budget' | 'onBudget'>): Plan {
  const { guard } = plan;
  const budgetUsd = budget ?? guard.budgetUsd;
  const kept = budgetUsd !== null && guard.onBudget === 'warn' ? 'cancel' : guard.onBudget;
  const wanted = onBudget ?? kept;
  if (budgetUsd === guard.budgetUsd && wanted === guard.onBudget) return plan;
  const changed = { ...plan, guard: { ...guard, budgetUsd, onBudget: wanted } };
  return { ...changed, id: planIdOf(changed) };
}

/** What the user typed, to be pasted into a shell. */
function sameCommand(): string {
  const quote = (word: string): string =>
    /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return ['fepcast', ...process.argv.slice(2).map(quote)].join(' ');
}
