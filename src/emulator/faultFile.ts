import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { WorldFault } from '../plan/journal.js';
import { inputError } from '../scenario/errors.js';
import type { FaultRule } from './faults.js';
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
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    const found = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw inputError({ file, found, expected: 'a YAML or JSON file of faults' });
  }
  return parseFaults(value, (path, message) =>
    inputError({ file, path, found: message, expected: 'faults as docs/emulator.md describes them' }),
  );
}

/** `refusal` makes the error for the first thing that is wrong. */
export function parseFaults(
  value: unknown,
  refusal: (path: string, message: string) => Error,
): FaultSettings {
  const parsed = faultsSchema.safeParse(value ?? {});
  if (parsed.success) return withoutUndefined(parsed.data);
  const issue = parsed.error.issues[0];
  throw refusal(issue?.path.map(String).join('.') ?? '', issue?.message ?? 'not faults');
}

/** Zod gives an absent optional key the type `undefined`; our types leave such keys out. */
function withoutUndefined(settings: z.output<typeof faultsSchema>): FaultSettings {
  return JSON.parse(JSON.stringify(settings)) as FaultSettings;
}
