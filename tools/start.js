/**
 * `npm start`: the whole road once. Compares the strategies for 13,000 tasks, plans, and rehearses the plan on the
 * emulator. Every step is a command that you can run yourself; it is printed before it runs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const scenario = 'scenarios/thirteen-thousand.yaml';
const plan = '.fepcast/plan.json';
// A fresh run each time: the same run id would go on with the run that is already done.
const runId = `start-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}`;

const steps = [
  ['compare', scenario],
  ['plan', scenario, '--out', plan],
  ['exec', plan, '--rehearse', '--run-id', runId, '--yes'],
];

const root = fileURLToPath(new URL('..', import.meta.url));

// Ctrl-C reaches the step as well; it ends in good order and its exit code is ours.
process.on('SIGINT', () => {});

for (const step of steps) {
  console.log(`\n$ fepcast ${step.join(' ')}\n`);
  const child = spawn(process.execPath, ['dist/cli/main.js', ...step], { cwd: root, stdio: 'inherit' });
  const [exitCode] = await once(child, 'exit');
  // Null: a signal ended it.
  if (exitCode !== 0) process.exit(exitCode ?? 130);
}
