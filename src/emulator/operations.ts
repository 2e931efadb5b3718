import type { ProtoObject } from '../plan/protoConvert.js';
import type { BatchJobRecord } from './batchJobRecord.js';
import { type Place, placeName } from './names.js';
import { notFound, StatusError } from './statusError.js';

/** google.longrunning.Operation, before a transport packs metadata and response into its kind of Any. */
export interface Operation {
  name: string;
  done: boolean;
  /** google.cloud.batch.v1.OperationMetadata */
  metadata: ProtoObject;
  /** Message type of the (empty) response once done. */
  responseType: string;
}

/** An operation that was begun. Times in campaign seconds. */
interface Started {
  name: string;
  verb: 'cancel' | 'delete';
  target: string;
  startedAt: number;
  endsAt: number;
  cancelled: boolean;
}

/** The long-running operations of the service: cancelling and deleting jobs. */
export class Operations {
  readonly #started = new Map<string, Started>();
  readonly #time: (campaignSeconds: number) => ProtoObject;
  #count = 0;

  /** `time`: a campaign second as a Timestamp. */
  constructor(time: (campaignSeconds: number) => ProtoObject) {
    this.#time = time;
  }

  /** Returns the operation's name. */
  start(verb: 'cancel' | 'delete', job: BatchJobRecord, startedAt: number, endsAt: number): string {
    this.#count += 1;
    const name = `${placeName(job.id)}/operations/operation-${this.#count}`;
    this.#started.set(name, { name, verb, target: job.name, startedAt, endsAt, cancelled: false });
    return name;
  }

  find(name: string, now: number): Operation | null {
    const started = this.#started.get(name);
    return started ? this.#answer(started, now) : null;
  }

  get(name: string, now: number): Operation {
    return this.#answer(this.#of(name), now);
  }

  /** In the order of their beginning; `place` with the location `-`: of all locations. */
  list({ project, region }: Place): { name: string }[] {
    const prefix = region === '-' ? `projects/${project}/locations/` : `${placeName({ project, region })}/`;
    return [...this.#started.values()].filter(({ name }) => name.startsWith(prefix));
  }

  /** The client wants it stopped. Batch promises no more than to try; what ends a job here cannot be stopped. */
  cancel(name: string): void {
    this.#of(name).cancelled = true;
  }

  /** The client wants to know no more of it; what it does goes on. */
  delete(name: string, now: number): void {
    if (now < this.#of(name).endsAt) {
      throw new StatusError('FAILED_PRECONDITION', `cannot delete ${name}: it is not done`);
    }
    this.#started.delete(name);
  }

  #of(name: string): Started {
    const started = this.#started.get(name);
    if (!started) throw notFound(name);
    return started;
  }

  #answer({ name, verb, target, startedAt, endsAt, cancelled }: Started, now: number): Operation {
    const done = now >= endsAt;
    return {
      name,
      done,
      metadata: {
        createTime: this.#time(startedAt),
        ...(done ? { endTime: this.#time(endsAt) } : {}),
        target,
        verb,
        ...(cancelled ? { requestedCancellation: true } : {}),
        apiVersion: 'v1',
      },
      responseType: verb === 'delete' ? 'google.protobuf.Empty' : 'google.cloud.batch.v1.CancelJobResponse',
    };
  }
}
