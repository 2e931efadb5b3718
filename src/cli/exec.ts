import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { findCredentials } from '../exec/credentials.js';
import { dryRun } from '../exec/dryRun.js';
import { defaultRunId } from '../exec/ids.js';
import { executeOnGoogle, rehearse } from '../exec/run.js';
import type { ExecSummary } from '../exec/summary.js';
import { lintOk, lintPlan } from '../plan/lint.js';
import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { formatTable } from '../ui/table.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { forecastAgainstActual } from './forecastAgainstActual.js';
import { interruptible } from './interrupt.js';
import { describeFindings } from './lint.js';
import { loadPlan, loadPlanFile } from './load.js';
import { createOutput, type Output } from './output.js';
import { campaignLine, decisionsLine, plural, usdWithRange } from './summary.js';
import { openViewer } from './viewer.js';

export interface ExecOptions {
  dryRun?: boolean;
  out?: string;
  rehearse?: boolean;
  speed?: number;
  tasks?: string;
  seed: string;
  project?: string;
  runId?: string;
  stateDir: string;
  yes?: boolean;
  ui: boolean;
  json?: boolean;
}

const EMULATOR_ENTRY = fileURLToPath(new URL('../emulator/process.js', import.meta.url));
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
  const plan = loadPlan(file);
  if (findings.length > 0) output.note(`${plural(findings.length, 'warning')}: see fepcast lint ${file}`);
  if (options.dryRun) return writeJobs(plan, options, output);
  output.print(`${campaignLine(plan.scenario.name, plan.campaign)}\n${decisionsLine(plan)}\n`);
  return run(plan, options, output);
}

function checkOptions({ dryRun, out, rehearse, speed, tasks }: ExecOptions): void {
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
  if (tasks === undefined) return;
  if (!rehearse) throw inputError({ path: '--tasks', found: `"${tasks}"`, expected: '--rehearse with it' });
  if (tasks !== 'virtual') {
    const found = tasks === 'local' ? '"local", which this version cannot do yet' : `"${tasks}"`;
    throw inputError({ path: '--tasks', found, expected: 'virtual' });
  }
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
  output.document({ runId, project, jobs });
  const rows = jobs.map(({ region, jobFile }) => [region, jobFile]);
  output.print(formatTable([{ title: 'region' }, { title: 'job' }], rows).join('\n'));
  const each = `${plural(jobs.length, 'job')} written, the task index beside each as .index`;
  output.print(`\n${each}; nothing was sent`);
  return EXIT.done;
}

async function run(plan: Plan, options: ExecOptions, output: Output): Promise<ExitCode> {
  const { runId, project, stateDir, seed, speed } = options;
  if (!options.rehearse) await confirm(plan, options);
  const { signal, interrupt, dispose } = interruptible();
  const viewer = openViewer(plan, { output, ui: options.ui, onInterrupt: interrupt });
  let followed = false;
  const onSnapshot: typeof viewer.update = (snapshot) => {
    followed = true;
    viewer.update(snapshot);
  };
  const common = { plan, runId, project, stateDir, onSnapshot, signal };
  let summary: ExecSummary;
  try {
    summary = options.rehearse
      ? await rehearse({ ...common, seed, speed, emulatorEntry: EMULATOR_ENTRY })
      : await executeOnGoogle(common);
  } finally {
    await viewer.close();
    dispose();
  }
  output.document(summary);
  if (summary.state === 'running') {
    const left = summary.jobs.length === 0 ? 'nothing was submitted yet' : 'the jobs go on';
    output.note(`interrupted; ${left}. The same command goes on with the run:\n  ${sameCommand()}`);
    return EXIT.interrupted;
  }
  if (!followed) {
    output.note(`run ${summary.runId} was over already: nothing was started (another --run-id starts anew)`);
    output.print('');
  }
  output.print(closingWords(plan, summary).join('\n'));
  return summary.state === 'succeeded' ? EXIT.done : EXIT.failed;
}

function closingWords(plan: Plan, summary: ExecSummary): string[] {
  const heading = `run ${summary.runId} ${summary.state}; what its plan forecast, and what came:`;
  return [heading, '', ...forecastAgainstActual(plan, summary)];
}

/** Money is spent only after a yes. Whoever is not logged in learns that before being asked. */
async function confirm(plan: Plan, { yes }: ExecOptions): Promise<void> {
  await findCredentials();
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw inputError({ path: '--yes', found: 'nobody at a terminal to ask', expected: '--yes' });
  }
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

/** What the user typed, to be pasted into a shell. */
function sameCommand(): string {
  const quote = (word: string): string =>
    /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return ['fepcast', ...process.argv.slice(2).map(quote)].join(' ');
}
