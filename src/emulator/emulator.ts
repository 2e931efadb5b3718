import { performance } from 'node:perf_hooks';
import type { Scenario } from '../scenario/scenario.js';
import type { Answering } from './answering.js';
import { batchRest } from './batchRest.js';
import { Calls } from './calls.js';
import { emulatorRest } from './emulatorRest.js';
import { type FaultSettings, NO_FAULTS } from './faultFile.js';
import { FaultOrders } from './faultOrders.js';
import { Faults } from './faults.js';
import { type BucketToBe, openStorage, type StorageOptions } from './gcs/storage.js';
import { VirtualTaskObjects } from './gcs/virtualTaskObjects.js';
import { startGrpcServer } from './grpcServer.js';
import { startHttpServer } from './httpServer.js';
import { LocalRunner, type LocalRunnerOptions } from './localTasks/localRunner.js';
import { inUrl, LOOPBACK, loopbackAddress } from './loopback.js';
import { Rehearsal } from './rehearsal.js';
import { type ProjectTrouble, refusedBy, WELL } from './services/project.js';
import { servicesRest } from './services/servicesRest.js';
import { worldTrouble } from './services/taskTrouble.js';
import { wellBuckets } from './services/wellBuckets.js';
import { TokenStore } from './tokens.js';

export interface EmulatorOptions extends StorageOptions {
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
  /** What is wrong with the project that is played; absent: nothing. */
  project?: ProjectTrouble;
  /** The loopback address to listen on; default 127.0.0.1. */
  host?: string;
  /** What is made to go wrong from the start; more can be ordered while it runs. */
  faults?: FaultSettings;
  /** Tasks are real processes of this machine; absent: virtual, the World times them. */
  localTasks?: Pick<LocalRunnerOptions, 'dataFolder' | 'containerCommand' | 'tokenSeconds'>;
  /** Is told of what goes wrong without anybody having asked. */
  onWarning?: (text: string) => void;
  /** Wall seconds without a request and without a local task after which the emulator stops by itself; absent: never. */
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
 * Throws an InputError when the journal file belongs to another scenario or seed, or the host is not loopback.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const host = loopbackAddress(options.host ?? LOOPBACK);
  const wallNow = (): number => performance.now() / 1000;
  const virtualTasks = options.localTasks
    ? null
    : new VirtualTaskObjects(options.scenario, options.onWarning ?? (() => {}));
  const rehearsal = new Rehearsal({
    ...options,
    tasks: options.localTasks ? 'local' : 'virtual',
    ...(virtualTasks ? { virtualTasks } : {}),
    wallNow,
    epochSeconds: Math.floor(Date.now() / 1000),
  });
  let requestAt = wallNow();
  const answering: Answering = (work) => {
    requestAt = wallNow();
    return rehearsal.answer(work);
  };
  const faults = new Faults([], options.seed, () => rehearsal.clock.now());
  const calls = new Calls('batch', answering, faults);
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
    const { localTasks, speed } = options;
    const tokens = new TokenStore(wallNow);
    const { clock } = rehearsal;
    const buckets = bucketsOf(options);
    const storage = await openStorage(
      { ...options, buckets, storageRefuses: refusedBy(options.project ?? WELL) },
      {
        settings: options.scenario.bucket,
        epochSeconds: () => clock.epochSeconds,
        campaignNow: () => (clock.started ? clock.now() : null),
        answering,
        tokens,
        faults,
      },
    );
    // Last of all: virtual tasks may write while the World is brought to its end.
    close.unshift(() => storage.close());
    virtualTasks?.begin(storage.server.objects, clock.epochSeconds);
    const runner = localTasks
      ? await LocalRunner.open({ ...localTasks, speed, tokens, now: wallNow, faults })
      : null;
    if (runner) {
      close.push(() => runner.close());
      rehearsal.beginTasks(runner);
    }
    const grpcServer = await startGrpcServer(rehearsal.service, options.grpcPort ?? 0, calls, host);
    close.push(() => grpcServer.stop());
    const orders = new FaultOrders(faults, rehearsal);
    // What has happened to the World stands in its journal and must not happen again.
    const { world, ...rest } = options.faults ?? NO_FAULTS;
    const lasting = worldTrouble(options.project?.tasks ?? {});
    orders.add(rehearsal.isNew ? { world: [...lasting, ...world], ...rest } : { world: [], ...rest });
    const ports = { grpcPort: grpcServer.port, httpPort: 0 };
    const routes = [
      ownRoutes(rehearsal, options, ports, { orders, tokens, stop }),
      servicesRest({
        scenario: options.scenario,
        trouble: options.project ?? WELL,
        regionUse: (region) => rehearsal.regionUse(region),
      }),
      batchRest(rehearsal.service, calls),
    ];
    const httpServer = await startHttpServer(routes, options.httpPort ?? 0, answering, {
      host,
      streams: [storage.server.stream],
    });
    ports.httpPort = httpServer.port;
    close.push(() => httpServer.stop());
    runner?.setStorageEndpoint(`http://${inUrl(host)}:${httpServer.port}`);

    let steppedAt = wallNow();
    const timer = setInterval(() => {
      rehearsal.step(requestAt > steppedAt);
      steppedAt = wallNow();
      if (rehearsal.localTasksRunning > 0) requestAt = steppedAt;
      if (options.idleSeconds !== undefined && steppedAt - requestAt >= options.idleSeconds) void stop();
    }, STEP_MS);
    close.push(() => clearInterval(timer));
    return { ...ports, stop, stopped: whenStopped };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Those that were asked for, and those that the project that is played has, or is said to lack. */
function bucketsOf({ scenario, project, buckets = [] }: EmulatorOptions): BucketToBe[] {
  if (project === undefined) return [...buckets];
  return [...wellBuckets(scenario, project), ...buckets.filter(({ name }) => project.buckets[name] !== null)];
}

function ownRoutes(
  rehearsal: Rehearsal,
  options: EmulatorOptions,
  ports: { grpcPort: number; httpPort: number },
  { orders, tokens, stop }: { orders: FaultOrders; tokens: TokenStore; stop: () => Promise<void> },
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
    faults: () => orders.settings,
    addFaults: (settings) => orders.add(settings),
    clearFaults: () => orders.clear(),
    issueToken: (account, seconds) => tokens.issue(account, seconds),
    shutDown: () => {
      // The answer goes out first.
      setImmediate(() => void stop());
    },
  });
}

/** In reverse order of opening; the journal last. */
async function closeAll(close: (() => unknown)[]): Promise<void> {
  for (const part of close.reverse()) await part();
}
