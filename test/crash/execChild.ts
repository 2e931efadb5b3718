import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import fileSystem, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createInterface } from 'node:readline';
import type { CloudPort } from '../../src/exec/port.js';
import type { ObjectPlace } from '../../src/exec/storagePort.js';
import type { Plan } from '../../src/plan/plan.js';

/**
 * An executor that kills itself. `node execChild.ts DIST/`, then one line of JSON: an Order. It counts every call of
 * the cloud's API and every change of a file in its folder, and dies, as by a power cut, at the first point that is due.
 * It loads what it needs before it reads its order: a next one can be kept waiting while another runs.
 */
export interface Order {
  /** `exec`: as `fepcast exec --rehearse`; `rerun`, `resume`: as the commands of that name. */
  command: 'exec' | 'rerun' | 'resume';
  runId: string;
  stateDir: string;
  planFile: string;
  seed: string;
  speed: number;
  rerun: { first: number; count: number }[];
  due: Due;
}

/** Points at which to die, the first time that one is reached. */
export interface Due {
  /** Where somebody died before. */
  hit: string[];
  /** Null: anywhere, in this share of all points. */
  only: string[] | null;
  share: { index: number; of: number };
}

/** What it says, a line of JSON each. */
export type Said =
  | { kind: 'ready' }
  | { kind: 'killed'; point: string }
  | { kind: 'done'; summary: unknown; passed: string[] };

/** A call that a process makes again and again is a point so often; one whose number is a matter of luck once. */
const MOST_TIMES = 2;
const POLLS = /^(getJob|listTasks) /;
const BASE = 16;

const [dist = ''] = process.argv.slice(2);
const load = <T>(file: string): Promise<T> => import(new URL(file, `file://${dist}`).href) as Promise<T>;
const [{ rehearse }, { rerunTasks }, { resumeRun }, { findRun }] = await Promise.all([
  load<typeof import('../../src/exec/run.js')>('exec/run.js'),
  load<typeof import('../../src/exec/rerunTasks.js')>('exec/rerunTasks.js'),
  load<typeof import('../../src/exec/resumeRun.js')>('exec/resumeRun.js'),
  load<typeof import('../../src/exec/knownRun.js')>('exec/knownRun.js'),
  import('@google-cloud/batch'),
  import('@google-cloud/storage'),
  import('google-gax'),
]);

const say = (said: Said): void => {
  writeSync(1, `${JSON.stringify(said)}\n`);
};
say({ kind: 'ready' });
const order = await readOrder();
const hit = new Set(order.due.hit);
const only = order.due.only === null ? null : new Set(order.due.only);
const times = new Map<string, number>();
const passed = new Set<string>();
watchFiles();
say({ kind: 'done', summary: await run(), passed: [...passed] });
process.exit(0);

async function readOrder(): Promise<Order> {
  for await (const line of createInterface({ input: process.stdin })) return JSON.parse(line);
  // Nobody needs it any more.
  process.exit(0);
}

async function run(): Promise<unknown> {
  const { command, runId, stateDir, planFile, seed, speed, rerun } = order;
  const settings = { emulatorEntry: `${dist}emulator/process.js`, through: counted };
  if (command === 'exec') {
    const plan = JSON.parse(await fileSystem.readFile(planFile, 'utf8')) as Plan;
    return rehearse({ ...settings, plan, runId, stateDir, seed, speed });
  }
  const known = await findRun(runId, stateDir);
  if (command === 'resume') return resumeRun(known, settings);
  return (await rerunTasks(known, { tasks: rerun }, settings)).summary;
}

/** Runs the work between its two points. */
async function between<T>(label: string, work: () => Promise<T>): Promise<T> {
  const time = (times.get(label) ?? 0) + 1;
  times.set(label, time);
  if (time > (POLLS.test(label) ? 1 : MOST_TIMES)) return work();
  dieIfDue(`${label} ${time} before`);
  try {
    return await work();
  } finally {
    dieIfDue(`${label} ${time} after`);
  }
}

