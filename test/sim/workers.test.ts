import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fepcast, scratchFolder } from '../cli/run.js';

const scratch = scratchFolder();
afterAll(() => scratch.remove());

/** Every model that can be switched on, in a campaign of seconds. */
const EVERYTHING = `
name: everything
campaign: { molecules: 8, windows: 5, taskDuration: { lognormal: { median: 5h, sigma: 0.3 } }, taskFailure: 0.02, input: 20MB, output: 100MB }
checkpoint: { engineInterval: 5min, pause: 1s, growthPerHour: 5MB }
batch: { idleScaleIn: 10min, faults: { vmLostPerHour: 0.01, rebootPerHour: 0.01, unresponsivePerHour: 0.01, recreatedPerHour: 0.01 } }
bucket: { errorRate: 0.01, readsPerUpload: 2, sharedUploadThroughput: 500MB/s, growth: { doubling: 20min } }
spot: { timeOfDay: {}, loadFactor: 1 }
regions:
  us-central1:
    quota: { spotGpus: 10, onDemandGpus: 5 }
    zones: [us-central1-a, us-central1-b]
    hazard: { weibull: { shape: 0.436, scale: 30h } }
    shocks: { perHour: 0.1, share: { uniform: [0.2, 0.8] }, scope: zone }
    capacity: { pool: 50, stockouts: { perHour: 0.05 } }
  us-east4:
    quota: { spotGpus: 5, onDemandGpus: 5 }
    hazard: { constant: { hourlySurvival: { value: 0.9, range: [0.7, 0.99] } } }
decisions:
  buckets: one
  checkpoint: { policy: adaptive, flushOnNotice: true }
  remainder: { policy: anyRegion, maxRounds: 2 }
  tail: { onDemandLastPercent: 10 }
`;

test.each([
  ['everything', EVERYTHING],
  ['everything, with brute force', EVERYTHING.replace('policy: adaptive', 'policy: none')],
])(
  '%s: the JSON is the same on 1 and 2 workers to the last byte, but for the time taken',
  async (_name, yaml) => {
    const file = join(scratch.path, 'everything.yaml');
    writeFileSync(file, yaml);
    const args = ['simulate', file, '--replications', '6', '--json', '--workers'];
    const [one, two] = await Promise.all(['1', '2'].map((workers) => fepcast([...args, workers])));
    expect(one?.stderr).toBe(two?.stderr);
    const wallSeconds = /("wallSeconds": ?)[\d.e-]+/;
    expect(one?.stdout).toMatch(wallSeconds);
    const text = (stdout = '') => stdout.replace(wallSeconds, '$1t');
    // The count of reference events is part of what stays.
    expect(text(two?.stdout)).toMatch(/"events": ?\d{3,}/);
    expect(text(two?.stdout)).toBe(text(one?.stdout));
  },
);
