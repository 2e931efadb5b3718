import {
  bytes,
  bytesPerHour,
  count,
  documented,
  gigabytes,
  group,
  guess,
  optionalText,
  seconds,
  share,
  text,
} from '../description.js';
import type { Scenario } from '../scenario.js';
import { secondsDistribution } from './distribution.js';

/** The reference campaign that fepcast was written for; see the README. */
const REFERENCE =
  'reference campaign: 1,000 molecules x 13 windows, 7 h on one L4, 50 MB checkpoint, 5 GB image';

export const campaign = group<Scenario['campaign']>('The work: molecules x windows tasks.', {
  molecules: count({
    about: 'Molecules (or edges) to compute; may be left out where `work` names them.',
    min: 1,
    computed: true,
  }),
  windows: count({
    about:
      'Tasks of one molecule: its lambda windows, times its legs and repeats; may be left out where `work` names them.',
    min: 1,
    computed: true,
  }),
  taskDurationSeconds: secondsDistribution({
    about: 'Computing time of one task, without start-up, pauses or repeats.',
    positive: true,
  }),
  taskFailure: share({
    about: "Probability that one attempt ends with the application's own error.",
    fallback: 0,
    basis: guess('depends on force field and system; a pilot campaign measures it', 0, 0.05),
  }),
  inputBytes: bytes({
    about: 'What a task downloads before it starts.',
    fallback: 20e6,
    basis: guess('one GROMACS run input of a solvated complex', 1e6, 200e6),
  }),
  outputBytes: bytes({
    about: 'What a task uploads when it is done.',
    fallback: 100e6,
    basis: guess('energies, dH/dlambda and a thin trajectory of one window', 1e6, 1e9),
  }),
});

export const checkpoint = group<Scenario['checkpoint']>('What one checkpoint costs.', {
  sizeBytes: bytes({
    about: 'Upload of one checkpoint at the start of a task.',
    fallback: 50e6,
    basis: guess(
      `${REFERENCE}; the GROMACS state alone is 1 to 3 MB, the growing outputs are the rest`,
      1e6,
      500e6,
    ),
  }),
  growthBytesPerHour: bytesPerHour({
    about: 'What each hour of work adds to the upload: trajectories and energies that grow.',
    fallback: 0,
    basis: guess('taken not to grow: the size stands for the mean of a task', 0, 50e6),
  }),
  pauseSeconds: seconds({
    about:
      'How long computing stands still while the engine writes a checkpoint; the upload does not block it.',
    fallback: 1,
    basis: guess('writing and syncing tens of MB to a local disk', 0, 10),
  }),
  engineIntervalSeconds: seconds({
    about:
      'How often the engine writes a local checkpoint; 0: a snapshot is taken at the moment it is shipped.',
    fallback: 300,
    basis: guess('gmx mdrun -cpt 5; the default of GROMACS is 15 min', 0, 900),
  }),
});

export const image = group<Scenario['image']>('The container image.', {
  compressedBytes: bytes({
    about: 'What the registry sends.',
    fallback: 5e9,
    basis: guess(REFERENCE, 1e9, 10e9),
  }),
  unpackedBytes: bytes({
    about: 'What it takes on disk.',
    fallback: 11e9,
    basis: guess('2.2 x the compressed size, as measured on system files', 2e9, 25e9),
  }),
});

export const machine = group<Scenario['machine']>('The VM that runs one task at a time.', {
  type: text({
    about: 'Machine type.',
    what: 'a machine type',
    example: 'g2-standard-4',
    pattern: /^[a-z0-9][a-z0-9-]*$/,
    fallback: 'g2-standard-4',
    basis: documented('cheapest shape with one whole L4; https://cloud.google.com/compute/docs/gpus'),
  }),
  accelerator: optionalText({
    about: 'GPU type; null for a machine without one.',
    what: 'a GPU type',
    example: 'nvidia-l4',
    pattern: /^[a-z0-9][a-z0-9-]*$/,
    fallback: 'nvidia-l4',
    basis: documented('https://cloud.google.com/compute/docs/gpus'),
  }),
  bootDisk: group<Scenario['machine']['bootDisk']>('Boot disk of every VM.', {
    type: text({
      about: 'Disk type.',
      what: 'a disk type',
      example: 'pd-balanced',
      pattern: /^[a-z0-9][a-z0-9-]*$/,
      fallback: 'pd-balanced',
      basis: documented('default of Batch; https://docs.cloud.google.com/batch/docs/create-run-job'),
    }),
    sizeGb: gigabytes({
      about: 'Disk size: boot image, unpacked container image and the outputs of a task.',
      min: 10,
      fallback: 50,
      basis: guess('30 GB of boot image and tools, 11 GB of container image, outputs', 30, 200),
    }),
  }),
});
