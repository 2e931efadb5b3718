import { flag, group, list, optionalGroup, optionalList, optionalText, table, text } from '../description.js';
import type { Cloud, CloudRegion } from '../scenario.js';
import { labelName, regionName, zoneName } from './names.js';

/** Where the campaign may run; needed to execute, not to simulate. */
export const cloud = optionalGroup<Cloud>('The Google Cloud project; only `exec` needs it.', {
  project: optionalText({ about: 'Project id.', example: 'my-project' }),
  serviceAccount: optionalText({
    about: 'Service account of the VMs.',
    example: 'fep-runner@my-project.iam.gserviceaccount.com',
  }),
  labels: table({
    about: 'Labels of jobs and VMs.',
    name: labelName,
    of: text({ about: 'Value of the label.', example: 'chemistry', pattern: /^[a-z0-9_-]{0,63}$/ }),
    fallback: {},
  }),
  tags: list({
    about: 'Network tags of the VMs.',
    what: 'a list of tags',
    of: text({ about: 'A network tag.', example: 'fep' }),
    fallback: [],
  }),
  externalIp: flag({ about: 'Give every VM an external address.', fallback: false }),
  installGpuDrivers: flag({ about: 'Let Batch install the GPU driver.', fallback: true }),
  state: optionalText({ about: "Where a run's ledger is kept.", example: 'gs://home-bucket/fepcast' }),
  regions: table<CloudRegion>({
    about: 'Resources by region.',
    name: regionName,
    of: group<CloudRegion>('Resources of one region.', {
      subnetwork: optionalText({
        about: 'Subnetwork of the VMs.',
        example: 'regions/us-central1/subnetworks/fep',
      }),
      zones: optionalList({ about: 'Zones to use; null: all.', what: 'a list of zones', of: zoneName }),
      imageUri: optionalText({
        about: 'Container image in a repository of this region.',
        example: 'us-central1-docker.pkg.dev/my-project/fep/task:1',
      }),
      bootImage: optionalText({ about: 'Boot disk image.', example: 'batch-cos' }),
      scratchBucket: optionalText({
        about: 'Bucket for checkpoints.',
        example: 'gs://fep-scratch-us-central1',
      }),
      resultsBucket: optionalText({
        about: 'Bucket for inputs and results.',
        example: 'gs://fep-results-us-central1',
      }),
    }),
    fallback: {},
  }),
});
