import { z } from 'zod';

const amount = z.number().min(0);

/** One region of a live stamp; null: the scenario's own value stood. */
const regionStamp = z.strictObject({
  /** What was free: granted less used. */
  quota: z
    .strictObject({
      spotGpus: amount,
      onDemandGpus: amount,
      cpus: amount.nullable(),
      diskGb: amount.nullable(),
    })
    .nullable(),
  used: z.strictObject({ spotGpus: amount, onDemandGpus: amount }).nullable(),
  /** Public list prices. */
  price: z.strictObject({ spotUsdPerHour: amount, onDemandUsdPerHour: amount }).nullable(),
  /** 0 ... 1: how likely Spot VMs were to be had. */
  obtainability: amount.nullable(),
  estimatedUptimeSeconds: amount.nullable(),
});

/** What Google told of a plan's regions when it was made, and when that was. */
export const liveStampSchema = z.strictObject({
  /** ISO 8601, UTC. */
  at: z.string(),
  project: z.string(),
  regions: z.record(z.string(), regionStamp),
  /** Which API told what. */
  sources: z.strictObject({ quota: z.string(), price: z.string(), advice: z.string() }),
});

export type LiveStamp = z.output<typeof liveStampSchema>;
