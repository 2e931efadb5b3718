import type { Scenario } from '../../scenario/scenario.js';
import { SharedServer } from './sharedServer.js';

/**
 * The container registry of one region: all VMs that pull at once share its request rate and its bandwidth,
 * served in order of arrival. A pull takes its VM's own time, or longer when the registry is behind.
 */
export class Registry {
  private readonly secondsPerPull: number;
  private readonly server = new SharedServer();

  constructor(settings: Scenario['startup']['registry'], imageBytes: number) {
    const { requestsPerMinute, requestsPerPull, bandwidthBytesPerSecond } = settings;
    const requests = requestsPerMinute === null ? 0 : (requestsPerPull * 60) / requestsPerMinute;
    const bytes = bandwidthBytesPerSecond === null ? 0 : imageBytes / bandwidthBytesPerSecond;
    this.secondsPerPull = Math.max(requests, bytes);
  }

  /** When a pull that starts at `t` and alone would take `ownSeconds` is over. */
  pull(t: number, ownSeconds: number): number {
    return this.server.finish(t, ownSeconds, this.secondsPerPull);
  }
}
