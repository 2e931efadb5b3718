import fc from 'fast-check';
import type { Distribution, Hazard, Region, Scenario } from '../../src/scenario/scenario.js';
import { REGION, referenceScenario } from './exampleScenario.js';

function seconds(longest: number): fc.Arbitrary<Distribution> {
  const some = fc.integer({ min: 0, max: longest });
  return fc.oneof(
    some.map((constant) => ({ constant })),
    fc.tuple(some, some).map(([a, b]): Distribution => ({ uniform: [Math.min(a, b), Math.max(a, b)] })),
    fc
      .record({
        median: fc.integer({ min: 1, max: longest }),
        sigma: fc.double({ min: 0.1, max: 1, noNaN: true }),
      })
      .map((lognormal) => ({ lognormal })),
    fc.integer({ min: 1, max: longest }).map((mean) => ({ exponential: { mean } })),
  );
}

const lifetimes: fc.Arbitrary<Hazard> = fc
  .array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 6 })
  .map((ages) => {
    const ageSeconds = [...new Set(ages)].sort((a, b) => a - b);
    const survival = ageSeconds.map((_, i) => 1 - (i + 1) / (ageSeconds.length + 1));
    return { lifetimes: { file: 'x.csv', sha256: '', ageSeconds, survival, tailPerHour: 0.05 } };
  });

const hazard: fc.Arbitrary<Hazard> = fc.oneof(
  lifetimes,
  fc
    .record({
      shape: fc.double({ min: 0.3, max: 3, noNaN: true }),
      scaleSeconds: fc.integer({ min: 600, max: 100_000 }),
    })
    .map((weibull) => ({ weibull })),
  fc.double({ min: 0.2, max: 1, noNaN: true }).map((hourlySurvival) => ({ constant: { hourlySurvival } })),
  fc
    .record({
      early: fc.double({ min: 0, max: 3, noNaN: true }),
      late: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ early, late }) => ({
      piecewise: [
        { untilSeconds: 900, perHour: early },
        { untilSeconds: null, perHour: late },
      ],
    })),
);

const rate = (max: number) => fc.oneof(fc.constant(null), fc.integer({ min: 1, max }));

