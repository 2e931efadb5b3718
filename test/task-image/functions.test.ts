import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { youngInterval } from '../../src/plan/checkpointInterval.js';
import { encodeList } from '../../src/plan/taskLists.js';
import { keyPart } from '../../src/plan/taskObjects.js';
import { TASK_IMAGE } from './cloud.js';

/** Runs a line of bash with the functions of the entrypoint; the arguments are its $1, $2 ... */
function shell(line: string, ...args: string[]): string {
  const command = `source "$1"; shift; ${line}`;
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', command, 'bash', join(TASK_IMAGE, 'entrypoint.sh'), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    },
  );
  expect(stderr).toBe('');
  return stdout;
}

const TEXTS = [
  'plain',
  '',
  'quotes " and \' and \\ and /',
  'tab\tline\nfeed\rbell\u0007del\u007f',
  'ümläut, 日本, 😀',
  '$(touch owned) `x` $HOME %s %00',
  '","exit":0,"x":"',
];

test.each(TEXTS)('any text survives as a JSON string: %j', (text) => {
  const json = shell('json_escaped "$1"; printf %s "$REPLY"', text);
  expect(JSON.parse(`"${json}"`)).toBe(text);
});

test.each(TEXTS)('any text survives as one segment of a URL: %j', (text) => {
  const encoded = shell('url_encoded "$1"; printf %s "$REPLY"', text);
  expect(encoded).toMatch(/^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
  expect(decodeURIComponent(encoded)).toBe(text);
});

/** In halves, because they look like a template. */
const EACH = ['"$', '{ELEMENTS[@]}"'].join('');

test('a list comes back element by element, whatever is in them', () => {
  const read = (list: string): string[] =>
    shell(`X=$1; list_variable X; printf "%s\\0" ${EACH}`, list).split('\0').slice(0, -1);
  const lists = [TEXTS, ['a', '', 'b c', '', '*'], ['%', '%41', '\\x41', '\\', '&', '-n'], ['a\nb\n\n']];
  for (const list of lists) expect(read(encodeList(list))).toEqual(list);
  expect(shell(`X=$1; list_variable X; set -- ${EACH}; printf %s "$#"`, encodeList([]))).toBe('0');
});

test.each(['\\x41', 'a%', '%4', '%00', '%4g', 'a$b', "'a'"])('%s is no list, and said to be none', (text) => {
  const told = shell('leave() { printf "%s|" "$@"; exit; }; X=$1; list_variable X', text);
  expect(told).toContain(`2|configuration|X holds "${text}"`);
});

test('an encoded key is encoded once more, so that the object keeps its name', () => {
  const key = keyPart('lig 1/α');
  expect(decodeURIComponent(shell('url_encoded "$1"; printf %s "$REPLY"', key))).toBe(key);
});

test.each([
  ['0', '0'],
  ['0.5', '500'],
  ['600', '600000'],
  ['12.0416', '12041'],
  ['007.08', '7080'],
])('%s seconds are %s thousandths', (text, expected) => {
  expect(shell('thousandths "$1"; printf %s "$REPLY"', text)).toBe(expected);
});

test.each(['', '-1', '1e3', '0x10', '1;2', ' 1', '1.2.3', 'a[0]', '9999999999'])(
  '"%s" is no number of seconds',
  (text) => {
    expect(shell('thousandths "$1" || printf refused', text)).toBe('refused');
  },
);

test('members of an answer are found, compact or not, and not inside of other texts', () => {
  const answer = {
    generation: '17',
    metageneration: '3',
    md5Hash: 'aGk=',
    size: '0',
    metadata: { 'fepcast-holder': 'me' },
  };
  for (const text of [JSON.stringify(answer), JSON.stringify(answer, null, 2)]) {
    const line =
      'for name in generation metageneration md5Hash size fepcast-holder; do json_member "$1" "$name"; printf "%s " "$REPLY"; done';
    expect(shell(line, text)).toBe('17 3 aGk= 0 me ');
  }
  const hostile = JSON.stringify({ run: '"id":"other"', id: 'mine' });
  expect(shell('json_member "$1" id; printf %s "$REPLY"', hostile)).toBe('mine');
  expect(shell('json_member "$1" id || printf none', '{"x":1}')).toBe('none');
});

test('md5 is written as the store writes it', () => {
  expect(shell('md5_base64 <(printf hello); printf %s "$REPLY"')).toBe('XUFAKrxLKna5cZ2REBfFkg==');
});

test('the adaptive interval is the one of the model, within its bounds', () => {
  const interval = (shipMs: number, usefulMs: number, attempt: number): number =>
    Number(
      shell(
        'LAST_SHIP_MS=$1 USEFUL_MS=$2 ATTEMPT=$3; adaptive_interval; printf %s "$REPLY"',
        ...[shipMs, usefulMs, attempt].map(String),
      ),
    );
  const hour = 3_600_000;
  for (const [cost, useful, attempt] of [
    [5000, 0, 1],
    [9000, 5 * hour, 2],
    [30_000, 7 * hour, 4],
  ] as const) {
    const expected = youngInterval(cost, (20 * hour + useful) / attempt);
    expect(Math.abs(interval(cost, useful, attempt) - expected)).toBeLessThanOrEqual(1);
  }
  expect(interval(1, 0, 9)).toBe(300_000);
  expect(interval(600_000, 0, 1)).toBe(3_600_000);
});

test('full jitter: the n-th wait is anywhere below min(cap, base x 2^(n-1)), scaled', () => {
  const line = 'HTTP_HEADERS=/dev/null; for ((i = 0; i < 300; i++)); do backoff_ms "$1"; echo "$REPLY"; done';
  for (const [n, most] of [
    [1, 1000],
    [4, 8000],
    [9, 32_000],
  ] as const) {
    const waits = shell(line, String(n)).trim().split('\n').map(Number);
    expect(Math.max(...waits)).toBeLessThanOrEqual(most);
    expect(Math.max(...waits)).toBeGreaterThan(0.9 * most);
    expect(Math.min(...waits)).toBeLessThan(0.1 * most);
  }
});

test('the first checkpoint is shipped anywhere in the interval, later ones after it and a part of the jitter', () => {
  const delays = (which: string, phase: string): number[] => {
    const line =
      'INTERVAL_MS=60000 JITTER_MS=20000 POLICY=periodic FIRST_PHASE=$2; for ((i = 0; i < 300; i++)); do shipping_delay "$1"; echo "$REPLY"; done';
    return shell(line, which, phase).trim().split('\n').map(Number);
  };
  // 300 draws all miss a tenth of the range with a probability of 2e-14.
  const spread = (values: number[], from: number, to: number): void => {
    const tenth = (to - from) / 10;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(from);
    expect(Math.min(...values)).toBeLessThan(from + tenth);
    expect(Math.max(...values)).toBeLessThanOrEqual(to);
    expect(Math.max(...values)).toBeGreaterThan(to - tenth);
  };
  spread(delays('first', 'random'), 0, 60_000);
  spread(delays('first', 'none'), 60_000, 80_000);
  spread(delays('next', 'random'), 60_000, 80_000);
});
