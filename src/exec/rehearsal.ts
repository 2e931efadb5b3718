import type { Clock } from '../plan/clock.js';
import type { Plan } from '../plan/plan.js';
import { meanOf } from '../scenario/distribution.js';
import { emulatorClock } from './clock.js';
import {
  type EmulatorPorts,
  findEmulator,
  startEmulatorProcess,
  stopEmulator,
  type TaskKind,
} from './emulatorProcess.js';
import type { RunFolder } from './runFolder.js';

/** The emulator of a run, found or started. */
export interface Rehearsal {
  ports: EmulatorPorts;
  /** Campaign time: the emulator's. */
  clock: Clock;
  /** Ends the emulator; its journal stays. */
  shutdown(): Promise<void>;
}

/** What runs the tasks of a rehearsal. */
export interface RehearsedTasks {
  /** Default: virtual. */
  tasks?: TaskKind | undefined;
  /** Local tasks: stands in for the entrypoint of the plan's image; default: the one of this package. */
  containerCommand?: readonly string[] | undefined;
  /** Local tasks: lifetime of their access tokens, wall seconds; default: that of Google's. */
  tokenSeconds?: number | undefined;
  /** What is wrong with the project that the emulator plays, in its words; default: nothing. */
  playedProject?: Record<string, unknown> | undefined;
}

/** A rehearsal at its default speed takes about this long. Wall time. */
const REHEARSAL_SECONDS = 60;

/**
 * Attaches to the emulator of the run if it lives, else starts one: new, or on the journal of the earlier one, so
 * that killed executors and killed emulators alike find their cloud again. `speed` (campaign seconds per wall
 * second) counts for a new process only. Throws InputError when the run has another seed or kind of tasks.
 */
export async function openRehearsal(
  options: {
    folder: RunFolder;
    seed: string;
    speed?: number | undefined;
    /** The emulator's entry file: `node ENTRY CONFIG.json`. */
    emulatorEntry: string;
    node?: string;
    /** Made in the emulator's Cloud Storage unless they are there. */
    buckets?: readonly { name: string; location: string }[];
  } & RehearsedTasks,
): Promise<Rehearsal> {
  const { folder, seed, emulatorEntry, tasks = 'virtual' } = options;
  const { paths, plan, runId } = folder;
  const ports =
    (await findEmulator(paths, runId, seed, tasks)) ??
    (await startEmulatorProcess(paths, {
      entry: emulatorEntry,
      node: options.node ?? process.execPath,
      config: {
        scenario: plan.scenario.resolved,
        // Real work takes as long as it takes: only waiting can be made shorter.
        speed: options.speed ?? (tasks === 'local' ? 1 : rehearsalSpeed(plan)),
        runId,
        dataFolder: paths.emulatorTasks,
        containerCommand: options.containerCommand ?? null,
        project: options.playedProject ?? {},
        buckets: options.buckets ?? [],
        storageFolder: paths.emulatorStorage,
        // Virtual tasks have no requests that could carry a token.
        storageAuth: tasks === 'local' ? 'required' : 'none',
        tokenSeconds: options.tokenSeconds ?? null,
      },
      seed,
      tasks,
    }));
  return {
    ports,
    clock: clockOf(ports, runId),
    shutdown: () => stopEmulator(paths, ports),
  };
}

/** Campaign seconds per wall second with which the campaign takes about a minute; at least 1. */
export function rehearsalSpeed(plan: Plan): number {
  const hours = plan.forecast?.makespanHours.p50;
  return Math.max(1, (hours === undefined ? roughMakespanSeconds(plan) : hours * 3600) / REHEARSAL_SECONDS);
}

/** Work over parallelism of the region that takes longest: without start-up, losses and waiting. */
function roughMakespanSeconds(plan: Plan): number {
  const mean = meanOf(plan.scenario.resolved.campaign.taskDurationSeconds);
  const regions = new Set(plan.shards.map((shard) => shard.region));
  const seconds = [...regions].map((region) => {
    const shards = plan.shards.filter((shard) => shard.region === region);
    return shards.reduce(
      (sum, { taskCount, parallelism }) => sum + Math.ceil(taskCount / parallelism) * mean,
      0,
    );
  });
  return Math.max(0, ...seconds);
}

/** An emulator that has gone is said to be gone, with what to do. */
function clockOf({ httpPort }: EmulatorPorts, runId: string): Clock {
  const clock = emulatorClock({ httpPort });
  const explained = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'AbortError') throw error;
      throw new Error(
        `run ${runId}: the emulator has gone (${error.message}); the same command goes on from its journal`,
      );
    }
  };
  return {
    now: () => explained(clock.now()),
    sleep: (seconds, signal) => explained(clock.sleep(seconds, signal)),
  };
}
