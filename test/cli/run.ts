import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = join(ROOT, 'dist/cli/main.js');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  nodeArgs?: string[];
  /** Sends `signal` (SIGINT unless told) once when stdout holds this. */
  interruptAt?: RegExp;
  signal?: NodeJS.Signals;
  /** The reader of stdout goes away at once. */
  closeStdout?: boolean;
}

/** Runs the built command as a user would, without a terminal. */
export async function fepcast(args: string[], options: RunOptions = {}): Promise<Ran> {
  const { env = process.env, nodeArgs = [], interruptAt, signal = 'SIGINT' } = options;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (!interrupted && interruptAt?.test(stdout)) interrupted = child.kill(signal);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  if (options.closeStdout) child.stdout.destroy();
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, stdout, stderr, seconds: (performance.now() - startedAt) / 1000 };
}

/** A folder of its own for a test file. */
export function scratchFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'fepcast-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
