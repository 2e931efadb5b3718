import {
  type Basis,
  bytesPerSecond,
  documented,
  group,
  guess,
  measured,
  type Node,
  perMinute,
  plainNumber,
} from '../description.js';
import type { Distribution, Scenario } from '../scenario.js';
import { lognormal, secondsDistribution } from './distribution.js';

const step = (about: string, fallback: Distribution, basis: Basis): Node<Distribution> =>
  secondsDistribution({ about, fallback, basis });

export const startup = group<Scenario['startup']>('From "a VM is wanted" to "the task runs".', {
  createSeconds: step(
    'The create operation; neither billed nor preemptible.',
    lognormal(20, 0.52),
    measured(
      '1,440 insert operations of 2019: 8 s (p10), 20 s, 47 s (p95); https://github.com/kadupitiya/goog-preemption-data',
    ),
  ),
  bootSeconds: step(
    'Boot until the Batch agent answers; billed and preemptible, as every later step.',
    lognormal(25, 0.36),
    guess('Container-Optimized OS: 15 s, 25 s, 45 s (p95)', 15, 90),
  ),
  driverSeconds: step(
    'GPU driver installation.',
    lognormal(60, 0.42),
    guess(
      'precompiled driver on Container-Optimized OS: 30 s, 60 s, 120 s (p95); 4 min where it is built',
      30,
      240,
    ),
  ),
  pullSeconds: step(
    'Image delivery `pull`: pulling and unpacking an image of 5 GB compressed, unshared.',
    lognormal(150, 0.42),
    guess(
      'model of download, gunzip and disk (107 s), widened for real tails: 75 s, 150 s, 300 s (p95)',
      75,
      300,
    ),
  ),
  streamingSeconds: step(
    'Image delivery `streaming`: start from a streamed image.',
    lognormal(20, 0.49),
    guess('GKE image streaming, warm cache: 20 s; 45 s (p95)', 10, 45),
  ),
  bakedSeconds: step(
    'Image delivery `baked`: the image lies on the boot disk.',
    lognormal(5, 0.84),
    guess('first touch of a lazily read disk image: 5 s; 20 s (p95)', 2, 20),
  ),
  registry: group<Scenario['startup']['registry']>(
    'The registry of one region, shared by all VMs that pull at once.',
    {
      requestsPerMinute: perMinute({
        about: 'Request quota.',
        nothing: 'unlimited',
        fallback: 60_000,
        basis: documented('https://cloud.google.com/artifact-registry/quotas'),
      }),
      requestsPerPull: plainNumber({
        about: 'Requests of one pull: token, manifests, config, layers.',
        fallback: 35,
        basis: guess('an image of 20 layers: 25 to 45', 20, 60),
      }),
      bandwidthBytesPerSecond: bytesPerSecond({
        about: 'What it sends in all.',
        nothing: 'unlimited',
        fallback: 25e9,
        basis: guess('200 Gbit/s; no published figure', 6.25e9, 125e9),
      }),
    },
  ),
});
