import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storage } from '@google-cloud/storage';
import type { EmulatorOptions } from '../../../src/emulator/emulator.js';
import { startEmulator } from '../../../src/emulator/emulator.js';
import { exampleScenario } from '../../plan/examplePlan.js';

export interface Served {
  /** `http://127.0.0.1:PORT` */
  url: string;
  grpcPort: number;
  /** The official client, as the executor uses it. */
  client: Storage;
  stop(): Promise<void>;
}

/** An emulator with the bucket `bucket`, and a client for it. */
export async function serve(options: Partial<EmulatorOptions> = {}): Promise<Served> {
  const emulator = await startEmulator({
    scenario: exampleScenario(),
    seed: 'storage',
    speed: 1,
    buckets: [{ name: 'bucket', location: 'us-central1' }],
    ...options,
  });
  const url = `http://127.0.0.1:${emulator.httpPort}`;
  return { url, grpcPort: emulator.grpcPort, client: clientOf(url), stop: () => emulator.stop() };
}

export function clientOf(url: string): Storage {
  return new Storage({
    apiEndpoint: url,
    projectId: 'p',
    useAuthWithCustomEndpoint: false,
    retryOptions: { autoRetry: false },
  });
}

/** A folder of its own, and how to remove it. */
export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'fepcast-gcs-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
