/**
 * A list as one variable: its elements percent-encoded, single spaces between. A variable may reach a container
 * through an env file, which takes a line break as the end of the variable. Source:
 * https://docs.docker.com/reference/cli/docker/container/run/#env
 */

/** Stands for themselves; every other byte of the UTF-8 text is %XX. None of these means anything inside printf '%b'. */
const PLAIN = /^[A-Za-z0-9_.\-~/*?[\]{}=:,+@]$/;

/** An element that is empty: so no reader has to tell one space from two. */
const EMPTY = '%';

/** Throws where an element holds a NUL, which no argument of a program can. */
export function encodeList(elements: readonly string[]): string {
  return elements.map(encodeElement).join(' ');
}

function encodeElement(element: string): string {
  if (element.includes('\0')) throw new Error(`an element of a list holds a NUL: ${JSON.stringify(element)}`);
  return element === '' ? EMPTY : [...Buffer.from(element)].map(encodeByte).join('');
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
