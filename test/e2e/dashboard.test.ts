import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, type ProcessMark } from '../../src/exec/processAlive.js';
import { runPaths } from '../../src/exec/runFolder.js';
import { textWidth } from '../../src/ui/text.js';
import { fepcast, MAIN, ROOT, scratchFolder } from '../cli/run.js';
import { openTerminal, type Terminal, tmuxVersion } from './tmux.js';

const NO_TMUX = tmuxVersion() === null;
if (NO_TMUX) console.info('skipped: the dashboard in a real terminal, because tmux is not installed');

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 120, rows: 40 };
const RUN = 'e2e';
/** About 33 h of campaign time in 20 s: long enough to be interrupted on a busy machine. */
const SPEED = 6000;
const SOON_MS = 15_000;
const WHOLE_RUN_MS = 90_000;

const scratch = scratchFolder();
const state = join(scratch.path, 'state');
const command = join(scratch.path, 'command.sh');
let terminal: Terminal;

const isDashboard = (text: string): boolean => text.includes('REHEARSE (emulator)');
/** By the legend of the bar; the last line is there when the whole picture is. */
const showsRunningTasks = (text: string): boolean =>
  isDashboard(text) && /▓ [1-9]\d* running/.test(text) && /\nq or Ctrl-C: .*$/.test(text);

function expectToFill(lines: string[], { columns, rows }: { columns: number; rows: number }): void {
  expect(lines).toHaveLength(rows);
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
  expect(lines[0]).toMatch(/ REHEARSE \(emulator\) {3}pilot .* running {2}\S/);
  expect(textWidth(lines[0]!)).toBe(columns);
  expect(lines.at(-1)).toMatch(/^q or Ctrl-C: stop watching, the jobs go on/);
  expect(lines.filter(isDashboard)).toHaveLength(1);
}

/** Null before the emulator was started. */
function emulator(): ProcessMark | null {
  const file = runPaths(state, RUN).emulatorProcess;
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

describe.skipIf(NO_TMUX)('exec --rehearse in a terminal', () => {
  beforeAll(async () => {
    const plan = join(scratch.path, 'plan.json');
    const { code } = await fepcast(['plan', 'scenarios/pilot.yaml', '--replications', '2', '--out', plan]);
    expect(code).toBe(0);
    const args = ['exec', plan, '--rehearse', '--speed', `${SPEED}`, '--run-id', RUN, '--state-dir', state];
    const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`);
    writeFileSync(command, `${words.join(' ')}\necho "[exit code $?]"\n`);
    terminal = await openTerminal({ size: SMALL, cwd: ROOT, folder: scratch.path });
  });

  afterAll(async () => {
    await terminal?.close();
    const left = emulator();
    if (left !== null && isAlive(left)) process.kill(left.pid, 'SIGKILL');
    scratch.remove();
  });

  it('shows the dashboard, follows the size, gives the terminal back on q, and goes on to the end', async () => {
    await terminal.type(`sh '${command}'`, 'Enter');
    const small = await terminal.screenWhen(showsRunningTasks, { what: 'running tasks', ms: SOON_MS });
    expectToFill(small, SMALL);
    expect(await terminal.modes()).toEqual({ alternateScreen: true, cursor: false });

    await terminal.resize(LARGE);
    const isLarge = (text: string): boolean =>
      showsRunningTasks(text) && textWidth(text.split('\n')[0]!) === LARGE.columns;
    const large = await terminal.screenWhen(isLarge, { what: 'picture of the new size', ms: SOON_MS });
    expectToFill(large, LARGE);

    await terminal.type('q');
    const hasEnded = (text: string): boolean => text.includes('[exit code ');
    const left = (await terminal.screenWhen(hasEnded, { what: 'exit code', ms: SOON_MS })).join('\n');
    expect(left).toContain('[exit code 130]');
    expect(left).toContain(
      'interrupted; the jobs go on. The same command goes on with the run:\n  fepcast exec ',
    );
    expect(left).toContain(`--run-id ${RUN}`);
    expect(isDashboard(left)).toBe(false);
    expect(await terminal.modes()).toEqual({ alternateScreen: false, cursor: true });
    expect(isAlive(emulator()!)).toBe(true);

    await terminal.resize(SMALL);
    await terminal.type('clear', 'Enter');
    await terminal.screenWhen((text) => !hasEnded(text), { what: 'clear screen', ms: SOON_MS });
    await terminal.type(`sh '${command}'`, 'Enter');
    await terminal.screenWhen(showsRunningTasks, { what: 'running tasks of the resumed run', ms: SOON_MS });
    const closing = await terminal.screenWhen(hasEnded, { what: 'end of the run', ms: WHOLE_RUN_MS });
    const text = closing.join('\n');
    expect(text).toContain('[exit code 0]');
    expect(text).toContain(`run ${RUN} succeeded; what its plan forecast, and what came:`);
    expect(text).toMatch(/^tasks succeeded( +130){4} {2}within$/m);
    expect(text).toMatch(/^(Makespan and cost lie|The makespan lies) .*the forecast range \(p10–p90\)/m);
    const table = closing.slice(closing.findIndex((line) => line.startsWith('run ')));
    for (const line of table) expect(textWidth(line)).toBeLessThanOrEqual(SMALL.columns);
    expect(await terminal.modes()).toEqual({ alternateScreen: false, cursor: true });
    expect(isAlive(emulator()!)).toBe(false);
  });
});
