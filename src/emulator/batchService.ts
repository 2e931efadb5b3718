import type { BatchJob } from '../plan/batchJob.js';
import type { JobSpec } from '../plan/jobSpec.js';
import type { JournalCommand, WorldFault } from '../plan/journal.js';
import type { ProtoObject } from '../plan/protoConvert.js';
import type { ProtoSchema } from '../plan/protoSchema.js';
import { secondsNanos } from '../plan/protoTime.js';
import type { Scenario } from '../scenario/scenario.js';
import type { WorldControl } from '../sim/world/view.js';
import { BatchJobRecord, type RecordContext } from './batchJobRecord.js';
import { checkedJob, type JobSpecReader, jobSpecOf } from './checkedJob.js';
import type { ScaledClock } from './clock.js';
import { onlyZone } from './eventTexts.js';
import { jobFilter, jobOrder, taskFilter } from './filters.js';
import type { History } from './history.js';
import { submitNotes } from './jobNotes.js';
import { JobRecords } from './jobRecords.js';
import { brokenRequestId } from './jobRules.js';
import { Locations } from './locations.js';
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
import { type Operation, Operations } from './operations.js';
import { type PageRequest, pageOf } from './paging.js';
import { numberedName } from './projectNumber.js';
import { quoted } from './quoted.js';
import { RateLimit } from './rateLimit.js';
import { RequestIds } from './requestIds.js';
import { badRequest, notFound, StatusError } from './statusError.js';
import type { ViewFaults } from './viewFaults.js';

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

export interface BatchServiceOptions {
  world: WorldControl;
  clock: ScaledClock;
  /** The observer that the World reports to. */
  history: History;
  schema: ProtoSchema;
  scenario: Scenario;
  readJobSpec: JobSpecReader;
  /** Makes a command durable; it has not taken effect yet. */
  record: (command: JournalCommand) => void;
  /** How the API is to show what is, other than as it is. */
  view: ViewFaults;
}

/**
 * Campaign seconds until a job that is cancelled or deleted has come to its end. Its VMs stop at once; that Batch
 * takes a while is documented, how long is not: a guess.
 */
export const ENDING_SECONDS = 30;

/**
 * The Batch API, version 1, on a World. Knows nothing of gRPC or HTTP: requests are plain objects, answers are in
 * the object form of the client libraries, refusals are StatusErrors. The World is brought to the present before
 * each answer, and time stands still while it is given.
 */
export class BatchService {
  readonly #options: BatchServiceOptions;
  readonly #context: RecordContext;
  readonly #rates = new RateLimit();
  readonly #jobs = new JobRecords();
  readonly #operations: Operations;
  readonly locations: Locations;
  readonly #requestIds = new RequestIds();

  constructor(options: BatchServiceOptions) {
    this.#options = options;
    const { world, schema, clock, view } = options;
    this.#context = { world, schema, epochSeconds: clock.epochSeconds, view };
    this.locations = new Locations(Object.keys(options.scenario.regions));
    this.#operations = new Operations((seconds) => this.#time(seconds));
  }

  /** At least one job was submitted, and none will change by itself any more. */
  get allFinal(): boolean {
    return this.#options.world.jobCount > 0 && this.#jobs.allFinal;
  }

  /** Brings the World to the present, while time stands still. */
  advance(): void {
    this.#options.clock.frozen(() => this.#bringTo(this.#options.clock.now()));
  }

  /** Repeats a command of the journal at its time. */
  replay(command: JournalCommand): void {
    this.#bringTo(command.t);
    this.#repeat(command);
    this.#bringTo(command.t);
  }