function dieIfDue(point: string): void {
  passed.add(point);
  const { index, of } = order.due.share;
  const share = Number.parseInt(createHash('sha256').update(point).digest('hex').slice(0, 8), BASE) % of;
  if (hit.has(point) || !(only?.has(point) ?? share === index)) return;
  say({ kind: 'killed', point });
  process.kill(process.pid, 'SIGKILL');
}

function counted({ batch, storage }: CloudPort): CloudPort {
  const wrap = <A extends unknown[], R>(
    labelOf: (...args: A) => string,
    call: (...args: A) => Promise<R>,
  ) => {
    return (...args: A): Promise<R> => between(labelOf(...args), () => call(...args));
  };
  return {
    batch: {
      createJob: wrap(({ jobId }) => `createJob ${jobId}`, batch.createJob),
      getJob: wrap((_, jobId) => `getJob ${jobId}`, batch.getJob),
      listTasks: wrap((_, jobId) => `listTasks ${jobId}`, batch.listTasks),
      cancelJob: wrap((_, jobId) => `cancelJob ${jobId}`, batch.cancelJob),
      listJobs: wrap((region) => `listJobs ${region}`, batch.listJobs),
      close: batch.close,
    },
    storage: {
      ...storage,
      stat: wrap((object) => `stat ${nameOf(object)}`, storage.stat),
      read: wrap((object) => `read ${nameOf(object)}`, storage.read),
      write: wrap(
        (request) => `write ${ledgerLines(request.name, request.source) ?? nameOf(request)}`,
        storage.write,
      ),
      copy: wrap(({ from }) => `copy ${nameOf(from)}`, storage.copy),
      list: wrap(({ bucket, prefix }) => `list ${nameOf({ bucket, name: prefix ?? '' })}`, storage.list),
      remove: wrap((object) => `remove ${nameOf(object)}`, storage.remove),
    },
  };
}

/** The same in every run of the plan: which number a ledger object has depends on who died before. */
function nameOf({ bucket, name }: ObjectPlace): string {
  return `${bucket}/${name.replace(/[0-9a-f]{64}|\d{8}(?=\.jsonl$)|(?<=replaced\/)\d+/g, '#')}`;
}

/** A ledger object by what it says. */
function ledgerLines(name: string, source: { bytes: Uint8Array } | { file: string }): string | null {
  if (!/\/ledger\/\d+\.jsonl$/.test(name) || !('bytes' in source)) return null;
  const lines = Buffer.from(source.bytes).toString('utf8').trim().split('\n');
  return `ledger ${lines.map((line) => JSON.parse(line).kind).join(' ')}`;
}

/** Every change of a file below the state folder is a point. */
function watchFiles(): void {
  const original = { ...fileSystem };
  const isOurs = (path: unknown): path is string =>
    typeof path === 'string' && path.startsWith(order.stateDir);
  const labelOf = (what: string, path: string): string =>
    `${what} ${path.slice(order.stateDir.length + 1).replace(String(process.pid), '#')}`;
  const watched = <A extends unknown[], R>(what: string, call: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> => {
      const [path] = args;
      return isOurs(path) ? between(labelOf(what, path), () => call(...args)) : call(...args);
    };
  };
  const { writeFile, appendFile, rename, link, rm, mkdir, open } = original;
  Object.assign(fileSystem, {
    writeFile: watched('writeFile', writeFile as (...args: unknown[]) => Promise<void>),
    appendFile: watched('appendFile', appendFile as (...args: unknown[]) => Promise<void>),
    rename: watched('rename', rename as (...args: unknown[]) => Promise<void>),
    link: watched('link', link as (...args: unknown[]) => Promise<void>),
    rm: watched('rm', rm as (...args: unknown[]) => Promise<void>),
    mkdir: watched('mkdir', mkdir as (...args: unknown[]) => Promise<unknown>),
    open: async (...args: Parameters<typeof open>): Promise<FileHandle> => {
      const [path, flags] = args;
      if (!isOurs(path) || flags === 'r') return open(...args);
      const file = await between(labelOf('open', path), () => open(...args));
      const { writeFile: fill, sync } = file;
      file.writeFile = (...data) => between(labelOf('fill', path), () => fill.apply(file, data));
      file.sync = () => between(labelOf('sync', path), () => sync.apply(file));
      return file;
    },
  });
  syncBuiltinESMExports();
}
