import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BatchJob, BatchRunnable } from '../../plan/batchJob.js';

/** The entrypoint of this package's own task image, for jobs that fepcast itself made. */
const OWN_ENTRYPOINT = fileURLToPath(new URL('../../../task-image/entrypoint.sh', import.meta.url));

/** A runnable as a local process can run it. */
export interface Step {
  /** The command, made when its turn has come; a text says why there is none. */
  command: (folder: string) => readonly string[] | string;
  environment: Record<string, string>;
  /** Campaign seconds; null: no limit of its own. */
  timeoutSeconds: number | null;
  background: boolean;
  alwaysRun: boolean;
  ignoreExitStatus: boolean;
}

/**
 * The runnables of a job's tasks, in order. A container becomes a local command: its own entrypoint, or what stands
 * in for that of its image (`containerCommand`; null: the one of this package, for fepcast's own jobs), with its
 * `commands` appended.
 */
export function stepsOf(job: BatchJob, containerCommand: readonly string[] | null): Step[] {
  const taskSpec = job.taskGroups[0]?.taskSpec;
  const common = taskSpec?.environment?.variables ?? {};
  return (taskSpec?.runnables ?? []).map((runnable, number) => {
    const environment = { ...common, ...runnable.environment?.variables };
    const standIn = containerCommand ?? (environment.FEPCAST_RUN_ID === undefined ? null : [OWN_ENTRYPOINT]);
    return {
      command: (folder) => commandOf(runnable, number, standIn, folder),
      environment,
      timeoutSeconds: runnable.timeout === undefined ? null : Number(runnable.timeout.slice(0, -1)),
      background: runnable.background ?? false,
      alwaysRun: runnable.alwaysRun ?? false,
      ignoreExitStatus: runnable.ignoreExitStatus ?? false,
    };
  });
}

function commandOf(
  { container, script }: BatchRunnable,
  number: number,
  standIn: readonly string[] | null,
  folder: string,
): readonly string[] | string {
  if (container) {
    const { entrypoint = '', commands = [], imageUri } = container;
    if (entrypoint !== '') return [entrypoint, ...commands];
    if (standIn !== null) return [...standIn, ...commands];
    return `no local command stands in for the entrypoint of the image ${imageUri}`;
  }
  if (script?.text !== undefined) {
    const file = join(folder, `.runnable-${number}`);
    writeFileSync(file, script.text, { mode: 0o700 });
    return scriptCommand(file);
  }
  if (script?.path !== undefined) return scriptCommand(resolve(folder, script.path));
  return 'a local task runs containers and scripts only';
}

/** By the interpreter that its first line names, else by /bin/sh. Source: protos of batch 2.5.0, Runnable.Script. */
function scriptCommand(file: string): readonly string[] {
  return startsWithShebang(file) ? [file] : ['/bin/sh', file];
}

function startsWithShebang(file: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    // The shell will say what is wrong with it.
    return false;
  }
  try {
    const start = Buffer.alloc(2);
    readSync(descriptor, start, 0, 2, 0);
    return start.toString() === '#!';
  } finally {
    closeSync(descriptor);
  }
}
