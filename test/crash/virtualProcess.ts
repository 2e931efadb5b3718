import { createHash } from 'node:crypto';
import { type CloudPort, PortError } from '../../src/exec/port.js';
import type { Clock } from '../../src/plan/clock.js';
import type { VirtualCloud } from './virtualCloud.js';
import type { VirtualTime } from './virtualTime.js';

/** Several numbers, uniform in [0, 1), the same for the same words. */
export function chances(...words: (string | number)[]): (index: number) => number {
  const digest = createHash('sha256').update(words.join('\n')).digest();
  return (index) => digest.readUInt32BE(4 * index) / 2 ** 32;
}

/** Uniform in [0, 1), the same for the same words. */
export function chance(...words: (string | number)[]): number {
  return chances(...words)(0);
}

/** How the life of a process ends before its work does. */
export interface Fate {
  /** Counted over all calls, over those that change something, or over those that are made now and then. */
  counting: 'all' | 'changes' | 'seldom';
  atCall: number;
  /** Whether that call has taken effect by then. */
  moment: 'before' | 'after';
  /** Not killed, but stopped for so long: then it goes on, and cannot know that it was. Null: killed. */
  pauseSeconds: number | null;
}

export interface Misfortune {
  seed: string;
  /** Share of calls that go wrong. */
  faults: number;
  /** Null: it lives until its work is done. */
  fate: Fate | null;
  /** Spells in which no call is answered, although some take effect. Wall seconds. */
  outages?: readonly { from: number; until: number }[];
}

const COUNTED: Record<Fate['counting'], ReadonlySet<string> | null> = {
  all: null,
  changes: new Set(['createJob', 'cancelJob', 'write', 'copy', 'remove']),
  seldom: new Set(['createJob', 'cancelJob', 'listTasks', 'listJobs', 'copy', 'remove']),
};
/** One way on the network. */
const SHORTEST_WAY_SECONDS = 0.005;
const LONGEST_WAY_SECONDS = 0.25;
/** What is later than this counts as lost: the client's time-out. */
const TIMEOUT_SECONDS = 30;
const LATEST_STRAGGLER_SECONDS = 240;

type Fault = 'refused' | 'lost' | 'twice' | 'late' | 'straggler' | 'loggedOut' | 'forbidden';
const FAULTS: readonly (readonly [Fault, number])[] = [
  ['refused', 0.25],
  ['lost', 0.25],
  ['twice', 0.15],
  ['late', 0.15],
  ['straggler', 0.15],
  ['loggedOut', 0.045],
  ['forbidden', 0.005],
];

/**
 * A process as far as the cloud can tell: its ports, and a life that ends when it must. Once it is dead nothing that
 * it waits for ever comes back; a request that was on its way may still arrive. Drawn by seed, method and number of
 * the call.
 */
export class VirtualProcess {
  readonly cloud: CloudPort;
  readonly clock: Clock;
  /** When it was killed or stopped; never settles for one that works to its end. */
  readonly ended: Promise<'killed' | 'paused'>;
  /** Until when it stands still. Wall seconds. */
  pausedUntil = 0;
  dead = false;
  /** The call at which it ended, and whether before or after it. */
  endedAt = '';
  /** Of each method, how many of its calls have reached the service. */
  readonly effects = new Map<string, number>();
  readonly #time: VirtualTime;
  readonly #misfortune: Misfortune;
  readonly #calls = new Map<string, number>();
  #counted = 0;
  #end: (how: 'killed' | 'paused') => void = () => {};

  constructor(cloud: VirtualCloud, time: VirtualTime, misfortune: Misfortune) {
    this.#time = time;
    this.#misfortune = misfortune;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.cloud = this.#portsOf(cloud.ports);
    this.clock = {
      now: async () => cloud.now(),
      sleep: async (seconds, signal) => {
        signal?.throwIfAborted();
        await this.#alive(time.sleep(seconds));
        signal?.throwIfAborted();
      },
    };
  }

