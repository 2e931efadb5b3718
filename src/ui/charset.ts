/**
 * What the terminal can draw. Texts of the user interface are written in Unicode once; where the terminal's
 * locale is not UTF-8 each such character becomes one ASCII character of the same width.
 */

type Environment = Record<string, string | undefined>;

/** POSIX: the first of LC_ALL, LC_CTYPE and LANG that is set decides. Windows terminals and none set: yes. */
export function supportsUnicode(env: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '');
  if (env.TERM === 'linux') return false;
  return locale === undefined || /utf-?8/i.test(locale);
}

/** https://no-color.org: set and not empty means no colour. */
export function supportsColour(env: Environment): boolean {
  return (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

const ASCII: Record<string, string> = {
  '–': '-',
  '…': '~',
  '×': 'x',
  '·': '|',
  '±': '~',
  '─': '-',
  '│': '|',
  '├': '+',
  '└': '+',
  '█': '#',
  '▓': '=',
  '▒': '-',
  '░': '.',
  '▏': '.',
  '▎': '.',
  '▍': '.',
  '▌': '#',
  '▋': '#',
  '▊': '#',
  '▉': '#',
  '▁': '_',
  '▂': '.',
  '▃': ',',
  '▄': ':',
  '▅': '-',
  '▆': '=',
  '▇': '+',
};

/** The same text with as many characters, ASCII only; what has no likeness becomes `?`. */
export function asciiOnly(text: string): string {
  return Array.from(text, (character) => ASCII[character] ?? (character > '\u007f' ? '?' : character)).join(
    '',
  );
}

/** `text` as this environment's terminal can show it. */
export function forTerminal(text: string, env: Environment): string {
  return supportsUnicode(env) ? text : asciiOnly(text);
}
