import {
  bytesPerSecond,
  count,
  documented,
  group,
  guess,
  measured,
  optionalGroup,
  perSecond,
  seconds,
  share,
} from '../description.js';
import type { Scenario } from '../scenario.js';

const REQUEST_RATE = documented('https://docs.cloud.google.com/storage/docs/request-rate');

/** Of either kind, for one upload; a real client sends a few. */
const MOST_REQUESTS = 100;

export const bucket = group<Scenario['bucket']>('Each bucket, and how its clients behave.', {
  writesPerSecond: perSecond({
    about: 'Write requests a bucket takes before it answers 429.',
    nothing: 'unlimited',
    fallback: 1_000,
    basis: REQUEST_RATE,
  }),
  readsPerSecond: perSecond({
    about: 'Read requests a bucket takes before it answers 429.',
    nothing: 'unlimited',
    fallback: 5_000,
    basis: REQUEST_RATE,
  }),
  burst: count({
    about: 'Write requests it takes at once after a quiet time.',
    min: 1,
    fallback: 1_000,
    basis: guess('one second of writes; nobody publishes it', 100, 10_000),
  }),
  latencySeconds: seconds({
    about: 'Time of one request without its data.',
    fallback: 0.08,
    basis: guess('30 to 300 ms inside a region', 0.03, 0.3),
  }),
  uploadThroughputBytesPerSecond: bytesPerSecond({
    about: 'Upload of one VM, one stream.',
    nothing: 'unlimited',
    fallback: 60e6,
    basis: guess('single stream; a pilot measures it', 20e6, 200e6),
  }),
  downloadThroughputBytesPerSecond: bytesPerSecond({
    about: 'Download of one VM.',
    nothing: 'unlimited',
    fallback: 150e6,
    basis: guess('as for registry downloads; a pilot measures it', 80e6, 400e6),
  }),
  sharedUploadThroughputBytesPerSecond: bytesPerSecond({
    about:
      'What all uploads to one bucket share, served in order of arrival: a quota of the region, or a proxy.',
    nothing: 'unlimited',
    fallback: null,
    basis: documented(
      'taken to be no limit: the bandwidth quota of a region differs from project to project; 50 to 1,000 Gbit/s are guessed',
    ),
  }),
  requestsPerUpload: count({
    about: 'Write requests of one upload: 1 simple or multipart, 2 resumable.',
    min: 1,
    max: MOST_REQUESTS,
    fallback: 1,
    basis: measured('@google-cloud/storage 8.4.0 with resumable: false, against a recorder on loopback'),
  }),
  readsPerUpload: count({
    about:
      'Read requests before the writes of one upload, billed as reads: 0 for the client libraries, 2 for gcloud storage cp (a get and a list).',
    max: MOST_REQUESTS,
    fallback: 0,
    basis: measured('@google-cloud/storage 8.4.0, and gcloud 528.0.0, against a recorder on loopback'),
  }),
  objectWritesPerSecond: perSecond({
    about:
      "Writes that it takes of one object's name; a task whose checkpoint interval is shorter is answered 429.",
    nothing: 'unlimited',
    fallback: 1,
    basis: documented('https://docs.cloud.google.com/storage/quotas'),
  }),
  maxTries: count({
    about: 'Tries of one request before this checkpoint is skipped.',
    nothing: 'unlimited',
    min: 1,
    fallback: 10,
    basis: documented("the task image's own retry loop"),
  }),
  backoffBaseSeconds: seconds({
    about: 'The i-th wait is drawn from 0 to min(cap, base x 2^i): full jitter.',
    above: 0,
    fallback: 1,
    basis: documented(
      "the task image's own retry loop; https://docs.cloud.google.com/storage/docs/retry-strategy",
    ),
  }),
  backoffCapSeconds: seconds({
    about: 'Longest wait between two tries.',
    above: 0,
    fallback: 32,
    basis: documented(
      "the task image's own retry loop; https://docs.cloud.google.com/storage/docs/retry-strategy",
    ),
  }),
  errorRate: share({
    about: 'Probability that a request fails for no reason of ours (429 or 5xx) and is tried again.',
    // What fails every time never ends.
    max: 0.9,
    fallback: 0,
    basis: guess('nobody publishes it; 1e-5 is a usual figure', 0, 1e-3),
  }),
  growth: optionalGroup<NonNullable<Scenario['bucket']['growth']>>(
    'How the capacity grows while demand stays above 80 % of it; null: writesPerSecond is a hard edge.',
    {
      doublingSeconds: seconds({
        about: 'It doubles in this time.',
        above: 0,
        fallback: 1_200,
        basis: guess(
          'clients are asked to double at most every 20 min; what the service does is not published',
          300,
          1_200,
        ),
      }),
      maxWritesPerSecond: perSecond({
        about: 'It grows up to this.',
        nothing: 'unlimited',
        fallback: null,
        basis: documented(
          'no ceiling is published; one random hex digit before the names gives about 16,000/s',
        ),
      }),
    },
  ),
});
