import { z } from 'zod';
import type { WorldFault } from '../plan/journal.js';
import { inputError } from '../scenario/errors.js';
import type { FaultRule } from './faults.js';
import { type Misfit, misfitOf, readSettingsFile } from './settingsFile.js';
import type { ViewFaults } from './viewFaults.js';

/** All that can be made to go wrong, as a file, an option or a request says it. */
export interface FaultSettings {
  /** What happens to calls. */
  calls: FaultRule[];
  /** How Batch shows what is. */
  view: Partial<ViewFaults>;
  /** What happens to the World. */
  world: WorldFault[];
}

export const NO_FAULTS: FaultSettings = { calls: [], view: {}, world: [] };

const seconds = z.number().min(0);
const share = z.number().min(0).max(1);

const callSchema = z.strictObject({
  service: z.enum(['batch', 'storage', 'metadata', 'services']),
  method: z.string().min(1).default('*'),
  kind: z.enum(['refuse', 'loseAnswer', 'duplicate', 'delay', 'reset', 'resetAfter']),
  rate: share.default(1),
  status: z.int().min(400).max(599).optional(),
  seconds: seconds.optional(),
  from: seconds.optional(),
  until: seconds.optional(),
  times: z.int().min(1).optional(),
});

const region = z.string().min(1);
const at = seconds.default(0);

const worldSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('preempt'), region, at, share: share.default(1) }),
  ...(['stockout', 'imageUnavailable', 'agentSilent'] as const).map((kind) =>
    z.strictObject({ kind: z.literal(kind), region, at, seconds }),
  ),
]);

export const faultsSchema = z.strictObject({
  calls: z.array(callSchema).default([]),
  view: z
    .strictObject({
      freshTasksHiddenSeconds: seconds,
      eventsLateSeconds: seconds,
      eventsReordered: z.boolean(),
    })
    .partial()
    .default({}),
  world: z.array(worldSchema).default([]),
});

/** Throws an InputError for a file that is not YAML or JSON of this shape. */
export function readFaultFile(file: string): FaultSettings {
  const value = readSettingsFile(file, 'a list of faults (YAML or JSON)');
  return parseFaults(value, (misfit) => inputError({ file, ...misfit }));
}

/** `refusal` makes the error for the first thing that is wrong. */
export function parseFaults(value: unknown, refusal: (misfit: Misfit) => Error): FaultSettings {
  const parsed = faultsSchema.safeParse(value ?? {}, { reportInput: true });
  if (parsed.success) return withoutUndefined(parsed.data);
  throw refusal(misfitOf(parsed.error));
}

/** Zod gives an absent optional key the type `undefined`; our types leave such keys out. */
function withoutUndefined(settings: z.output<typeof faultsSchema>): FaultSettings {
  return JSON.parse(JSON.stringify(settings)) as FaultSettings;
}
