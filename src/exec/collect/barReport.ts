import { z } from 'zod';

const known = z.number().nullable();
const difference = z.object({ from: z.number(), to: z.number(), dG: known, error: known });

/** `bar.json`, as task-image/analysis/bar.sh writes it. Energies in kJ/mol, times in ps. */
const reportSchema = z.object({
  version: z.literal(1),
  /** `molecule/leg/repeat`. */
  key: z.string(),
  digest: z.string(),
  method: z.string(),
  engine: z.string(),
  beginPs: z.number(),
  temperature: known,
  /** Why there is no total; null: there is one. */
  message: z.string().nullable(),
  /** gmx bar says that results violate the second law: too few samples, or something is wrong. */
  undersampled: z.boolean(),
  total: difference.nullable(),
  /** Neighbouring states. */
  points: z.array(difference),
  /** In the order of the windows in the plan. */
  windows: z.array(
    z.object({
      rows: z.number(),
      firstPs: known,
      lastPs: known,
      stepPs: known,
      problem: z.string().nullable(),
      temperature: known,
      state: known,
      lambda: z.array(z.number()),
    }),
  ),
});

export type BarReport = z.output<typeof reportSchema>;

/** Null for anything but a report. */
export function parseBarReport(text: string): BarReport | null {
  try {
    return reportSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
