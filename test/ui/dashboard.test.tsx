import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { renderToString } from 'ink';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../src/plan/snapshot.js';
import { Dashboard } from '../../src/ui/dashboard.js';
import type { Sample } from '../../src/ui/history.js';
import { textWidth } from '../../src/ui/text.js';
import { anySnapshot } from './anySnapshot.js';
import { campaignAt, campaignWithUnknowns, rollingCampaign } from './campaigns.js';
import { thePlan } from './thePlan.js';

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 200, rows: 60 };

const HISTORY: Sample[] = Array.from({ length: 80 }, (_, n) => ({
  elapsedSeconds: n * 600,
  writesPerSecond: n % 9,
  running: 400 + n,
  succeeded: n * 50,
  preemptions: n * n,
}));

function draw(
  snapshot: Snapshot,
  size: { columns: number; rows: number },
  history: readonly Sample[] = HISTORY,
): string[] {
  const drawing = <Dashboard snapshot={snapshot} plan={thePlan()} history={history} {...size} />;
  return stripVTControlCharacters(renderToString(drawing, { columns: size.columns })).split('\n');
}

function expectToFit(lines: string[], size: { columns: number; rows: number }): void {
  // A frame that does not fill the terminal would not clear what was there.
  expect(lines).toHaveLength(size.rows);
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(size.columns);
}

