import { createServer } from 'node:net';
import { inputError } from '../scenario/errors.js';

/** Throws an InputError when somebody else listens on the port; 0 is always free. `flag`: what asked for it. */
export async function refuseTakenPort(flag: string, port: number, host: string): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, host, resolve);
    });
    await new Promise<void>((resolve) => {
      probe.close(() => resolve());
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const found = code === 'EACCES' ? `${port}, which may not be used` : `${port}, which is taken`;
    throw inputError({ path: flag, found, expected: 'a free port, or 0 for any' });
  }
}
