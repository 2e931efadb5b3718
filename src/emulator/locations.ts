import type { ProtoObject } from '../plan/protoConvert.js';
import { locationOf, parsePlace, parseProject } from './names.js';
import { type PageRequest, pageOf } from './paging.js';
import { badRequest, notFound } from './statusError.js';

/** The locations of the service: the regions of the scenario. */
export class Locations {
  readonly #regions: readonly string[];

  constructor(regions: readonly string[]) {
    this.#regions = regions;
  }

  /** google.cloud.location.ListLocationsResponse */
  list(request: PageRequest & { name: string; filter?: string | undefined }): ProtoObject {
    const project = parseProject(request.name);
    if (request.filter) throw badRequest([{ field: 'filter', description: 'is not supported' }]);
    const regions = this.#regions;
    const list = `locations ${request.name}`;
    const page = pageOf(list, regions.length, request, (index) => regions[index] ?? null);
    return {
      locations: page.items.map((region) => locationOf(project, region)),
      nextPageToken: page.nextPageToken,
    };
  }

  /** google.cloud.location.Location */
  get(request: { name: string }): ProtoObject {
    const { project, region } = parsePlace(request.name);
    if (!this.#regions.includes(region)) throw notFound(request.name);
    return { ...locationOf(project, region) };
  }
}
