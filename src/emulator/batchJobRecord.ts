import { createHash } from 'node:crypto';
import type { BatchJob } from '../plan/batchJob.js';
import { LIMITS } from '../plan/limits.js';
import { type ProtoObject, toProtoObject } from '../plan/protoConvert.js';
import { JOB_MESSAGE } from '../plan/protoJson.js';
import type { ProtoSchema } from '../plan/protoSchema.js';
import { secondsNanos } from '../plan/protoTime.js';
import { isFinal, type JobState } from '../plan/snapshot.js';
import type { JobView, WorldControl } from '../sim/world/view.js';
import { jobEventText, STATUS_CHANGED, taskEventText, type ZoneOfVm } from './eventTexts.js';
import type { ListedJob } from './filters.js';
import type { JobEvent, JobHistory } from './history.js';
import { OPERATIONAL_INFO, UID } from './jobNotes.js';
import { type JobName, jobName, TASK_GROUP } from './names.js';
import { numberedName } from './projectNumber.js';
import { shownEvents, type ViewFaults } from './viewFaults.js';

/** What all records of one service share. */
export interface RecordContext {
  world: WorldControl;
  schema: ProtoSchema;
  /** Campaign second 0, in seconds since the Unix epoch. */
  epochSeconds: number;
  view: ViewFaults;
}

export type ShownState = JobState | 'DELETION_IN_PROGRESS';

/** One accepted job, and how Batch shows it. Answers are in the object form of the client libraries. */
export class BatchJobRecord {
  readonly id: JobName;
  readonly name: string;
  readonly uid: string;
  readonly number: number;
  /** When it was deleted, and when the cancellation or deletion has come to its end. Campaign seconds. */
  deletedAt: number | null = null;
  endsAt = Number.NEGATIVE_INFINITY;
  readonly #context: RecordContext;
  readonly #history: JobHistory;
  readonly #zoneOf: ZoneOfVm;
  readonly #job: BatchJob;
  readonly #definition: ProtoObject;

  constructor(
    context: RecordContext,
    job: { id: JobName; number: number; json: BatchJob; zoneOf: ZoneOfVm; history: JobHistory },
  ) {
    this.#context = context;
    this.#history = job.history;
    this.#zoneOf = job.zoneOf;
    this.#job = job.json;
    this.#definition = toProtoObject(context.schema, JOB_MESSAGE, job.json);
    this.id = job.id;
    this.name = jobName(job.id);
    this.number = job.number;
    this.uid = uidOf(job.id, job.number);
  }

  get view(): JobView {
    return this.#context.world.job(this.number);
  }

  get deleting(): boolean {
    return this.deletedAt !== null;
  }

  get state(): ShownState {
    if (this.deleting) return 'DELETION_IN_PROGRESS';
    const { state } = this.view;
    return state === 'CANCELLED' && this.#isEnding ? 'CANCELLATION_IN_PROGRESS' : state;
  }

  /** Nothing will change any more. */
  get isFinal(): boolean {
    return isFinal(this.view.state) && !this.#isEnding;
  }

