import type { Outcome } from '../plan/forecast.js';
import type { JobSpec } from '../plan/jobSpec.js';
import type { Journal, JournalCommand, JournalHeader, WorldFault } from '../plan/journal.js';
import { readJobSpec } from '../plan/readJob.js';
import type { Snapshot } from '../plan/snapshot.js';
import { scenarioSha256 } from '../scenario/canonical.js';
import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import { World } from '../sim/world/world.js';
import { snapshotOf } from '../sim/world/worldSnapshot.js';
import { BatchService } from './batchService.js';
import { ScaledClock } from './clock.js';
import type { VirtualTaskObjects } from './gcs/virtualTaskObjects.js';
import { virtualWorkOf } from './gcs/virtualWork.js';
import { History } from './history.js';
import { JournalFile } from './journalFile.js';
import type { SubmitCommand } from './localTasks/describeAttempt.js';
import { WorldTasks } from './localTasks/worldTasks.js';
import { withListener } from './observers.js';
import { BATCH_SCHEMA } from './protos.js';
import { replaceJsonFile } from './replaceFile.js';
import type { ProjectTrouble } from './services/project.js';
import type { RegionUse } from './services/quotas.js';
import { regionUseOf } from './services/regionUse.js';
import { troubledJobs } from './services/taskTrouble.js';
import type { TaskRunner } from './taskRunner.js';
import { TRUE_VIEW, type ViewFaults } from './viewFaults.js';

export interface RehearsalOptions {
  scenario: Scenario;
  seed: string;
  /** Campaign seconds per wall second. */
  speed: number;
  /** What was done is written here, and continued from here when the file exists. */
  journalFile?: string;
  /** The outcome is written here whenever all jobs are final. */
  outcomeFile?: string;
  /** `local`: tasks are real processes, see `beginTasks`; default: the World times them itself. */
  tasks?: 'virtual' | 'local';
  /** What is wrong with the project that is played. */
  project?: Pick<ProjectTrouble, 'tasks'>;
  /** What virtual tasks leave in Cloud Storage; absent: nothing. */
  virtualTasks?: VirtualTaskObjects;
  /** Wall seconds from any fixed point, never going back. */
  wallNow: () => number;
  /** Seconds since the Unix epoch at which a new campaign begins. */
  epochSeconds: number;
}

/** At most one `tick` in the journal per so many wall seconds. */
const TICK_SECONDS = 1;

/** A World on a scaled clock, with the Batch service in front and the journal behind. */
export class Rehearsal {
  readonly service: BatchService;
  readonly clock: ScaledClock;
  /** How the API is to show what is; may be changed at any time. */
  readonly view: ViewFaults = { ...TRUE_VIEW };
  readonly #options: RehearsalOptions;
  readonly #world: World;
  readonly #tasks: WorldTasks | null;
  readonly #journal: JournalFile | null;
  /** The journal was begun by this very process. */
  readonly isNew: boolean;
  /** Campaign seconds of the last line in the journal. */
  #recordedAt = 0;
  /** Clients may be told of times up to here: a restart goes on from there. Campaign seconds. */
  #toldUntil = 0;
  /** Wall seconds of the last `tick`. */
  #tickedAt: number;
  /** For how many jobs the outcome was written. */
  #outcomeOf = 0;

