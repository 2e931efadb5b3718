import { createHash } from 'node:crypto';

/** What can be made to go wrong with a call. */
export type FaultKind =
  /** Answered with `status` and without effect. */
  | 'refuse'
  /** Takes effect, then answered with `status` (default 503): the caller cannot know. */
  | 'loseAnswer'
  /** Takes effect twice, as if the network had repeated the request; the second answer is sent. */
  | 'duplicate'
  /** Takes effect after `seconds` of wall time. */
  | 'delay'
  /** The connection is cut without an answer and without effect. */
  | 'reset'
  /** Takes effect, then the connection is cut. */
  | 'resetAfter';

export type FaultService = 'batch' | 'storage' | 'metadata' | 'services';

export interface FaultRule {
  service: FaultService;
  /** A method such as `CreateJob` or `objects.insert`; `*`: every one. */
  method: string;
  kind: FaultKind;
  /** Share of the calls. */
  rate: number;
  /** HTTP status; the gRPC code follows from it. */
  status?: number;
  seconds?: number;
  /** Only calls within these campaign seconds: at `from` and later, before `until`. */
  from?: number;
  until?: number;
  /** At most so many calls, then never again; absent: no limit. */
  times?: number;
}

/**
 * Decides which calls go wrong, and how. The decision depends on nothing but the seed, the service, the method and
 * how many calls of that method came before, so that the same calls in the same order meet the same faults.
 */
export class Faults {
  readonly #seed: string;
  readonly #campaignNow: () => number;
  readonly #calls = new Map<string, number>();
  #rules: { rule: FaultRule; used: number }[] = [];

  /** `campaignNow`: campaign seconds. */
  constructor(rules: readonly FaultRule[], seed: string, campaignNow: () => number) {
    this.#seed = seed;
    this.#campaignNow = campaignNow;
    this.add(rules);
  }

  get rules(): FaultRule[] {
    return this.#rules.map(({ rule }) => rule);
  }

  add(rules: readonly FaultRule[]): void {
    this.#rules.push(...rules.map((rule) => ({ rule, used: 0 })));
  }

  clear(): void {
    this.#rules = [];
  }

  /** Counts one call; the first rule that it falls to, or null: nothing goes wrong. */
  decide(service: FaultService, method: string): FaultRule | null {
    const key = `${service} ${method}`;
    const call = this.#calls.get(key) ?? 0;
    this.#calls.set(key, call + 1);
    const now = this.#campaignNow();
    for (const [index, entry] of this.#rules.entries()) {
      const { rule, used } = entry;
      if (!concerns(rule, service, method, now) || used >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (uniform(`${this.#seed} ${key} ${call} ${index}`) >= rule.rate) continue;
      entry.used += 1;
      return rule;
    }
    return null;
  }
}

function concerns(rule: FaultRule, service: FaultService, method: string, now: number): boolean {
  return (
    rule.service === service &&
    (rule.method === '*' || rule.method === method) &&
    now >= (rule.from ?? 0) &&
    now < (rule.until ?? Number.POSITIVE_INFINITY)
  );
}

const UNIFORM_BYTES = 6;

/** In [0, 1), by the key alone. */
function uniform(key: string): number {
  const digest = createHash('sha256').update(key).digest();
  return digest.readUIntBE(0, UNIFORM_BYTES) / 2 ** (8 * UNIFORM_BYTES);
}
