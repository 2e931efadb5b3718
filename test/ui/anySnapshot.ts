import fc from 'fast-check';
import type { JobSnapshot, RegionSnapshot, Snapshot } from '../../src/plan/snapshot.js';

const count = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2_000_000 }));
const figure = fc.option(fc.oneof(count, fc.double({ min: 0, max: 1e9, noNaN: true })), { nil: null });
const seconds = fc.double({ min: 0, max: 400 * 86_400, noNaN: true });
/** Names as others may give them: any script, control characters, escape codes. Never one of our own words. */
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/),
  fc
    .array(fc.constantFrom('分子', '🧪', 'e\u0301', '\u001b[31m', '\n', '\t', 'x', ' '), { maxLength: 80 })
    .map((parts) => parts.join('')),
);
const range = fc.option(
  fc
    .tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e4, noNaN: true }))
    .map(([p10, width]) => ({ p10, p50: p10 + width / 2, p90: p10 + width })),
  { nil: null },
);

const region: fc.Arbitrary<RegionSnapshot> = fc.record({
  region: name,
  vms: figure,
  gpuQuota: figure,
  running: count,
  pending: count,
  preemptions: figure,
  usdPerVmHour: figure,
});

const job: fc.Arbitrary<JobSnapshot> = fc.record({
  jobId: name,
  region: name,
  state: fc.constantFrom(
    'QUEUED',
    'SCHEDULED',
    'RUNNING',
    'SUCCEEDED',
    'FAILED',
    'CANCELLATION_IN_PROGRESS',
    'CANCELLED',
  ),
  pending: count,
  assigned: count,
  running: count,
  succeeded: count,
  failed: count,
});

/** Snapshots of any campaign, likely or not; ids are unique as Batch sees to it. */
export function anySnapshot(): fc.Arbitrary<Snapshot> {
  return fc.record({
    source: fc.constantFrom('simulate', 'rehearse', 'execute'),
    name,
    runId: fc.option(name, { nil: null }),
    state: fc.constantFrom('running', 'succeeded', 'failed', 'cancelled'),
    elapsedSeconds: seconds,
    tasks: fc.record({
      total: count,
      pending: count,
      assigned: count,
      running: count,
      succeeded: count,
      failed: count,
    }),
    molecules: fc.record({ total: count, complete: figure }),
    regions: fc.uniqueArray(region, { selector: (each) => each.region, maxLength: 12 }),
    jobs: fc.uniqueArray(job, { selector: (each) => `${each.region}/${each.jobId}`, maxLength: 40 }),
    bucket: fc.record({
      writesPerSecond: figure,
      limitPerSecond: figure,
      peakWritesPerSecond: figure,
      http429: figure,
      checkpointsWritten: figure,
    }),
    attempts: figure,
    preemptions: figure,
    lostWorkHours: figure,
    cost: fc.record({ spentUsd: figure, budgetUsd: figure }),
    forecast: fc.record({ makespanHours: range, costUsd: range }),
    messages: fc.array(fc.record({ elapsedSeconds: seconds, text: name }), { maxLength: 20 }),
  });
}
