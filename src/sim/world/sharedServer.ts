/**
 * What many share and one can fill, served in order of arrival: a registry, a link. Each demand takes the server for
 * its service time, and the one who asks for its own time or until it has been served, whichever is longer.
 */
export class SharedServer {
  private freeAt = 0;

  /** When a demand at `t` (never falling) is met that takes the server `serviceSeconds` and alone `ownSeconds`. */
  finish(t: number, ownSeconds: number, serviceSeconds: number): number {
    this.freeAt = Math.max(this.freeAt, t) + serviceSeconds;
    return Math.max(t + ownSeconds, this.freeAt);
  }
}
