import { createHash } from 'node:crypto';
import type { Scenario } from '../../scenario/scenario.js';
import type { HttpRequest, HttpRoutes } from '../httpServer.js';
import { numberedName, projectNumber } from '../projectNumber.js';
import { badRequest, notFound, StatusError } from '../statusError.js';
import { catalogOf } from './catalog.js';
import { jobAccountOf, type ProjectTrouble, type SERVICES } from './project.js';
import { projectQuotas, type RegionUse, regionQuotas } from './quotas.js';

export interface ServicesOptions {
  scenario: Scenario;
  /** What is wrong with the project. */
  trouble: ProjectTrouble;
  /** What the World's VMs take now. */
  regionUse(region: string): RegionUse;
}

type Service = (typeof SERVICES)[number];
type Route = [
  service: Service,
  method: 'GET' | 'POST',
  path: RegExp,
  answer: (parts: string[], request: HttpRequest) => unknown,
];

/** Seconds that a Spot VM is said to live; the coarse value that Google's own documentation shows. */
const ESTIMATED_UPTIME = '3600s';

/**
 * The read-only calls that a preflight makes of Google's other services, answered in their REST forms for the project
 * that is played. Nothing can be changed through them.
 */
export function servicesRest({ scenario, trouble, regionUse }: ServicesOptions): HttpRoutes {
  const catalog = catalogOf(scenario);
  const held = (asked: unknown): object => {
    const permissions = permissionsIn(asked).filter((name) => !trouble.deniedPermissions.includes(name));
    return permissions.length === 0 ? {} : { permissions };
  };
  const knownRegion = (region: string): void => {
    if (!Object.hasOwn(scenario.regions, region)) throw notFound(`regions/${region}`);
  };
  const routes: Route[] = [
    [
      'cloudresourcemanager',
      'GET',
      /^\/v3\/projects\/([^/:]+)$/,
      ([project = '']) => ({
        name: `projects/${projectNumber(project)}`,
        projectId: project,
        state: 'ACTIVE',
      }),
    ],
    [
      'cloudresourcemanager',
      'POST',
      /^\/v3\/projects\/[^/:]+:testIamPermissions$/,
      (_, { body }) => held(body),
    ],
    [
      'cloudresourcemanager',
      'POST',
      /^\/v3\/projects\/([^/:]+):getIamPolicy$/,
      ([project]) => policy(project ?? '', scenario, trouble),
    ],
    [
      'iam',
      'POST',
      /^\/v1\/projects\/[^/]+\/serviceAccounts\/[^/]+:testIamPermissions$/,
      (_, { body }) => held(body),
    ],
    [
      'serviceusage',
      'GET',
      /^\/v1\/projects\/([^/]+)\/services:batchGet$/,
      (_, { query }) => ({
        services: query.getAll('names').map((name) => ({
          name: numberedName(name),
          state: trouble.disabledApis.includes(lastPart(name)) ? 'DISABLED' : 'ENABLED',
        })),
      }),
    ],
    [
      'compute',
      'GET',
      /^\/compute\/v1\/projects\/([^/]+)$/,
      ([name]) => ({ kind: 'compute#project', name, quotas: projectQuotas(scenario, regionUse, trouble) }),
    ],
    [
      'compute',
      'GET',
      /^\/compute\/v1\/projects\/[^/]+\/regions\/([^/]+)$/,
      ([region = '']) => {
        knownRegion(region);
        const quotas = regionQuotas(scenario, region, regionUse(region), trouble);
        return { kind: 'compute#region', name: region, status: 'UP', quotas };
      },
    ],
    [
      'compute',
      'GET',
      /^\/compute\/v1\/projects\/([^/]+)\/regions\/([^/]+)\/subnetworks\/([^/]+)$/,
      ([project = '', region = '', name]) => {
        knownRegion(region);
        const privateIpGoogleAccess = trouble.privateGoogleAccess;
        return { kind: 'compute#subnetwork', name, network: networkUrl(project), privateIpGoogleAccess };
      },
    ],
    [
      'compute',
      'GET',
      /^\/compute\/v1\/projects\/([^/]+)\/regions\/([^/]+)\/routers$/,
      ([project = '', region = '']) => {
        knownRegion(region);
        const served = trouble.natRegions === null || trouble.natRegions.includes(region);
        const router = { name: 'router', network: networkUrl(project), nats: [{ name: 'nat' }] };
        return { kind: 'compute#routerList', ...(served ? { items: [router] } : {}) };
      },
    ],
    [
      'compute',
      'POST',
      /^\/compute\/v1\/projects\/[^/]+\/regions\/([^/]+)\/advice\/capacity$/,
      ([region = '']) => {
        knownRegion(region);
        const obtainability = trouble.obtainability[region];
        if (obtainability === null) throw new StatusError('NOT_FOUND', `no capacity advice for ${region}`);
        const scores = { obtainability: obtainability ?? 1, estimatedUptime: ESTIMATED_UPTIME };
        return { recommendations: [{ scores }] };
      },
    ],
    [
      'artifactregistry',
      'GET',
      /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/repositories\/([^/]+)\/packages\/(.+)\/tags\/([^/]+)$/,
      ([project, location, repository, image, tag]) => {
        const digest = digestOf(
          trouble,
          `${location}-docker.pkg.dev/${project}/${repository}/${image}:${tag}`,
        );
        const parent = `projects/${project}/locations/${location}/repositories/${repository}/packages/${image}`;
        return { name: `${parent}/tags/${tag}`, version: `${parent}/versions/${digest}` };
      },
    ],
    [
      'artifactregistry',
      'GET',
      /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/repositories\/([^/]+)\/dockerImages\/(.+)@(sha256:[0-9a-f]{64})$/,
      ([project, location, repository, image, digest]) => {
        const uri = `${location}-docker.pkg.dev/${project}/${repository}/${image}@${digest}`;
        if (trouble.images[uri] === null) throw notFound(uri);
        return { name: uri, uri, imageSizeBytes: String(scenario.image.compressedBytes) };
      },
    ],
    [
      'cloudbilling',
      'GET',
      /^\/v1\/services\/6F81-5844-456A\/skus$/,
      (_, { query }) => catalogPage(catalog, query),
    ],
  ];
  return (request) => {
    for (const [service, method, path, answer] of routes) {
      const match = request.method === method ? path.exec(request.path) : null;
      if (match === null) continue;
      refuseTrouble(service, trouble);
      return answer(match.slice(1), request);
    }
    return null;
  };
}

