import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

/**
 * Waits for its standard input to end, which it does with the emulator, however that ends; then kills all that was
 * started with the text $1 in its environment, until nothing of it is left. Linux only: elsewhere it finds nothing.
 */
const SCRIPT = `cat > /dev/null
rounds=0
while [ "$rounds" -lt 100 ]; do
  found=$(grep -ls "$1" /proc/[0-9]*/environ 2> /dev/null | cut -d / -f 3)
  [ -z "$found" ] && exit 0
  kill -KILL $found 2> /dev/null
  rounds=$((rounds + 1))
  sleep 0.05
done`;

/**
 * A process beside the emulator that ends its tasks when it is gone: after a kill -9 nobody may ever come back for
 * them. The returned function ends it.
 */
export function startGuard(text: string): () => Promise<void> {
  const guard = spawn('/bin/sh', ['-c', SCRIPT, 'sh', text], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
    cwd: '/',
  });
  const ended = once(guard, 'exit').catch(() => {});
  const { stdin } = guard;
  // Neither keeps an emulator alive that has nothing else to do.
  guard.unref();
  if (stdin instanceof Socket) stdin.unref();
  stdin.on('error', () => {});
  return async () => {
    guard.ref();
    stdin.end();
    await ended;
  };
}
