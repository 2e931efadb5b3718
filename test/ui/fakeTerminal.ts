import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { textWidth } from '../../src/ui/text.js';

interface Cells {
  lines: string[][];
  row: number;
  column: number;
}

/**
 * As much of a terminal (xterm's rules, with its alternate screen) as Ink needs. A control sequence that it does
 * not know is an error: it might do anything on a real one.
 */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;
  columns: number;
  rows: number;
  cursorShown = true;
  /** Everything written. */
  written = '';
  readonly #normal: Cells;
  #alternate: Cells | null = null;

  constructor(columns = 80, rows = 24) {
    super();
    this.columns = columns;
    this.rows = rows;
    this.#normal = { lines: blank(rows), row: 0, column: 0 };
  }

  get isAlternate(): boolean {
    return this.#alternate !== null;
  }

  /** The lines on the screen, without spaces at their ends. */
  get screen(): string[] {
    return this.#cells.lines.map((line) => line.join('').trimEnd());
  }

  write(text: string, done?: () => void): boolean {
    this.written += text;
    for (const [part] of text.matchAll(SEQUENCE_OR_CHARACTER)) {
      if (part.startsWith(ESCAPE)) this.#control(part);
      else this.#print(part);
    }
    done?.();
    return true;
  }

  /** As xterm does it: lines are cut, not wrapped anew; those below the cursor go first. */
  resize(columns: number, rows: number): void {
    const cells = this.#cells;
    while (cells.lines.length > rows) {
      if (cells.lines.length - 1 > cells.row) cells.lines.pop();
      else {
        cells.lines.shift();
        cells.row -= 1;
      }
    }
    cells.lines.push(...blank(rows - cells.lines.length));
    cells.lines = cells.lines.map((line) => line.slice(0, columns));
    cells.column = Math.min(cells.column, columns - 1);
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }

  get #cells(): Cells {
    return this.#alternate ?? this.#normal;
  }

  #print(character: string): void {
    const cells = this.#cells;
    if (character === '\r') cells.column = 0;
    else if (character === '\n') this.#nextLine();
    else {
      if (cells.column + textWidth(character) > this.columns) this.#nextLine();
      const line = cells.lines[cells.row]!;
      while (line.length < cells.column) line.push(' ');
      line[cells.column] = character;
      cells.column += textWidth(character);
    }
  }

  /** The terminal's driver makes a carriage return and a line feed of a line feed. */
  #nextLine(): void {
    const cells = this.#cells;
    cells.column = 0;
    if (cells.row < this.rows - 1) cells.row += 1;
    else {
      cells.lines.shift();
      cells.lines.push([]);
    }
  }

  #control(sequence: string): void {
    const cells = this.#cells;
    const [, parameters = '', command = ''] = /\[([?\d;]*)(\w)$/.exec(sequence) ?? [];
    const [first = 1] = parameters.split(';').map((digits) => Number(digits) || 1);
    if (command === 'm' || parameters === '?2026') return;
    if (parameters === '?25') this.cursorShown = command === 'h';
    else if (parameters === '?1049') {
      // The cursor stays where it is; the normal screen gets its own back.
      this.#alternate =
        command === 'h' ? { lines: blank(this.rows), row: cells.row, column: cells.column } : null;
    } else if (command === 'A') cells.row = Math.max(0, cells.row - first);
    else if (command === 'G') cells.column = first - 1;
    else if (command === 'H' && parameters === '1;1') Object.assign(cells, { row: 0, column: 0 });
    else if (command === 'K' && parameters === '2') cells.lines[cells.row] = [];
    else if (command === 'J' && parameters === '') {
      cells.lines[cells.row]!.length = Math.min(cells.lines[cells.row]!.length, cells.column);
      cells.lines.fill([], cells.row + 1);
      cells.lines = cells.lines.map((line) => [...line]);
    } else
      throw new Error(`a control sequence that this terminal does not know: ${JSON.stringify(sequence)}`);
  }
}

/** Keys, with the switch to raw mode that a terminal has. */
export class FakeKeys extends PassThrough {
  readonly isTTY = true;
  raw = false;
  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

const ESCAPE = '\u001b';
const SEQUENCE_OR_CHARACTER = new RegExp(`${ESCAPE}(?:\\[[?\\d;]*\\w)?|[^]`, 'gu');

function blank(rows: number): string[][] {
  return Array.from({ length: Math.max(0, rows) }, () => []);
}
