import { type protos, v1 } from '@google-cloud/batch';
import { PassThroughClient } from 'google-auth-library';
import { grpc } from 'google-gax';
import type { Answering } from '../../src/emulator/answering.js';
import { batchRest } from '../../src/emulator/batchRest.js';
import { Calls } from '../../src/emulator/calls.js';
import { type FaultRule, Faults } from '../../src/emulator/faults.js';
import { startGrpcServer } from '../../src/emulator/grpcServer.js';
import { startHttpServer } from '../../src/emulator/httpServer.js';
import { BATCH_SCHEMA } from '../../src/emulator/protos.js';
import { Rehearsal } from '../../src/emulator/rehearsal.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { toProtoObject } from '../../src/plan/protoConvert.js';
import { JOB_MESSAGE } from '../../src/plan/protoJson.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { exampleScenario } from '../plan/examplePlan.js';

export const EPOCH = 1_800_000_000;
export const PARENT = 'projects/p/locations/us-central1';

/** An emulator whose wall clock the test sets: at speed 1, `pass(60)` is a minute of the campaign. */
export interface Emulated {
  rehearsal: Rehearsal;
  client: v1.BatchServiceClient;
  /** `http://127.0.0.1:PORT` */
  url: string;
  grpcPort: number;
  pass(seconds: number): void;
  stop(): Promise<void>;
}

export async function emulate(
  options: {
    scenario?: Scenario;
    journalFile?: string;
    outcomeFile?: string;
    speed?: number;
    faults?: FaultRule[];
  } = {},
): Promise<Emulated> {
  const scenario = options.scenario ?? exampleScenario();
  let wall = 100;
  const rehearsal = new Rehearsal({
    seed: 'emulated',
    speed: 1,
    ...options,
    scenario,
    wallNow: () => wall,
    epochSeconds: EPOCH,
  });
  const answering: Answering = (work) => rehearsal.answer(work);
  const faults = new Faults(options.faults ?? [], 'emulated', () => rehearsal.clock.now());
  const calls = new Calls('batch', answering, faults);
  const grpcServer = await startGrpcServer(rehearsal.service, 0, calls);
  const httpServer = await startHttpServer([batchRest(rehearsal.service, calls)], 0, answering);
  const client = batchClient(grpcServer.port);
  return {
    rehearsal,
    client,
    url: `http://127.0.0.1:${httpServer.port}`,
    grpcPort: grpcServer.port,
    pass: (seconds) => {
      wall += seconds;
    },
    stop: async () => {
      await client.close();
      await Promise.all([grpcServer.stop(), httpServer.stop()]);
      rehearsal.close();
    },
  };
}

/** The official client, as the executor uses it. */
export function batchClient(port: number, apiEndpoint = '127.0.0.1'): v1.BatchServiceClient {
  return new v1.BatchServiceClient({
    apiEndpoint,
    port,
    sslCreds: grpc.credentials.createInsecure(),
    authClient: new PassThroughClient(),
    fallback: false,
  });
}

/** The job as the client takes it. */
export function clientJob(job: BatchJob): protos.google.cloud.batch.v1.IJob {
  return toProtoObject(BATCH_SCHEMA, JOB_MESSAGE, job) as protos.google.cloud.batch.v1.IJob;
}

/** A valid job on Spot VMs, in proto-JSON. */
export function exampleJob(taskCount = 13, parallelism = 13): BatchJob {
  return {
    taskGroups: [
      {
        taskCount,
        parallelism,
        taskCountPerNode: 1,
        taskSpec: {
          runnables: [{ container: { imageUri: 'us-docker.pkg.dev/p/r/fep-task:1' } }],
          computeResource: { cpuMilli: 4000, memoryMib: 15_000 },
          maxRetryCount: 10,
        },
      },
    ],
    allocationPolicy: {
      location: { allowedLocations: ['regions/us-central1'] },
      instances: [{ policy: { machineType: 'g2-standard-4', provisioningModel: 'SPOT' } }],
    },
    labels: { shard: 'a' },
    logsPolicy: { destination: 'CLOUD_LOGGING' },
  };
}

/** Runs until the jobs are final, a campaign hour at a time. */
export function finish(emulated: Emulated): void {
  for (let hour = 0; hour < 24 * 365; hour += 1) {
    emulated.pass(3600);
    emulated.rehearsal.service.advance();
    if (emulated.rehearsal.service.allFinal) return;
  }
  throw new Error('not final within a year');
}
