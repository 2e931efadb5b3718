import type { BatchJob } from '../plan/batchJob.js';
import type { JobSpec } from '../plan/jobSpec.js';
import type { JournalCommand } from '../plan/journal.js';
import { type ProtoObject, toProtoJson, toProtoObject } from '../plan/protoConvert.js';
import { checkJob, JOB_MESSAGE } from '../plan/protoJson.js';
import type { ProtoSchema } from '../plan/protoSchema.js';
import { secondsNanos } from '../plan/protoTime.js';
import { InputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import type { WorldControl } from '../sim/world/view.js';
import { BatchJobRecord, type RecordContext } from './batchJobRecord.js';
import type { ScaledClock } from './clock.js';
import { jobFilter, jobOrder, taskFilter } from './filters.js';
import type { History } from './history.js';
import { brokenJobId, brokenRequestId, brokenRules } from './jobRules.js';
import {
  type JobName,
  jobName,
  type Place,
  parseJobName,
  parseOperationName,
  parsePlace,
  parseTaskGroupName,
  parseTaskName,
  placeName,
  TASK_GROUP,
} from './names.js';
import { type PageRequest, pageOf } from './paging.js';
import { RateLimit } from './rateLimit.js';
import { badRequest, notFound, StatusError } from './statusError.js';

export interface CreateJobRequest {
  parent: string;
  jobId?: string | undefined;
  requestId?: string | undefined;
  /** Proto-JSON, unchecked. */
  job: unknown;
}

/** CancelJob and DeleteJob. */
export interface EndJobRequest {
  name: string;
  requestId?: string | undefined;
}

export interface ListRequest extends PageRequest {
  parent: string;
  filter?: string | undefined;
}

/** google.longrunning.Operation, before a transport packs metadata and response into its kind of Any. */
export interface Operation {
  name: string;
  done: boolean;
  /** google.cloud.batch.v1.OperationMetadata */
  metadata: ProtoObject;
  /** Message type of the (empty) response once done. */
  responseType: string;
}

export interface BatchServiceOptions {
  world: WorldControl;
  clock: ScaledClock;
  /** The observer that the World reports to. */
  history: History;
  schema: ProtoSchema;
  scenario: Scenario;
  readJobSpec: (job: BatchJob, region: string, jobId: string, scenario: Scenario) => JobSpec;
  /** Makes a command durable; it has not taken effect yet. */
  record: (command: JournalCommand) => void;
}

interface StartedOperation {
  id: string;
  verb: 'cancel' | 'delete';
  job: BatchJobRecord;
  /** Campaign seconds. */
  startedAt: number;
}

/** What a request id has been used for. */
type Answered = { jobName: string } & (
  | { verb: 'create'; answer: ProtoObject }
  | { verb: 'cancel' | 'delete'; operation: string }
);

/**
 * The Batch API, version 1, on a World. Knows nothing of gRPC or HTTP: requests are plain objects, answers are in
 * the object form of the client libraries, refusals are StatusErrors. The World is brought to the present before
 * each answer, and time stands still while it is given.
 */
export class BatchService {
  readonly #options: BatchServiceOptions;
  readonly #context: RecordContext;
  readonly #rates = new RateLimit();
  readonly #jobs = new Map<string, BatchJobRecord>();
  readonly #open = new Set<BatchJobRecord>();
  readonly #operations = new Map<string, StartedOperation>();
  readonly #answered = new Map<string, Answered>();

  constructor(options: BatchServiceOptions) {
    this.#options = options;
    const { world, schema, clock } = options;
    this.#context = { world, schema, epochSeconds: clock.epochSeconds };
  }

  /** At least one job was submitted, and none will change by itself any more. */
  get allFinal(): boolean {
    return this.#options.world.jobCount > 0 && this.#open.size === 0;
  }

  /** Brings the World to the present, while time stands still. */
  advance(): void {
    this.#options.clock.frozen(() => this.#bringTo(this.#options.clock.now()));
  }

  /** Repeats a command of the journal at its time. */
  replay(command: JournalCommand): void {
    this.#bringTo(command.t);
    if (command.command === 'tick') return;
    const id = { project: command.project, region: command.region, jobId: command.jobId };
    if (command.command === 'submit') {
      this.#submit(id, command.requestId, command.job, this.#spec(id, command.job));
    } else {
      this.#end(this.#record(id), command.command, command.requestId);
    }
  }

  /** google.cloud.batch.v1.Job */
  createJob(request: CreateJobRequest): ProtoObject {
    const place = parsePlace(request.parent);
    return this.#answer('mutation', place.region, () => {
      const requestId = request.requestId ?? '';
      const given = request.jobId ?? '';
      const earlier = this.#earlier(
        place,
        requestId,
        'create',
        given === '' ? null : jobName({ ...place, jobId: given }),
      );
      if (earlier?.verb === 'create') return earlier.answer;
      const jobId = given === '' ? this.#freeJobId(place) : given;
      const id = { ...place, jobId };
      const json = this.#checkedJob(id, requestId, request.job);
      const spec = this.#spec(id, json);
      if (this.#jobs.has(jobName(id))) {
        throw new StatusError('ALREADY_EXISTS', `resource ${jobName(id)} already exists`);
      }
      const { world, clock, record } = this.#options;
      record({ t: world.now, command: 'submit', ...id, requestId, job: json });
      const created = this.#submit(id, requestId, json, spec);
      clock.start();
      return created;
    });
  }

  /** google.cloud.batch.v1.Job */
  getJob(request: { name: string }): ProtoObject {
    const id = parseJobName(request.name);
    return this.#answer('read', id.region, () => this.#record(id).answer());
  }

  /** google.cloud.batch.v1.ListJobsResponse; the location `-` stands for all of them. */
  listJobs(request: ListRequest & { orderBy?: string | undefined }): ProtoObject {
    const { project, region } = parsePlace(request.parent);
    return this.#answer('read', region, () => {
      const holds = jobFilter(request.filter ?? '');
      const order = jobOrder(request.orderBy ?? '');
      const jobs = [...this.#jobs.values()]
        .filter(({ id }) => id.project === project && (region === '-' || id.region === region))
        .map((record) => ({ record, listed: record.listed() }))
        .filter(({ listed }) => holds(listed))
        .sort((a, b) => order(a.listed, b.listed));
      const list = `jobs ${request.parent} ${request.filter ?? ''} ${request.orderBy ?? ''}`;
      const page = pageOf(list, jobs.length, request, (index) => jobs[index]?.record ?? null);
      return { jobs: page.items.map((record) => record.answer()), nextPageToken: page.nextPageToken };
    });
  }

  cancelJob(request: EndJobRequest): Operation {
    return this.#endJob('cancel', request);
  }

  /** A job that is not final is cancelled first, and is gone once it is. */
  deleteJob(request: EndJobRequest): Operation {
    return this.#endJob('delete', request);
  }

  /** google.cloud.batch.v1.Task */
  getTask(request: { name: string }): ProtoObject {
    const id = parseTaskName(request.name);
    return this.#answer('read', id.region, () => {
      const record = this.#record(id);
      if (id.group !== TASK_GROUP || id.index >= record.taskCount) throw notFound(request.name);
      return record.task(id.index);
    });
  }

  /** google.cloud.batch.v1.ListTasksResponse, by task index. */
  listTasks(request: ListRequest): ProtoObject {
    const id = parseTaskGroupName(request.parent);
    return this.#answer('read', id.region, () => {
      const record = this.#record(id);
      if (id.group !== TASK_GROUP) throw notFound(request.parent);
      const wanted = taskFilter(request.filter ?? '');
      const { world } = this.#options;
      const list = `tasks ${request.parent} ${request.filter ?? ''}`;
      const page = pageOf(list, record.taskCount, request, (index) =>
        wanted === null || world.taskState(record.number, index) === wanted ? record.task(index) : null,
      );
      return { tasks: page.items, nextPageToken: page.nextPageToken };
    });
  }

  getOperation(request: { name: string }): Operation {
    const { region } = parseOperationName(request.name);
    return this.#answer('read', region, () => {
      const operation = this.#operations.get(request.name);
      if (!operation) throw notFound(request.name);
      return this.#operationAnswer(operation);
    });
  }

  listOperations(request: ListRequest): { operations: Operation[]; nextPageToken: string } {
    const place = parsePlace(request.parent);
    return this.#answer('read', place.region, () => {
      if (request.filter) throw badRequest([{ field: 'filter', description: 'is not supported' }]);
      const prefix = `${placeName(place)}/operations/`;
      const all = [...this.#operations.values()].filter(({ id }) => id.startsWith(prefix));
      const page = pageOf(`operations ${request.parent}`, all.length, request, (index) => all[index] ?? null);
      return {
        operations: page.items.map((operation) => this.#operationAnswer(operation)),
        nextPageToken: page.nextPageToken,
      };
    });
  }

  #answer<T>(kind: 'read' | 'mutation', region: string, work: () => T): T {
    const { clock, world } = this.#options;
    return clock.frozen(() => {
      this.#bringTo(clock.now());
      // Before the first job campaign time stands still: a minute that never ends cannot be used up.
      if (clock.started) this.#rates.count(region, kind, world.now);
      return work();
    });
  }

  #bringTo(now: number): void {
    this.#options.world.advance(now);
    for (const record of this.#open) {
      if (!record.isFinal) continue;
      this.#open.delete(record);
      if (record.deleting) this.#jobs.delete(record.name);
    }
  }

  /** The job in canonical proto-JSON; throws INVALID_ARGUMENT with everything that is wrong with the request. */
  #checkedJob(id: JobName, requestId: string, job: unknown): BatchJob {
    const { schema, scenario } = this.#options;
    const violations = [...brokenRequestId(requestId), ...brokenJobId(id.jobId)];
    if (!Object.hasOwn(scenario.regions, id.region)) {
      const known = Object.keys(scenario.regions).join(', ');
      violations.push({
        field: 'parent',
        description: `names the location ${id.region}; this scenario has ${known}`,
      });
    }
    const faults = checkJob(schema, job);
    if (faults.length > 0) throw badRequest([...violations, ...faults]);
    const canonical = toProtoJson(schema, JOB_MESSAGE, toProtoObject(schema, JOB_MESSAGE, job));
    if (!isBatchJob(canonical))
      throw badRequest([...violations, { field: 'taskGroups', description: 'is required' }]);
    violations.push(...brokenRules(canonical, id.region, scenario));
    if (violations.length > 0) throw badRequest(violations);
    return canonical;
  }

  #submit(id: JobName, requestId: string, json: BatchJob, spec: JobSpec): ProtoObject {
    const { world, history, scenario } = this.#options;
    const number = world.submit(spec);
    const zones = zonesOf(json, id.region, scenario);
    const record = new BatchJobRecord(this.#context, {
      id,
      number,
      json,
      zones,
      history: history.job(number),
    });
    this.#jobs.set(record.name, record);
    this.#open.add(record);
    const answer = record.answer();
    this.#remember(id, requestId, { verb: 'create', jobName: record.name, answer });
    return answer;
  }

  #endJob(verb: 'cancel' | 'delete', request: EndJobRequest): Operation {
    const id = parseJobName(request.name);
    return this.#answer('mutation', id.region, () => {
      const requestId = request.requestId ?? '';
      const faults = brokenRequestId(requestId);
      if (faults.length > 0) throw badRequest(faults);
      const earlier = this.#earlier(id, requestId, verb, jobName(id));
      const known = earlier && earlier.verb !== 'create' ? this.#operations.get(earlier.operation) : null;
      if (known) return this.#operationAnswer(known);
      const record = this.#record(id);
      refuseEnd(verb, record);
      const { world, record: journal } = this.#options;
      journal({ t: world.now, command: verb, ...id, requestId });
      return this.#end(record, verb, requestId);
    });
  }

  #end(record: BatchJobRecord, verb: 'cancel' | 'delete', requestId: string): Operation {
    const { world } = this.#options;
    if (!record.isFinal && record.state !== 'CANCELLATION_IN_PROGRESS') world.cancel(record.number);
    if (verb === 'delete') {
      record.deleting = true;
      this.#open.add(record);
    }
    const name = `${placeName(record.id)}/operations/operation-${this.#operations.size + 1}`;
    const operation: StartedOperation = { id: name, verb, job: record, startedAt: world.now };
    this.#operations.set(name, operation);
    this.#remember(record.id, requestId, { verb, jobName: record.name, operation: name });
    this.#bringTo(world.now);
    return this.#operationAnswer(operation);
  }

  #operationAnswer(operation: StartedOperation): Operation {
    const { job, verb, startedAt, id } = operation;
    const done = job.isFinal;
    const endedAt = Math.max(startedAt, job.view.finalAt ?? startedAt);
    return {
      name: id,
      done,
      metadata: {
        createTime: this.#time(startedAt),
        ...(done ? { endTime: this.#time(endedAt) } : {}),
        target: job.name,
        verb,
        apiVersion: 'v1',
      },
      responseType: verb === 'delete' ? 'google.protobuf.Empty' : 'google.cloud.batch.v1.CancelJobResponse',
    };
  }

  #spec(id: JobName, json: BatchJob): JobSpec {
    const { readJobSpec, scenario } = this.#options;
    try {
      return readJobSpec(json, id.region, id.jobId, scenario);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new StatusError('INVALID_ARGUMENT', error.message, [
        { field: 'job', description: error.message },
      ]);
    }
  }

  #record(id: JobName): BatchJobRecord {
    const record = this.#jobs.get(jobName(id));
    if (!record) throw notFound(jobName(id));
    return record;
  }

  #time(campaignSeconds: number): ProtoObject {
    const { seconds, nanos } = secondsNanos(campaignSeconds);
    return { seconds: this.#context.epochSeconds + seconds, nanos };
  }

  /** The server makes an id up when the client gives none. */
  #freeJobId(place: Place): string {
    let number = this.#options.world.jobCount + 1;
    while (this.#jobs.has(jobName({ ...place, jobId: `job-${number}` }))) number += 1;
    return `job-${number}`;
  }

  /** What the same request was answered before; null for a new request. `name` null: any job. */
  #earlier(place: Place, requestId: string, verb: Answered['verb'], name: string | null): Answered | null {
    const answered = requestId === '' ? undefined : this.#answered.get(`${placeName(place)} ${requestId}`);
    if (!answered) return null;
    if (answered.verb === verb && (name === null || answered.jobName === name)) return answered;
    const description = `was used before, to ${answered.verb} ${answered.jobName}`;
    throw badRequest([{ field: 'requestId', description }]);
  }

  #remember(place: Place, requestId: string, answered: Answered): void {
    if (requestId !== '') this.#answered.set(`${placeName(place)} ${requestId}`, answered);
  }
}

