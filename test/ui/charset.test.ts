import { expect, test } from 'vitest';
import { drawableOn } from '../../src/ui/charset.js';
import { FakeTerminal } from './fakeTerminal.js';

const COLOURED = '\u001b[1m\u001b[36m██░\u001b[39m\u001b[22m';

function written(env: Record<string, string>, text: string): string {
  const terminal = new FakeTerminal();
  drawableOn(terminal as unknown as NodeJS.WriteStream, env).write(text);
  return terminal.written;
}

test('a terminal in a UTF-8 locale gets what was drawn, directly', () => {
  const terminal = new FakeTerminal() as unknown as NodeJS.WriteStream;
  expect(drawableOn(terminal, { LANG: 'C.UTF-8' })).toBe(terminal);
});

test('another locale gets ASCII, with the escape codes as they were', () => {
  expect(written({ LANG: 'C' }, COLOURED)).toBe('\u001b[1m\u001b[36m##.\u001b[39m\u001b[22m');
});

test('NO_COLOR takes the colours out and leaves bold', () => {
  expect(written({ LANG: 'C.UTF-8', NO_COLOR: '1' }, COLOURED)).toBe('\u001b[1m██░\u001b[22m');
});

test('all but what is written goes to and comes from the terminal itself', () => {
  const terminal = new FakeTerminal(70, 20);
  const drawable = drawableOn(terminal as unknown as NodeJS.WriteStream, { LANG: 'C' });
  const sizes: number[][] = [];
  const listener = () => sizes.push([drawable.columns, drawable.rows]);
  drawable.on('resize', listener);
  terminal.resize(60, 10);
  drawable.off('resize', listener);
  terminal.resize(50, 10);
  expect(sizes).toEqual([[60, 10]]);
  expect(drawable.isTTY).toBe(true);
});
