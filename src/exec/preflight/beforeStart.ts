import type { Plan } from '../../plan/plan.js';
import { type LivePrices, readPrices } from '../live/prices.js';
import type { StoragePort } from '../storagePort.js';
import { known } from './check.js';
import type { InputState } from './checkPlan.js';
import { findInputs } from './inputs.js';
import { regionsOf } from './needs.js';
import { type PreflightResult, preflight } from './preflight.js';
import type { ServicesPort } from './servicesPort.js';

/** A run that is about to begin, or to go on: nothing has been created by this process yet. */
export interface BeforeStart {
  plan: Plan;
  project: string;
  source: 'rehearse' | 'execute';
  services: ServicesPort;
  storage: Pick<StoragePort, 'bucketInfo' | 'testPermissions' | 'stat'>;
  /** The tasks only let time pass, and read nothing. */
  virtual: boolean;
  /** The run was begun before and has its inputs. */
  staged: boolean;
}

/**
 * The preflight of a run, with its inputs and today's prices looked up. The catalog is large: a rehearsal, whose
 * prices are the plan's own, does without it.
 */
export async function inspect(
  { plan, project, source, services, storage, virtual, staged }: BeforeStart,
  planFile: string,
): Promise<PreflightResult> {
  const [inputs, prices] = await Promise.all([
    inputsOf({ plan, storage, virtual, staged }),
    source === 'execute' ? pricesOf(plan, services) : null,
  ]);
  return preflight({ plan, project, source, inputs, prices, planFile }, { services, storage });
}

/** A catalog that cannot be read leaves every price unknown, which is a warning. */
async function pricesOf(plan: Plan, services: ServicesPort): Promise<LivePrices> {
  const regions = regionsOf(plan);
  const at = Date.now() / 1000;
  const found = await known(readPrices(services, { type: plan.machine.type, regions, at }));
  const none = { spotUsdPerHour: null, onDemandUsdPerHour: null };
  return found.ok
    ? found.value
    : { at, byRegion: Object.fromEntries(regions.map((region) => [region, none])) };
}

async function inputsOf({
  plan,
  storage,
  virtual,
  staged,
}: Pick<BeforeStart, 'plan' | 'storage' | 'virtual' | 'staged'>): Promise<InputState> {
  if (virtual) return 'virtual';
  return staged ? 'staged' : findInputs(plan, storage);
}
