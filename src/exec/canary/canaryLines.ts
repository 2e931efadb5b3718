import { z } from 'zod';
import type { KnownCanary } from './canaries.js';

const seconds = z.number();
const known = seconds.nullable();

/** See CanaryFacts. */
const facts = z.strictObject({
  queuedSeconds: known,
  vmSeconds: known,
  taskSeconds: known,
  accelerator: z.string().nullable(),
  speed: known,
  costUsd: known,
});

const canary = { at: seconds, region: z.string(), settingsHash: z.string(), jobId: z.string() };

/** Written before CreateJob: from here on the canary's job may exist. */
export const canaryIntended = z.strictObject({
  kind: z.literal('canary-intended'),
  ...canary,
  round: z.int().nonnegative(),
});
export const canaryPassed = z.strictObject({ kind: z.literal('canary-passed'), ...canary, facts });
export const canaryFailed = z.strictObject({
  kind: z.literal('canary-failed'),
  ...canary,
  facts,
  why: z.string(),
  repair: z.string().nullable(),
});

type CanaryEntry = z.output<typeof canaryIntended | typeof canaryPassed | typeof canaryFailed>;

/** The canaries of a run after one more line of its ledger. */
export function withCanaryLine(canaries: readonly KnownCanary[], line: CanaryEntry): KnownCanary[] {
  const { region, settingsHash } = line;
  if (line.kind === 'canary-intended') {
    const { round } = line;
    const isKnown = canaries.some((one) => one.region === region && one.round === round);
    return isKnown ? [...canaries] : [...canaries, { region, settingsHash, round, verdict: null }];
  }
  const verdict = line.kind === 'canary-passed' ? 'passed' : 'failed';
  return canaries.map((one) =>
    one.region === region && one.settingsHash === settingsHash && one.verdict === null
      ? { ...one, verdict }
      : one,
  );
}
