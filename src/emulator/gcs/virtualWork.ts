import { Purpose, Streams } from '../../sim/streams.js';
import type { World } from '../../sim/world/world.js';
import type { History } from '../history.js';
import type { VirtualWork } from './virtualTaskObjects.js';

/** What virtual tasks must know of a World with this seed. How long a task is, is one keyed draw: the World's own. */
export function virtualWorkOf(world: World, seed: string, history: Pick<History, 'zoneOf'>): VirtualWork {
  const streams = new Streams(seed);
  const { taskDurationSeconds } = world.scenario.campaign;
  const numberOf = (job: number, task: number): number => world.jobs[job]?.campaignTask(task) ?? 0;
  return {
    zoneOf: (vm) => history.zoneOf(vm),
    durableSeconds: (job, task) => world.tasks.durable[numberOf(job, task)] ?? 0,
    workSeconds: (job, task) => streams.sample(taskDurationSeconds, numberOf(job, task), 0, Purpose.work),
  };
}
