import type { TaskState } from '../sim/world/view.js';
import { type FilterValue, filterOf } from './filterExpression.js';
import { quoted } from './quoted.js';
import { badRequest } from './statusError.js';

const TASK_STATES: readonly string[] = [
  'PENDING',
  'ASSIGNED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'UNEXECUTED',
];

/** ListTasks knows `State=RUNNING`; null: every state. */
export function taskFilter(filter: string): TaskState | null {
  if (filter.trim() === '') return null;
  const state = /^\s*state\s*[=:]\s*"?([A-Z]+)"?\s*$/i.exec(filter)?.[1]?.toUpperCase() ?? '';
  if (!isTaskState(state)) throw unsupported('filter', filter, 'State=STATE');
  return state;
}

function isTaskState(state: string): state is TaskState {
  return TASK_STATES.includes(state);
}

export interface ListedJob {
  name: string;
  uid: string;
  state: string;
  labels: Record<string, string>;
  priority: number;
  /** Campaign seconds. */
  createdAt: number;
  /** Seconds since the Unix epoch. */
  createTime: number;
  updateTime: number;
}

const JOB_FIELDS: Record<string, (job: ListedJob) => FilterValue> = {
  name: ({ name }) => name,
  uid: ({ uid }) => uid,
  'status.state': ({ state }) => state,
  labels: ({ labels }) => labels,
  priority: ({ priority }) => priority,
  createTime: ({ createTime }) => createTime,
  create_time: ({ createTime }) => createTime,
  updateTime: ({ updateTime }) => updateTime,
  update_time: ({ updateTime }) => updateTime,
};

const NUMBERS = new Set(['priority', 'createTime', 'create_time', 'updateTime', 'update_time']);

const LABEL = /^labels\.(.+)$/;

/** ListJobs: see `filterOf`; the fields are those above and `labels.KEY`. */
export function jobFilter(filter: string): (job: ListedJob) => boolean {
  const isField = (field: string): boolean => Object.hasOwn(JOB_FIELDS, field) || LABEL.test(field);
  return filterOf<ListedJob>(
    filter,
    isField,
    (job, field) => {
      const label = LABEL.exec(field)?.[1];
      return label === undefined ? JOB_FIELDS[field]?.(job) : job.labels[label];
    },
    (field) => NUMBERS.has(field),
  );
}

/** Without an order, by creation. */
export function jobOrder(orderBy: string): (a: ListedJob, b: ListedJob) => number {
  const byName = (a: ListedJob, b: ListedJob): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const byTime = (a: ListedJob, b: ListedJob): number => a.createdAt - b.createdAt;
  switch (orderBy.trim()) {
    case '':
    case 'create_time':
      return byTime;
    case 'create_time desc':
      return (a, b) => byTime(b, a);
    case 'name':
      return byName;
    case 'name desc':
      return (a, b) => byName(b, a);
    default:
      throw unsupported('orderBy', orderBy, 'name, name desc, create_time or create_time desc');
  }
}

function unsupported(field: string, found: string, expected: string): Error {
  return badRequest([{ field, description: `${quoted(found)} is not supported; expected ${expected}` }]);
}
