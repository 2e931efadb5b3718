import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningDashboard, showDashboard } from '../../src/ui/runDashboard.js';
import { campaignAt } from './campaigns.js';
import { FakeKeys, FakeTerminal } from './fakeTerminal.js';
import { thePlan } from './thePlan.js';

const open: RunningDashboard[] = [];
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.close();
});

function start(terminal = new FakeTerminal(), stdin: PassThrough = new FakeKeys()) {
  let interrupts = 0;
  const dashboard = showDashboard({
    plan: thePlan(),
    onInterrupt: () => {
      interrupts += 1;
    },
    stdout: terminal as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
  });
  open.push(dashboard);
  return { terminal, stdin, dashboard, interrupts: () => interrupts };
}

/** A dashboard with its first picture on the screen. */
async function started(terminal?: FakeTerminal) {
  const running = start(terminal);
  running.dashboard.update(campaignAt(0.2));
  await until(() => (running.stdin as FakeKeys).raw);
  return running;
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 5000, interval: 10 }).toBe(true);
}

/** The picture of one campaign on a terminal that has always had this size. */
async function pictureOf(share: number, columns: number, rows: number): Promise<string[]> {
  const { terminal, dashboard } = start(new FakeTerminal(columns, rows));
  dashboard.update(campaignAt(share));
  await until(() => terminal.isAlternate && terminal.screen[0] !== '');
  const picture = terminal.screen;
  await dashboard.close();
  return picture;
}

/** What does not depend on how often it was drawn, as the charts do. */
function isFigure(line: string): boolean {
  return !/^Bucket|│/.test(line);
}

// vitest's console lacks the constructor with which Ink makes a console of its own.
Object.assign(console, { Console });

describe('showDashboard', () => {
  test('fills the alternate screen from the first snapshot until it is closed', async () => {
    const terminal = new FakeTerminal();
    terminal.write('$ fepcast exec\n');
    const { stdin, dashboard } = start(terminal);
    expect(terminal.isAlternate).toBe(false);
    dashboard.update(campaignAt(0.2));
    await until(() => (stdin as FakeKeys).raw);
    expect(terminal.isAlternate).toBe(true);
    expect(terminal.cursorShown).toBe(false);
    expect(terminal.screen[0]).toContain('thirteen-thousand');
    expect(terminal.screen.at(-1)).toContain('q or Ctrl-C');
    await dashboard.close();
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.cursorShown).toBe(true);
    expect(terminal.screen.join('\n').trimEnd()).toBe('$ fepcast exec');
    expect((stdin as FakeKeys).raw).toBe(false);
    expect(terminal.listenerCount('resize')).toBe(0);
  });

  test('the last snapshot is drawn, however fast they came', async () => {
    const { terminal, dashboard } = start();
    for (let done = 0; done <= 1000; done++) dashboard.update(campaignAt(done / 1000));
    await dashboard.close();
    expect(terminal.written).toContain('13,000/13,000 done');
  });

  test('draws at most ten pictures a second', async () => {
    const { terminal, dashboard } = await started();
    const from = performance.now();
    const before = terminal.written.length;
    for (let done = 0; done < 60; done++) {
      dashboard.update(campaignAt(0.2 + done / 100));
      await sleep(10);
    }
    const seconds = (performance.now() - from) / 1000;
    const pictures = terminal.written.slice(before).split('/13,000 done').length - 1;
    expect(pictures).toBeGreaterThan(2);
    expect(pictures).toBeLessThanOrEqual(seconds * 10 + 1);
  });

  test('q and Ctrl-C are handed on each time, and the dashboard stays and says so', async () => {
    const { terminal, stdin, interrupts } = await started();
    stdin.write('q');
    await until(() => interrupts() === 1);
    stdin.write('\u0003');
    await until(() => interrupts() === 2);
    stdin.write('x');
    await until(() => terminal.screen.at(-1)!.startsWith('interrupted, stopping'));
    expect(terminal.isAlternate).toBe(true);
    expect(interrupts()).toBe(2);
  });

  test('without raw mode it draws all the same', async () => {
    const { terminal, dashboard } = start(new FakeTerminal(), new PassThrough());
    dashboard.update(campaignAt(0.2));
    await until(() => terminal.screen.join('\n').includes('2,600/13,000 done'));
    await dashboard.close();
    expect(terminal.isAlternate).toBe(false);
  });

  test.each([
    ['larger', 200, 60],
    ['smaller', 60, 12],
    ['wider and lower', 200, 14],
    ['narrower and higher', 60, 50],
  ])('a terminal that becomes %s is redrawn clean', async (_, columns, rows) => {
    const { terminal, dashboard } = await started();
    const before = ['', ...terminal.screen.map((line) => line.slice(0, columns).trimEnd())];
    terminal.resize(columns, rows);
    // Until React has drawn for the new size, lines of the old picture are cut, not wrapped.
    for (const line of terminal.screen) expect(before).toContain(line);
    const wanted = await pictureOf(0.2, columns, rows);
    await until(() => terminal.screen.filter(isFigure).join('\n') === wanted.filter(isFigure).join('\n'));
    terminal.resize(80, 24);
    dashboard.update(campaignAt(0.3));
    const again = await pictureOf(0.3, 80, 24);
    await until(() => terminal.screen.filter(isFigure).join('\n') === again.filter(isFigure).join('\n'));
  });

  test('what others write to the terminal stays for one picture only', async () => {
    const { terminal, dashboard } = await started();
    terminal.write('\nDeprecationWarning: from a library\n');
    expect(terminal.screen.join('\n')).toContain('DeprecationWarning');
    dashboard.update(campaignAt(0.3));
    const wanted = await pictureOf(0.3, 80, 24);
    await until(() => terminal.screen.filter(isFigure).join('\n') === wanted.filter(isFigure).join('\n'));
  });

  test('a campaign that cannot be drawn gives the terminal back at once, and close tells why', async () => {
    const { terminal, stdin, dashboard } = await started();
    open.pop();
    const broken = Object.defineProperty(campaignAt(0.3), 'cost', {
      get() {
        throw new Error('cannot be drawn');
      },
    });
    dashboard.update(broken);
    await until(() => !terminal.isAlternate);
    dashboard.update(campaignAt(0.4));
    await sleep(150);
    expect(terminal.isAlternate).toBe(false);
    expect(terminal.cursorShown).toBe(true);
    expect((stdin as FakeKeys).raw).toBe(false);
    expect(terminal.screen.join('')).toBe('');
    await expect(dashboard.close()).rejects.toThrow('cannot be drawn');
  });

  test('closing without a snapshot leaves the terminal untouched, closing twice is harmless', async () => {
    const { terminal, dashboard } = start();
    await dashboard.close();
    await dashboard.close();
    dashboard.update(campaignAt(0.2));
    expect(terminal.written).toBe('');
  });
});
