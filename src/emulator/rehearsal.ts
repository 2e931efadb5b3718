import type { Outcome } from '../plan/forecast.js';
import type { Journal, JournalCommand, JournalHeader } from '../plan/journal.js';
import { readJobSpec } from '../plan/readJob.js';
import type { Snapshot } from '../plan/snapshot.js';
import { scenarioSha256 } from '../scenario/canonical.js';
import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import { World } from '../sim/world/world.js';
import { snapshotOf } from '../sim/world/worldSnapshot.js';
import { BatchService } from './batchService.js';
import { ScaledClock } from './clock.js';
import { History } from './history.js';
import { JournalFile } from './journalFile.js';
import { BATCH_SCHEMA } from './protos.js';
import { replaceJsonFile } from './replaceFile.js';

export interface RehearsalOptions {
  scenario: Scenario;
  seed: string;
  /** Campaign seconds per wall second. */
  speed: number;
  /** What was done is written here, and continued from here when the file exists. */
  journalFile?: string;
  /** The outcome is written here whenever all jobs are final. */
  outcomeFile?: string;
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
  readonly #options: RehearsalOptions;
  readonly #world: World;
  readonly #journal: JournalFile | null;
  /** Campaign seconds of the last line in the journal. */
  #recordedAt = 0;
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
    this.clock = new ScaledClock({ speed, epochSeconds, wallNow });
    const history = new History();
    this.#world = new World(scenario, seed, { observer: history });
    this.service = new BatchService({
      world: this.#world,
      clock: this.clock,
      history,
      schema: BATCH_SCHEMA,
      scenario,
      readJobSpec,
      record: (command) => this.#record(command),
    });
    if (earlier) this.#repeat(earlier, header);
  }

  snapshot(runId: string | null): Snapshot {
    this.service.advance();
    return { ...snapshotOf(this.#world, null, 'rehearse'), runId };
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
    const moving = asked || Number.isFinite(this.#world.nextEventTime());
    if (moving && wall - this.#tickedAt >= TICK_SECONDS) {
      this.#tickedAt = wall;
      this.#recordTime();
    }
  }

  /** Ends the journal at the present: a restart goes on from here. */
  close(): void {
    this.service.advance();
    this.#recordTime();
    this.#journal?.close();
  }

  #writeOutcome(): void {
    const { outcomeFile } = this.#options;
    const jobs = this.#world.jobCount;
    if (outcomeFile === undefined || jobs === this.#outcomeOf || !this.service.allFinal) return;
    replaceJsonFile(outcomeFile, this.#world.outcome());
    this.#outcomeOf = jobs;
  }

  #recordTime(): void {
    if (this.#world.now > this.#recordedAt) this.#record({ t: this.#world.now, command: 'tick' });
  }

  #record(command: JournalCommand): void {
    this.#journal?.record(command);
    this.#recordedAt = command.t;
  }

  #repeat(earlier: Journal, header: JournalHeader): void {
    const identity = ({ scenario, seed }: JournalHeader): string =>
      `scenario ${scenario.sha256}, seed ${seed}`;
    const [found, expected] = [identity(earlier.header), identity(header)];
    if (found !== expected) {
      this.#journal?.close();
      throw inputError({ file: this.#options.journalFile ?? '', path: 'line 1', found, expected });
    }
    for (const command of earlier.commands) this.service.replay(command);
    this.#recordedAt = earlier.lastTime;
    // Time stood still while the emulator was down.
    if (this.#world.jobCount > 0) this.clock.resumeAt(earlier.lastTime);
  }
}

function newHeader({ scenario, seed, speed, epochSeconds }: RehearsalOptions): JournalHeader {
  return {
    version: 1,
    scenario: { sha256: scenarioSha256(scenario), resolved: scenario },
    seed,
    epochSeconds,
    speed,
  };
}
