#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { availableParallelism } from 'node:os';
import { Command, CommanderError } from 'commander';
import { STRATEGIES } from '../search/strategies.js';
import { EXIT, type ExitCode, exitCodeOf } from './exit.js';
import { collect, numberBetween, oneOf, positiveUpTo, wholeNumber } from './options.js';
import { createOutput, flushOutput, toleratePipes } from './output.js';

/** The account that everything at Google is done as; as for gcloud, the variable says the same. */
const IMPERSONATE = 'do everything as this service account';

/** Above this a round of the controller takes hours of campaign time: another campaign than the planned one. */
const FASTEST = 100_000;

// Each command's code is imported when it is called: from the second call on it comes compiled. Older Nodes lack it.
module.enableCompileCache?.();
// React's development build would be loaded otherwise, and it is slower.
process.env.NODE_ENV ??= 'production';
toleratePipes();
// The Google client may reject a promise that nobody holds, when a login ends half-way.
process.on('unhandledRejection', (error) => {
  process.exit(reportError(error, process.argv));
});
process.exitCode = await main(process.argv);
await flushOutput();
// Idle sockets and warm workers must not keep the process.
process.exit();

/** Runs one command line; every error ends here, as one sentence on stderr. */
async function main(argv: string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return usageError(error);
    return reportError(error, argv);
  }
}

function reportError(error: unknown, argv: readonly string[]): ExitCode {
  const sentence = error instanceof Error ? error.message : String(error);
  const stack = argv.includes('--debug') && error instanceof Error ? error.stack : undefined;
  createOutput({}).note(stack ?? `fepcast: ${oneLine(sentence)}`);
  return exitCodeOf(error);
}

