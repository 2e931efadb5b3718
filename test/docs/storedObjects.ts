import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeChange } from '../../src/emulator/gcs/change.js';
import { runPaths } from '../../src/exec/runFolder.js';

/** The texts of the objects of a rehearsal whose names fit, each in its last version. */
export function storedObjects(
  stateDir: string,
  runId: string,
  fits: (name: string) => boolean,
): Map<string, string> {
  const { emulatorStorage } = runPaths(stateDir, runId);
  const texts = new Map<string, string>();
  for (const line of readFileSync(join(emulatorStorage, 'changes.log'), 'utf8').trim().split('\n')) {
    const change = decodeChange(line);
    if (change?.kind !== 'object' || !fits(change.record.name)) continue;
    const { name, body } = change.record;
    const bytes = 'bytes' in body ? body.bytes : readFileSync(join(emulatorStorage, 'bodies', body.file));
    texts.set(name, bytes.toString('utf8'));
  }
  return texts;
}
