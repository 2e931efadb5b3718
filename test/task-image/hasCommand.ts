import { spawnSync } from 'node:child_process';

/** Whether a program is installed; says in one line what is skipped without it. */
export function hasCommand(name: string, what: string): boolean {
  const found = spawnSync('bash', ['-c', 'command -v -- "$1"', 'bash', name]).status === 0;
  if (!found) console.log(`task image: ${what} need ${name}, and are skipped`);
  return found;
}
