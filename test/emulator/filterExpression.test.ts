import { expect, test } from 'vitest';
import { type FilterValue, filterOf } from '../../src/emulator/filterExpression.js';

interface Item {
  [field: string]: FilterValue;
}

const ITEM: Item = {
  state: 'RUNNING',
  priority: 7,
  labels: { team: 'blue', 'run-id': 'r1' },
  time: 1_800_000_000,
};
const FIELDS = ['state', 'priority', 'labels', 'labels.team', 'labels.size', 'time'];

function holds(filter: string): boolean {
  const read = (item: Item, field: string): FilterValue => {
    const label = field.startsWith('labels.') ? field.slice('labels.'.length) : null;
    return label === null ? item[field] : (item.labels as Record<string, string>)[label];
  };
  return filterOf<Item>(filter, (field) => FIELDS.includes(field), read)(ITEM);
}

test.each([
  '',
  '   ',
  'state="RUNNING"',
  "state='RUNNING'",
  'state=RUNNING',
  'state:RUNNING',
  'state = "RUN*"',
  'state="*NN*"',
  'state!=FAILED',
  'NOT state=FAILED',
  '-state=FAILED',
  'priority > 5 AND priority <= 7',
  'priority>=7 priority<8',
  'labels:team',
  'labels.team:*',
  'labels.team=blue',
  'NOT labels.size:*',
  'labels.size!=large',
  'state=FAILED OR state=RUNNING',
  '(state=FAILED OR state=RUNNING) AND labels.team=blue',
  // OR binds tighter than AND.
  'state=RUNNING AND state=FAILED OR labels.team=blue',
  'time >= "2027-01-15T08:00:00Z"',
  'state="RUNNING" AND NOT (labels.team=red OR priority < 3)',
])('%j holds', (filter) => {
  expect(holds(filter)).toBe(true);
});

test.each([
  'state=FAILED',
  'state="RUNNIN"',
  'state="run*"',
  'priority < 7',
  'priority != 7',
  'labels.size=large',
  'labels.size:*',
  'labels:size',
  'NOT state=RUNNING',
  'state=RUNNING AND priority=8',
  'state=RUNNING priority=8',
  'time > "2027-01-15T08:00:00Z"',
])('%j does not hold', (filter) => {
  expect(holds(filter)).toBe(false);
});

test.each([
  'state',
  'state=',
  '=RUNNING',
  'state==RUNNING',
  'state=RUNNING AND',
  'OR state=RUNNING',
  '(state=RUNNING',
  'state=RUNNING)',
  'colour=red',
  'state!RUNNING',
  'state="RUNNING',
  '"state"=RUNNING',
  'NOT',
  `${'('.repeat(60)}state=RUNNING${')'.repeat(60)}`,
])('%j is refused', (filter) => {
  expect(() => holds(filter)).toThrow(/^filter /);
});
