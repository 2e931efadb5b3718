import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../src/plan/snapshot.js';
import { plainReporter } from '../../src/ui/plainLines.js';
import { anySnapshot } from './anySnapshot.js';
import { campaignAt, campaignWithUnknowns, rollingCampaign } from './campaigns.js';

function reporter(options: { unicode?: boolean } = {}) {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const reported = plainReporter((line) => lines.push(line), {
    wallMs: () => clock.ms,
    unicode: true,
    ...options,
  });
  return { lines, clock, ...reported };
}

const withTasksDone = (snapshot: Snapshot, succeeded: number): Snapshot => ({
  ...snapshot,
  tasks: { ...snapshot.tasks, succeeded },
});

describe('plainReporter', () => {
  test('starts with what is run and what is expected, then the figures', () => {
    const { lines, update } = reporter();
    update(campaignAt(0.52));
    expect(lines[0]).toBe(
      '[  98.7 h]  rehearse thirteen-thousand (r-20260101-7f3a), 13,000 tasks, forecast 7d 20h–7d 23h, $36.9k–38.1k (p10–p90)',
    );
    expect(lines.at(-1)).toBe(
      '[  98.7 h]   52%   6,760/13,000 done     492 running   5,748 pending    520/1,000 molecules   2,438 preemptions  $19,451 (forecast $36.9k–38.1k)',
    );
  });

  test('writes a line at every 10 % of the tasks, and in between only every five seconds', () => {
    const { lines, clock, update } = reporter();
    for (let percent = 0; percent < 100; percent++) {
      clock.ms += 10;
      update(campaignAt(percent / 100));
    }
    const figures = lines.filter((line) => line.includes(' done '));
    expect(figures.map((line) => line.slice(11, 16).trim())).toEqual([
      '0%',
      '10%',
      '20%',
      '30%',
      '40%',
      '50%',
      '60%',
      '70%',
      '80%',
      '90%',
    ]);
    clock.ms += 5000;
    update(campaignAt(0.995));
    expect(lines.at(-1)).toContain(' 99% ');
  });

  test('tells of waves and of jobs that change', () => {
    const { lines, update } = reporter();
    const first = campaignAt(0.2);
    update({ ...first, jobs: first.jobs.slice(0, 1) });
    lines.length = 0;
    const changed = first.jobs.map((job, index) =>
      index === 0 ? { ...job, state: 'FAILED' as const } : job,
    );
    update({ ...first, jobs: changed });
    expect(lines.map((line) => line.slice(12))).toEqual([
      'jobs fepcast-7f3a-us-east1-0, fepcast-7f3a-us-west1-0, fepcast-7f3a-europe-west4-0 submitted in us-east1, us-west1, europe-west4',
      'job fepcast-7f3a-us-central1-0 is FAILED',
    ]);
  });

  test('tells of the first failure, then whenever failures have doubled', () => {
    const { lines, update } = reporter();
    const base = campaignAt(0.3);
    const failing = (failed: number): Snapshot => ({ ...base, tasks: { ...base.tasks, failed } });
    update(base);
    lines.length = 0;
    for (let failed = 0; failed <= 9; failed++) update(failing(failed));
    expect(lines.map((line) => /(\d+) failed/.exec(line)?.[1])).toEqual(['1', '2', '4', '8']);
  });

  test('passes each message on once', () => {
    const { lines, update } = reporter();
    const base = campaignAt(0.3);
    update({ ...base, messages: base.messages.slice(0, 2) });
    update(base);
    update(base);
    for (const { text } of base.messages) expect(lines.filter((line) => line.includes(text))).toHaveLength(1);
  });

  test('ends with the state, once', () => {
    const { lines, update, close } = reporter();
    update(campaignAt(0.99));
    update(campaignAt(1));
    close();
    expect(lines.at(-1)).toBe(
      '[ 189.8 h]  succeeded after 7d 21h 48m: 13,000 of 13,000 tasks done, $37,405 spent',
    );
    expect(lines.filter((line) => line.includes('100%'))).toHaveLength(1);
  });

  test('closing a campaign that goes on says where it stands', () => {
    const { lines, update, close } = reporter();
    update(campaignAt(0.31));
    update(withTasksDone(campaignAt(0.31), 4_100));
    close();
    expect(lines.at(-1)).toContain('4,100/13,000 done');
  });

  test('what is unknown is a dash', () => {
    const { lines, update } = reporter();
    update(campaignWithUnknowns());
    expect(lines.at(-1)).toMatch(/ –\/1,000 molecules +– preemptions +–$/);
  });

  test('holds no escape codes, NaN or undefined, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(anySnapshot(), { minLength: 1, maxLength: 3 }), (snapshots) => {
        const { lines, update, close } = reporter({ unicode: false });
        for (const snapshot of [rollingCampaign(), ...snapshots]) update(snapshot);
        close();
        for (const line of lines) {
          expect(line).toMatch(/^[ -~]*$/);
          expect(line).not.toMatch(/\bNaN\b|undefined|Infinity/);
        }
      }),
      { seed: 5, numRuns: 50 },
    );
  });
});
