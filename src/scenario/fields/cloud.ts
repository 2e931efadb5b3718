import {
  documented,
  flag,
  group,
  list,
  optionalGroup,
  optionalList,
  optionalText,
  table,
  text,
} from '../description.js';
import type { Cloud, CloudRegion } from '../scenario.js';
import { labelName, regionName, resourceUrl, zoneName } from './names.js';
import { environmentName } from './task.js';

const PROTOS = documented(
  'google.cloud.batch.v1.AllocationPolicy in the protos of @google-cloud/batch 2.5.0',
);
const BUCKET_NAMES = documented('https://docs.cloud.google.com/storage/docs/buckets#naming');

/** A bucket alone, with or without gs://. */
const bucketName = {
  what: 'the name of a bucket',
  pattern: /^(?:gs:\/\/)?[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
  basis: BUCKET_NAMES,
};

/** Where the campaign may run; needed to execute, not to simulate. */
export const cloud = optionalGroup<Cloud>('The Google Cloud project; only `exec` needs it.', {
  project: optionalText({
    about: 'Project id.',
    what: 'a project id',
    example: 'my-project',
    pattern: /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{0,61}$/,
    basis: documented('https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects'),
  }),
  serviceAccount: optionalText({
    about: "Service account of the VMs; null: Compute Engine's default account, which may do too much.",
    what: 'the e-mail address of a service account',
    example: 'fep-runner@my-project.iam.gserviceaccount.com',
    pattern: /^[a-z0-9][a-z0-9._-]*@[a-z0-9][a-z0-9.-]*\.[a-z]+$/,
    basis: PROTOS,
  }),
  labels: table({
    about: 'Labels of jobs and VMs.',
    name: labelName,
    of: text({
      about: 'Value of the label.',
      example: 'chemistry',
      pattern: /^[a-z0-9_-]{0,63}$/,
      basis: documented('https://docs.cloud.google.com/batch/docs/organize-resources-using-labels'),
    }),
    fallback: {},
  }),
  tags: list({
    about: 'Network tags of the VMs.',
    what: 'a list of tags',
    of: text({ about: 'A network tag.', example: 'fep' }),
    fallback: [],
    basis: PROTOS,
  }),
  network: optionalText({
    about: 'VPC network of the VMs, also of another (Shared VPC host) project; null: that of the subnetwork.',
    what: 'the URL of a network, full or from projects/ or global/ on',
    example: 'projects/host-project/global/networks/shared',
    pattern: resourceUrl('global/networks/[a-z][a-z0-9-]{0,62}'),
    basis: PROTOS,
  }),
  externalIp: flag({ about: 'Give every VM an external address.', fallback: false, basis: PROTOS }),
  nat: flag({
    about:
      'The network has Cloud NAT (or a proxy), so that VMs without an external address reach the internet.',
    fallback: false,
    basis: documented('https://docs.cloud.google.com/nat/docs/overview'),
  }),
  installGpuDrivers: flag({
    about: 'Let Batch install the GPU driver; it never does with image delivery baked.',
    fallback: true,
    basis: PROTOS,
  }),
  secretEnvironment: table({
    about:
      'Variables that Batch fills from Secret Manager; the job itself holds only the name of the secret.',
    name: environmentName,
    of: text({
      about: 'Version of a secret.',
      what: 'projects/P/secrets/S/versions/N',
      example: 'projects/my-project/secrets/license/versions/1',
      pattern: /^projects\/[a-z0-9.:-]+\/secrets\/[A-Za-z0-9_-]{1,255}\/versions\/(?:latest|[1-9][0-9]*)$/,
      basis: documented('https://docs.cloud.google.com/batch/docs/create-run-job-secret-manager'),
    }),
    fallback: {},
  }),
  state: optionalText({
    about: "Where a run's ledger is kept; a bucket of its own, or a prefix in a results bucket.",
    what: 'gs://bucket or gs://bucket/prefix',
    example: 'gs://home-bucket/fepcast',
    pattern: /^gs:\/\/[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](?:\/[^\s#?*[\]]*)?$/,
    basis: BUCKET_NAMES,
  }),
  regions: table<CloudRegion>({
    about: 'Resources by region.',
    name: regionName,
    of: group<CloudRegion>('Resources of one region.', {
      subnetwork: optionalText({
        about: 'Subnetwork of the VMs, also of another (Shared VPC host) project.',
        what: 'the URL of a subnetwork, full or from projects/ or regions/ on',
        example: 'projects/host-project/regions/us-central1/subnetworks/fep',
        pattern: resourceUrl('regions/[a-z][a-z0-9-]{0,62}/subnetworks/[a-z][a-z0-9-]{0,62}'),
        basis: PROTOS,
      }),
      zones: optionalList({
        about: 'Zones to use; null: all of the region that have the machine.',
        what: 'a list of zones',
        of: zoneName,
        basis: PROTOS,
      }),
      avoidZones: list({
        about: 'Zones not to use. Batch knows no such wish: the job lists all others, which must be known.',
        what: 'a list of zones',
        of: zoneName,
        fallback: [],
        basis: PROTOS,
      }),
      imageUri: optionalText({
        about: 'Container image in a repository of this region, best by its digest.',
        what: 'the name of an image',
        example: `us-central1-docker.pkg.dev/my-project/fep/task@sha256:${'0'.repeat(64)}`,
        pattern: /^[a-zA-Z0-9][^\s\0]*$/,
        basis: documented('https://docs.cloud.google.com/artifact-registry/docs/docker/names'),
      }),
      bootImage: optionalText({
        about: 'Boot disk image: batch-cos, batch-debian, or the URL of one of your own.',
        what: 'batch-cos, batch-debian, batch-hpc-rocky or the URL of an image',
        example: 'batch-cos',
        pattern: /^[a-z][^\s\0]*$/,
        basis: PROTOS,
      }),
      scratchBucket: optionalText({
        about: 'Bucket for claims and checkpoints; soft delete off.',
        example: 'fep-scratch-us-central1',
        ...bucketName,
      }),
      resultsBucket: optionalText({
        about: 'Bucket for inputs, indexes and results.',
        example: 'fep-results-us-central1',
        ...bucketName,
      }),
      reservation: optionalText({
        about:
          'Reservation that on-demand VMs use; NO_RESERVATION: none; null: any that fits. Spot VMs use none.',
        what: 'NO_RESERVATION or the URL of a reservation from projects/ on',
        example: 'projects/my-project/zones/us-central1-a/reservations/fep',
        pattern:
          /^NO_RESERVATION$|^(?:projects\/[a-z0-9.:-]+\/(?:zones\/[a-z0-9-]+\/)?reservations\/)?[a-z][a-z0-9-]{0,62}$/,
        basis: PROTOS,
      }),
    }),
    fallback: {},
  }),
});
