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

/** Cells before the text of a line. */
const STAMP = '[          0s]  '.length;

describe('plainReporter', () => {
  test('starts with what is run and what is expected, then the figures', () => {
    const { lines, update } = reporter();
    update(campaignAt(0.52));
    expect(lines[0]).toBe(
      '[          0s]  rehearsal r-20260101-7f3a of thirteen-thousand: 13,000 tasks, forecast 7d 20h–7d 23h, $36.9k–38.1k (p10–p90)',
    );
    expect(lines.at(-1)).toBe(
      '[   4d 2h 41m]   52%   6,760/13,000 done     492 running   5,748 pending    520/1,000 molecules   2,438 preemptions  $19,451',
    );
  });

  test('writes a line at every 10 % of the tasks, and in between only every five seconds', () => {
    const { lines, clock, update } = reporter();
    for (let percent = 0; percent < 100; percent++) {
      clock.ms += 10;
      update(campaignAt(percent / 100));
    }
    const figures = lines.filter((line) => line.includes(' done '));
    expect(figures.map((line) => line.slice(STAMP, STAMP + 4).trim())).toEqual([
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
    expect(lines.map((line) => line.slice(STAMP))).toEqual([
      'jobs fepcast-7f3a-us-east1-0, fepcast-7f3a-us-west1-0, fepcast-7f3a-europe-west4-0 submitted in us-east1, us-west1, europe-west4',
      'job fepcast-7f3a-us-central1-0 is FAILED',
    ]);
  });

  test('counts jobs whose names would not fit a line', () => {
    const { lines, update } = reporter();
    const { jobs, ...first } = campaignAt(0);
    update({ ...first, messages: [], jobs });
    expect(lines[1]?.slice(STAMP)).toBe('4 jobs submitted in us-central1, us-east1, us-west1, europe-west4');
  });

  test('does not say of a campaign that is joined on its way that its jobs are submitted now', () => {
    const { lines, update } = reporter();
    const { jobs, ...joined } = campaignAt(0.5);
    const states = ['SUCCEEDED', 'RUNNING', 'RUNNING', 'RUNNING'] as const;
    update({ ...joined, messages: [], jobs: jobs.map((job, index) => ({ ...job, state: states[index]! })) });
    expect(lines[1]?.slice(STAMP)).toBe(
      '4 jobs in us-central1, us-east1, us-west1, europe-west4: 1 SUCCEEDED, 3 RUNNING',
    );
    expect(lines.join('\n')).not.toContain('submitted');
  });

  test('goes forward in time, older messages included', () => {
    const { lines, clock, update } = reporter();
    for (const share of [0.2, 0.4, 0.6]) {
      const snapshot = campaignAt(share);
      const state = share === 0.4 ? ('FAILED' as const) : ('RUNNING' as const);
      const message = { elapsedSeconds: snapshot.elapsedSeconds - 600, text: `at ${share}` };
      clock.ms += 5000;
      update({ ...snapshot, messages: [message], jobs: snapshot.jobs.map((job) => ({ ...job, state })) });
    }
    const minutes = lines.map((line) => {
      const [, days, hours, rest] = /^\[\s*(?:(\d+)d )?(\d+)h (\d+)m\]/.exec(line) ?? [];
      return (Number(days ?? 0) * 24 + Number(hours)) * 60 + Number(rest);
    });
    expect(minutes.length).toBeGreaterThan(9);
    expect(minutes).toEqual(minutes.toSorted((a, b) => a - b));
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
      '[  7d 21h 48m]  succeeded after 7d 21h 48m: 13,000 of 13,000 tasks done, 1,000 of 1,000 molecules, 4,689 preemptions, $37,405 spent',
    );
    expect(lines.filter((line) => line.includes('13,000 tasks done'))).toHaveLength(1);
    expect(lines.join('\n')).not.toContain('100%');
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
