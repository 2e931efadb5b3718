import { RequestBins } from './requestBins.js';
import { SharedServer } from './sharedServer.js';

/** Rounding of the server's clock must not matter. */
const ROUNDING = 1e-9;

/**
 * The throughput that all uploads to one bucket share: they are served in order of arrival, and an upload takes its
 * own time or until its bytes are through, whichever is longer. One that its VM's end cuts off keeps its turn.
 *
 * Folded, uploads come in any order: each takes its own time, and the books show afterwards whether the link was
 * ever so far behind that one would have had to wait.
 */
export class UploadLink {
  private readonly bytesPerSecond: number;
  private readonly server = new SharedServer();
  private readonly folded: RequestBins | null;
  private mostBytes = 0;
  private leastOwnSeconds = Number.POSITIVE_INFINITY;

  constructor(bytesPerSecond: number, fold: boolean) {
    this.bytesPerSecond = bytesPerSecond;
    this.folded = fold ? new RequestBins() : null;
  }

  /** When an upload of `bytes` that begins at `t` and alone takes `ownSeconds` is over. */
  finish(t: number, ownSeconds: number, bytes: number): number {
    if (this.folded === null) return this.server.finish(t, ownSeconds, bytes / this.bytesPerSecond);
    this.folded.count(t);
    this.mostBytes = Math.max(this.mostBytes, bytes);
    this.leastOwnSeconds = Math.min(this.leastOwnSeconds, ownSeconds);
    return t + ownSeconds;
  }

  /**
   * Whether nobody has waited, as if every upload had the most bytes and the shortest time of its own. The work that
   * lies before a server is like the tokens that a bucket lacks: an upload is not held up where that work and its own
   * fit into its own time.
   */
  get neverWaits(): boolean {
    if (this.folded === null || this.mostBytes === 0) return true;
    const uploadsPerSecond = this.bytesPerSecond / this.mostBytes;
    return this.folded.neverRunsDry(
      uploadsPerSecond,
      uploadsPerSecond * this.leastOwnSeconds * (1 - ROUNDING),
    );
  }
}