  #repeat(command: JournalCommand): void {
    const { world } = this.#options;
    switch (command.command) {
      case 'tick':
        return;
      case 'fault':
        world.order(command.fault);
        return;
      case 'end':
        world.endAttempt(command.jobNumber, command.task, command.exitCode);
        return;
      case 'submit':
        this.#submit(command, command.requestId, command.job, jobSpecOf(this.#options, command, command.job));
        return;
      case 'cancel':
      case 'delete':
        this.#end(this.#record(command), command.command, command.requestId);
        return;
      case 'cancelOperation':
      case 'deleteOperation':
        this.#endOperation(command.command, `${placeName(command)}/operations/${command.operationId}`);
    }
  }

  /** Makes things happen to regions of the World, each at its time or now if that is past; or none of them. */
  order(...faults: readonly WorldFault[]): void {
    const { world, clock, record, scenario } = this.#options;
    faults.forEach(({ region }, index) => {
      if (Object.hasOwn(scenario.regions, region)) return;
      const known = Object.keys(scenario.regions).join(', ');
      const description = `is ${quoted(region)}, which is not in this scenario: it has ${known}`;
      throw badRequest([{ field: `world[${index}].region`, description }]);
    });
    clock.frozen(() => {
      for (const fault of faults) {
        this.#bringTo(clock.now());
        record({ t: world.now, command: 'fault', fault });
        world.order(fault);
        this.#bringTo(world.now);
      }
    });
  }

  /** google.cloud.batch.v1.Job */
  createJob(request: CreateJobRequest): ProtoObject {
    const place = parsePlace(request.parent);
    return this.#answer('mutation', place.region, () => {
      const requestId = request.requestId ?? '';
      const given = request.jobId ?? '';
      const name = given === '' ? null : jobName({ ...place, jobId: given });
      const earlier = this.#requestIds.earlier(place, requestId, 'create', name, this.#options.world.now);
      if (earlier?.verb === 'create') return earlier.answer;
      const jobId = given === '' ? this.#freeJobId(place) : given;
      const id = { ...place, jobId };
      const json = checkedJob(this.#options, id, requestId, request.job);
      const spec = jobSpecOf(this.#options, id, json);
      if (this.#jobs.has(jobName(id))) {
        throw new StatusError('ALREADY_EXISTS', `resource ${numberedName(jobName(id))} already exists`);
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
      const jobs = [...this.#jobs.all()]
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
      if (id.group !== TASK_GROUP || id.index >= record.taskCount || record.tasksHidden) {
        throw notFound(request.name);
      }
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
      const shown = record.tasksHidden ? 0 : record.taskCount;
      const page = pageOf(list, shown, request, (index) =>
        wanted === null || world.taskState(record.number, index) === wanted ? record.task(index) : null,
      );
      return { tasks: page.items, nextPageToken: page.nextPageToken };
    });
  }

  getOperation(request: { name: string }): Operation {
    const { region } = parseOperationName(request.name);
    return this.#answer('read', region, () => this.#operations.get(request.name, this.#options.world.now));
  }

  /** Without counting as a request: what a call that waits does in between. */
  lookAtOperation(name: string): Operation {
    this.advance();
    return this.#operations.get(name, this.#options.world.now);
  }

  /** The location `-` stands for all of them. */
  listOperations(request: ListRequest): { operations: Operation[]; nextPageToken: string } {
    const place = parsePlace(request.parent);
    return this.#answer('read', place.region, () => {
      if (request.filter) throw badRequest([{ field: 'filter', description: 'is not supported' }]);
      const { now } = this.#options.world;
      const all = this.#operations.list(place);
      const page = pageOf(`operations ${request.parent}`, all.length, request, (index) => all[index] ?? null);
      return {
        operations: page.items.map(({ name }) => this.#operations.get(name, now)),
        nextPageToken: page.nextPageToken,
      };
    });
  }

  /** google.protobuf.Empty */
  cancelOperation(request: { name: string }): ProtoObject {
    return this.#changeOperation('cancelOperation', request.name);
  }

  /** google.protobuf.Empty */
  deleteOperation(request: { name: string }): ProtoObject {
    return this.#changeOperation('deleteOperation', request.name);
  }

  #changeOperation(command: 'cancelOperation' | 'deleteOperation', name: string): ProtoObject {
    const { project, region, id } = parseOperationName(name);
    return this.#answer('mutation', region, () => {
      const { world, record } = this.#options;
      const { done } = this.#operations.get(name, world.now);
      // What is refused or changes nothing need not be remembered.
      if (done === (command === 'deleteOperation')) {
        record({ t: world.now, command, project, region, operationId: id });
      }
      this.#endOperation(command, name);
      return {};
    });
  }

  #endOperation(command: 'cancelOperation' | 'deleteOperation', name: string): void {
    const { now } = this.#options.world;
    if (command === 'deleteOperation') this.#operations.delete(name, now);
    else if (!this.#operations.get(name, now).done) this.#operations.cancel(name);
  }

  #answer<T>(kind: 'read' | 'mutation', region: string, work: () => T): T {
    const { clock, world } = this.#options;
    this.locations.refuseUnknown(region);
    return clock.frozen(() => {
      this.#bringTo(clock.now());
      // Before the first job campaign time stands still: a minute that never ends cannot be used up.
      if (clock.started) this.#rates.count(region, kind, world.now);
      return work();
    });
  }

  #bringTo(now: number): void {
    this.#options.world.advance(now);
    this.#jobs.settle(now);
  }

  #submit(id: JobName, requestId: string, json: BatchJob, spec: JobSpec): ProtoObject {
    const { world, history, scenario } = this.#options;
    const number = world.submit(spec);
    const jobHistory = history.job(number);
    for (const description of submitNotes(json, spec, scenario)) jobHistory.note(description, world.now);
    const record = new BatchJobRecord(this.#context, {
      id: { project: id.project, region: id.region, jobId: id.jobId },
      number,
      json,
      zoneOf: (vm) => history.zoneOf(vm) ?? onlyZone(id.region),
      history: jobHistory,
    });
    this.#jobs.add(record);
    const answer = record.answer();
    this.#requestIds.remember(id, requestId, { verb: 'create', jobName: record.name, answer }, world.now);
    return answer;
  }

  #endJob(verb: 'cancel' | 'delete', request: EndJobRequest): Operation {
    const id = parseJobName(request.name);
    return this.#answer('mutation', id.region, () => {
      const requestId = request.requestId ?? '';
      const faults = brokenRequestId(requestId);
      if (faults.length > 0) throw badRequest(faults);
      const { world, record: journal } = this.#options;
      const earlier = this.#requestIds.earlier(id, requestId, verb, jobName(id), world.now);
      const known =
        earlier && earlier.verb !== 'create' ? this.#operations.find(earlier.operation, world.now) : null;
      if (known) return known;
      const record = this.#record(id);
      refuseEnd(verb, record);
      journal({ t: world.now, command: verb, ...id, requestId });
      return this.#end(record, verb, requestId);
    });
  }

  #end(record: BatchJobRecord, verb: 'cancel' | 'delete', requestId: string): Operation {
    const { world } = this.#options;
    const { now } = world;
    // There is nothing left to do for one who cancels what is cancelled.
    const endsAt = verb === 'cancel' && record.isFinal ? now : now + ENDING_SECONDS;
    if (!record.isFinal) world.cancel(record.number);
    record.endsAt = Math.max(record.endsAt, endsAt);
    if (verb === 'delete') record.deletedAt = now;
    this.#jobs.reopen(record);
    const operation = this.#operations.start(verb, record, now, endsAt);
    this.#requestIds.remember(record.id, requestId, { verb, jobName: record.name, operation }, now);
    this.#bringTo(now);
    return this.#operations.get(operation, now);
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
}

/**
 * Cancelling a cancelled job is accepted, and refused while its cancellation is under way (seen by Cromwell's
 * tests); for other final jobs nothing is documented, and the emulator is strict.
 */
function refuseEnd(verb: 'cancel' | 'delete', record: BatchJobRecord): void {
  const { state } = record;
  const cancellable = ['QUEUED', 'SCHEDULED', 'RUNNING', 'CANCELLED'].includes(state);
  if (record.deleting || (verb === 'cancel' && !cancellable))
    throw new StatusError('FAILED_PRECONDITION', `cannot ${verb} ${record.name}: it is ${state}`);
}
