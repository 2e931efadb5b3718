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
  '┃': '|',
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

const ESCAPE = '\u001b';
/** Select Graphic Rendition with one colour of the 16, or with the default colour. */
const COLOUR_CODE = new RegExp(`${ESCAPE}\\[(?:3[0-79]|4[0-79]|9[0-7]|10[0-7])m`, 'g');

/**
 * `terminal` as a stream for what is drawn in Unicode and in colour: the terminal itself, or one that gets of each
 * text what it can show. Done here because Ink cuts lines with an ellipsis of its own, after any transformation in
 * a component, and its colours do not heed NO_COLOR.
 */
export function drawableOn(terminal: NodeJS.WriteStream, env: Environment): NodeJS.WriteStream {
  const unicode = supportsUnicode(env);
  const colour = supportsColour(env);
  if (unicode && colour) return terminal;
  const shown = (text: string): string => {
    const coloured = colour ? text : text.replace(COLOUR_CODE, '');
    return unicode ? coloured : asciiOnly(coloured);
  };
  const write = (text: string, done?: () => void): boolean => terminal.write(shown(text), done);
  return new Proxy(terminal, {
    get(target, key) {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
