import type { Scenario } from '../../scenario/scenario.js';
import { ObjectRateLimit } from './objectRateLimit.js';
import { RequestBins } from './requestBins.js';
import { RequestMeter } from './requestMeter.js';
import { TokenBucket } from './tokenBucket.js';
import { UploadLink } from './uploadLink.js';

/**
 * One Cloud Storage bucket: its request capacity for writes and reads, its link, and what was asked of it. A folded
 * bucket admits every write (and every read, where uploads read) and holds no upload up; it keeps the books that show
 * afterwards whether it was right to do so.
 */
export class Bucket {
  readonly reads = new RequestMeter();
  readonly writeLimit: number | null;
  refused = 0;
  /** What its uploads share; null: nothing. */
  readonly link: UploadLink | null;
  private readonly writes = new RequestMeter();
  private readonly folded: RequestBins | null;
  private readonly foldedReads: RequestBins | null;
  private readonly readLimit: number | null;
  private readonly names: ObjectRateLimit;
  private readonly burst: number;
  private readonly writeTokens: TokenBucket;
  private readonly readTokens: TokenBucket;

  constructor(settings: Scenario['bucket'], fold: boolean) {
    this.writeLimit = settings.writesPerSecond;
    this.burst = settings.burst;
    this.folded = fold ? new RequestBins() : null;
    this.foldedReads = fold && settings.readsPerUpload > 0 ? new RequestBins() : null;
    this.readLimit = settings.readsPerSecond;
    this.names = new ObjectRateLimit(settings.objectWritesPerSecond);
    const shared = settings.sharedUploadThroughputBytesPerSecond;
    this.link = shared === null ? null : new UploadLink(shared, fold);
    this.writeTokens = new TokenBucket(
      settings.writesPerSecond,
      settings.burst,
      settings.growth === null
        ? null
        : { doublingSeconds: settings.growth.doublingSeconds, maximum: settings.growth.maxWritesPerSecond },
    );
    this.readTokens = new TokenBucket(settings.readsPerSecond, settings.readsPerSecond ?? 1);
  }

  /** One write request at time `t`; false is a 429. */
  write(t: number): boolean {
    if (this.folded) {
      this.folded.count(t);
      return true;
    }
    this.writes.count(t);
    const admitted = this.writeTokens.take(t);
    if (!admitted) this.refused += 1;
    return admitted;
  }

  /** One write request of many to a folded bucket. */
  countFolded(t: number): void {
    this.folded?.count(t);
  }

  /** One read request at time `t`; false is a 429. */
  read(t: number): boolean {
    if (this.foldedReads) {
      this.foldedReads.count(t);
      return true;
    }
    this.reads.count(t);
    const admitted = this.readTokens.take(t);
    if (!admitted) this.refused += 1;
    return admitted;
  }

  /** Whether an object, the one of this task, may be written again at `t`; false is a 429. Never asked when folded. */
  writeName(task: number, t: number): boolean {
    const admitted = this.names.admits(task, t);
    if (!admitted) this.refused += 1;
    return admitted;
  }

  /** Write requests in the busiest whole second, refused ones included. */
  get peakWritesPerSecond(): number {
    return (this.folded ?? this.writes).peakPerSecond;
  }

  /** Write requests a second over the last whole minute before `t`; not known of a folded bucket. */
  writesPerSecondAt(t: number): number | null {
    return this.folded ? null : this.writes.rateAt(t);
  }

  /** Whether a folded bucket would have admitted every request and held no upload up, one by one, as it did. */
  get certified(): boolean {
    return (
      (this.folded?.neverRunsDry(this.writeLimit, this.burst) ?? true) &&
      (this.foldedReads?.neverRunsDry(this.readLimit, this.readLimit ?? 1) ?? true) &&
      (this.link?.neverWaits ?? true)
    );
  }
}
