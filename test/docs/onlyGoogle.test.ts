import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canaryPassed } from '../../src/exec/canary/canaryLines.js';
import { parseCanaryReport } from '../../src/exec/canary/canaryReport.js';
import type { ExecSummary } from '../../src/exec/summary.js';
import { claimLineSchema, resultSchema } from '../../src/plan/taskRecords.js';
import { distributionParameters, parameters } from '../../src/scenario/parameterTable.js';

const page = readFileSync(new URL('../../docs/only-google.md', import.meta.url), 'utf8');
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

interface Question {
  title: string;
  assumed: string;
  shows: string;
  thenSet: string;
}

const questions = page
  .split(/^### /m)
  .slice(1)
  .map((text): Question => {
    const part = (name: string): string =>
      new RegExp(`^- ${name}: ([\\s\\S]*?)(?=^- |^## |$(?![\\s\\S]))`, 'm').exec(text)?.[1]?.trim() ?? '';
    return {
      title: text.split('\n')[0] ?? '',
      assumed: part('Assumed'),
      shows: part('Shows'),
      thenSet: part('Then set'),
    };
  });

const known = [...parameters(), ...distributionParameters()].map(({ path }) => path);
const isParameter = (path: string): boolean =>
  known.some((full) => full === path || full.startsWith(`${path}.`) || full.startsWith(`${path}[`));
const code = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');

/** Fields of each record that the page may name. */
const FIELDS: Record<string, readonly string[]> = {
  claim: claimLineSchema.options.flatMap(({ shape }) => Object.keys(shape)),
  result: Object.keys(resultSchema.shape),
  report: Object.keys(parseCanaryReport('{}') ?? {}),
  canary: Object.keys(canaryPassed.shape.facts.shape),
  status: [
    'tasks',
    'molecules',
    'jobs',
    'attempts',
    'preemptions',
    'costUsd',
    'elapsedHours',
  ] satisfies (keyof ExecSummary)[],
};

describe('docs/only-google.md', () => {
  it.each([
    'SIGTERM',
    'image streaming',
    'next task of its job',
    'Which task is next',
    'VMs a minute',
    '429',
    'window on an L4',
    'capacity',
  ])('asks about %s', (word) => {
    expect(questions.map(({ title }) => title).filter((title) => title.includes(word))).toHaveLength(1);
  });

  it.each(questions.map((question) => [question.title, question] as const))(
    '%s: is assumed, shows somewhere, and sets a parameter that there is',
    (_, { assumed, shows, thenSet }) => {
      expect(assumed).not.toBe('');
      expect(shows).toMatch(/canary|pilot|events|`(?:status|claim|result|report)\./);
      const set = code(thenSet);
      expect(set.length).toBeGreaterThan(0);
      expect(set.filter((path) => !isParameter(path))).toEqual([]);
    },
  );

  it('names fields that the records have', () => {
    const named = questions.flatMap(({ shows }) =>
      [...shows.matchAll(/`(claim|result|report|canary|status)\.([A-Za-z]+)`/g)].map(
        ([, record = '', field = '']) => ({ record, field }),
      ),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ record, field }) => !FIELDS[record]?.includes(field))).toEqual([]);
  });
});

describe('the first screen of the README', () => {
  it('says that nothing was run against Google yet, and leads to what only Google can confirm', () => {
    const screen = readme.split('\n').slice(0, 25).join(' ').replaceAll(/ > /g, ' ');
    expect(screen).toMatch(/never yet run against Google Cloud; proven on an emulator/i);
    expect(screen).toContain('(docs/only-google.md)');
    expect(screen).toContain('(docs/real-project.md)');
  });
});