function refuseTrouble(service: Service, { unavailable, disabledApis }: ProjectTrouble): void {
  if (unavailable.includes(service)) {
    throw new StatusError('UNAVAILABLE', 'The service is currently unavailable.');
  }
  const api = `${service}.googleapis.com`;
  if (disabledApis.includes(api)) {
    throw new StatusError(
      'PERMISSION_DENIED',
      `${api} has not been used in project before or it is disabled.`,
    );
  }
}

function permissionsIn(body: unknown): string[] {
  const asked = typeof body === 'object' && body !== null ? Reflect.get(body, 'permissions') : undefined;
  if (Array.isArray(asked) && asked.every((name) => typeof name === 'string')) return asked;
  throw badRequest([{ field: 'permissions', description: 'must be a list of permissions' }]);
}

function policy(project: string, scenario: Scenario, { jobAccountRoles }: ProjectTrouble): object {
  if (jobAccountRoles === null) {
    const denied = `Permission 'resourcemanager.projects.getIamPolicy' denied on resource '${project}'`;
    throw new StatusError('PERMISSION_DENIED', denied);
  }
  const members = [`serviceAccount:${jobAccountOf(scenario, project)}`];
  return { version: 3, bindings: jobAccountRoles.map((role) => ({ role, members })) };
}

/** An image that nobody says anything about has the digest of its name and tag: the same in every region. */
function digestOf({ images }: ProjectTrouble, uri: string): string {
  const said = images[uri];
  if (said === null) throw notFound(uri);
  return said ?? `sha256:${createHash('sha256').update(lastPart(uri)).digest('hex')}`;
}

const SKUS_A_PAGE = 5000;

function catalogPage(catalog: readonly object[], query: URLSearchParams): object {
  const size = Math.min(SKUS_A_PAGE, Number(query.get('pageSize')) || SKUS_A_PAGE);
  const first = Number(query.get('pageToken') ?? 0);
  const nextPageToken = first + size < catalog.length ? String(first + size) : '';
  return { skus: catalog.slice(first, first + size), nextPageToken };
}

function networkUrl(project: string): string {
  return `https://www.googleapis.com/compute/v1/projects/${project}/global/networks/default`;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
