import { expect, test } from 'vitest';
import { parseJournal } from '../../src/plan/journal.js';
import { exampleScenario } from './examplePlan.js';

const header = JSON.stringify({
  version: 1,
  scenario: { sha256: 'abc', resolved: exampleScenario() },
  seed: '1',
  epochSeconds: 1_800_000_000,
  speed: 60,
});
const cancel = (t: number): string =>
  JSON.stringify({ t, command: 'cancel', project: 'p', region: 'r', jobId: 'j', requestId: '' });

test('a journal is its header and its commands in order', () => {
  const text = `${header}\n${cancel(1.25)}\n{"t":7,"command":"tick"}\n`;
  const journal = parseJournal(text, 'j.jsonl');
  expect(journal.header.seed).toBe('1');
  expect(journal.commands).toMatchObject([
    { t: 1.25, command: 'cancel', jobId: 'j' },
    { t: 7, command: 'tick' },
  ]);
  expect(journal.lastTime).toBe(7);
  expect(journal.wholeCharacters).toBe(text.length);
});

test('a torn last line is left out, even one that would parse', () => {
  for (const torn of ['{"t":9,"comm', '{"t":9,"command":"tick"}']) {
    const whole = `${header}\n${cancel(1)}\n`;
    const journal = parseJournal(whole + torn, 'j.jsonl');
    expect(journal.lastTime).toBe(1);
    expect(journal.wholeCharacters).toBe(whole.length);
  }
});

test.each([
  ['an empty file', '', 'j.jsonl: line 1: found ""'],
  ['a file of something else', '{"a":1}\n', 'expected the header of a journal'],
  [
    'a broken line in the middle',
    `${header}\n{"t":\n${cancel(1)}\n`,
    'j.jsonl: line 2: found "{\\"t\\":", expected a JSON document',
  ],
  ['an unknown command', `${header}\n{"t":1,"command":"explode"}\n`, 'j.jsonl: line 2'],
  ['a submit without its job', `${header}\n${cancel(1).replace('cancel', 'submit')}\n`, 'j.jsonl: line 2'],
  ['time that goes back', `${header}\n${cancel(5)}\n${cancel(4)}\n`, 'with t of at least 5'],
])('%s is refused in one sentence', (_, text, sentence) => {
  expect(() => parseJournal(text, 'j.jsonl')).toThrow(sentence);
});
