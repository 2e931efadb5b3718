import type { Plan } from '../plan/plan.js';
import { rangesOf, type TaskRange } from '../plan/taskRanges.js';
import { moleculeName, planTask } from '../plan/work.js';
import { inputError } from '../scenario/errors.js';

/** Tasks of the named molecules, as the campaign's table writes them. Throws InputError for one that it has not. */
export function tasksOfMolecules(plan: Plan, names: readonly string[], file: string): TaskRange[] {
  const numbers = new Map<string, number>();
  for (let molecule = 0; molecule < plan.campaign.molecules; molecule += 1) {
    numbers.set(moleculeName(plan, molecule), molecule);
  }
  const { windows } = plan.campaign;
  const tasks = new Set<number>();
  for (const [index, name] of names.entries()) {
    const molecule = numbers.get(name);
    if (molecule === undefined) {
      const expected = `a molecule of the plan, such as "${moleculeName(plan, 0)}"`;
      throw inputError({ file, path: `molecule ${index + 1}`, found: `"${name}"`, expected });
    }
    for (let window = 0; window < windows; window += 1) tasks.add(molecule * windows + window);
  }
  return rangesOf([...tasks].sort((a, b) => a - b));
}

/** Of the windows of a molecule, those that are named, by name or by number from 0. */
export function windowFilter(plan: Plan, names: readonly string[]): (task: number) => boolean {
  const { windows } = plan.campaign;
  const wanted = new Set<number>();
  const known = Array.from({ length: windows }, (_, window) => planTask(plan, window).window);
  for (const name of names) {
    const matching = known.flatMap((one, window) => (one === name ? [window] : []));
    const number = /^\d+$/.test(name) ? Number(name) : Number.NaN;
    if (matching.length === 0 && !(number < windows)) {
      const expected = `a window of the plan: ${known.slice(0, 3).join(', ')} ..., or a number below ${windows}`;
      throw inputError({ path: '--windows', found: `"${name}"`, expected });
    }
    for (const window of matching.length > 0 ? matching : [number]) wanted.add(window);
  }
  return (task) => wanted.has(task % windows);
}
