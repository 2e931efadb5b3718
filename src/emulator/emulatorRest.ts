import { z } from 'zod';
import type { Outcome } from '../plan/forecast.js';
import type { Snapshot } from '../plan/snapshot.js';
import { type FaultSettings, parseFaults } from './faultFile.js';
import type { HttpRoutes } from './httpServer.js';
import { type Misfit, misfitOf } from './settingsFile.js';
import { badRequest, StatusError } from './statusError.js';

/** What the emulator tells of itself, beside Google's APIs. */
export interface EmulatorFace {
  clock(): { epochSeconds: number; campaignSeconds: number; speed: number; started: boolean };
  info(): EmulatorInfo;
  snapshot(): Snapshot;
  /** null until every job is final. */
  outcome(): Outcome | null;
  faults(): FaultSettings;
  /** Adds to what there is. */
  addFaults(faults: FaultSettings): void;
  /** Ends what happens to calls and how things are shown; what has happened to the World stays. */
  clearFaults(): void;
  /** A token for services that want one. */
  issueToken(account: string, seconds: number): string;
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
  const resources: Record<string, (body: unknown) => unknown> = {
    'GET /emulator/v1/clock': () => face.clock(),
    'GET /emulator/v1/info': () => face.info(),
    'GET /emulator/v1/snapshot': () => face.snapshot(),
    'GET /emulator/v1/outcome': () => {
      const outcome = face.outcome();
      if (!outcome) throw new StatusError('NOT_FOUND', 'no outcome yet: not every job is final');
      return outcome;
    },
    'GET /emulator/v1/faults': () => face.faults(),
    'POST /emulator/v1/faults': (body) => {
      face.addFaults(parseFaults(body, misfitting));
      return face.faults();
    },
    'DELETE /emulator/v1/faults': () => {
      face.clearFaults();
      return face.faults();
    },
    'POST /emulator/v1/token': (body) => {
      const { account, seconds } = tokenRequest(body);
      return {
        access_token: face.issueToken(account, seconds),
        expires_in: seconds,
        token_type: 'Bearer',
      };
    },
    'POST /emulator/v1/shutdown': () => {
      face.shutDown();
      return {};
    },
  };
  return ({ method, path, body }) => {
    const key = `${method} ${path}`;
    return Object.hasOwn(resources, key) ? (resources[key]?.(body) ?? null) : null;
  };
}

const tokenSchema = z.strictObject({
  account: z.string().min(1).default('client@emulated.iam.gserviceaccount.com'),
  /** As long as Google's. */
  seconds: z.number().positive().default(3600),
});

function tokenRequest(body: unknown): z.output<typeof tokenSchema> {
  const parsed = tokenSchema.safeParse(body ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw misfitting(misfitOf(parsed.error));
}

function misfitting({ path, found, expected }: Misfit): Error {
  return badRequest([{ field: path, description: `is ${found}, expected ${expected}` }]);
}
