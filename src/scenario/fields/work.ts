import { documented, optionalDataFile, optionalGroup, optionalText } from '../description.js';
import type { Work } from '../scenario.js';
import { WORK_TABLE_FILE } from '../workTable.js';

const CONTRACT = documented('docs/tasks.md, section "Identity"');

/** What is to be computed, task by task; without it a plan is made from counts and cannot be executed on Google. */
export const work = optionalGroup<Work>(
  'The tasks by name: a table, or `inputs` with a `pattern`. Simulating needs only their number.',
  {
    table: optionalDataFile({
      about:
        'A CSV with molecule, leg, repeat, window, input; leg, repeat and window may be missing. An edge such as lig1~lig2 is a molecule, too. Relative inputs lie beside the scenario.',
      format: WORK_TABLE_FILE,
      basis: CONTRACT,
    }),
    inputs: optionalText({
      about: 'A folder, or a prefix in a bucket, below which the input files lie.',
      what: 'a folder, or gs://bucket/prefix',
      example: 'gs://fep-inputs/series-7',
      pattern: /^(?!gs:)[^\r\n\0]+$|^gs:\/\/[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](?:\/[^\r\n\0]*)?$/,
      basis: CONTRACT,
    }),
    pattern: optionalText({
      about:
        'Where an input lies below `inputs`: {molecule}, {leg}, {repeat} and {window} stand for one name each, without a slash; all but {molecule} may be missing.',
      what: 'a path with {molecule} in it',
      example: '{molecule}/{leg}/w{window}/window.tpr',
      pattern: /^[^\r\n\0]*\{molecule\}[^\r\n\0]*$/,
      basis: CONTRACT,
    }),
  },
);
