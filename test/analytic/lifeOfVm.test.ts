import { describe, expect, test } from 'vitest';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Hazard, Scenario } from '../../src/scenario/scenario.js';
import { Campaign } from '../../src/sim/campaign.js';
import { formulaWorld } from './noQueue.js';

/** Every step of a life, in seconds. */
const CREATE = 10;
const BOOT = 20;
const DRIVER = 30;
const IMAGE = { pull: 40, streaming: 50, baked: 60 };
const FETCH = 0.1 + 20e6 / 50e6;
const PUBLISH = 0.1 + 100e6 / 40e6;
const WORK = 6_000;
/** From the VM's creation until its task computes. */
const READY = BOOT + DRIVER + IMAGE.pull + FETCH;

/** One task of WORK seconds, everything about it constant, on a VM that no one takes away. */
function oneTask(change: (scenario: Scenario) => void = () => {}): Scenario {
  const scenario = formulaWorld();
  scenario.campaign = {
    ...scenario.campaign,
    molecules: 1,
    windows: 1,
    taskDurationSeconds: { constant: WORK },
    inputBytes: 20e6,
    outputBytes: 100e6,
  };
  scenario.startup = {
    ...scenario.startup,
    createSeconds: { constant: CREATE },
    bootSeconds: { constant: BOOT },
    driverSeconds: { constant: DRIVER },
    pullSeconds: { constant: IMAGE.pull },
    streamingSeconds: { constant: IMAGE.streaming },
    bakedSeconds: { constant: IMAGE.baked },
  };
  Object.assign(scenario.bucket, {
    latencySeconds: 0.1,
    downloadThroughputBytesPerSecond: 50e6,
    uploadThroughputBytesPerSecond: 40e6,
  });
  scenario.regions['us-central1']!.hazard = { constant: { hourlySurvival: 1 } };
  change(scenario);
  return scenario;
}

/** Taken away at this age of the VM, to within a hair. */
function diesAt(ageSeconds: number): Hazard {
  return {
    piecewise: [
      { untilSeconds: ageSeconds, perHour: 0 },
      { untilSeconds: null, perHour: 1e12 },
    ],
  };
}

function played(scenario: Scenario, seed = 'life') {
  const { metrics, costBreakdownUsd } = new Campaign(makePlan(scenario), seed).finish();
  return { ...metrics, usd: costBreakdownUsd, seconds: metrics.makespanHours * 3600 };
}

/** A checkpoint at work done of 3,000 s; 50 MB, which take 1.35 s. */
function checkpointAtHalf(scenario: Scenario): void {
  scenario.decisions.checkpoint = {
    policy: 'periodic',
    intervalSeconds: 3_000,
    jitterSeconds: 0,
    firstPhase: 'none',
    flushOnNotice: false,
  };
}

