import type { Plan } from '../../plan/plan.js';
import { known } from './check.js';
import { byDigest, parseImageName } from './imageName.js';
import { regionsOf } from './needs.js';
import { withImages } from './preflight.js';
import type { ServicesPort } from './servicesPort.js';

/**
 * The plan with its images by digest: what a tag means today is what the whole run uses, and what its results are
 * known by. A tag that cannot be looked up stays; the preflight says why it cannot be run.
 */
export async function resolveImages(plan: Plan, services: Pick<ServicesPort, 'image'>): Promise<Plan> {
  const resolved = await Promise.all(
    regionsOf(plan).map(async (region): Promise<[string, string][]> => {
      const uri = plan.image.uriByRegion[region];
      const name = uri === undefined ? null : parseImageName(uri);
      if (uri === undefined || name === null || name.digest !== null) return [];
      const found = await known(services.image(name));
      return found.ok ? [[region, byDigest(uri, found.value.digest)]] : [];
    }),
  );
  return withImages(plan, Object.fromEntries(resolved.flat()));
}
