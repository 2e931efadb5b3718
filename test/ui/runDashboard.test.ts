import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type RunningDashboard, showDashboard } from '../../src/ui/runDashboard.js';
import { campaignAt } from './campaigns.js';

const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';

/** A terminal that remembers what was written to it. */
class FakeTerminal extends EventEmitter {
  columns = 80;
  rows = 24;
  written = '';
  write(text: string, done?: () => void): boolean {
    this.written += text;
    done?.();
    return true;
  }
}

/** Keys, with the switch to raw mode that a terminal has. */
class FakeKeys extends PassThrough {
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

const open: RunningDashboard[] = [];
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.close();
});

function start(stdin: PassThrough = new FakeKeys()) {
  const terminal = new FakeTerminal();
  let interrupts = 0;
  const dashboard = showDashboard({
    plan: null,
    onInterrupt: () => {
      interrupts += 1;
    },
    stdout: terminal,
    stdin: stdin as unknown as NodeJS.ReadStream,
  });
  open.push(dashboard);
  return { terminal, stdin, dashboard, interrupts: () => interrupts };
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 5000, interval: 10 }).toBe(true);
}

// Ink draws only its last frame where CI is set; these tests are about a terminal, wherever they run.
vi.stubEnv('CI', 'false');
vi.stubEnv('CONTINUOUS_INTEGRATION', 'false');
// vitest's console lacks the constructor with which Ink makes a console of its own.
Object.assign(console, { Console });

describe('showDashboard', () => {
  test('uses the alternate screen from the first snapshot until it is closed', async () => {
    const { terminal, stdin, dashboard } = start();
    dashboard.update(campaignAt(0.2));
    await until(() => (stdin as FakeKeys).raw);
    expect(terminal.written.startsWith(ENTER)).toBe(true);
    expect(terminal.written).not.toContain(LEAVE);
    await dashboard.close();
    expect(terminal.written).toContain(LEAVE);
    expect(terminal.written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(
      terminal.written.lastIndexOf('\u001b[?25l'),
    );
    expect((stdin as FakeKeys).raw).toBe(false);
    expect(terminal.listenerCount('resize')).toBe(0);
  });

  test('the last snapshot is drawn, however fast they came', async () => {
    const { terminal, dashboard } = start();
    for (let done = 0; done <= 1000; done++) dashboard.update(campaignAt(done / 1000));
    await dashboard.close();
    expect(terminal.written).toContain('13,000/13,000 done');
    expect(terminal.written.split('/13,000 done').length - 1).toBeLessThan(10);
  });

  test('q and Ctrl-C are handed on each time, and the dashboard stays', async () => {
    const { terminal, stdin, dashboard, interrupts } = start();
    dashboard.update(campaignAt(0.2));
    await until(() => (stdin as FakeKeys).raw);
    stdin.write('q');
    await until(() => interrupts() === 1);
    stdin.write('\u0003');
    await until(() => interrupts() === 2);
    stdin.write('x');
    expect(terminal.written).not.toContain(LEAVE);
    expect(interrupts()).toBe(2);
  });

  test('without raw mode it draws all the same', async () => {
    const { terminal, dashboard } = start(new PassThrough());
    dashboard.update(campaignAt(0.2));
    await dashboard.close();
    expect(terminal.written).toContain('2,600/13,000 done');
    expect(terminal.written).toContain(LEAVE);
  });

  test('a terminal that fails is left, and close tells why', async () => {
    const { terminal, dashboard } = start();
    const write = terminal.write;
    terminal.write = (text) => {
      if (text.includes(ENTER)) throw new Error('the terminal is gone');
      return write.call(terminal, text);
    };
    open.pop();
    dashboard.update(campaignAt(0.2));
    dashboard.update(campaignAt(0.3));
    await expect(dashboard.close()).rejects.toThrow('the terminal is gone');
    expect(terminal.written).toContain(LEAVE);
  });

  test('closing without a snapshot leaves the terminal untouched, closing twice is harmless', async () => {
    const { terminal, dashboard } = start();
    await dashboard.close();
    await dashboard.close();
    dashboard.update(campaignAt(0.2));
    expect(terminal.written).toBe('');
  });

  test('never clears the scrollback, also not when the terminal shrinks', async () => {
    const { terminal, stdin, dashboard } = start();
    terminal.rows = 60;
    terminal.columns = 200;
    dashboard.update(campaignAt(0.2));
    await until(() => (stdin as FakeKeys).raw);
    terminal.rows = 24;
    terminal.columns = 80;
    terminal.emit('resize');
    dashboard.update(campaignAt(0.3));
    await dashboard.close();
    expect(terminal.written).not.toContain('\u001b[3J');
    expect(terminal.written).toContain('3,900/13,000 done');
  });
});
