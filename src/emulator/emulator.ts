import { performance } from 'node:perf_hooks';
import type { Scenario } from '../scenario/scenario.js';
import type { Answering } from './answering.js';
import { batchRest } from './batchRest.js';
import { emulatorRest } from './emulatorRest.js';
import { startGrpcServer } from './grpcServer.js';
import { startHttpServer } from './httpServer.js';
import { Rehearsal } from './rehearsal.js';

export interface EmulatorOptions {
  scenario: Scenario;
  seed: string;
  /** Campaign seconds per wall second. */
  speed: number;
  /** 0 or absent: a free one. */
  httpPort?: number;
  grpcPort?: number;
  /** What was done is written here, and continued from here when the file exists. */
  journalFile?: string;
  /** The outcome is written here whenever all jobs are final. */
  outcomeFile?: string;
  runId?: string | null;
  /** Wall seconds without a request after which the emulator stops by itself; absent: never. */
  idleSeconds?: number;
}

export interface Emulator {
  httpPort: number;
  grpcPort: number;
  stop(): Promise<void>;
  /** Settles when it has stopped, by whatever cause. */
  stopped: Promise<void>;
}

/** Wall milliseconds between two steps of the World when nobody asks for anything. */
const STEP_MS = 25;

/**
 * Starts the loopback cloud: the World of the scenario on a scaled clock behind the Batch API (gRPC and REST).
 * Throws an InputError when the journal file belongs to another scenario or seed.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const wallNow = (): number => performance.now() / 1000;
  const rehearsal = new Rehearsal({ ...options, wallNow, epochSeconds: Math.floor(Date.now() / 1000) });
  let requestAt = wallNow();
  const answering: Answering = (work) => {
    requestAt = wallNow();
    return rehearsal.clock.frozen(work);
  };
  const close: (() => unknown)[] = [() => rehearsal.close()];
  let stopped: Promise<void> | null = null;
  let settle: (outcome: Promise<void>) => void = () => {};
  const whenStopped = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const stop = (): Promise<void> => {
    stopped ??= closeAll(close);
    settle(stopped);
    return stopped;
  };
  try {
    const grpcServer = await startGrpcServer(rehearsal.service, options.grpcPort ?? 0, answering);
    close.push(() => grpcServer.stop());
    const ports = { grpcPort: grpcServer.port, httpPort: 0 };
    const routes = [
      ownRoutes(rehearsal, options, ports, stop),
      batchRest(rehearsal.service, regionsOf(options)),
    ];
    const httpServer = await startHttpServer(routes, options.httpPort ?? 0, answering);
    ports.httpPort = httpServer.port;
    close.push(() => httpServer.stop());

    let steppedAt = wallNow();
    const timer = setInterval(() => {
      rehearsal.step(requestAt > steppedAt);
      steppedAt = wallNow();
      if (options.idleSeconds !== undefined && steppedAt - requestAt >= options.idleSeconds) void stop();
    }, STEP_MS);
    close.push(() => clearInterval(timer));
    return { ...ports, stop, stopped: whenStopped };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ownRoutes(
  rehearsal: Rehearsal,
  options: EmulatorOptions,
  ports: { grpcPort: number; httpPort: number },
  stop: () => Promise<void>,
): ReturnType<typeof emulatorRest> {
  const { clock } = rehearsal;
  const { scenario, seed, speed, runId = null } = options;
  return emulatorRest({
    clock: () => ({
      epochSeconds: clock.epochSeconds,
      campaignSeconds: clock.now(),
      speed,
      started: clock.started,
    }),
    info: () => ({ pid: process.pid, runId, scenario: scenario.name, seed, ...ports }),
    snapshot: () => rehearsal.snapshot(runId),
    outcome: () => rehearsal.outcome(),
    shutDown: () => {
      // The answer goes out first.
      setImmediate(() => void stop());
    },
  });
}

function regionsOf({ scenario }: EmulatorOptions): string[] {
  return Object.keys(scenario.regions);
}

/** In reverse order of opening; the journal last. */
async function closeAll(close: (() => unknown)[]): Promise<void> {
  for (const part of close.reverse()) await part();
}
