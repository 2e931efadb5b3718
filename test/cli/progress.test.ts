import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { progressLine } from '../../src/cli/progress.js';

const CLEAR = '\r\u001b[2K';

/** 200 replications of 100 ms each, as a stream of its own kind sees them. */
function watch(isTTY: boolean): string[] {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) > 0 };
  let now = 0;
  const line = progressLine('simulating', stream, () => now);
  for (let done = 1; done <= 200; done += 1) {
    now += 100;
    line.update(done, 200);
  }
  line.end();
  return written;
}

describe('the progress of 200 replications', () => {
  beforeEach(() => {
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'xterm');
  });
  afterEach(() => vi.unstubAllEnvs());

  it('is one line of a terminal, written over and over and removed at the end', () => {
    const written = watch(true);
    expect(written[0]).toBe(`${CLEAR}simulating: 20 of 200`);
    expect(written.length).toBeGreaterThan(150);
    expect(written.at(-2)).toBe(`${CLEAR}simulating: 200 of 200`);
    expect(written.at(-1)).toBe(CLEAR);
  });

  it('is a line every five seconds in a log, without escape codes', () => {
    expect(watch(false)).toEqual([
      'simulating: 20 of 200\n',
      'simulating: 70 of 200\n',
      'simulating: 120 of 200\n',
      'simulating: 170 of 200\n',
    ]);
  });
});