describe('Dashboard', () => {
  test('an 80x24 terminal shows all that matters', () => {
    const lines = draw(campaignAt(0.52), SMALL);
    expectToFit(lines, SMALL);
    expect(lines.join('\n')).toMatchSnapshot();
  });

  test('a 200x60 terminal shows charts, the plan, more jobs and messages', () => {
    const lines = draw(rollingCampaign(), LARGE);
    expectToFit(lines, LARGE);
    const text = lines.join('\n');
    const titles = [
      'Plan',
      'Jobs 20',
      'Messages',
      'Running tasks',
      'Tasks done per hour',
      'Preemptions per hour',
      'Writes to the bucket per second',
    ];
    for (const title of titles) expect(text).toContain(title);
    for (let wave = 0; wave < 20; wave++) expect(text).toContain(`fepcast-r-wave-${wave} `);
    expect(text).toContain('1,000 molecules × 13 windows = 13,000 tasks');
    expect(text).toContain('periodic, every 10m ± 2m');
  });

  test.each([SMALL, LARGE])('the key figures are there at $columns x $rows', (size) => {
    const text = draw(campaignAt(0.52), size).join('\n');
    const figures = [
      'REHEARSE (emulator)',
      'thirteen-thousand',
      'running',
      '4d 2h 41m', // header
      '7d 20h–7d 23h',
      '3d 19h left', // time
      '6,760/13,000 done',
      '492 running',
      '8 starting',
      '5,740 pending',
      '0 failed', // tasks
      '520/1,000 complete', // molecules
      '$19,451',
      '$36.9k–38.1k',
      'budget $60.0k', // money
      '19 of 4,000 writes/s',
      'peak 141',
      '0 refused (429)', // bucket
      '2,438 preemptions',
      '223 h lost work',
      '9,690', // effort
      'us-central1',
      'europe-west4',
      '125/125',
      '0.445', // regions
      'fepcast-7f3a-us-west1-0',
      'RUNNING',
      '1,690/3,250', // jobs
      'first molecules of us-west1 are complete', // messages
    ];
    for (const figure of figures) expect(text).toContain(figure);
  });

  test('what a run cannot know is a dash, and nothing else', () => {
    for (const size of [SMALL, LARGE]) {
      const text = draw(campaignWithUnknowns(), size).join('\n');
      expect(text).toContain('EXECUTE');
      for (const part of [
        '–/1,000 complete',
        '– writes/s (this run cannot see them)',
        '– preemptions',
        '– h lost work',
        '– checkpoints',
        '–/–',
        'forecast –',
      ]) {
        expect(text).toContain(part);
      }
      expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
    }
  });

  test('says where the campaign stands in its forecast in words', () => {
    const at = (hours: number, state: Snapshot['state'] = 'running') =>
      draw({ ...campaignAt(0.5), state, elapsedSeconds: hours * 3600 }, SMALL)[1];
    expect(at(100)).toContain('7d 20h–7d 23h · 3d 18h left');
    expect(at(190)).toContain('7d 20h–7d 23h · due by now');
    expect(at(200)).toContain('7d 20h–7d 23h · 8h 36m late');
    expect(at(150, 'succeeded')).toContain('7d 20h–7d 23h · early');
    expect(at(190, 'succeeded')).toContain('7d 20h–7d 23h · as forecast');
    expect(at(150, 'failed')).toMatch(/7d 20h–7d 23h *$/);
  });

  test('says when more is spent than the budget, in words', () => {
    const base = campaignAt(0.9);
    expect(draw({ ...base, cost: { spentUsd: 61_000, budgetUsd: 60_000 } }, SMALL).join('\n')).toContain(
      'OVER budget $60.0k',
    );
    expect(draw({ ...base, cost: { spentUsd: 39_000, budgetUsd: 60_000 } }, SMALL).join('\n')).toContain(
      'more than forecast',
    );
    expect(draw(base, SMALL).join('\n')).not.toMatch(/OVER|more than/);
  });

  test('shows the jobs at work first and how many are left out', () => {
    const lines = draw(rollingCampaign(), SMALL);
    const heading = lines.findIndex((line) => line.includes('Jobs 20'));
    expect(lines[heading]).toContain('2 RUNNING · 12 QUEUED · 2 FAILED · 4 SUCCEEDED');
    expect(lines[heading + 1]).toMatch(/^fepcast-r-wave-6 .* RUNNING/);
    const shown = lines.filter((line) => line.startsWith('fepcast-r-wave-')).length;
    expect(lines).toContain(`  … ${20 - shown} more`);
  });

  test('says what each mark, column and key means', () => {
    for (const size of [SMALL, LARGE]) {
      const lines = draw(campaignAt(0.3), size);
      expect(lines.find((line) => line.startsWith('Time'))).toContain('┃');
      expect(lines.at(-1)).toMatch(/^q or Ctrl-C: stop watching, the jobs go on .*┃ forecast.*p10–p90/);
      expect(lines.find((line) => line.includes('── Regions'))).toMatch(
        /VMs\/.*quota ─.* running ─+ pending ─+ preempted ─+ USD\/VM-h/,
      );
      expect(lines.find((line) => line.includes('── Jobs'))).toMatch(/ tasks done$/);
    }
    const simulated: Snapshot = { ...campaignAt(0.3), source: 'simulate' };
    expect(draw(simulated, SMALL).at(-1)).toContain('q or Ctrl-C: stop ');
    const unplanned: Snapshot = { ...simulated, forecast: { makespanHours: null, costUsd: null } };
    expect(draw(unplanned, SMALL).at(-1)?.trim()).toBe('q or Ctrl-C: stop');
  });

  test('no chart is drawn of what a run cannot know', () => {
    const unknown = HISTORY.map((sample) => ({ ...sample, writesPerSecond: null, preemptions: null }));
    const text = draw(campaignWithUnknowns(), LARGE, unknown).join('\n');
    expect(text).toContain('Running tasks');
    expect(text).toContain('Tasks done per hour');
    expect(text).not.toMatch(/Preemptions per hour|Writes to the bucket/);
  });

  test('any snapshot fits any terminal, with nothing that is not a figure', () => {
    const size = fc.constantFrom(
      SMALL,
      LARGE,
      { columns: 40, rows: 9 },
      { columns: 120, rows: 39 },
      { columns: 150, rows: 20 },
    );
    fc.assert(
      fc.property(anySnapshot(), size, (snapshot, cells) => {
        const lines = draw(snapshot, cells);
        expectToFit(lines, cells);
        expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
      }),
      { seed: 6, numRuns: 60 },
    );
  });
});
