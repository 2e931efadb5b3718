import { z } from 'zod';

/** One thing that the canary has tried in its region. */
const trial = z.object({
  /** `accelerator`, `input`, `write`, `overwrite`, `delete`, `engine`. */
  name: z.string(),
  ok: z.boolean(),
  /** What was seen, in one line. */
  message: z.string().default(''),
});

/**
 * `runs/<runId>/canary/<region>.json`, as the task image writes it. What it does not know is null; what a later image
 * adds is ignored.
 */
const reportSchema = z.object({
  /** As nvidia-smi lists it: "NVIDIA L4". */
  accelerator: z.string().nullable().default(null),
  /** Machine and zone, as the metadata server tells. */
  machine: z.string().nullable().default(null),
  trials: z.array(trial).default([]),
  /** What the engine did in its two minutes: seconds of computing, steps done, steps of the whole window. */
  engine: z
    .object({ seconds: z.number().min(0), step: z.number().min(0), of: z.number().positive().nullable() })
    .nullable()
    .default(null),
});

export type CanaryReport = z.output<typeof reportSchema>;

/** Null for anything but a report. */
export function parseCanaryReport(text: string): CanaryReport | null {
  try {
    return reportSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Seconds that a whole window would take at the speed of the report; null where it does not tell. */
export function projectedSeconds({ engine }: CanaryReport): number | null {
  if (engine === null || engine.of === null || engine.step <= 0) return null;
  return (engine.seconds * engine.of) / engine.step;
}
