import type { Outcome } from '../plan/forecast.js';
import type { Snapshot } from '../plan/snapshot.js';
import type { HttpRoutes } from './httpServer.js';
import { StatusError } from './statusError.js';

/** What the emulator tells of itself, beside Google's APIs. */
export interface EmulatorFace {
  clock(): { epochSeconds: number; campaignSeconds: number; speed: number; started: boolean };
  info(): EmulatorInfo;
  snapshot(): Snapshot;
  /** null until every job is final. */
  outcome(): Outcome | null;
  shutDown(): void;
}

export interface EmulatorInfo {
  pid: number;
  runId: string | null;
  scenario: string;
  seed: string;
  grpcPort: number;
  httpPort: number;
}

/** The emulator's own resources, under /emulator/v1/. */
export function emulatorRest(face: EmulatorFace): HttpRoutes {
  const resources: Record<string, () => unknown> = {
    'GET /emulator/v1/clock': () => face.clock(),
    'GET /emulator/v1/info': () => face.info(),
    'GET /emulator/v1/snapshot': () => face.snapshot(),
    'GET /emulator/v1/outcome': () => {
      const outcome = face.outcome();
      if (!outcome) throw new StatusError('NOT_FOUND', 'no outcome yet: not every job is final');
      return outcome;
    },
    'POST /emulator/v1/shutdown': () => {
      face.shutDown();
      return {};
    },
  };
  return ({ method, path }) => {
    const key = `${method} ${path}`;
    return Object.hasOwn(resources, key) ? (resources[key]?.() ?? null) : null;
  };
}