/** Small campaigns with every mechanism of the World turned on or off at random. */
export const randomScenario: fc.Arbitrary<Scenario> = fc
  .record({
    molecules: fc.integer({ min: 1, max: 6 }),
    windows: fc.integer({ min: 1, max: 4 }),
    duration: seconds(40_000),
    taskFailure: fc.constantFrom(0, 0, 0.1, 0.5),
    input: fc.constantFrom(0, 20e6),
    output: fc.constantFrom(0, 100e6),
    pause: fc.constantFrom(0, 1, 30),
    engineInterval: fc.constantFrom(0, 60, 300),
    step: seconds(300),
    registryBandwidth: rate(1e9),
    registryRequests: rate(200),
    vmsPerMinute: rate(60),
    vmReuse: fc.boolean(),
    scheduleDelay: seconds(600),
    vmsPerJob: rate(5),
    queuedSeconds: fc.constantFrom(null, 3600, 172_800),
    runningSeconds: fc.constantFrom(null, 20_000, 1_209_600),
    writes: rate(3),
    reads: rate(3),
    latency: fc.constantFrom(0, 0.08),
    requestsPerUpload: fc.constantFrom(1, 2),
    readsPerUpload: fc.constantFrom(0, 0, 2),
    sharedUpload: fc.constantFrom(null, null, 2e6, 200e6),
    maxTries: fc.constantFrom(null, 1, 3, 10),
    hazardFrom: fc.constantFrom('vm' as const, 'task' as const),
    hazards: fc.array(hazard, { minLength: 1, maxLength: 3 }),
    quota: fc.integer({ min: 0, max: 6 }),
    onDemand: fc.integer({ min: 0, max: 3 }),
    cpus: rate(20),
    provisioning: fc.constantFrom(
      'spot' as const,
      'spot' as const,
      'onDemand' as const,
      'flexStart' as const,
    ),
    policy: fc.constantFrom('none' as const, 'periodic' as const, 'aligned' as const, 'adaptive' as const),
    interval: fc.integer({ min: 30, max: 3_000 }),
    jitter: fc.integer({ min: 0, max: 600 }),
    firstPhase: fc.constantFrom('none' as const, 'random' as const),
    image: fc.constantFrom('pull' as const, 'streaming' as const, 'baked' as const),
    maxRetries: fc.integer({ min: 0, max: 10 }),
    buckets: fc.constantFrom('perRegion' as const, 'one' as const),
    waves: fc.constantFrom('all' as const, 1, 2),
    start: fc.constantFrom('drained' as const, 'finished' as const),
    remainder: fc.constantFrom(
      'leave' as const,
      'sameRegion' as const,
      'anyRegion' as const,
      'onDemand' as const,
    ),
    tail: fc.constantFrom(0, 0, 30),
    afterPreemptions: fc.constantFrom(null, null, 1, 3),
    spread: fc.constantFrom(0, 60),
    maxRunDuration: fc.constantFrom(null, 7_200, 100_000),
    growth: fc.constantFrom(0, 5_000_000),
    errorRate: fc.constantFrom(0, 0, 0.2),
    bucketGrowth: fc.constantFrom(null, { doublingSeconds: 600, maxWritesPerSecond: 16 }),
    flush: fc.boolean(),
    flushSuccess: fc.constantFrom(0.5, 1),
    timeOfDay: fc.constantFrom(null, { dayFactor: 2, nightFactor: 0.3, dayFromHour: 8, dayToHour: 20 }),
    loadFactor: fc.constantFrom(0, 0, 3),
    shocks: fc.constantFrom<Region['shocks'][]>(
      null,
      null,
      { perHour: 0.2, share: { uniform: [0.2, 1] }, scope: 'region' },
      { perHour: 0.4, share: { uniform: [0.2, 1] }, scope: 'zone' },
    ),
    zones: fc.constantFrom<string[][]>([], ['a', 'b', 'c']),
    stockouts: fc.constantFrom(null, null, { perHour: 0.1, durationSeconds: { constant: 3_600 } }),
    series: fc.constantFrom<Region['capacity']['series'][]>(null, null, {
      file: 'x.csv',
      sha256: '',
      fromSeconds: [0, 20_000, 50_000],
      vms: [2, 0, 9],
    }),
    softDeleteDays: fc.constantFrom(0, 7),
    retriedTasks: fc.constantFrom('last' as const, 'byIndex' as const),
    idle: fc.constantFrom(0, 0, 600, 100_000),
    faults: fc.constantFrom(
      { vmLostPerHour: 0, rebootPerHour: 0, unresponsivePerHour: 0, recreatedPerHour: 0 },
      { vmLostPerHour: 0.05, rebootPerHour: 0.1, unresponsivePerHour: 0.05, recreatedPerHour: 0.05 },
    ),
  })
  .map((r): Scenario => {
    const scenario = referenceScenario();
    const step = r.step;
    return {
      ...scenario,
      campaign: {
        molecules: r.molecules,
        windows: r.windows,
        taskDurationSeconds: r.duration,
        taskFailure: r.taskFailure,
        inputBytes: r.input,
        outputBytes: r.output,
      },
      checkpoint: {
        ...scenario.checkpoint,
        growthBytesPerHour: r.growth,
        pauseSeconds: r.pause,
        engineIntervalSeconds: r.engineInterval,
      },
      startup: {
        createSeconds: step,
        bootSeconds: step,
        driverSeconds: step,
        pullSeconds: step,
        streamingSeconds: step,
        bakedSeconds: step,
        registry: {
          requestsPerMinute: r.registryRequests,
          requestsPerPull: 35,
          bandwidthBytesPerSecond: r.registryBandwidth,
        },
      },
      batch: {
        vmsPerMinute: r.vmsPerMinute,
        vmReuse: r.vmReuse,
        retriedTasks: r.retriedTasks,
        idleScaleInSeconds: r.idle,
        faults: r.faults,
        scheduleDelaySeconds: r.scheduleDelay,
        limits: {
          ...scenario.batch.limits,
          vmsPerJob: r.vmsPerJob,
          queuedSeconds: r.queuedSeconds,
          runningSeconds: r.runningSeconds,
        },
      },
      bucket: {
        ...scenario.bucket,
        writesPerSecond: r.writes,
        readsPerSecond: r.reads,
        burst: 2,
        latencySeconds: r.latency,
        requestsPerUpload: r.requestsPerUpload,
        readsPerUpload: r.readsPerUpload,
        sharedUploadThroughputBytesPerSecond: r.sharedUpload,
        maxTries: r.maxTries,
        errorRate: r.errorRate,
        growth: r.bucketGrowth,
      },
      spot: { ...scenario.spot, hazardFrom: r.hazardFrom },
      regions: Object.fromEntries(
        r.hazards.map((hazardOfRegion, i) => [
          `region-${i}`,
          {
            ...structuredClone(REGION),
            quota: {
              spotGpus: r.quota + (i === 0 ? 1 : 0),
              onDemandGpus: r.onDemand,
              cpus: r.cpus,
              diskGb: null,
            },
            hazard: hazardOfRegion,
            shocks: r.shocks,
            zones: r.zones,
            capacity: { poolVms: 10, stockouts: r.stockouts, series: i === 0 ? r.series : null },
          },
        ]),
      ),
      decisions: {
        ...scenario.decisions,
        parallelism: Object.fromEntries(r.hazards.map((_, i) => [`region-${i}`, 1 + ((r.quota + i) % 5)])),
        provisioning: r.provisioning,
        checkpoint: {
          policy: r.policy,
          intervalSeconds: r.interval,
          jitterSeconds: r.jitter,
          firstPhase: r.firstPhase,
          flushOnNotice: r.flush,
        },
        image: r.image,
        maxRetries: r.maxRetries,
        buckets: r.buckets,
        waves: { size: r.waves, start: r.start },
        remainder: { policy: r.remainder, maxRounds: 2 },
        tail: { onDemandLastPercent: r.tail, onDemandAfterPreemptions: r.afterPreemptions },
        startup: { spreadSeconds: r.spread },
      },
      task: { ...scenario.task, maxRunDurationSeconds: r.maxRunDuration },
    };
  });
