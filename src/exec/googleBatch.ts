import type { BatchServiceClient } from '@google-cloud/batch';
import type { AuthClient } from 'google-auth-library';
import { clientJob } from './batchSchema.js';
import { portError, readJob, readTask } from './batchValues.js';
import type { BatchPort } from './port.js';

/** One call on the wire, wall time: CreateJob answers in seconds, and a hung connection must not stop the run. */
const CALL_TIMEOUT_MS = 30_000;
/** Tasks a page; the server may give fewer. */
const PAGE_SIZE = 1000;

/**
 * The Batch port on Google Cloud, with a login that `findCredentials` has tried: a BatchServiceClient without one
 * ends the process with an unhandled rejection.
 */
export async function connectGoogle(to: {
  project: string;
  authClient: AuthClient;
  /** Another place that speaks TLS; default: Google's. */
  endpoint?: { apiEndpoint: string; port: number };
}): Promise<BatchPort> {
  const { project, authClient, endpoint = {} } = to;
  const { BatchServiceClient } = await import('@google-cloud/batch');
  return batchPort(new BatchServiceClient({ authClient, projectId: project, ...endpoint }), project);
}

/** The same client on an emulator on loopback: no login, no probe, no encryption. */
export async function connectEmulator(to: { grpcPort: number; project: string }): Promise<BatchPort> {
  const [{ BatchServiceClient }, { PassThroughClient }, { grpc }] = await Promise.all([
    import('@google-cloud/batch'),
    import('google-auth-library'),
    import('google-gax'),
  ]);
  const client = new BatchServiceClient({
    apiEndpoint: '127.0.0.1',
    port: to.grpcPort,
    sslCreds: grpc.credentials.createInsecure(),
    authClient: new PassThroughClient(),
    fallback: false,
    projectId: to.project,
  });
  return batchPort(client, to.project);
}

/** Every failure is a PortError. The client's own retries are off: `retryingPort` has the policy. */
function batchPort(client: BatchServiceClient, project: string): BatchPort {
  const options = { timeout: CALL_TIMEOUT_MS, retry: null };
  const parentOf = (region: string): string => `projects/${project}/locations/${region}`;
  const nameOf = (region: string, jobId: string): string => `${parentOf(region)}/jobs/${jobId}`;
  const calling = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw portError(error, what);
    }
  };
  return {
    async createJob({ region, jobId, requestId, job }) {
      const message = clientJob(job, jobId);
      return calling(`CreateJob ${jobId}`, async () => {
        const [created] = await client.createJob(
          { parent: parentOf(region), jobId, requestId, job: message },
          options,
        );
        return readJob(created);
      });
    },
    getJob: (region, jobId) =>
      calling(`GetJob ${jobId}`, async () => {
        const [job] = await client.getJob({ name: nameOf(region, jobId) }, options);
        return readJob(job);
      }),
    listTasks: (region, jobId, pageToken) =>
      calling(`ListTasks ${jobId}`, async () => {
        const parent = `${nameOf(region, jobId)}/taskGroups/group0`;
        const [tasks, , answer] = await client.listTasks(
          { parent, pageSize: PAGE_SIZE, ...(pageToken === null ? {} : { pageToken }) },
          { ...options, autoPaginate: false },
        );
        return { tasks: tasks.map(readTask), next: answer?.nextPageToken || null };
      }),
    cancelJob: (region, jobId, requestId) =>
      calling(`CancelJob ${jobId}`, async () => {
        await client.cancelJob({ name: nameOf(region, jobId), requestId }, options);
      }),
    listJobs: (region, { key, value }, pageToken) =>
      calling(`ListJobs in ${region}`, async () => {
        const [jobs, , answer] = await client.listJobs(
          {
            parent: parentOf(region),
            filter: `labels.${key}="${value}"`,
            pageSize: PAGE_SIZE,
            ...(pageToken === null ? {} : { pageToken }),
          },
          { ...options, autoPaginate: false },
        );
        return { jobs: jobs.map(readJob), next: answer?.nextPageToken || null };
      }),
    close: () => client.close(),
  };
}
