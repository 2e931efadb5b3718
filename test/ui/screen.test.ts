import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { Screen } from '../../src/ui/screen.js';

class FakeTerminal extends EventEmitter {
  columns = 80;
  rows = 24;
  written = '';
  write(text: string): boolean {
    this.written += text;
    return true;
  }
}

function written(env: Record<string, string>, text: string): string {
  const terminal = new FakeTerminal();
  new Screen(terminal, env).write(text);
  return terminal.written;
}

const COLOURED = '\u001b[1m\u001b[36m██░\u001b[39m\u001b[22m';

test('a terminal in a UTF-8 locale gets what was drawn', () => {
  expect(written({ LANG: 'C.UTF-8' }, COLOURED)).toBe(COLOURED);
});

test('another locale gets ASCII, with the escape codes as they were', () => {
  expect(written({ LANG: 'C' }, COLOURED)).toBe('\u001b[1m\u001b[36m##.\u001b[39m\u001b[22m');
});

test('NO_COLOR takes the colours out and leaves bold', () => {
  expect(written({ LANG: 'C.UTF-8', NO_COLOR: '1' }, COLOURED)).toBe('\u001b[1m██░\u001b[22m');
});

test('a frame is a line lower than the terminal', () => {
  const terminal = new FakeTerminal();
  expect(new Screen(terminal, {}).frame()).toEqual({ columns: 80, rows: 23 });
});

test('entering and leaving are done once', () => {
  const terminal = new FakeTerminal();
  const screen = new Screen(terminal, {});
  screen.leave();
  expect(terminal.written).toBe('');
  screen.enter();
  screen.enter();
  expect(terminal.listenerCount('resize')).toBe(1);
  screen.leave();
  screen.leave();
  expect(terminal.listenerCount('resize')).toBe(0);
  expect(terminal.written.split('\u001b[?1049h')).toHaveLength(2);
  expect(terminal.written.split('\u001b[?1049l')).toHaveLength(2);
});
