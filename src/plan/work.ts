import type { WorkWindow } from '../scenario/scenario.js';
import { DEFAULT_NAMES } from '../scenario/workTasks.js';
import type { Plan } from './plan.js';
import { keyOf } from './taskObjects.js';

/** One task of a campaign by name. */
export interface PlanTask extends WorkWindow {
  molecule: string;
  /** Path of a file (relative to `work.folder`), or a gs:// URI; null: the campaign is given by counts alone. */
  input: string | null;
}

type Named = Pick<Plan, 'campaign' | 'work'>;

/** Names and input of a campaign task; those of a campaign that is given by counts are m0042, main, 0, w03. */
export function planTask({ campaign, work }: Named, task: number): PlanTask {
  const molecule = Math.floor(task / campaign.windows);
  const window = task % campaign.windows;
  if (work === null) {
    return {
      ...DEFAULT_NAMES,
      molecule: `m${String(molecule).padStart(String(campaign.molecules - 1).length, '0')}`,
      window: `w${String(window).padStart(2, '0')}`,
      input: null,
    };
  }
  const [name, names, input] = [work.molecules[molecule], work.windows[window], work.inputs[task]];
  if (name === undefined || names === undefined || input === undefined) {
    throw new Error(`task ${task} is not one of the ${work.inputs.length} tasks of the plan's work`);
  }
  return { ...names, molecule: name, input };
}

/** `molecule/leg/repeat/window`, each part percent-encoded. */
export function taskKey(plan: Named, task: number): string {
  return keyOf(planTask(plan, task));
}

/** Name of a molecule of the campaign, as people wrote it. */
export function moleculeName(plan: Named, molecule: number): string {
  return planTask(plan, molecule * plan.campaign.windows).molecule;
}
