import type { ProtoObject } from '../plan/protoConvert.js';
import { locationOf, parsePlace, parseProject } from './names.js';
import { type PageRequest, pageOf } from './paging.js';
import { shortened } from './quoted.js';
import { badRequest, notFound, StatusError } from './statusError.js';

/** The locations of the service: the regions of the scenario. */
export class Locations {
  readonly #regions: readonly string[];

  constructor(regions: readonly string[]) {
    this.#regions = regions;
  }

  /**
   * Throws what Google's front end answers to any request for a location that does not exist (as the tests of
   * hashicorp/terraform-provider-google have it), and which there are. `-` stands for all of them.
   */
  refuseUnknown(region: string): void {
    if (region === '-' || this.#regions.includes(region)) return;
    throw new StatusError(
      'PERMISSION_DENIED',
      `Permission denied on 'locations/${shortened(region)}' (or it may not exist). ` +
        `The scenario of this emulator has ${this.#regions.join(', ')}.`,
    );
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
