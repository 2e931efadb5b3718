import { startHttpServer } from '../../src/emulator/httpServer.js';
import { type ProjectTroubleInput, projectTroubleSchema } from '../../src/emulator/services/project.js';
import type { RegionUse } from '../../src/emulator/services/quotas.js';
import { servicesRest } from '../../src/emulator/services/servicesRest.js';
import { wellBuckets } from '../../src/emulator/services/wellBuckets.js';
import { PortError } from '../../src/exec/port.js';
import { connectEmulatorServices } from '../../src/exec/preflight/connect.js';
import type { ServicesPort } from '../../src/exec/preflight/servicesPort.js';
import type { BucketInfo, StoragePort } from '../../src/exec/storagePort.js';
import { readBucket } from '../../src/exec/storageValues.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { PROJECT } from './realProject.js';

export const IDLE: RegionUse = { spotGpus: 0, onDemandGpus: 0, cpus: 0, diskGb: 0, vms: 0, addresses: 0 };

/** A project as the emulator plays it, behind real HTTP; buckets by the same description, without it. */
export interface PlayedProject {
  services: ServicesPort;
  storage: Pick<StoragePort, 'bucketInfo' | 'testPermissions'>;
  url: string;
  /** Paths of the requests, in their order. */
  requests: string[];
  stop(): Promise<void>;
}

export async function play(
  scenario: Scenario,
  trouble: ProjectTroubleInput = {},
  use: (region: string) => RegionUse = () => IDLE,
): Promise<PlayedProject> {
  const described = projectTroubleSchema.parse(trouble);
  const requests: string[] = [];
  const routes = servicesRest({ scenario, trouble: described, regionUse: use });
  const server = await startHttpServer(
    [
      (request) => {
        requests.push(`${request.method} ${request.path}`);
        return routes(request);
      },
    ],
    0,
    (work) => work(),
  );
  const buckets = new Map(wellBuckets(scenario, described).map((bucket) => [bucket.name, bucket]));
  const infoOf = (name: string): BucketInfo => {
    const bucket = buckets.get(name);
    if (!bucket) throw new PortError('NOT_FOUND', `no bucket ${name}`);
    // Google keeps what is deleted for a week unless it is told not to.
    return readBucket(name, { softDeletePolicy: { retentionDurationSeconds: '604800' }, ...bucket });
  };
  return {
    services: await connectEmulatorServices({ httpPort: server.port, project: PROJECT }),
    storage: {
      bucketInfo: async (name) => infoOf(name),
      testPermissions: async (name, permissions) => {
        infoOf(name);
        return permissions.filter((one) => !described.deniedPermissions.includes(one));
      },
    },
    url: `http://127.0.0.1:${server.port}`,
    requests,
    stop: () => server.stop(),
  };
}
