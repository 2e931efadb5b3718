import type { TaskRange } from './taskRanges.js';

/** Sets of campaign tasks as rising, disjoint ranges. Each result is in its shortest form. */

export function joinTasks(...sets: (readonly TaskRange[])[]): TaskRange[] {
  const sorted = sets.flat().toSorted((a, b) => a.first - b.first);
  const joined: TaskRange[] = [];
  for (const { first, count } of sorted) {
    const last = joined.at(-1);
    if (last === undefined || last.first + last.count < first) joined.push({ first, count });
    else last.count = Math.max(last.count, first + count - last.first);
  }
  return joined;
}

/** The tasks of `tasks` that are not in `others`. */
export function withoutTasks(tasks: readonly TaskRange[], others: readonly TaskRange[]): TaskRange[] {
  const left: TaskRange[] = [];
  const taken = joinTasks(others);
  for (const { first, count } of joinTasks(tasks)) {
    let from = first;
    const end = first + count;
    for (const other of taken) {
      if (other.first + other.count <= from) continue;
      if (other.first >= end) break;
      if (other.first > from) left.push({ first: from, count: other.first - from });
      from = other.first + other.count;
    }
    if (from < end) left.push({ first: from, count: end - from });
  }
  return left;
}

export function commonTasks(tasks: readonly TaskRange[], others: readonly TaskRange[]): TaskRange[] {
  return withoutTasks(tasks, withoutTasks(tasks, others));
}

/** The first `count` of the tasks. */
export function firstTasks(tasks: readonly TaskRange[], count: number): TaskRange[] {
  const first: TaskRange[] = [];
  let left = count;
  for (const range of tasks) {
    if (left <= 0) break;
    first.push({ first: range.first, count: Math.min(range.count, left) });
    left -= range.count;
  }
  return first;
}