describe('one task on one VM takes the sum of its steps', () => {
  test.each([
    ['pull', DRIVER + IMAGE.pull],
    ['streaming', DRIVER + IMAGE.streaming],
    ['baked', IMAGE.baked],
  ] as const)('with delivery %s; the driver is part of a baked image', (image, steps) => {
    const { seconds, vmHours } = played(
      oneTask((scenario) => {
        scenario.decisions.image = image;
      }),
    );
    const billed = BOOT + steps + FETCH + WORK + PUBLISH;
    expect(seconds).toBeCloseTo(CREATE + billed, 6);
    expect(vmHours * 3600).toBeCloseTo(billed, 6);
  });

  test('and each step is paid for under its name, at the price of the VM', () => {
    const { usd } = played(oneTask());
    const perSecond = 0.4 / 3600;
    expect(usd.startup).toBeCloseTo((READY - FETCH) * perSecond, 9);
    expect(usd.dataTransfer).toBeCloseTo((FETCH + PUBLISH) * perSecond, 9);
    expect(usd.usefulWork).toBeCloseTo(WORK * perSecond, 9);
    expect(usd.bootDisk).toBeCloseTo(((READY + WORK + PUBLISH) * 50 * 0.1) / (730 * 3600), 9);
  });

  test('a VM that lives 10 s is billed for 60 s, and the rest is idle', () => {
    const { usd, vmHours } = played(
      oneTask((scenario) => {
        scenario.campaign = { ...scenario.campaign, inputBytes: 0, outputBytes: 0 };
        scenario.campaign.taskDurationSeconds = { constant: 4 };
        Object.assign(scenario.startup, {
          bootSeconds: { constant: 6 },
          driverSeconds: { constant: 0 },
          pullSeconds: { constant: 0 },
        });
      }),
    );
    expect(vmHours * 3600).toBeCloseTo(60, 9);
    expect(usd.idle).toBeCloseTo((50 * 0.4) / 3600, 9);
  });

  test('engine checkpoints stop it once each, but for the last of its segments', () => {
    const { seconds } = played(
      oneTask((scenario) => {
        checkpointAtHalf(scenario);
        scenario.decisions.checkpoint.intervalSeconds = 1e6;
        scenario.checkpoint = { ...scenario.checkpoint, engineIntervalSeconds: 600, pauseSeconds: 5 };
      }),
    );
    expect(seconds).toBeCloseTo(CREATE + READY + WORK + (WORK / 600 - 1) * 5 + PUBLISH, 6);
  });
});

describe('an attempt that is cut off', () => {
  const age = READY + 5_000;

  test('goes on from its checkpoint, after fetching it with the input in two requests', () => {
    const { seconds, lostWorkHours, preemptions } = played(
      oneTask((scenario) => {
        checkpointAtHalf(scenario);
        scenario.regions['us-central1']!.hazard = diesAt(age);
      }),
    );
    const restore = 2 * 0.1 + (20e6 + 50e6) / 50e6;
    const again = BOOT + DRIVER + IMAGE.pull + restore + WORK - 3_000 + PUBLISH;
    expect(seconds).toBeCloseTo(CREATE + age + CREATE + again, 3);
    expect(lostWorkHours * 3600).toBeCloseTo(2_000, 3);
    expect(preemptions).toBe(1);
  });

  test('by its time limit has had that time since boot and driver were over, image and all', () => {
    const { vmHours, tasksFailed } = played(
      oneTask((scenario) => {
        scenario.task = { ...scenario.task, maxRunDurationSeconds: 1_000 };
        scenario.decisions.maxRetries = 0;
      }),
    );
    expect(vmHours * 3600).toBeCloseTo(BOOT + DRIVER + 1_000, 6);
    expect(tasksFailed).toBe(1);
  });

  test.each([
    [25, 1],
    [35, 0],
  ])('has 30 s of notice: of last checkpoints that take %d s, %d are durable in time', (takes, durable) => {
    const { checkpointsWritten, vmHours } = played(
      oneTask((scenario) => {
        checkpointAtHalf(scenario);
        Object.assign(scenario.decisions.checkpoint, { intervalSeconds: 1e6, flushOnNotice: true });
        Object.assign(scenario.spot, { flushSuccess: 1, noticeSeconds: 30 });
        scenario.checkpoint.sizeBytes = (takes - 0.1) * 40e6;
        scenario.regions['us-central1']!.hazard = diesAt(age);
        scenario.decisions.maxRetries = 0;
      }),
    );
    expect(checkpointsWritten).toBe(durable);
    expect(vmHours * 3600).toBeCloseTo(age + 30, 3);
  });

  test('by its own error has done half of its work on average', () => {
    const scenario = oneTask(({ campaign }) => {
      campaign.molecules = 2_000;
      campaign.taskFailure = 0.5;
    });
    const campaign = new Campaign(makePlan(scenario), 'errors');
    const { attempts, lostWorkHours } = campaign.finish().metrics;
    const failures = attempts - 2_000;
    const share = (lostWorkHours * 3600) / (failures * WORK);
    // A share is uniform: its variance is 1/12.
    expect(Math.abs(share - 0.5) / Math.sqrt(1 / 12 / failures)).toBeLessThan(4);
    expect(Math.abs(failures - 2_000) / Math.sqrt(4_000)).toBeLessThan(4);
  });
});

