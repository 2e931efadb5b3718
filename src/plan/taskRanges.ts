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

/** A text of ranges that is longer is told in the compact form. */
const LONGEST_TEXT = 2_000;
/** Marks the compact form. */
const COMPACT = '~';
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Five bits of a number in each character, the sixth says that more follow. */
const BASE = 32;

/**
 * The tasks of a job as one text: their ranges where that is short ("0-12,26"), else a compact form of one to three
 * characters a range, so that a remainder of many scattered tasks stays far below the 1 MB of a job's definition.
 */
export function formatTasks(ranges: readonly TaskRange[]): string {
  const text = formatRanges(ranges);
  return text.length <= LONGEST_TEXT ? text : compact(ranges);
}

/** The inverse of `formatTasks`; null for anything else. */
export function parseTasks(text: string): TaskRange[] | null {
  return text.startsWith(COMPACT) ? expand(text) : parseRanges(text);
}

/** For each range twice its distance from the end of the one before; if it is longer than 1, plus 1, and its length follows. */
function compact(ranges: readonly TaskRange[]): string {
  let text = COMPACT;
  let end = 0;
  const write = (value: number) => {
    let rest = value;
    while (rest >= BASE) {
      text += DIGITS[BASE + (rest % BASE)];
      rest = Math.floor(rest / BASE);
    }
    text += DIGITS[rest];
  };
  for (const { first, count } of ranges) {
    write(2 * (first - end) + (count > 1 ? 1 : 0));
    if (count > 1) write(count - 2);
    end = first + count;
  }
  return text;
}

function expand(text: string): TaskRange[] | null {
  const ranges: TaskRange[] = [];
  let at = COMPACT.length;
  let end = 0;
  const read = (): number => {
    let value = 0;
    for (let weight = 1; ; weight *= BASE) {
      const digit = DIGITS.indexOf(text[at] ?? ' ');
      at += 1;
      if (digit < 0 || weight > 2 ** 40) return Number.NaN;
      value += (digit % BASE) * weight;
      if (digit < BASE) return value;
    }
  };
  while (at < text.length) {
    const gap = read();
    const count = gap % 2 === 1 ? read() + 2 : 1;
    const first = end + Math.floor(gap / 2);
    end = first + count;
    // Ranges that touch would be one.
    if (!Number.isSafeInteger(end) || (ranges.length > 0 && gap < 2)) return null;
    ranges.push({ first, count });
  }
  return ranges.length === 0 ? null : ranges;
}