/** `--help` and `--version` arrive here too, already printed, with exit code 0. */
function usageError(error: CommanderError): ExitCode {
  if (error.exitCode === 0) return EXIT.done;
  const sentence = oneLine(error.message.replace(/^error: /, ''));
  if (error.code !== 'commander.help') createOutput({}).note(`fepcast: ${sentence} (see fepcast --help)`);
  return EXIT.usage;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

/** Every command's code is loaded when it is called, so that `--help` and bad usage answer at once. */
function buildProgram(finish: (code: ExitCode) => void): Command {
  const program = new Command('fepcast')
    .description(
      'Forecast, plan and run huge free-energy-perturbation campaigns on Google Cloud Batch.\n' +
        'The plan that was simulated is the plan that is executed.',
    )
    .version(packageVersion())
    .option('--debug', 'print the stack trace of an error')
    .hook('preAction', (_, command) => {
      const account: unknown = command.opts().impersonateServiceAccount;
      if (typeof account === 'string') process.env.CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT = account;
    })
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();

  withSampling(
    program
      .command('simulate')
      .description('forecast a campaign: many replications of one scenario or plan')
      .argument('<scenario|plan>', 'a scenario (YAML) or a plan (JSON)')
      .option(
        '--strategy <name>',
        'run it by one of the named strategies of `compare`',
        oneOf('--strategy', STRATEGIES),
      )
      .option('--replay <journal>', "replay a rehearsal's journal instead: one exact outcome")
      .option('--trace <file>', 'also write the events of replication 0 to a file of JSON lines')
      .option('--watch', 'watch one replication on the dashboard', false),
    20,
  ).action(async (file, options) => {
    const { simulate } = await import('./simulate.js');
    finish(await simulate(file, options));
  });

  withSampling(
    program
      .command('compare')
      .description('the named strategies for one scenario, side by side')
      .argument('<scenario>', 'a scenario (YAML)'),
    10,
  ).action(async (file, options) => {
    const { compare } = await import('./compare.js');
    finish(await compare(file, options));
  });

  withSampling(
    program
      .command('plan')
      .description('choose how to run a scenario within a deadline and a budget')
      .argument('<scenario>', 'a scenario (YAML)')
      .option('--deadline <duration>', "for example 5d; default: the scenario's")
      .option('--budget <usd>', "for example 40000; default: the scenario's")
      .option(
        '--confidence <share>',
        "for example 0.95; default: the scenario's",
        numberBetween('--confidence', 0, 1),
      )
      .option('--objective <cost|time>', 'what to make small', oneOf('--objective', ['cost', 'time']), 'cost')
      .option('--out <file>', 'where the plan goes', 'plan.json')
      .option('--live', "with the project's free quota and today's list prices in place of the scenario's")
      .option('--project <id>', "whose quota --live reads; default: the scenario's")
      .option(
        '--emulator <port>',
        'HTTP port of an emulator that --live asks instead of Google',
        wholeNumber('--emulator', 1, 65535),
      ),
    10,
  ).action(async (file, options) => {
    const { plan } = await import('./plan.js');
    finish(await plan(file, options));
  });

  program
    .command('lint')
    .description('hold a plan against the limits of Batch and Compute Engine, each finding with its source')
    .argument('<plan>', 'a plan (JSON)')
    .option('--json', 'one JSON document on stdout')
    .action(async (file, options) => {
      const { lint } = await import('./lint.js');
      finish(await lint(file, options));
    });

  program
    .command('exec')
    .description('run a plan: on Google Cloud, in rehearsal on the emulator, or as files only')
    .argument('<plan>', 'a plan (JSON)')
    .option('--dry-run', 'only write the Batch jobs and their task indexes')
    .option('--out <dir>', 'where --dry-run writes them')
    .option('--rehearse', 'the same run against the emulator of this package, on a fast clock')
    .option('--speed <n>', 'campaign seconds per second of a rehearsal', positiveUpTo('--speed', FASTEST))
    .option(
      '--tasks <virtual|local>',
      'what a rehearsal does for a task: virtual, the default, only lets time pass; local runs real processes',
    )
    .option(
      '--container-command <program>',
      "what local tasks run for the image's entrypoint; default: the one of this package",
    )
    .option('--play <file>', 'a project with something wrong, which the emulator of a rehearsal plays (YAML)')
    .option('--seed <seed>', 'seed of a rehearsal', '1')
    .option('--project <id>', "Google Cloud project; default: the plan's")
    .option('--budget <usd>', "what the campaign may cost; default: the plan's", numberBetween('--budget', 0))
    .option(
      '--on-budget <warn|stop|cancel>',
      'what is done when the budget is spent: only say so, submit nothing more, or cancel all jobs; default: cancel, unless the plan says stop',
      oneOf('--on-budget', ['warn', 'stop', 'cancel']),
    )
    .option('--canary', 'try each region out with one short job before its first wave; default: on Google')
    .option('--no-canary', 'send the first wave to a region that nobody has tried out')
    .option('--run-id <id>', 'name of the run; the same name goes on with the same run')
    .option('--new-run', 'begin another run of the same plan, instead of going on with the one that there is')
    .option('--state-dir <dir>', 'where runs are kept', '.fepcast')
    .option('--yes', 'do not ask before anything is started')
    .option('--impersonate-service-account <email>', IMPERSONATE)
    .option('--no-ui', 'plain lines instead of the dashboard')
    .option('--json', 'one JSON document on stdout')
    .action(async (file, options) => {
      const { exec } = await import('./exec.js');
      finish(await exec(file, options));
    });

  program
    .command('status')
    .description('what a run looks like now')
    .argument('<run>', 'a run id, or gs://bucket/prefix/runs/ID')
    .option('--attempts', 'every attempt at a window: where, how long, how it ended, what it cost')
    .option('--molecule <name>', 'only the attempts at this molecule')
    .option('--state-dir <dir>', 'where runs are kept', '.fepcast')
    .option('--impersonate-service-account <email>', IMPERSONATE)
    .option('--json', 'one JSON document on stdout')
    .action(async (run, options) => {
      const { status } = await import('./status.js');
      finish(await status(run, options));
    });

  onRun(program.command('watch').description('watch a run that goes on, whoever follows it'))
    .option('--no-ui', 'plain lines instead of the dashboard')
    .action(async (run, options) => {
      const { watchRun } = await import('./watchRun.js');
      finish(await watchRun(run, options));
    });

  onRun(
    program.command('resume').description('go on with a run: also from another machine, or after a cancel'),
  )
    .option('--take-over', 'although another process holds the run: it stops')
    .option('--no-ui', 'plain lines instead of the dashboard')
    .option('--budget <usd>', 'what the run may cost from now on', numberBetween('--budget', 0))
    .action(async (run, options) => {
      const { resume } = await import('./resume.js');
      finish(await resume(run, options));
    });

  onRun(
    program
      .command('cancel')
      .description('cancel a run, or some of its molecules; results and checkpoints stay'),
  )
    .option('--molecules <file>', 'only these: the name of a molecule on each line')
    .option('--no-ui', 'plain lines instead of the dashboard')
    .action(async (run, options) => {
      const { cancel } = await import('./cancel.js');
      finish(await cancel(run, options));
    });

  onRun(program.command('rerun').description('run windows of a run again'))
    .option('--failed', 'those that have no result')
    .option('--flagged', 'those of molecules that `collect` has flagged')
    .option('--molecules <file>', 'those of these molecules, with or without a result')
    .option('--windows <list>', 'only these windows of the molecules, for example 3,4')
    .option('--take-over', 'although another process holds the run: it stops')
    .option('--no-ui', 'plain lines instead of the dashboard')
    .action(async (run, options) => {
      const { rerun } = await import('./rerun.js');
      finish(await rerun(run, options));
    });

  onRun(program.command('collect').description('bring the results of a run here, as far as there are any'))
    .option('--molecules <file>', 'only these: the name of a molecule on each line')
    .option('--out <dir>', "where they go; default: the run's folder")
    .option('--local', 'work free energies out on this machine (needs gmx) instead of by a small job')
    .option('--no-analysis', 'only the results: no free energies')
    .option('--download <what>', 'outputs: bring all files of the tasks here, too')
    .option('--yes', 'do not ask before a download that costs money')
    .action(async (run, options) => {
      const { collectResults } = await import('./collect.js');
      finish(await collectResults(run, options));
    });

  program
    .command('emulator')
    .description('the cloud on loopback, for any client of Google Batch and Cloud Storage')
    .option('--port <n>', 'HTTP port; 0: any free one', wholeNumber('--port', 0, 65535), 0)
    .option('--grpc-port <n>', 'gRPC port; 0: any free one', wholeNumber('--grpc-port', 0, 65535), 0)
    .option('--scenario <file>', 'the world to emulate (YAML)')
    .option('--set <path=value>', 'override one value of the scenario (repeatable)', collect)
    .option('--speed <n>', 'campaign seconds per second', positiveUpTo('--speed', FASTEST))
    .option('--seed <seed>', 'seed of every random draw', '1')
    .option('--host <address>', 'loopback address to listen on: 127.0.0.1, localhost or ::1', '127.0.0.1')
    .option('--data <dir>', 'keep jobs and objects here, and go on from what is there; default: in memory')
    .option('--faults <file>', 'what is to go wrong (YAML or JSON; docs/emulator.md)')
    .option('--play <file>', 'the project to be played, with what is wrong with it (YAML or JSON)')
    .option('--bucket <name>', 'make this bucket (repeatable)', collect)
    .option(
      '--auth <none|required>',
      'whether Cloud Storage wants a token that the emulator has issued',
      oneOf('--auth', ['none', 'required']),
      'none' as const,
    )
    .option(
      '--tasks <virtual|local>',
      'what is done for a task: virtual only lets its time pass, local runs processes of this machine (needs --data)',
      oneOf('--tasks', ['virtual', 'local']),
      'virtual' as const,
    )
    .option('--container-command <program>', "what local tasks run for an image's entrypoint")
    .option('--json', 'print {httpPort, grpcPort, pid} on stdout when ready')
    .action(async (options) => {
      const { emulator } = await import('./emulator.js');
      finish(await emulator(options));
    });

  return program;
}

/** What every command on a run understands. */
function onRun(command: Command): Command {
  return command
    .argument('<run>', 'a run id, or gs://bucket/prefix/runs/ID')
    .option('--state-dir <dir>', 'where runs are kept', '.fepcast')
    .option('--impersonate-service-account <email>', IMPERSONATE)
    .option('--json', 'one JSON document on stdout');
}

/** What every command that simulates understands. */
function withSampling(command: Command, replications: number): Command {
  return command
    .option(
      '--replications <n>',
      'simulated campaigns',
      wholeNumber('--replications', 1, 1_000_000),
      replications,
    )
    .option('--seed <seed>', 'seed of every random draw', '1')
    .option('--workers <n>', 'worker threads', wholeNumber('--workers', 1, 1024), availableParallelism())
    .option(
      '--uncertainty <on|off>',
      'draw the guesses from their ranges, or take their values',
      oneOf('--uncertainty', ['on', 'off']),
      'on',
    )
    .option('--set <path=value>', 'override one value of the scenario (repeatable)', collect)
    .option('--json', 'one JSON document on stdout');
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error('package.json has no version');
}
