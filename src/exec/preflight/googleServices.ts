import { z } from 'zod';
import { MY_ACCOUNT } from './caller.js';
import type { ImageName } from './imageName.js';
import { type GoogleService, type RestClient, ServiceError } from './restClient.js';
import type { ImageFacts, Quota, ServicesPort, Sku } from './servicesPort.js';
import { parseSubnetwork } from './subnetworkName.js';

/** Compute Engine in the Cloud Billing Catalog. */
const COMPUTE_SKUS = '/v1/services/6F81-5844-456A/skus';
/** The most that the catalog gives at once. */
const SKU_PAGE = 5000;
/** The most that batchGet takes. Source: https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet */
const APIS_A_CALL = 30;

const quotasAnswer = z.object({
  quotas: z
    .array(z.object({ metric: z.string(), limit: z.number(), usage: z.number().default(0) }))
    .default([]),
});
const permissionsAnswer = z.object({ permissions: z.array(z.string()).default([]) });
const projectAnswer = z.object({ name: z.string(), state: z.string().default('ACTIVE') });
const servicesAnswer = z.object({
  services: z.array(z.object({ name: z.string(), state: z.string().default('') })).default([]),
});
const policyAnswer = z.object({
  bindings: z.array(z.object({ role: z.string(), members: z.array(z.string()).default([]) })).default([]),
});
const tagAnswer = z.object({ version: z.string() });
const dockerImageAnswer = z.object({ uri: z.string(), imageSizeBytes: z.coerce.number().optional() });
const subnetworkAnswer = z.object({ network: z.string(), privateIpGoogleAccess: z.boolean().default(false) });
const routersAnswer = z.object({
  items: z.array(z.object({ network: z.string(), nats: z.array(z.unknown()).default([]) })).default([]),
});
const skusAnswer = z.object({
  skus: z
    .array(
      z.object({
        description: z.string(),
        category: z.object({ usageType: z.string().default('') }).default({ usageType: '' }),
        serviceRegions: z.array(z.string()).default([]),
        pricingInfo: z
          .array(
            z.object({
              pricingExpression: z.object({
                usageUnit: z.string().default(''),
                tieredRates: z
                  .array(
                    z.object({
                      unitPrice: z.object({
                        units: z.coerce.number().default(0),
                        nanos: z.number().default(0),
                      }),
                    }),
                  )
                  .default([]),
              }),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
  nextPageToken: z.string().default(''),
});
const adviceAnswer = z.object({
  recommendations: z
    .array(
      z.object({
        scores: z.object({ obtainability: z.number().optional(), estimatedUptime: z.string().optional() }),
      }),
    )
    .default([]),
});

/** The services of one project, over REST. `caller`: who asks, as ServicesPort has it. */
export function googleServices(
  rest: RestClient,
  project: string,
  caller: () => Promise<string> = async () => MY_ACCOUNT,
): ServicesPort {
  const home = `/compute/v1/projects/${encodeURIComponent(project)}`;
  const quotas = async (path: string): Promise<Quota[]> =>
    read(quotasAnswer, 'compute', await rest.get('compute', path, { fields: 'quotas' })).quotas;
  const held = async (
    service: 'cloudresourcemanager' | 'iam',
    path: string,
    permissions: readonly string[],
  ) => read(permissionsAnswer, service, await rest.post(service, path, { permissions })).permissions;
  return {
    caller,
    async project() {
      const answer = await rest.get('cloudresourcemanager', `/v3/projects/${encodeURIComponent(project)}`);
      const { name, state } = read(projectAnswer, 'cloudresourcemanager', answer);
      return { number: name.replace(/^projects\//, ''), active: state === 'ACTIVE' };
    },
    async enabledApis(names) {
      const parent = `projects/${project}`;
      const enabled: string[] = [];
      for (let first = 0; first < names.length; first += APIS_A_CALL) {
        const some = names.slice(first, first + APIS_A_CALL);
        const answer = await rest.get('serviceusage', `/v1/${parent}/services:batchGet`, {
          names: some.map((name) => `${parent}/services/${name}`),
        });
        for (const { name, state } of read(servicesAnswer, 'serviceusage', answer).services) {
          if (state === 'ENABLED') enabled.push(name.slice(name.lastIndexOf('/') + 1));
        }
      }
      return enabled;
    },
    projectQuotas: () => quotas(home),
    regionQuotas: (region) => quotas(`${home}/regions/${region}`),
    projectPermissions: (permissions) =>
      held(
        'cloudresourcemanager',
        `/v3/projects/${encodeURIComponent(project)}:testIamPermissions`,
        permissions,
      ),
    accountPermissions: (email, permissions) =>
      held(
        'iam',
        `/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:testIamPermissions`,
        permissions,
      ),
    async rolesOf(email) {
      const path = `/v3/projects/${encodeURIComponent(project)}:getIamPolicy`;
      const answer = await rest.post('cloudresourcemanager', path, {
        options: { requestedPolicyVersion: 3 },
      });
      const { bindings } = read(policyAnswer, 'cloudresourcemanager', answer);
      const member = `serviceAccount:${email}`;
      return bindings.filter(({ members }) => members.includes(member)).map(({ role }) => role);
    },
    image: (image) => findImage(rest, image),
    async subnetwork(region, text) {
      const { project: host, region: where, name } = parseSubnetwork(text, { project, region });
      const path = `/compute/v1/projects/${encodeURIComponent(host)}/regions/${where}/subnetworks/${name}`;
      const answer = read(subnetworkAnswer, 'compute', await rest.get('compute', path));
      return { network: lastPart(answer.network), privateGoogleAccess: answer.privateIpGoogleAccess };
    },
    async hasNat(region, subnetwork, network) {
      const { project: host } = parseSubnetwork(subnetwork, { project, region });
      const path = `/compute/v1/projects/${encodeURIComponent(host)}/regions/${region}/routers`;
      const { items } = read(routersAnswer, 'compute', await rest.get('compute', path));
      return items.some((router) => lastPart(router.network) === network && router.nats.length > 0);
    },
    skus: (isWanted) => readCatalog(rest, isWanted),
    async capacityAdvice({ region, machineType, vms }) {
      const answer = await rest.post('compute', `${home}/regions/${region}/advice/capacity`, {
        size: vms,
        instanceProperties: { scheduling: { provisioningModel: 'SPOT' } },
        instanceFlexibilityPolicy: { instanceSelections: { any: { machineTypes: [machineType] } } },
        distributionPolicy: { targetShape: 'ANY' },
      });
      const scores = read(adviceAnswer, 'compute', answer).recommendations[0]?.scores;
      if (scores?.obtainability === undefined) {
        throw new ServiceError('NOT_FOUND', `compute: no advice on ${machineType} in ${region}`, {
          service: 'compute',
        });
      }
      const uptime = Number.parseFloat(scores.estimatedUptime ?? '');
      return {
        obtainability: scores.obtainability,
        estimatedUptimeSeconds: Number.isFinite(uptime) ? uptime : null,
      };
    },
  };
}

async function findImage(rest: RestClient, image: ImageName): Promise<ImageFacts> {
  const repository = `/v1/projects/${encodeURIComponent(image.project)}/locations/${image.location}/repositories/${image.repository}`;
  const name = encodeURIComponent(image.image);
  const digest = image.digest ?? (await digestOfTag(rest, `${repository}/packages/${name}`, image.tag));
  const answer = await rest.get('artifactregistry', `${repository}/dockerImages/${name}@${digest}`);
  const { imageSizeBytes } = read(dockerImageAnswer, 'artifactregistry', answer);
  return { digest, sizeBytes: imageSizeBytes ?? null };
}

async function digestOfTag(rest: RestClient, path: string, tag: string | null): Promise<string> {
  const answer = await rest.get('artifactregistry', `${path}/tags/${encodeURIComponent(tag ?? 'latest')}`);
  const { version } = read(tagAnswer, 'artifactregistry', answer);
  return lastPart(version);
}

async function readCatalog(rest: RestClient, isWanted: (sku: Sku) => boolean): Promise<Sku[]> {
  const wanted: Sku[] = [];
  let pageToken = '';
  do {
    const answer = await rest.get('cloudbilling', COMPUTE_SKUS, {
      currencyCode: 'USD',
      pageSize: SKU_PAGE,
      ...(pageToken === '' ? {} : { pageToken }),
    });
    const page = read(skusAnswer, 'cloudbilling', answer);
    for (const line of page.skus) {
      const expression = line.pricingInfo[0]?.pricingExpression;
      const rate = expression?.tieredRates[0]?.unitPrice;
      if (!expression || !rate) continue;
      const sku: Sku = {
        description: line.description,
        usageType: line.category.usageType,
        regions: line.serviceRegions,
        unit: expression.usageUnit,
        usdPerUnit: rate.units + rate.nanos / 1e9,
      };
      if (isWanted(sku)) wanted.push(sku);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return wanted;
}

/** The answer in the documented shape; anything else is an error of the service, never a crash later on. */
function read<T>(schema: z.ZodType<T>, service: GoogleService, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const what = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
  throw new ServiceError('OTHER', `${service}: the answer is not of the documented shape (${what})`, {
    service,
  });
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
