import { afterEach, describe, expect, it } from 'vitest';
import type { ProjectTroubleInput } from '../../src/emulator/services/project.js';
import { Canaries, type CanaryLine, type KnownCanary } from '../../src/exec/canary/canaries.js';
import { withCanaryLine } from '../../src/exec/canary/canaryLines.js';
import { RUN_LABEL } from '../../src/plan/job.js';
import type { Plan } from '../../src/plan/plan.js';
import { type PlayedEmulator, playEmulator } from './playedEmulator.js';
import { PROJECT, REGIONS, realPlan } from './realProject.js';

const TIMEOUT_MS = 30_000;
const RUN = 'fc-canary';
/** Campaign seconds between two looks, as the executor's rounds. */
const ROUND_SECONDS = 60;

let played: PlayedEmulator | null = null;

afterEach(async () => {
  await played?.stop();
  played = null;
});

/** One process that works on a run: its canaries, and what it wrote into the ledger. */
class Process {
  readonly lines: CanaryLine[] = [];
  readonly notes: string[] = [];
  readonly canaries: Canaries;

  constructor(emulator: PlayedEmulator, plan: Plan, known: readonly KnownCanary[] = []) {
    this.canaries = new Canaries(
      {
        plan,
        runId: RUN,
        project: PROJECT,
        cloud: emulator.cloud,
        inputOf: () => null,
        record: async (line) => {
          this.lines.push(line);
        },
        stillMine: async () => undefined,
        note: (_, text) => this.notes.push(text),
        virtual: true,
      },
      known,
    );
  }

  /** What a later process reads of the ledger. */
  get known(): KnownCanary[] {
    return this.lines.reduce<KnownCanary[]>((canaries, line) => withCanaryLine(canaries, line), []);
  }

  /** Until every region has passed or failed. */
  async settle(emulator: PlayedEmulator, regions = REGIONS): Promise<Set<string>> {
    for (;;) {
      const cleared = await this.canaries.cleared(regions, await emulator.clock.now());
      if (cleared.size + this.canaries.failures.length === regions.length) return cleared;
      await emulator.clock.sleep(ROUND_SECONDS);
    }
  }
}

async function begin(
  trouble: ProjectTroubleInput = {},
  plan = realPlan(),
): Promise<[PlayedEmulator, Process]> {
  played = await playEmulator(plan.scenario.resolved, trouble);
  return [played, new Process(played, plan)];
}

async function jobsOf(emulator: PlayedEmulator, region: string): Promise<string[]> {
  const { jobs } = await emulator.cloud.batch.listJobs(region, { key: RUN_LABEL, value: RUN }, null);
  return jobs.map(({ jobId }) => jobId).sort();
}

describe('canaries on an emulator that plays the project', () => {
  it('pass in both regions, once, and say what they took', { timeout: TIMEOUT_MS }, async () => {
    const [emulator, first] = await begin();
    expect([...(await first.settle(emulator))].sort()).toEqual(REGIONS);
    const passed = first.lines.filter((line) => line.kind === 'canary-passed');
    expect(passed).toHaveLength(2);
    for (const { facts } of passed) {
      expect(facts.taskSeconds).toBeGreaterThan(120);
      expect(facts.queuedSeconds).toBeGreaterThan(0);
    }
    // Asked again, by this process or a later one, nothing is created.
    await first.settle(emulator);
    const later = new Process(emulator, realPlan(), first.known);
    expect((await later.settle(emulator)).size).toBe(2);
    expect(later.lines).toEqual([]);
    expect(await jobsOf(emulator, 'us-east1')).toEqual([`${RUN}-canary-us-east1-0`]);
  });

  it.each([
    ['agentNotReporting', /never reported to Batch/],
    ['imageNotPullable', /could not be pulled or started/],
    ['noGpu', /found no GPU/],
    ['bucketForbidden', /refused by a bucket/],
  ] as const)('fail with %s in that region alone', { timeout: TIMEOUT_MS }, async (trouble, message) => {
    const [emulator, process] = await begin({ tasks: { 'us-east1': trouble } });
    expect([...(await process.settle(emulator))]).toEqual(['us-central1']);
    expect(process.canaries.failures.map((failure) => failure.message)).toEqual([
      expect.stringMatching(message),
    ]);
    // Not a second time in this process, whatever is asked.
    await process.settle(emulator);
    expect(await jobsOf(emulator, 'us-east1')).toEqual([`${RUN}-canary-us-east1-0`]);
  });

  it('that failed are followed by another one in a later process', { timeout: TIMEOUT_MS }, async () => {
    const [emulator, first] = await begin({ tasks: { 'us-east1': 'noGpu' } });
    await first.settle(emulator);
    const later = new Process(emulator, realPlan(), first.known);
    await later.settle(emulator);
    expect(await jobsOf(emulator, 'us-east1')).toEqual([
      `${RUN}-canary-us-east1-0`,
      `${RUN}-canary-us-east1-1`,
    ]);
    expect(await jobsOf(emulator, 'us-central1')).toEqual([`${RUN}-canary-us-central1-0`]);
  });

  it('are gone on with by a process that finds them announced', { timeout: TIMEOUT_MS }, async () => {
    const [emulator, first] = await begin();
    // It dies with its canaries announced and created, and nothing judged.
    await first.canaries.cleared(REGIONS, await emulator.clock.now());
    expect(first.lines.map(({ kind }) => kind)).toEqual(['canary-intended', 'canary-intended']);
    const second = new Process(emulator, realPlan(), first.known);
    expect((await second.settle(emulator)).size).toBe(2);
    expect(second.lines.map(({ kind }) => kind)).toEqual(['canary-passed', 'canary-passed']);
    expect(await jobsOf(emulator, 'us-central1')).toEqual([`${RUN}-canary-us-central1-0`]);
  });

  it('of other settings are other canaries', { timeout: TIMEOUT_MS }, async () => {
    const [emulator, first] = await begin();
    await first.settle(emulator, ['us-central1']);
    const plan = realPlan();
    const changed = { ...plan, machine: { ...plan.machine, bootDiskGb: 99 } };
    const second = new Process(emulator, changed, first.known);
    await second.settle(emulator, ['us-central1']);
    expect(await jobsOf(emulator, 'us-central1')).toEqual([
      `${RUN}-canary-us-central1-0`,
      `${RUN}-canary-us-central1-1`,
    ]);
  });
});
