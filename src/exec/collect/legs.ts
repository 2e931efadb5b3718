import type { Plan } from '../../plan/plan.js';
import { keyPart } from '../../plan/taskObjects.js';
import type { TaskResult } from '../../plan/taskRecords.js';
import { planTask, taskKey } from '../../plan/work.js';
import type { WindowFacts } from './windowFacts.js';

/** A window as collected. */
export interface LegWindow {
  task: number;
  key: string;
  molecule: string;
  leg: string;
  repeat: string;
  /** Its name. */
  window: string;
  /** Null: there is none, for this reason. */
  result: TaskResult | null;
  facts: WindowFacts | null;
  missing: string | null;
}

/** One repeat of one leg of a molecule: what has a free energy of its own. */
export interface Leg {
  molecule: string;
  leg: string;
  repeat: string;
  /** `molecule/leg/repeat`, each part percent-encoded. */
  key: string;
  /** In the order of the plan. */
  windows: LegWindow[];
}

/** Windows of these tasks by leg, in the order of the plan. */
export function legsOf(
  plan: Plan,
  tasks: readonly number[],
  collected: {
    resultOf: (task: number) => { result: TaskResult; facts: WindowFacts } | null;
    reasonOf: (task: number) => string;
  },
): Leg[] {
  const legs = new Map<string, Leg>();
  for (const task of tasks) {
    const { molecule, leg, repeat, window } = planTask(plan, task);
    const key = [molecule, leg, repeat].map(keyPart).join('/');
    const found = collected.resultOf(task);
    const of = legs.get(key) ?? { molecule, leg, repeat, key, windows: [] };
    of.windows.push({
      task,
      key: taskKey(plan, task),
      molecule,
      leg,
      repeat,
      window,
      result: found?.result ?? null,
      facts: found?.facts ?? null,
      missing: found === null ? collected.reasonOf(task) : null,
    });
    legs.set(key, of);
  }
  return [...legs.values()];
}