  get #isEnding(): boolean {
    return this.#context.world.now < this.endsAt;
  }

  /** When Batch deletes the finished job by itself. Campaign seconds. */
  get expiresAt(): number {
    const finalAt = Math.max(this.view.finalAt ?? Number.POSITIVE_INFINITY, this.endsAt);
    return finalAt + LIMITS.finishedJobsKeptSeconds.value;
  }

  /** GetTask and ListTasks do not see its tasks yet: an ordered fault. */
  get tasksHidden(): boolean {
    const { world, view } = this.#context;
    return world.now < this.view.submittedAt + view.freshTasksHiddenSeconds;
  }

  get taskCount(): number {
    return this.view.spec.taskCount;
  }

  /** As ListJobs filters and sorts it. */
  listed(): ListedJob {
    const view = this.view;
    const { epochSeconds } = this.#context;
    return {
      name: this.name,
      uid: this.uid,
      state: this.state,
      labels: this.#job.labels ?? {},
      priority: Number(this.#job.priority ?? 0),
      createdAt: view.submittedAt,
      createTime: epochSeconds + view.submittedAt,
      updateTime: epochSeconds + this.#changedAt(view),
    };
  }

  /** google.cloud.batch.v1.Job */
  answer(): ProtoObject {
    const view = this.view;
    const groups = this.#definition.taskGroups as ProtoObject[];
    return {
      ...this.#definition,
      name: this.name,
      uid: this.uid,
      taskGroups: groups.map((group) => ({ ...group, name: this.#groupName })),
      status: {
        state: this.state,
        statusEvents: this.#statusEvents(),
        taskGroups: { [TASK_GROUP]: { counts: countsOf(view), instances: this.#instances(view) } },
        runDuration: secondsNanos(this.#secondsRunning()),
      },
      createTime: this.#time(view.submittedAt),
      updateTime: this.#time(this.#changedAt(view)),
    };
  }

  /** google.cloud.batch.v1.Task; `index` must be a task of the job. */
  task(index: number): ProtoObject {
    return {
      name: `${this.name}/taskGroups/${TASK_GROUP}/tasks/${index}`,
      status: {
        state: this.#context.world.taskState(this.number, index),
        statusEvents: this.#shown(this.#history.tasks.of(index)).map((event) => ({
          type: STATUS_CHANGED,
          description: taskEventText(event, this.#zoneOf),
          eventTime: this.#time(event.at),
          taskState: event.to,
          ...(event.to === 'FAILED' && event.exitCode !== null
            ? { taskExecution: { exitCode: event.exitCode } }
            : {}),
        })),
      },
    };
  }

  get #groupName(): string {
    return numberedName(`${this.name}/taskGroups/${TASK_GROUP}`);
  }

  #shown<T extends { at: number }>(events: readonly T[]): T[] {
    return shownEvents(events, this.#context.world.now, this.#context.view);
  }

  #statusEvents(): ProtoObject[] {
    const changes = this.#changes().map((event) => ({
      at: event.at,
      type: STATUS_CHANGED,
      description: jobEventText(event, this.id, this.#history.failed, this.#zoneOf),
    }));
    const notes = this.#history.notes.map((note) => ({
      at: note.at,
      type: OPERATIONAL_INFO,
      description: note.description.replace(UID, this.uid),
    }));
    const all = [...changes, ...notes].sort((a, b) => a.at - b.at);
    return this.#shown(all).map(({ at, type, description }) => ({
      type,
      description,
      eventTime: this.#time(at),
    }));
  }

  /** The changes of its state as Batch tells them: the end of a cancellation comes later, that of a deletion never. */
  #changes(): JobEvent<ShownState>[] {
    const changes: JobEvent<ShownState>[] = [];
    for (const event of this.#history.events) {
      const deleted = this.deletedAt !== null && event.at >= this.deletedAt;
      if (event.to === 'CANCELLED') {
        if (!deleted && !this.#isEnding) changes.push({ ...event, at: Math.max(event.at, this.endsAt) });
      } else if (deleted && event.to === 'CANCELLATION_IN_PROGRESS') {
        changes.push({ ...event, to: 'DELETION_IN_PROGRESS' });
      } else {
        changes.push(event);
      }
    }
    return changes;
  }

  #time(campaignSeconds: number): ProtoObject {
    const { seconds, nanos } = secondsNanos(campaignSeconds);
    return { seconds: this.#context.epochSeconds + seconds, nanos };
  }

  #changedAt(view: JobView): number {
    const changedAt = Math.max(this.#history.changedAt ?? view.submittedAt, this.deletedAt ?? 0);
    return view.state === 'CANCELLED' && !this.#isEnding ? Math.max(changedAt, this.endsAt) : changedAt;
  }

  /** Time in RUNNING up to now, or up to the change that ended it. */
  #secondsRunning(): number {
    let since: number | null = null;
    for (const event of this.#history.events) {
      if (event.to === 'RUNNING') since = event.at;
      else if (since !== null) return event.at - since;
    }
    return since === null ? 0 : this.#context.world.now - since;
  }

  #instances(view: JobView): ProtoObject[] {
    if (view.state === 'QUEUED') return [];
    const policy = this.#job.allocationPolicy?.instances?.[0]?.policy;
    return [
      {
        machineType: view.spec.machineType,
        provisioningModel: policy?.provisioningModel ?? 'STANDARD',
        taskPack: 1,
        bootDisk: { ...policy?.bootDisk, sizeGb: view.spec.bootDiskGb },
      },
    ];
  }
}

function countsOf(view: JobView): Record<string, number> {
  const { pending, assigned, running, succeeded, failed } = view.counts;
  const counts = {
    PENDING: pending,
    ASSIGNED: assigned,
    RUNNING: running,
    SUCCEEDED: succeeded,
    FAILED: failed,
    UNEXECUTED: view.unexecuted,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const UID_STEM = 18;

/** `<job id cut short>-<8 hex>-<4 hex>-<5 digits>`, as Batch's look. */
function uidOf(id: JobName, number: number): string {
  const digest = createHash('sha256')
    .update(`${jobName(id)} ${number}`)
    .digest('hex');
  const tail = String(Number.parseInt(digest.slice(12, 20), 16) % 100_000).padStart(5, '0');
  return `${id.jobId.slice(0, UID_STEM)}-${digest.slice(0, 8)}-${digest.slice(8, 12)}-${tail}`;
}
