import {
  choice,
  documented,
  flag,
  group,
  guess,
  list,
  optionalText,
  seconds,
  table,
  text,
} from '../description.js';
import type { Task } from '../scenario.js';

const OWN_IMAGE = documented("the task image's own contract, docs/tasks.md");

/** One element of a list: programs print file names and arguments a line each, and read them so. */
const line = (about: string, what: string, example: string) =>
  text({ about, what: `${what} without a line break`, example, pattern: /^[^\r\n\0]+$/ });

const fileName = { what: 'a file name without a line break', pattern: /^[^\r\n\0]+$/ };

export const environmentName = text({
  about: 'Name of a variable.',
  what: 'the name of a variable of your own (letters, digits and _; FEPCAST_ and BATCH_ are taken)',
  example: 'GMX_MAXCONSTRWARN',
  pattern: /^(?!FEPCAST_|BATCH_|GCE_METADATA_HOST$)[A-Za-z_][A-Za-z0-9_]*$/,
});

export const task = group<Task>('How a task is run.', {
  adapter: choice(['gromacs', 'command'], {
    about: 'What computes: GROMACS, or a command of your own.',
    fallback: 'gromacs',
  }),
  maxRunDurationSeconds: seconds({
    about: 'Batch ends an attempt after this time (exit code 50005).',
    nothing: 'unlimited',
    above: 0,
    fallback: null,
  }),
  command: list({
    about: 'Adapter command: the program and its arguments, each an element of its own; no shell reads them.',
    what: 'a list of the program and its arguments',
    of: line('One argument.', 'an argument', 'openfe'),
    fallback: [],
  }),
  environment: table({
    about:
      'Variables that the engine sees; they count as a part of the work, and other values make new work.',
    name: environmentName,
    of: text({
      about: 'Value of the variable.',
      what: 'a text without a line break',
      example: '10',
      pattern: /^[^\r\n\0]*$/,
    }),
    fallback: {},
  }),
  checkpointFiles: list({
    about:
      'Adapter command: the files that make a checkpoint (globs); without any only policy none is possible.',
    what: 'a list of globs',
    of: line('One glob.', 'a glob', 'state*.chk'),
    fallback: [],
  }),
  outputs: list({
    about: 'Adapter command: the files that are the result (globs).',
    what: 'a list of globs',
    of: line('One glob.', 'a glob', 'result.json'),
    fallback: [],
  }),
  doneFile: optionalText({
    about: 'Adapter command: this file exists once the work is done; null: exit code 0 says so.',
    ...fileName,
    example: 'done',
    basis: OWN_IMAGE,
  }),
  progress: optionalText({
    about: 'Adapter command: a file that holds `step [of]`, for stalls and for the speed check.',
    ...fileName,
    example: 'progress.txt',
    basis: OWN_IMAGE,
  }),
  stopSignal: choice(['TERM', 'INT', 'USR1'], {
    about: 'Adapter command: the signal that asks the program to write its state and end.',
    fallback: 'TERM',
    basis: OWN_IMAGE,
  }),
  restartFromZero: flag({
    about: 'With no checkpoint that verifies a task begins again; false: it fails with exit code 78.',
    fallback: true,
    basis: OWN_IMAGE,
  }),
  stallSeconds: seconds({
    about: 'Without a new step for so long the engine is taken to hang and killed.',
    above: 0,
    fallback: 600,
    basis: guess('an engine that computes tells a step every few seconds', 60, 3_600),
  }),
});
