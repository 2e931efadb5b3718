/** Campaign tasks `first .. first + count - 1`. */
export interface TaskRange {
  first: number;
  count: number;
}

export function countTasks(ranges: readonly TaskRange[]): number {
  let total = 0;
  for (const range of ranges) total += range.count;
  return total;
}

/** "0-12,26,39-51": how a job's environment names its tasks. */
export function formatRanges(ranges: readonly TaskRange[]): string {
  return ranges
    .map(({ first, count }) => (count === 1 ? `${first}` : `${first}-${first + count - 1}`))
    .join(',');
}

/** The inverse of `formatRanges`; null for anything else than rising, disjoint ranges of whole numbers. */
export function parseRanges(text: string): TaskRange[] | null {
  const ranges: TaskRange[] = [];
  let end = -1;
  for (const part of text.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
    if (!match) return null;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (first <= end || last < first) return null;
    ranges.push({ first, count: last - first + 1 });
    end = last;
  }
  return ranges;
}

/** Rising task numbers as ranges. */
export function rangesOf(tasks: readonly number[]): TaskRange[] {
  const ranges: TaskRange[] = [];
  for (const task of tasks) {
    const last = ranges.at(-1);
    if (last && last.first + last.count === task) last.count += 1;
    else ranges.push({ first: task, count: 1 });
  }
  return ranges;
}

/** The tasks of the ranges, one by one. */
export function* tasksOf(ranges: readonly TaskRange[]): Generator<number> {
  for (const { first, count } of ranges) for (let i = 0; i < count; i += 1) yield first + i;
}
