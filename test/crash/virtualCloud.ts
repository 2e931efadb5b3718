import type { BatchService } from '../../src/emulator/batchService.js';
import { Buckets } from '../../src/emulator/gcs/buckets.js';
import { GcsError } from '../../src/emulator/gcs/gcsError.js';
import { globOf } from '../../src/emulator/gcs/glob.js';
import { listNames } from '../../src/emulator/gcs/listing.js';
import { MemoryVault } from '../../src/emulator/gcs/memoryVault.js';
import type { ObjectRecord } from '../../src/emulator/gcs/objectRecord.js';
import { objectResource } from '../../src/emulator/gcs/objectResource.js';
import { Objects } from '../../src/emulator/gcs/objects.js';
import { UNCONDITIONAL } from '../../src/emulator/gcs/preconditions.js';
import { Store } from '../../src/emulator/gcs/store.js';
import { VirtualTaskObjects } from '../../src/emulator/gcs/virtualTaskObjects.js';
import { Rehearsal } from '../../src/emulator/rehearsal.js';
import { STATUS_CODES, StatusError } from '../../src/emulator/statusError.js';
import { portError, readJob, readTask } from '../../src/exec/batchValues.js';
import type { BatchPort, CloudPort } from '../../src/exec/port.js';
import type { StoragePort, StoredObject } from '../../src/exec/storagePort.js';
import { readObject, storageError } from '../../src/exec/storageValues.js';
import { homeOf } from '../../src/plan/homes.js';
import type { Plan } from '../../src/plan/plan.js';
import type { VirtualTime } from './virtualTime.js';

export const PROJECT = 'p';
export const STATE = { bucket: 'fepcast-state', prefix: '' };
/** Campaign second 0, in seconds since the Unix epoch. */
export const EPOCH = 1_800_000_000;

/**
 * The emulator's own services in this process, behind the executor's ports: no sockets, no threads, and a wall clock
 * that the test moves on. A wall second is a campaign second once the first job has been accepted.
 */
export class VirtualCloud {
  readonly rehearsal: Rehearsal;
  /** Without any misfortune. */
  readonly ports: CloudPort;
  /** What virtual tasks complain of: objects that could not be written. */
  readonly complaints: string[] = [];
  readonly #objects: Objects;
  readonly #store: Store;

