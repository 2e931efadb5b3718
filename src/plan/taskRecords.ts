import { z } from 'zod';

/**
 * What tasks write about themselves: the lines of a claim and `result.json`. The entrypoint of the task image writes
 * them, virtual tasks of the emulator write the same, `exec` reads them. Times are seconds since the Unix epoch.
 */

/** Written when an attempt takes the task, before it restores anything. */
const attemptStart = z.looseObject({
  kind: z.literal('start'),
  /** 1, 2, ... over all jobs that ever ran the task. */
  attempt: z.int().positive(),
  /** Unique to the attempt: who holds the task writes it into what it owns. */
  id: z.string(),
  run: z.string(),
  job: z.string(),
  /** BATCH_TASK_INDEX and BATCH_TASK_RETRY_ATTEMPT. */
  index: z.int().nonnegative(),
  retry: z.int().nonnegative(),
  vm: z.string(),
  zone: z.string(),
  at: z.number(),
});

/** Written by an attempt that ends and still can: a VM that vanishes leaves none. */
const attemptEnd = z.looseObject({
  kind: z.literal('end'),
  attempt: z.int().positive(),
  at: z.number(),
  /** Exit code; see docs/tasks.md. */
  exit: z.int().nonnegative(),
  /** One word: done, preempted, signal, store, stalled, slow, corrupt, blow-up, disk, accelerator, time, engine ... */
  reason: z.string(),
  /** Step from which it went on; null: from zero. */
  restoredStep: z.number().nullable(),
  /** Steps computed in all when it ended, and of these durable. */
  step: z.number(),
  syncedStep: z.number(),
  checkpoints: z.int().nonnegative(),
  /** Of all checkpoints that it shipped, and of the largest. */
  checkpointBytes: z.number(),
  largestCheckpointBytes: z.number(),
  /** Answers that made it try again, by status ("0": no answer). */
  retries: z.record(z.string(), z.int()),
  /** Wall seconds. `sync` overlaps `compute`. */
  seconds: z.looseObject({ restore: z.number(), compute: z.number(), sync: z.number() }),
});

export const claimLineSchema = z.discriminatedUnion('kind', [attemptStart, attemptEnd]);
export type ClaimLine = z.output<typeof claimLineSchema>;
export type AttemptStart = z.output<typeof attemptStart>;
export type AttemptEnd = z.output<typeof attemptEnd>;

export const resultSchema = z.looseObject({
  version: z.literal(1),
  key: z.string(),
  digest: z.string(),
  task: z.int().nonnegative(),
  run: z.string(),
  job: z.string(),
  /** When the work was complete. */
  at: z.number(),
  /** The claim's lines, the end of the attempt that publishes included. */
  attempts: z.array(claimLineSchema),
  stepsDone: z.number(),
  stepsPlanned: z.number(),
  /** Wall seconds of the steps that are in the result, and of steps that had to be computed again. */
  usefulSeconds: z.number(),
  lostSeconds: z.number(),
  /** sha256 of the input object, null without one. */
  input: z.string().nullable(),
  image: z.string(),
  outputs: z.array(z.looseObject({ name: z.string(), bytes: z.number(), sha256: z.string() })),
  /** What the adapter adds: engine, version, nsPerDay, lambda, temperature, seed ... */
  science: z.looseObject({ engine: z.string() }),
});
export type TaskResult = z.output<typeof resultSchema>;

/** The lines of a claim object; a line that cannot be read is left out and counted. */
export function parseClaim(text: string): { lines: ClaimLine[]; unreadable: number } {
  const lines: ClaimLine[] = [];
  let unreadable = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const parsed = claimLineSchema.safeParse(jsonOrNull(line));
    if (parsed.success) lines.push(parsed.data);
    else unreadable += 1;
  }
  return { lines, unreadable };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