  /** Throws an InputError when the journal file belongs to another scenario or seed. */
  constructor(options: RehearsalOptions) {
    const { scenario, seed, speed, wallNow, journalFile } = options;
    this.#options = options;
    this.#tickedAt = wallNow();
    const header = newHeader(options);
    const opened = journalFile === undefined ? null : JournalFile.open(journalFile, header);
    this.#journal = opened?.file ?? null;
    const earlier = opened?.earlier ?? null;
    const { epochSeconds } = earlier?.header ?? header;
    this.isNew = earlier === null;
    this.clock = new ScaledClock({ speed, epochSeconds, wallNow });
    const history = new History();
    const tellWorld = (...end: [number, number, number]): void => this.#taskEnded(...end);
    this.#tasks =
      options.tasks === 'local'
        ? new WorldTasks({ scenario, zoneOf: (vm) => history.zoneOf(vm), tellWorld })
        : null;
    const external = this.#tasks === null ? {} : { external: this.#tasks };
    const { virtualTasks } = options;
    const observer = virtualTasks ? withListener(history, virtualTasks) : history;
    this.#world = new World(scenario, seed, { observer, ...external });
    virtualTasks?.attach(virtualWorkOf(this.#world, seed, history));
    this.service = new BatchService({
      world: this.#world,
      clock: this.clock,
      history,
      schema: BATCH_SCHEMA,
      scenario,
      readJobSpec: troubledJobs(
        this.#tasks === null ? readJobSpec : readExternalJobSpec,
        options.project?.tasks ?? {},
      ),
      record: (command) => this.#record(command),
      view: this.view,
    });
    if (earlier) this.#repeat(earlier, header);
  }

  /**
   * Runs the work of one answer while time stands still. No client is told of a time that a restart would not know
   * of: time must never fall back for those who have seen it.
   */
  answer<T>(work: () => T): T {
    return this.clock.frozen(() => {
      if (this.clock.started && this.clock.now() > this.#toldUntil) this.#recordTime();
      return work();
    });
  }

  /** With `tasks: local`, once, before the first request: from here on the runner runs the tasks. */
  beginTasks(runner: TaskRunner): void {
    this.#tasks?.begin(runner);
  }

  /** Tasks that run as processes of this machine. */
  get localTasksRunning(): number {
    return this.#tasks?.running ?? 0;
  }

  #taskEnded(jobNumber: number, task: number, exitCode: number): void {
    this.clock.frozen(() => {
      this.service.advance();
      this.#record({ t: this.#world.now, command: 'end', jobNumber, task, exitCode });
      this.#world.endAttempt(jobNumber, task, exitCode);
      this.service.advance();
    });
  }

  /** Makes things happen to regions of the World: all of them, or with a StatusError none. */
  order(...faults: readonly WorldFault[]): void {
    this.service.order(...faults);
  }

  snapshot(runId: string | null): Snapshot {
    this.service.advance();
    return { ...snapshotOf(this.#world, null, 'rehearse'), runId };
  }

  /** What the VMs of a region take of its quotas now. */
  regionUse(region: string): RegionUse {
    this.service.advance();
    return regionUseOf(this.#world, region);
  }

  /** null until every job is final. */
  outcome(): Outcome | null {
    this.service.advance();
    return this.service.allFinal ? this.#world.outcome() : null;
  }

  /** Brings the World to the present and keeps the files up to date. `asked`: there were requests since the last step. */
  step(asked: boolean): void {
    this.service.advance();
    this.#writeOutcome();
    const wall = this.#options.wallNow();
    const working = (this.#tasks?.running ?? 0) > 0;
    const moving = asked || working || Number.isFinite(this.#world.nextEventTime());
    if (moving && wall - this.#tickedAt >= TICK_SECONDS) {
      this.#recordTime();
    }
  }

  /** Ends the journal at the present: a restart goes on from here. */
  close(): void {
    this.service.advance();
    const { now } = this.#world;
    if (now > this.#recordedAt || this.#toldUntil > now) this.#record({ t: now, command: 'tick' });
    this.#journal?.close();
  }

  #writeOutcome(): void {
    const { outcomeFile } = this.#options;
    const jobs = this.#world.jobCount;
    if (outcomeFile === undefined || jobs === this.#outcomeOf || !this.service.allFinal) return;
    replaceJsonFile(outcomeFile, this.#world.outcome());
    this.#outcomeOf = jobs;
  }

  /** Says how far time has gone, and how far it may be told before this is said again. */
  #recordTime(): void {
    const t = this.clock.now();
    if (t <= this.#recordedAt) return;
    this.#tickedAt = this.#options.wallNow();
    this.#toldUntil = t + TICK_SECONDS * this.clock.speed;
    this.#record({ t, command: 'tick', until: this.#toldUntil });
  }

  #record(command: JournalCommand): void {
    if (command.command === 'submit') this.#aboutToSubmit(command);
    this.#journal?.record(command);
    this.#recordedAt = command.t;
  }

  #aboutToSubmit(command: SubmitCommand): void {
    this.#tasks?.submitted(command);
    this.#options.virtualTasks?.submitted(command);
  }

  #repeat(earlier: Journal, header: JournalHeader): void {
    const identity = ({ scenario, seed, tasks }: JournalHeader): string =>
      `scenario ${scenario.sha256}, seed ${seed}, ${tasks ?? 'virtual'} tasks`;
    const [found, expected] = [identity(earlier.header), identity(header)];
    if (found !== expected) {
      this.#journal?.close();
      throw inputError({ file: this.#options.journalFile ?? '', path: 'line 1', found, expected });
    }
    for (const command of earlier.commands) {
      if (command.command === 'submit') this.#aboutToSubmit(command);
      this.service.replay(command);
    }
    this.#recordedAt = earlier.lastTime;
    // Time stood still while the emulator was down.
    if (this.#world.jobCount > 0) this.clock.resumeAt(earlier.resumeTime);
  }
}

function readExternalJobSpec(...job: Parameters<typeof readJobSpec>): JobSpec {
  return { ...readJobSpec(...job), external: true };
}

function newHeader({ scenario, seed, speed, epochSeconds, tasks }: RehearsalOptions): JournalHeader {
  return {
    version: 1,
    scenario: { sha256: scenarioSha256(scenario), resolved: scenario },
    seed,
    epochSeconds,
    speed,
    ...(tasks === 'local' ? { tasks } : {}),
  };
}
