import type { JobState } from '../plan/snapshot.js';
import type { TaskState } from '../sim/world/view.js';
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
  state: JobState | 'DELETION_IN_PROGRESS';
  labels: Record<string, string>;
  /** Campaign seconds. */
  createdAt: number;
}

/** ListJobs knows `status.state="FAILED"` and `labels.KEY="VALUE"`, joined by AND. */
export function jobFilter(filter: string): (job: ListedJob) => boolean {
  if (filter.trim() === '') return () => true;
  const terms = filter.split(/\s+AND\s+/).map((term) => {
    const match = /^\s*(status\.state|labels\.([a-z0-9_-]+))\s*[=:]\s*"?([^"]*?)"?\s*$/.exec(term);
    if (!match)
      throw unsupported('filter', filter, 'status.state="STATE" or labels.KEY="VALUE", joined by AND');
    const [, , label, value = ''] = match;
    return (job: ListedJob): boolean => (label === undefined ? job.state : job.labels[label]) === value;
  });
  return (job) => terms.every((holds) => holds(job));
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
  return badRequest([
    { field, description: `${JSON.stringify(found)} is not supported; expected ${expected}` },
  ]);
}