describe('several tasks', () => {
  test('get their VMs as the ramp allows: the fifth of 6 a minute 40 s after the first', () => {
    const { seconds } = played(
      oneTask((scenario) => {
        scenario.campaign.molecules = 5;
        scenario.batch.vmsPerMinute = 6;
      }),
    );
    expect(seconds).toBeCloseTo(40 + CREATE + READY + WORK + PUBLISH, 6);
  });

  test('are spread evenly over the time that the plan gives', () => {
    const tasks = 1_000;
    const spread = 600;
    const { vmHours, seconds } = played(
      oneTask((scenario) => {
        scenario.campaign.molecules = tasks;
        scenario.decisions.startup = { spreadSeconds: spread };
      }),
    );
    const waited = (vmHours * 3600) / tasks - (READY + WORK + PUBLISH);
    expect(Math.abs(waited - spread / 2) / (spread / Math.sqrt(12 * tasks))).toBeLessThan(4);
    expect(seconds).toBeLessThanOrEqual(CREATE + READY + WORK + PUBLISH + spread);
  });

  test('leave the VM of the first to end idle for as long as the scenario keeps it', () => {
    const two = (idleScaleInSeconds: number) =>
      played(
        oneTask((scenario) => {
          scenario.campaign.molecules = 2;
          scenario.campaign.taskDurationSeconds = { uniform: [1_000, 50_000] };
          scenario.batch = { ...scenario.batch, vmReuse: true, idleScaleInSeconds };
        }),
        'idle',
      );
    const [none, some] = [two(0), two(600)];
    expect((some.vmHours - none.vmHours) * 3600).toBeCloseTo(600, 6);
    expect((some.usd.idle * 3600) / 0.4).toBeCloseTo(600, 6);
    expect(some.seconds).toBe(none.seconds);
  });

  test('of a job that gets no VM are given up two days after its submission, not after its scheduling delay', () => {
    const { seconds, tasksFailed } = played(
      oneTask((scenario) => {
        scenario.regions['us-central1']!.quota.spotGpus = 0;
        scenario.decisions.parallelism = { 'us-central1': 1 };
        scenario.batch.scheduleDelaySeconds = { constant: 900 };
        scenario.batch.limits.queuedSeconds = 172_800;
      }),
    );
    expect(seconds).toBeCloseTo(172_800, 6);
    expect(tasksFailed).toBe(1);
  });
});

test("the adaptive policy ships at Young's interval of one failure in 20 h and its own hours, at most an hour long", () => {
  const takes = 50;
  const { checkpointsWritten } = played(
    oneTask((scenario) => {
      checkpointAtHalf(scenario);
      scenario.decisions.checkpoint.policy = 'adaptive';
      scenario.campaign.taskDurationSeconds = { constant: 40 * 3600 };
      scenario.checkpoint.sizeBytes = (takes - 0.1) * 40e6;
    }),
  );
  let expected = 0;
  for (let t = 0; ; expected += 1) {
    t += Math.min(3600, Math.sqrt(2 * takes * (20 * 3600 + t))) + takes;
    if (t >= 40 * 3600) break;
  }
  expect(expected).toBeGreaterThan(30);
  expect(checkpointsWritten).toBe(expected);
});

test('overwritten checkpoints are kept by soft delete: all but the last of each task', () => {
  const days = 7;
  const { usd, checkpointsWritten } = played(
    oneTask((scenario) => {
      checkpointAtHalf(scenario);
      scenario.decisions.checkpoint.intervalSeconds = 500;
      scenario.prices.softDeleteDays = days;
    }),
  );
  expect(checkpointsWritten).toBe(11);
  const gibMonths = (10 * 50e6 * days * 24) / 2 ** 30 / 730;
  expect(usd.softDelete).toBeCloseTo(gibMonths * 0.02, 12);
});
