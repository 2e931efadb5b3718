import { sha256Of } from './dataFile.js';
import { InputError, inputError } from './errors.js';
import { found } from './found.js';
import { isMap } from './paths.js';
import type { WorkTable } from './scenario.js';
import { WORK_TABLE_FILE } from './workTable.js';
import { byName, DEFAULT_NAMES, type NamedTask, workTableOf } from './workTasks.js';

/** What the edge does for a scenario that names its work. */
export interface WorkReaders {
  /** Named in messages. */
  file?: string;
  /** Where relative inputs lie. */
  folder?: string;
  /** The text of a file that the scenario names (`empirical: lifetimes.csv`), by the name used there. */
  readFile?: (path: string) => string;
  /** Every file below a folder or a gs:// prefix, by its path in it, with "/" between. */
  listFiles?: (folder: string) => readonly string[];
}

/**
 * YAML in which `work` holds its tasks, read from its table or found by its pattern, and in which what `campaign`
 * leaves out is counted there. What has another form stays as it is, for the schema to complain about.
 */
export function findWork(yaml: Record<string, unknown>, readers: WorkReaders): Record<string, unknown> {
  const { work } = yaml;
  if (!isMap(work)) return yaml;
  const table = tableOf(work, readers);
  if (table === null) return yaml;
  return { ...yaml, work: { ...work, table }, campaign: counted(yaml.campaign, table) };
}

function tableOf(work: Record<string, unknown>, readers: WorkReaders): WorkTable | null {
  const { table, inputs, pattern } = work;
  if (typeof table === 'string' && table.trim() !== '') {
    if (typeof inputs === 'string' || typeof pattern === 'string') {
      throw complaint(readers, 'work', 'a table and inputs', 'only one of them');
    }
    return readTable(table, readers);
  }
  if (typeof inputs !== 'string' || typeof pattern !== 'string' || !pattern.includes('{molecule}'))
    return null;
  // What was listed already; an override may ask for other files than those.
  if (isMap(table) && table.file === placeOf(inputs, pattern)) return null;
  return listInputs(inputs, pattern, readers);
}

function readTable(name: string, readers: WorkReaders): WorkTable {
  const expected = `a file that can be read, with ${WORK_TABLE_FILE.what}`;
  const text = edge(readers, 'work.table', name, expected, readers.readFile);
  return { ...WORK_TABLE_FILE.parse(name, text), folder: readers.folder ?? '' };
}

function listInputs(inputs: string, pattern: string, readers: WorkReaders): WorkTable {
  const files = edge(readers, 'work.inputs', inputs, 'a folder that can be listed', readers.listFiles);
  const read = patternReader(pattern, readers);
  const base = withoutSlash(inputs);
  const tasks = files.flatMap((path): NamedTask[] => {
    const names = read(path);
    return names === null ? [] : [{ ...names, input: `${base}/${path}`, place: path }];
  });
  if (tasks.length === 0) {
    const what = files.length === 0 ? 'no files' : `${files.length} files, none of which fits`;
    throw complaint(readers, 'work.pattern', `${what} in ${inputs}`, `files like ${pattern}`);
  }
  tasks.sort((a, b) => byName(a.molecule, b.molecule) || byName(a.place, b.place));
  const digest = sha256Of(tasks.map(({ place }) => `${place}\n`).join(''));
  const file = placeOf(inputs, pattern);
  return { file, sha256: digest, folder: readers.folder ?? '', ...workTableOf(file, tasks) };
}

const withoutSlash = (folder: string): string => folder.replace(/\/+$/, '');

/** What stands for a table's name where a pattern found the tasks. */
const placeOf = (inputs: string, pattern: string): string => `${withoutSlash(inputs)}/${pattern}`;

type Names = Pick<NamedTask, 'molecule' | 'leg' | 'repeat' | 'window'>;
const PARTS = ['molecule', 'leg', 'repeat', 'window'];

/** Reads the names out of a path; null: the path does not fit. A part that stands twice must be the same twice. */
function patternReader(pattern: string, readers: WorkReaders): (path: string) => Names | null {
  const seen = new Set<string>();
  const source = pattern.split(/(\{[^{}]*\})/).map((piece) => {
    const part = /^\{(.*)\}$/.exec(piece)?.[1];
    if (part === undefined) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (!PARTS.includes(part)) {
      throw complaint(readers, 'work.pattern', found(piece), '{molecule}, {leg}, {repeat} or {window}');
    }
    if (seen.has(part)) return `\\k<${part}>`;
    seen.add(part);
    return `(?<${part}>[^/]+)`;
  });
  const expression = new RegExp(`^${source.join('')}$`, 'u');
  return (path) => {
    const names = expression.exec(path)?.groups;
    return names === undefined ? null : { ...DEFAULT_NAMES, molecule: '', ...names };
  };
}

/** What the edge answers; whatever goes wrong there is one sentence. */
function edge<T>(
  readers: WorkReaders,
  path: string,
  name: string,
  expected: string,
  read: ((name: string) => T) | undefined,
): T {
  if (read === undefined) throw complaint(readers, path, found(name), expected);
  try {
    return read(name);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw complaint(readers, path, `${found(name)} (${reason})`, expected);
  }
}

function complaint({ file }: WorkReaders, path: string, what: string, expected: string) {
  return inputError({ ...(file !== undefined && { file }), path, found: what, expected });
}

function counted(campaign: unknown, { molecules, windows }: WorkTable): unknown {
  if (campaign !== undefined && !isMap(campaign)) return campaign;
  return { molecules: molecules.length, windows: windows.length, ...campaign };
}
