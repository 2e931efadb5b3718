import type { Streams } from '../streams.js';
import { Purpose } from '../streams.js';

/**
 * The zone of the VM that was created for (task, attempt): one of `zones`, each equally likely, by a draw that is the
 * VM's own, so that it does not depend on who else is there. Null where no zones are told apart.
 */
export function zoneOfVm(
  streams: Streams,
  task: number,
  attempt: number,
  zones: readonly string[],
): string | null {
  if (zones.length <= 1) return zones[0] ?? null;
  return pick(zones, streams.uniform(task, attempt, Purpose.life, 1));
}

/** The zone of the region that its `n`-th shock (0, 1, ...) strikes; null: there is one only, the region. */
export function struckZone(
  streams: Streams,
  region: number,
  n: number,
  zones: readonly string[],
): string | null {
  if (zones.length === 0) return null;
  return pick(zones, streams.uniform(region, 0, Purpose.zone, n));
}

function pick(zones: readonly string[], u: number): string {
  return zones[Math.floor(u * zones.length)] as string;
}
