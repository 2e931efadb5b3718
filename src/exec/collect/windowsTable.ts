import { type Column, rounded } from './csv.js';
import type { LegWindow } from './legs.js';
import type { WindowFacts } from './windowFacts.js';

const of =
  (value: (facts: WindowFacts) => number | null, decimals = 3) =>
  ({ facts }: LegWindow): number | null =>
    facts === null ? null : rounded(value(facts), decimals);

/** windows.csv: a line for each window. What an attempt that left no end line did is in none of the sums. */
export const WINDOW_COLUMNS: readonly Column<LegWindow>[] = [
  ['molecule', ({ molecule }) => molecule],
  ['leg', ({ leg }) => leg],
  ['repeat', ({ repeat }) => repeat],
  ['window', ({ window }) => window],
  ['task', ({ task }) => task],
  ['status', ({ result }) => (result === null ? 'missing' : 'collected')],
  ['attempts', of(({ attempts }) => attempts)],
  ['vanished', of(({ vanished }) => vanished)],
  ['ns', of(({ ns }) => ns, 6)],
  ['ns_planned', of(({ nsPlanned }) => nsPlanned, 6)],
  ['ns_per_day', of(({ nsPerDay }) => nsPerDay)],
  ['ns_per_day_overall', of(({ nsPerDayOverall }) => nsPerDayOverall)],
  ['useful_seconds', of(({ usefulSeconds }) => usefulSeconds)],
  ['lost_seconds', of(({ lostSeconds }) => lostSeconds)],
  ['restore_seconds', of(({ restoreSeconds }) => restoreSeconds)],
  ['compute_seconds', of(({ computeSeconds }) => computeSeconds)],
  ['sync_seconds', of(({ syncSeconds }) => syncSeconds)],
  ['checkpoints', of(({ checkpoints }) => checkpoints)],
  ['checkpoint_bytes', of(({ checkpointBytes }) => checkpointBytes)],
  ['largest_checkpoint_bytes', of(({ largestCheckpointBytes }) => largestCheckpointBytes)],
  ['store_retries', of(({ retries }) => retries)],
  ['vm_hours', of(({ vmHours }) => vmHours, 5)],
  ['cost', of(({ costUsd }) => costUsd, 5)],
  ['zone', ({ facts }) => facts?.zone ?? null],
  ['vm', ({ facts }) => facts?.vm ?? null],
  ['job', ({ result }) => result?.job ?? null],
  ['finished', ({ result }) => (result === null ? null : new Date(result.at * 1000).toISOString())],
  ['engine', ({ facts }) => facts?.engine ?? null],
  ['engine_version', ({ facts }) => facts?.engineVersion ?? null],
  ['lambda', of(({ lambda }) => lambda)],
  ['temperature', of(({ temperature }) => temperature)],
  ['seed', of(({ seed }) => seed, 0)],
  ['input_sha256', ({ result }) => result?.input ?? null],
  ['image', ({ result }) => result?.image ?? null],
  ['note', ({ missing }) => missing],
];
