import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { campaignAt } from './campaigns.js';
import { FakeTerminal } from './fakeTerminal.js';

const BUILT = new URL('../../dist/ui/runDashboard.js', import.meta.url);

/** A process of its own with a dashboard, whose terminal's output and switches of raw mode come here. */
const PROGRAM = `
  import { EventEmitter } from 'node:events';
  import { writeSync } from 'node:fs';
  import { PassThrough } from 'node:stream';
  const [built, campaign, end] = process.argv.slice(1);
  const { showDashboard } = await import(built);
  const stdout = Object.assign(new EventEmitter(), { isTTY: true, columns: 80, rows: 24, write(text, done) {
    writeSync(1, text);
    done?.();
    return true;
  } });
  const stdin = Object.assign(new PassThrough(), { isTTY: true, ref() {}, unref() {}, setRawMode(raw) {
    process.send({ raw });
  } });
  showDashboard({ plan: null, onInterrupt() {}, stdout, stdin }).update(JSON.parse(campaign));
  const alive = setInterval(() => {}, 1000);
  process.on('message', () => {
    if (end === 'throw') throw new Error('nobody expected this');
    if (end === 'exit') process.exit(7);
    clearInterval(alive);
  });
`;

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  terminal: FakeTerminal;
  raw: boolean[];
  errors: string;
}

/** Runs until the dashboard is on the screen, then lets `end` happen. */
async function endedBy(end: 'throw' | 'exit' | NodeJS.Signals): Promise<Ended> {
  if (!existsSync(fileURLToPath(BUILT))) throw new Error('dist/ is missing: run `npm run build` first');
  const args = ['--input-type=module', '-e', PROGRAM, BUILT.href, JSON.stringify(campaignAt(0.3)), end];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const terminal = new FakeTerminal();
  terminal.write('$ fepcast exec\n');
  const raw: boolean[] = [];
  let errors = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => terminal.write(text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.on('message', (message) => raw.push((message as { raw: boolean }).raw));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  try {
    await expect
      .poll(() => terminal.isAlternate && !terminal.cursorShown && raw.at(-1), { timeout: 20_000 })
      .toBe(true);
    if (end.startsWith('SIG')) child.kill(end as NodeJS.Signals);
    else child.send('end');
    const [code, signal] = await ended;
    return { code, signal, terminal, raw, errors };
  } finally {
    child.kill('SIGKILL');
  }
}

function expectGivenBack({ terminal }: Ended): void {
  expect(terminal.isAlternate).toBe(false);
  expect(terminal.cursorShown).toBe(true);
  expect(terminal.screen.join('\n').trimEnd()).toBe('$ fepcast exec');
}

describe('a process that ends without closing its dashboard', () => {
  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s: gives the normal screen back', async (signal) => {
    const ended = await endedBy(signal);
    expect(ended.signal).toBe(signal);
    expectGivenBack(ended);
  });

  test('an uncaught error: gives the normal screen and cooked mode back, and the error is told', async () => {
    const ended = await endedBy('throw');
    expect(ended.code).toBe(1);
    expect(ended.errors).toContain('nobody expected this');
    expect(ended.raw).toEqual([true, false]);
    expectGivenBack(ended);
  });

  test('process.exit: gives the normal screen and cooked mode back', async () => {
    const ended = await endedBy('exit');
    expect(ended.code).toBe(7);
    expect(ended.raw).toEqual([true, false]);
    expectGivenBack(ended);
  });
});
