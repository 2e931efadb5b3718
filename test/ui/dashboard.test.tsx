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

const SMALL = { columns: 80, rows: 23 };
const LARGE = { columns: 200, rows: 59 };

const HISTORY: Sample[] = Array.from({ length: 80 }, (_, n) => ({
  elapsedSeconds: n * 600,
  writesPerSecond: n % 9,
  running: 400 + n,
  preemptions: n * n,
}));

function draw(snapshot: Snapshot, size: { columns: number; rows: number }): string[] {
  const drawing = (
    <Dashboard snapshot={snapshot} plan={thePlan()} history={HISTORY} hint="q: stop" {...size} />
  );
  return stripVTControlCharacters(renderToString(drawing, { columns: size.columns })).split('\n');
}

function expectToFit(lines: string[], size: { columns: number; rows: number }): void {
  expect(lines.length).toBeLessThanOrEqual(size.rows);
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
    for (const title of ['Plan', 'Jobs 20', 'Messages', 'Running tasks', 'Checkpoint writes per second']) {
      expect(text).toContain(title);
    }
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
      'p50 in 3d 19h', // time
      '6,760/13,000 done',
      '492 running',
      '8 starting',
      '5,740 pending',
      '0 failed', // tasks
      '520/1,000 complete', // molecules
      '$19,451',
      '$36.9k–38.1k',
      'budget $60.0k', // money
      'limit 4,000/s',
      'peak 141',
      '429', // bucket
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
        '–/s, limit –/s',
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
    expect(at(100)).toContain('p50 in 3d 18h');
    expect(at(190)).toContain('in p10–p90');
    expect(at(200)).toContain('8h 36m past p90');
    expect(at(150, 'failed')).toContain('before p10');
  });

  test('says when more is spent than the budget, in words', () => {
    const base = campaignAt(0.9);
    expect(draw({ ...base, cost: { spentUsd: 61_000, budgetUsd: 60_000 } }, SMALL).join('\n')).toContain(
      'OVER budget $60.0k',
    );
    expect(draw({ ...base, cost: { spentUsd: 39_000, budgetUsd: 60_000 } }, SMALL).join('\n')).toContain(
      'past p90',
    );
    expect(draw(base, SMALL).join('\n')).not.toMatch(/OVER|past p90/);
  });

  test('shows the jobs at work first and how many are left out', () => {
    const lines = draw(rollingCampaign(), SMALL);
    const heading = lines.findIndex((line) => line.includes('Jobs 20'));
    expect(lines[heading]).toContain('2 RUNNING · 12 QUEUED · 2 FAILED · 4 SUCCEEDED');
    expect(lines[heading + 1]).toMatch(/^fepcast-r-wave-6 .* RUNNING/);
    const shown = lines.filter((line) => line.startsWith('fepcast-r-wave-')).length;
    expect(lines).toContain(`  … ${20 - shown} more`);
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
