import { execFile, spawnSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `tmux 3.3a`, or null where there is none. */
export function tmuxVersion(): string | null {
  const { status, stdout } = spawnSync('tmux', ['-V'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

export interface Size {
  columns: number;
  rows: number;
}

/** A shell in a real terminal: one pane of a tmux server that is nobody else's. */
export interface Terminal {
  /** Types the text; `Enter` and the like are keys. */
  type(...keys: string[]): Promise<void>;
  resize(size: Size): Promise<void>;
  /** The lines that the screen shows. A line that ran over the edge is one line here, and too wide. */
  screen(): Promise<string[]>;
  /** Polls the screen until it is as wanted; else fails with the last screen in the message. */
  screenWhen(wanted: (text: string) => boolean, options: { what: string; ms: number }): Promise<string[]>;
  /** Is the alternate screen on, is the cursor visible? */
  modes(): Promise<{ alternateScreen: boolean; cursor: boolean }>;
  /** Ends the server with everything in it. */
  close(): Promise<void>;
}

const POLL_MS = 100;

/** `folder` takes the server's socket. */
export async function openTerminal(options: { size: Size; cwd: string; folder: string }): Promise<Terminal> {
  const { size, cwd, folder } = options;
  const server = `fepcast-${process.pid}-${Date.now().toString(36)}`;
  // A terminal of a person: not that of a CI, not one inside another tmux.
  const { CI: _ci, TMUX: _tmux, TMUX_PANE: _pane, NO_COLOR: _colour, ENV: _rc, ...env } = process.env;
  const environment = { ...env, TMUX_TMPDIR: folder, LC_ALL: 'C.UTF-8', SHELL: '/bin/sh', PS1: '$ ' };
  const tmux = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('tmux', ['-u', '-f', '/dev/null', '-L', server, ...args], {
      env: environment,
      cwd,
    });
    return stdout;
  };
  await tmux('new-session', '-d', '-x', `${size.columns}`, '-y', `${size.rows}`, '/bin/sh');
  await tmux('set-option', '-g', 'status', 'off');
  await tmux('resize-window', '-x', `${size.columns}`, '-y', `${size.rows}`);

  const screen = async (): Promise<string[]> => {
    const text = await tmux('capture-pane', '-p', '-J');
    return text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.trimEnd());
  };

  return {
    screen,
    async type(...keys) {
      await tmux('send-keys', ...keys);
    },
    async resize({ columns, rows }) {
      await tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
    },
    async screenWhen(wanted, { what, ms }) {
      const deadline = performance.now() + ms;
      for (;;) {
        const lines = await screen();
        const text = lines.join('\n');
        if (wanted(text)) return lines;
        if (performance.now() > deadline) throw new Error(`no ${what} within ${ms} ms:\n${text}`);
        await wait(POLL_MS);
      }
    },
    async modes() {
      const flags = await tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}');
      const [alternate, cursor] = flags.trim().split(' ');
      return { alternateScreen: alternate === '1', cursor: cursor === '1' };
    },
    async close() {
      await tmux('kill-server').catch(() => undefined);
    },
  };
}
