import type { Scenario } from '../../scenario/scenario.js';
import { RequestMeter } from './requestMeter.js';
import { TokenBucket } from './tokenBucket.js';

/** One Cloud Storage bucket: its request capacity for writes and reads, and what was asked of it. */
export class Bucket {
  readonly writes = new RequestMeter();
  readonly reads = new RequestMeter();
  readonly writeLimit: number | null;
  refused = 0;
  private readonly writeTokens: TokenBucket;
  private readonly readTokens: TokenBucket;

  constructor(settings: Scenario['bucket']) {
    this.writeLimit = settings.writesPerSecond;
    this.writeTokens = new TokenBucket(settings.writesPerSecond, settings.burst);
    this.readTokens = new TokenBucket(settings.readsPerSecond, settings.readsPerSecond ?? 1);
  }

  /** One write request at time `t`; false is a 429. */
  write(t: number): boolean {
    this.writes.count(t);
    const admitted = this.writeTokens.take(t);
    if (!admitted) this.refused += 1;
    return admitted;
  }

  /** One read request at time `t`; false is a 429. */
  read(t: number): boolean {
    this.reads.count(t);
    const admitted = this.readTokens.take(t);
    if (!admitted) this.refused += 1;
    return admitted;
  }
}
