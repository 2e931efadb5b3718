import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN } from '../cli/run.js';

/** Programs that would leave this machine. A block that calls one is not one that runs anywhere. */
const FORBIDDEN = ['gcloud', 'gsutil', 'docker', 'terraform', 'npm', 'npx', 'curl', 'ssh', 'sudo', 'tmux'];
const FORBIDDEN_STATUS = 97;

export interface ShellResult {
  code: number | null;
  output: string;
}

/** A folder with `fepcast` on the PATH, and no login, no settings and no way out. */
export interface Sandbox {
  folder: string;
  run(script: string, place?: string): Promise<ShellResult>;
  remove(): void;
}

/** `allowed`: what else may be called; local tasks speak to the emulator with curl. */
export function sandbox(allowed: readonly string[] = []): Sandbox {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: run `npm run build` first');
  const root = mkdtempSync(join(tmpdir(), 'fepcast-docs-'));
  const folder = join(root, 'work');
  mkdirSync(folder);
  const bin = (name: string, programs: Record<string, string>): string => {
    const place = join(root, name);
    mkdirSync(place);
    for (const [program, text] of Object.entries(programs)) {
      writeFileSync(join(place, program), `#!/bin/sh\n${text}\n`);
      chmodSync(join(place, program), 0o755);
    }
    return place;
  };
  const refusal = `echo "\${0##*/} is for Google only" >&2; exit ${FORBIDDEN_STATUS}`;
  const forbidden = FORBIDDEN.filter((name) => !allowed.includes(name)).map((name) => [name, refusal]);
  const own = bin('bin', {
    ...Object.fromEntries(forbidden),
    fepcast: `exec '${process.execPath}' '${MAIN}' "$@"`,
  });
  return {
    folder,
    run: (script, place = folder) => {
      const env = {
        PATH: `${own}:${process.env.PATH ?? '/usr/bin:/bin'}`,
        HOME: folder,
        LANG: 'C.UTF-8',
        CI: '1',
      };
      return shell(script, place, env);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function shell(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (text: string): void => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