  #portsOf({ batch, storage }: CloudPort): CloudPort {
    const wrap = <A extends unknown[], R>(method: string, call: (...args: A) => Promise<R>) => {
      return (...args: A): Promise<R> => this.#call(method, () => call(...args));
    };
    return {
      batch: {
        createJob: wrap('createJob', batch.createJob),
        getJob: wrap('getJob', batch.getJob),
        listTasks: wrap('listTasks', batch.listTasks),
        cancelJob: wrap('cancelJob', batch.cancelJob),
        listJobs: wrap('listJobs', batch.listJobs),
        close: batch.close,
      },
      storage: {
        stat: wrap('stat', storage.stat),
        read: wrap('read', storage.read),
        write: wrap('write', storage.write),
        copy: wrap('copy', storage.copy),
        list: wrap('list', storage.list),
        remove: wrap('remove', storage.remove),
        bucketInfo: wrap('bucketInfo', storage.bucketInfo),
        testPermissions: wrap('testPermissions', storage.testPermissions),
      },
    };
  }

  async #call<R>(method: string, work: () => Promise<R>): Promise<R> {
    if (this.dead) return never();
    const number = (this.#calls.get(method) ?? 0) + 1;
    this.#calls.set(method, number);
    const luck = chances(this.#misfortune.seed, method, number);
    const effect = (): Promise<R> => {
      this.effects.set(method, (this.effects.get(method) ?? 0) + 1);
      return work();
    };
    const moment = this.#lastMoment(method);
    if (moment !== null) this.endedAt = `${method} ${moment}`;
    if (moment === 'before') {
      await this.#stop();
      if (this.dead) return never();
    }
    await this.#time.sleep(wayOf(luck(0)));
    // Killed meanwhile: the request may have left, or not.
    if (this.dead && luck(1) < 0.5) return never();
    const answer = this.#travelled(method, number, effect, luck);
    if (moment === 'after') {
      await settled(answer);
      await this.#stop();
    }
    return this.#alive(answer);
  }

  /** The request reaches the service, and the answer comes back, as luck will have it. */
  async #travelled<R>(
    method: string,
    number: number,
    effect: () => Promise<R>,
    luck: (index: number) => number,
  ): Promise<R> {
    const { seed, faults, outages = [] } = this.#misfortune;
    const now = this.#time.seconds;
    const isAway = outages.some(({ from, until }) => now >= from && now < until);
    const fault = isAway ? (luck(3) < 0.5 ? 'lost' : 'refused') : luck(2) < faults ? faultOf(luck(3)) : null;
    const sorry = (kind: PortError['kind']): PortError =>
      new PortError(kind, `${method} ${number}: ${fault} (seed ${seed})`);
    const time = this.#time;
    switch (fault) {
      case 'refused':
        throw sorry('RETRYABLE');
      case 'lost':
        await settled(effect());
        throw sorry('RETRYABLE');
      case 'twice':
        await settled(effect());
        break;
      case 'late':
        await time.sleep(luck(4) * TIMEOUT_SECONDS);
        break;
      case 'straggler':
        // Held up in the network: it arrives long after its sender has given it up.
        void time
          .sleep(TIMEOUT_SECONDS + luck(4) * LATEST_STRAGGLER_SECONDS)
          .then(effect)
          .catch(() => undefined);
        await time.sleep(TIMEOUT_SECONDS);
        throw sorry('RETRYABLE');
      case 'loggedOut':
        throw sorry('UNAUTHENTICATED');
      case 'forbidden':
        throw sorry('PERMISSION_DENIED');
    }
    const answer = await effect();
    await time.sleep(wayOf(luck(5)));
    return answer;
  }

  #lastMoment(method: string): Fate['moment'] | null {
    const { fate } = this.#misfortune;
    if (fate === null || COUNTED[fate.counting]?.has(method) === false) return null;
    this.#counted += 1;
    return this.#counted === fate.atCall ? fate.moment : null;
  }

  async #stop(): Promise<void> {
    const { fate } = this.#misfortune;
    if (this.dead || fate === null) return;
    if (fate.pauseSeconds === null) {
      this.dead = true;
      this.#end('killed');
      return;
    }
    this.pausedUntil = this.#time.seconds + fate.pauseSeconds;
    this.#end('paused');
    await this.#time.sleep(fate.pauseSeconds);
  }

  /** What the process gets to see of it: nothing once it is dead, and nothing while it stands still. */
  async #alive<T>(work: Promise<T>): Promise<T> {
    await settled(work);
    const rest = this.pausedUntil - this.#time.seconds;
    if (rest > 0) await this.#time.sleep(rest);
    return this.dead ? never() : work;
  }
}

function faultOf(luck: number): Fault {
  let sum = 0;
  for (const [fault, share] of FAULTS) {
    sum += share;
    if (luck < sum) return fault;
  }
  return 'refused';
}

function wayOf(luck: number): number {
  return SHORTEST_WAY_SECONDS + luck * (LONGEST_WAY_SECONDS - SHORTEST_WAY_SECONDS);
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

async function settled(work: Promise<unknown>): Promise<void> {
  await work.then(
    () => undefined,
    () => undefined,
  );
}
