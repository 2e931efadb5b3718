/** A list on the dashboard: a heading and some lines, which gives way where the terminal is short of lines. */
export interface Section {
  /** Entries there are; 0: neither entries nor heading are drawn. */
  entries: number;
  /** Entries that it gets before another section grows, if there is room at all. */
  atLeast: number;
}

/**
 * Shares `lines` among sections, each of which also needs one for its heading: first the sections in order up
 * to `atLeast`, then one line to each in turn until all is shown or no line is left. Returns the lines for
 * entries; 0 means that the heading goes too.
 */
export function shareLines<const S extends readonly Section[]>(
  lines: number,
  sections: S,
): { [index in keyof S]: number } {
  const shown: number[] = sections.map(() => 0);
  let left = lines;
  for (const [index, { entries, atLeast }] of sections.entries()) {
    const granted = Math.min(entries, atLeast, left - 1);
    if (granted < 1) continue;
    shown[index] = granted;
    left -= granted + 1;
  }
  for (let grown = true; grown && left > 0; ) {
    grown = false;
    for (const [index, { entries }] of sections.entries()) {
      if (left === 0 || shown[index] === 0 || shown[index]! >= entries) continue;
      shown[index]! += 1;
      left -= 1;
      grown = true;
    }
  }
  return shown as { [index in keyof S]: number };
}
