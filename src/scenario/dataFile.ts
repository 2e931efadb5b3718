import { createHash } from 'node:crypto';

/** A file that the scenario names, as the resolved form embeds it. */
export interface DataFile {
  file: string;
  /** Of the text. */
  sha256: string;
}

/** How files of one kind are read. */
export interface DataFormat<T extends DataFile = DataFile> {
  /** What such a file holds: "one number of seconds a line". */
  readonly what: string;
  /** A file name, for editors. */
  readonly example: string;
  /** The embedded form: "{ file, sha256, values }". */
  readonly embedded: string;
  /** What the resolved form embeds of a text. Throws InputError with one sentence for whatever is wrong in it. */
  parse(file: string, text: string): T;
  /** Whether `parse` could have made this of the file's text: the members beside `file` and `sha256`. */
  holds(members: Readonly<Record<string, unknown>>): boolean;
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whether a value is what the format embeds. */
export function isEmbedded(format: DataFormat, value: Readonly<Record<string, unknown>>): boolean {
  const { file, sha256, ...members } = value;
  return (
    typeof file === 'string' &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    format.holds(members)
  );
}

/** Whether the members are there, all of them and no others. */
export function hasExactly(members: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return Object.keys(members).sort().join() === [...keys].sort().join();
}

/** A list, not empty, of finite numbers from `min` to `max`. */
export function isNumbers(value: unknown, min: number, max = Number.MAX_VALUE): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'number' && item >= min && item <= max)
  );
}

export const isRising = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > values[i - 1]!);

export const isFalling = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value < values[i - 1]!);