  constructor(plan: Plan, seed: string, time: VirtualTime) {
    const scenario = plan.scenario.resolved;
    const virtualTasks = new VirtualTaskObjects(scenario, (text) => this.complaints.push(text));
    this.rehearsal = new Rehearsal({
      scenario,
      seed,
      speed: 1,
      virtualTasks,
      wallNow: () => time.seconds,
      epochSeconds: EPOCH,
    });
    const { clock, service } = this.rehearsal;
    this.#store = new Store(new MemoryVault(), () => (EPOCH + clock.now()) * 1000);
    this.#objects = new Objects(this.#store);
    virtualTasks.begin(this.#objects, EPOCH);
    this.ports = { batch: batchPort(service), storage: this.#storagePort() };
  }

  /** Buckets of the plan and of its record. */
  async open(plan: Plan): Promise<void> {
    const buckets = new Buckets(this.#store);
    const regions = [...new Set(plan.shards.map(({ region }) => region))];
    const names = new Map([[STATE.bucket, 'us-central1']]);
    for (const region of regions) {
      const { scratchBucket, resultsBucket } = homeOf(plan, region);
      for (const name of [scratchBucket, resultsBucket]) names.set(name, region);
    }
    for (const [name, location] of names) await buckets.insert(name, { location });
  }

  /** Campaign time, in seconds since the Unix epoch. */
  now(): number {
    return EPOCH + this.rehearsal.clock.now();
  }

  /** Every object of a bucket, by name. */
  objectsIn(bucket: string): ObjectRecord[] {
    this.rehearsal.service.advance();
    const { objects, names } = this.#store.entry(bucket);
    return [...names.from(() => false)].flatMap((name) => objects.get(name) ?? []);
  }

  contentOf(bucket: string, name: string): Buffer | null {
    return this.#objects.readNow(bucket, name);
  }

  #storagePort(): StoragePort {
    const objects = this.#objects;
    const { service } = this.rehearsal;
    const calling = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
      // Tasks write while time passes.
      service.advance();
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof GcsError)) throw error;
        throw storageError(Object.assign(new Error(error.message), { code: error.status }), what);
      }
    };
    const conditions = ({ ifGenerationMatch }: { ifGenerationMatch: string }) => ({
      ...UNCONDITIONAL,
      ifGenerationMatch,
    });
    return {
      stat: ({ bucket, name }) =>
        calling(`stat ${name}`, () => {
          const found = objects.find(bucket, name);
          return found && shown(found);
        }),
      read: ({ bucket, name }, { start = 0, end, generation = null } = {}) =>
        calling(`read ${name}`, async () => {
          const record = objects.get({ bucket, name, generation, conditions: UNCONDITIONAL });
          const content = await objects.content(record, start, end === undefined ? record.size : end + 1);
          if (Buffer.isBuffer(content)) return content;
          throw new Error('content in memory comes at once');
        }),
      write: ({ bucket, name, source, contentType = null, metadata = {}, ...condition }) =>
        calling(`write ${name}`, () => {
          if (!('bytes' in source)) throw new Error('no file is read in virtual time');
          const settings = { contentType, metadata };
          return shown(
            objects.putNow(bucket, name, Buffer.from(source.bytes), settings, conditions(condition)),
          );
        }),
      copy: ({ from, to, ...condition }) =>
        calling(`copy ${from.name}`, async () => {
          const source = { ...from, generation: null, conditions: UNCONDITIONAL };
          const target = { ...to, settings: null, conditions: conditions(condition) };
          return shown(await objects.rewrite(source, target));
        }),
      list: ({ bucket, prefix = '', matchGlob, pageToken }) =>
        calling(`list ${prefix}`, () => {
          const { objects: found, names } = this.#store.entry(bucket);
          const page = listNames(names, {
            prefix,
            delimiter: '',
            startOffset: '',
            endOffset: '',
            matches: matchGlob === undefined ? null : globOf(matchGlob),
            includeTrailingDelimiter: false,
            maxResults: OBJECTS_PER_PAGE,
            pageToken: pageToken ?? null,
          });
          return {
            objects: page.names.flatMap((name) => {
              const record = found.get(name);
              return record ? [shown(record)] : [];
            }),
            next: page.nextPageToken,
          };
        }),
      remove: ({ bucket, name, ...condition }) =>
        calling(`delete ${name}`, async () => {
          if (objects.find(bucket, name) === null) return false;
          await objects.remove({ bucket, name, generation: null, conditions: conditions(condition) });
          return true;
        }),
      bucketInfo: async () => {
        throw new Error('nobody looks at buckets here');
      },
      testPermissions: async (_bucket, permissions) => [...permissions],
    };
  }
}

/** Small pages, so that there are second ones. */
const OBJECTS_PER_PAGE = 7;
const TASKS_PER_PAGE = 2;

function shown(record: ObjectRecord): StoredObject {
  return readObject(objectResource(record, null, ''));
}

function batchPort(service: BatchService): BatchPort {
  const parentOf = (region: string): string => `projects/${PROJECT}/locations/${region}`;
  const nameOf = (region: string, jobId: string): string => `${parentOf(region)}/jobs/${jobId}`;
  const calling = async <T>(what: string, work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const code = STATUS_CODES[error.status].grpc;
      throw portError(Object.assign(new Error(error.message), { code }), what);
    }
  };
  return {
    createJob: ({ region, jobId, requestId, job }) =>
      calling(`CreateJob ${jobId}`, () =>
        readJob(service.createJob({ parent: parentOf(region), jobId, requestId, job })),
      ),
    getJob: (region, jobId) =>
      calling(`GetJob ${jobId}`, () => readJob(service.getJob({ name: nameOf(region, jobId) }))),
    listTasks: (region, jobId, pageToken) =>
      calling(`ListTasks ${jobId}`, () => {
        const parent = `${nameOf(region, jobId)}/taskGroups/group0`;
        const answer = service.listTasks({ parent, pageSize: TASKS_PER_PAGE, pageToken: pageToken ?? '' });
        const tasks = answer.tasks as Parameters<typeof readTask>[0][];
        return { tasks: tasks.map(readTask), next: String(answer.nextPageToken ?? '') || null };
      }),
    cancelJob: (region, jobId, requestId) =>
      calling(`CancelJob ${jobId}`, () => {
        service.cancelJob({ name: nameOf(region, jobId), requestId });
      }),
    listJobs: (region, { key, value }, pageToken) =>
      calling(`ListJobs in ${region}`, () => {
        const answer = service.listJobs({
          parent: parentOf(region),
          filter: `labels.${key}="${value}"`,
          pageSize: TASKS_PER_PAGE,
          pageToken: pageToken ?? '',
        });
        const jobs = answer.jobs as Parameters<typeof readJob>[0][];
        return { jobs: jobs.map(readJob), next: String(answer.nextPageToken ?? '') || null };
      }),
    close: async () => undefined,
  };
}
