import { EventEmitter } from 'node:events';
import { asciiOnly, supportsColour, supportsUnicode } from './charset.js';

const ESCAPE = '\u001b';
const ENTER_ALTERNATE = `${ESCAPE}[?1049h`;
const LEAVE_ALTERNATE = `${ESCAPE}[?1049l`;
const CLEAR = `${ESCAPE}[2J${ESCAPE}[H`;
const SHOW_CURSOR = `${ESCAPE}[?25h`;
/** Select Graphic Rendition with one colour of the 16, or with the default colour. */
const COLOUR_CODE = new RegExp(`${ESCAPE}\\[(?:3[0-79]|4[0-79]|9[0-7]|10[0-7])m`, 'g');

/** What the screen needs of a terminal's output stream. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string, done?: () => void): boolean;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/**
 * The terminal's alternate screen as an output stream for Ink. What is on the normal screen stays as it is,
 * and comes back with `leave`. Everything written passes through here, so this is also where characters and
 * colours that the terminal cannot show are replaced.
 */
export class Screen extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;
  /**
   * Ink clears the terminal including its scrollback when a frame is as high as the terminal. Our frames are
   * lower by a line, but after a resize the last one may not be; without limit Ink only erases its lines.
   */
  readonly rows = Number.POSITIVE_INFINITY;
  readonly #terminal: Terminal;
  readonly #unicode: boolean;
  readonly #colour: boolean;
  #entered = false;

  constructor(terminal: Terminal, env: Record<string, string | undefined>) {
    super();
    this.#terminal = terminal;
    this.#unicode = supportsUnicode(env);
    this.#colour = supportsColour(env);
  }

  get columns(): number {
    return this.#terminal.columns || 80;
  }

  /** Cells that one frame may use: a line fewer than there are, so that the terminal never scrolls. */
  frame(): { columns: number; rows: number } {
    return { columns: this.columns, rows: Math.max(1, (this.#terminal.rows || 24) - 1) };
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#terminal.on('resize', this.#resized);
    this.#terminal.write(ENTER_ALTERNATE + CLEAR);
  }

  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#terminal.off('resize', this.#resized);
    this.#terminal.write(LEAVE_ALTERNATE + SHOW_CURSOR);
  }

  write(text: string, done?: () => void): boolean {
    const coloured = this.#colour ? text : text.replace(COLOUR_CODE, '');
    return this.#terminal.write(this.#unicode ? coloured : asciiOnly(coloured), done);
  }

  /** Terminals move old content about when they are resized: start from an empty screen. */
  readonly #resized = (): void => {
    this.#terminal.write(CLEAR);
    this.emit('resize');
  };
}