/**
 * Cancelling a cancelled job is accepted, and refused while its cancellation is under way (seen by Cromwell's
 * tests); for other final jobs nothing is documented, and the emulator is strict.
 */
function refuseEnd(verb: 'cancel' | 'delete', record: BatchJobRecord): void {
  const { state } = record;
  const refused =
    verb === 'delete'
      ? record.deleting
      : record.deleting || !['QUEUED', 'SCHEDULED', 'RUNNING', 'CANCELLED'].includes(state);
  if (refused) throw new StatusError('FAILED_PRECONDITION', `cannot ${verb} ${record.name}: it is ${state}`);
}

/** The zones that the job's VMs may be in: those that it names, else those of its region. */
function zonesOf(job: BatchJob, region: string, scenario: Scenario): string[] {
  const named = (job.allocationPolicy?.location?.allowedLocations ?? [])
    .filter((location) => location.startsWith('zones/'))
    .map((location) => location.slice('zones/'.length));
  if (named.length > 0) return named;
  const zones = scenario.regions[region]?.zones ?? [];
  return zones.length > 0 ? zones : [`${region}-a`];
}

/** What the schema's required fields make sure of. */
function isBatchJob(job: object): job is BatchJob {
  return 'taskGroups' in job && Array.isArray(job.taskGroups);
}
