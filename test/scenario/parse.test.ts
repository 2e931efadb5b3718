import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../src/scenario/parse.js';
import { complaint, LEAST, parse } from './support.js';

const EMPIRICAL = LEAST.replace('{ constant: 7h }', '{ empirical: times.csv }');

describe('parseScenario', () => {
  it('needs no more than name, campaign and regions', () => {
    const scenario = parse(LEAST);
    expect(scenario.campaign.taskDurationSeconds).toEqual({ constant: 25_200 });
    expect(scenario.checkpoint).toEqual({
      sizeBytes: 50e6,
      growthBytesPerHour: 0,
      pauseSeconds: 1,
      engineIntervalSeconds: 300,
    });
    expect(scenario.machine.bootDisk.sizeGb).toBe(50);
    expect(scenario.batch.limits).toEqual({
      parallelTasksPerJob: 5_000,
      vmsPerJob: 4_000,
      vmsPerJobOneZone: 2_000,
      tasksPerJob: 100_000,
      retries: 10,
      queuedSeconds: 2 * 86_400,
      runningSeconds: 14 * 86_400,
    });
    expect(scenario.decisions).toEqual({
      strategy: 'checkpoint',
      parallelism: { 'us-central1': 5 },
      provisioning: 'spot',
      checkpoint: {
        policy: 'periodic',
        intervalSeconds: 600,
        jitterSeconds: 120,
        firstPhase: 'random',
        flushOnNotice: false,
      },
      image: 'pull',
      maxRetries: 10,
      buckets: 'perRegion',
      waves: { size: 'all', start: 'drained' },
      remainder: { policy: 'sameRegion', maxRounds: 5 },
      tail: { onDemandLastPercent: 0, onDemandAfterPreemptions: null },
      startup: { spreadSeconds: 0 },
    });
    expect(scenario.cloud).toBeNull();
    expect(scenario.guesses).toEqual({});
  });

  it('two parses share nothing', () => {
    const first = parse(LEAST);
    first.regions['us-central1']!.zones.push('us-central1-a');
    expect(parse(LEAST).regions['us-central1']!.zones).toEqual([]);
  });

  it('reads the resolved spelling and plain numbers under a key with the unit', () => {
    const { checkpoint, startup } = parse(
      `${LEAST}checkpoint: { pauseSeconds: 2.5, sizeBytes: 1000, growthBytesPerHour: 7, engineInterval: 0 }
startup: { bootSeconds: { lognormal: { median: 30, sigma: 0.1 } }, driver: { uniform: [1min, 2min] } }`,
    );
    expect(checkpoint).toEqual({
      pauseSeconds: 2.5,
      sizeBytes: 1_000,
      growthBytesPerHour: 7,
      engineIntervalSeconds: 0,
    });
    expect(startup.bootSeconds).toEqual({ lognormal: { median: 30, sigma: 0.1 } });
    expect(startup.driverSeconds).toEqual({ uniform: [60, 120] });
  });

  it('reads `unlimited` as null', () => {
    const scenario = parse(
      `${LEAST}bucket: { writesPerSecond: unlimited, uploadThroughput: unlimited, maxTries: unlimited }`,
    );
    expect(scenario.bucket).toMatchObject({
      writesPerSecond: null,
      uploadThroughputBytesPerSecond: null,
      maxTries: null,
    });
  });

  it.each([
    ['retry', 'none', 'all', 'drained'],
    ['checkpoint', 'periodic', 'all', 'drained'],
    ['rolling', 'periodic', 50, 'finished'],
  ])('strategy %s is a preset', (strategy, policy, size, start) => {
    const { decisions } = parse(`${LEAST}decisions: { strategy: ${strategy} }`);
    expect(decisions.checkpoint.policy).toBe(policy);
    expect(decisions.waves).toEqual({ size, start });
  });

  it('explicit keys win over the preset', () => {
    const { decisions } = parse(
      `${LEAST}decisions: { strategy: rolling, waves: { size: 7 }, checkpoint: { policy: aligned } }`,
    );
    expect(decisions.waves).toEqual({ size: 7, start: 'finished' });
    expect(decisions.checkpoint.policy).toBe('aligned');
  });

  it('a guess gives its value, and its range by path', () => {
    const scenario = parse(
      LEAST.replace(
        'quota:',
        'hazard: { constant: { hourlyPreemption: { value: 5%, range: [1%, 30%] } } }, quota:',
      ).concat(
        'bucket: { latency: { value: 80ms, range: [30ms, 0.3s], provenance: guess } }\n',
        'startup: { boot: { lognormal: { median: { value: 1min, range: [30s, 2min] }, sigma: 0.4 } } }',
      ),
    );
    expect(scenario.regions['us-central1']!.hazard).toEqual({ constant: { hourlySurvival: 0.95 } });
    expect(scenario.bucket.latencySeconds).toBe(0.08);
    expect(scenario.guesses).toEqual({
      'regions.us-central1.hazard.constant.hourlySurvival': { low: 0.7, high: 0.99 },
      'bucket.latencySeconds': { low: 0.03, high: 0.3 },
      'startup.bootSeconds.lognormal.median': { low: 30, high: 120 },
    });
    expect(parseScenario(JSON.stringify(scenario))).toEqual(scenario);
  });

  it('a piecewise hazard may end open', () => {
    const piecewise =
      'hazard: { piecewise: [{ until: 15min, perHour: 0.314 }, { perHour: 0.0078/h }] }, quota:';
    const scenario = parse(LEAST.replace('quota:', piecewise));
    expect(scenario.regions['us-central1']!.hazard).toEqual({
      piecewise: [
        { untilSeconds: 900, perHour: 0.314 },
        { untilSeconds: null, perHour: 0.0078 },
      ],
    });
    expect(parseScenario(JSON.stringify(scenario))).toEqual(scenario);
  });

  it('knows list prices of the usual machine only', () => {
    const scenario = parse(LEAST.replaceAll('us-central1', 'us-east4'));
    expect(scenario.regions['us-east4']!.price).toEqual({
      spotUsdPerHour: 0.310596,
      onDemandUsdPerHour: 0.704518,
      flexStartUsdPerHour: null,
      date: '2026-07-30',
    });
    expect(complaint(() => parse(`${LEAST}machine: { type: g2-standard-8 }`))).toBe(
      'x.yaml: regions.us-central1.price.spot: found nothing, expected a price of at least 0, such as 0.397 USD/h',
    );
  });

  it('a price that is given wins over the list', () => {
    const scenario = parse(LEAST.replace('quota:', 'price: { spot: 0.3 }, quota:'));
    expect(scenario.regions['us-central1']!.price).toEqual({
      spotUsdPerHour: 0.3,
      onDemandUsdPerHour: 0.706832,
      flexStartUsdPerHour: null,
      date: null,
    });
  });

  it('parallelism follows the quota of the kind of VMs; a region without any takes no part', () => {
    const two = LEAST.replace(
      'spotGpus: 5 } }',
      'spotGpus: 5, onDemandGpus: 3 } }, us-east4: { quota: { spotGpus: 0 } }',
    );
    expect(parse(two).decisions.parallelism).toEqual({ 'us-central1': 5 });
    expect(parse(`${two}decisions: { provisioning: onDemand }`).decisions.parallelism).toEqual({
      'us-central1': 3,
      'us-east4': 1,
    });
    expect(
      parse(`${two}decisions: { parallelism: { us-central1: 0, us-east4: 2 } }`).decisions.parallelism,
    ).toEqual({
      'us-east4': 2,
    });
  });

  it('a quota of 0 everywhere is legal: the jobs wait', () => {
    const scenario = parse(LEAST.replace('spotGpus: 5', 'spotGpus: 0'));
    expect(scenario.regions['us-central1']!.quota.spotGpus).toBe(0);
    expect(scenario.decisions.parallelism).toEqual({ 'us-central1': 1 });
  });

  it('embeds the numbers of a data file, with its digest, and parses to itself without the file', () => {
    const asked: string[] = [];
    const readFile = (path: string): string => {
      asked.push(path);
      return '# seconds\nduration,host\n100,a\n\n200.5,b\n';
    };
    const scenario = parse(EMPIRICAL, { readFile });
    expect(asked).toEqual(['times.csv']);
    expect(scenario.campaign.taskDurationSeconds).toEqual({
      empirical: {
        file: 'times.csv',
        sha256: 'e19f7fb3ad512b0b30e87dbf1ca18398db815d50eca0aa61f629b14a418c9eb5',
        values: [100, 200.5],
      },
    });
    expect(parse(JSON.stringify(scenario))).toEqual(scenario);
  });

  it.each([
    ['100\nx\n', 'times.csv: line 2: found "x", expected a number of seconds of at least 0'],
    ['100\n-1\n', 'times.csv: line 2: found "-1", expected a number of seconds of at least 0'],
    ['seconds\n', 'times.csv: found no numbers, expected one number of seconds a line'],
  ])('refuses the data file %j', (text, message) => {
    expect(complaint(() => parse(EMPIRICAL, { readFile: () => text }))).toBe(message);
  });

  it('says which data file cannot be read', () => {
    const readFile = (): string => {
      throw new Error('no such file');
    };
    expect(complaint(() => parse(EMPIRICAL, { readFile }))).toBe(
      'x.yaml: campaign.taskDurationSeconds.empirical: found "times.csv" (no such file), expected a file that can be ' +
        'read, with one number of seconds a line',
    );
  });
});

describe('bad scenarios', () => {
  const TOP = 'expected a scenario: a map with name, campaign and regions';

  it.each([
    ['an empty file', '', `x.yaml: line 1: found an empty file, ${TOP}`],
    ['comments only', '# soon\n', `x.yaml: line 1: found an empty file, ${TOP}`],
    ['a list', '- a\n', `x.yaml: line 1: found a list, ${TOP}`],
    ['a scalar', 'hello', `x.yaml: line 1: found "hello", ${TOP}`],
    ['a key twice', `${LEAST}name: b`, `x.yaml: line 5: found broken YAML (Map keys must be unique), ${TOP}`],
    [
      'broken YAML',
      'name: a\ncampaign: [1\nx: 2',
      `x.yaml: line 3: found broken YAML (Flow sequence in block collection must be sufficiently indented and end with a ]), ${TOP}`,
    ],
  ])('%s', (_, text, message) => {
    expect(complaint(() => parse(text))).toBe(message);
  });

  it('aliases that multiply are refused', () => {
    const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]', 'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]']
      .concat('c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]', 'd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]')
      .join('\n');
    expect(complaint(() => parse(bomb))).toContain('found YAML that cannot be used');
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'an unknown key at the top',
      (text) => `${text}decision: {}`,
      'decision: found an unknown key, expected one of name, description, campaign, checkpoint, image, machine, ' +
        'startup, batch, bucket, spot, prices, regions, decisions, objective, work, cloud, task, analysis, guesses',
    ],
    [
      'an unknown key deep inside',
      (text) => text.replace('spotGpus', 'spotGpu'),
      'regions.us-central1.quota.spotGpu: found an unknown key, expected one of spotGpus, onDemandGpus, cpus, disk',
    ],
    [
      'a missing key',
      (text) => text.replace('taskDuration: { constant: 7h }', ''),
      'campaign.taskDuration: found nothing, expected a distribution: one of constant, uniform, lognormal, ' +
        'exponential or empirical, such as { lognormal: { median: 240s, sigma: 0.4 } }',
    ],
    [
      'a negative quota',
      (text) => text.replace('spotGpus: 5', 'spotGpus: -5'),
      'regions.us-central1.quota.spotGpus: found -5, expected a whole number of at least 0',
    ],
    [
      'half a GPU',
      (text) => text.replace('spotGpus: 5', 'spotGpus: 0.5'),
      'regions.us-central1.quota.spotGpus: found 0.5, expected a whole number of at least 0',
    ],
    [
      'a number without its unit',
      (text) => text.replace('7h', '7'),
      'campaign.taskDuration.constant: found 7, expected a duration above 0, such as 10min, 7h or 80ms',
    ],
    [
      'a wrong unit',
      (text) => text.replace('7h', '7GB'),
      'campaign.taskDuration.constant: found "7GB", expected a duration above 0, such as 10min, 7h or 80ms',
    ],
    [
      'a size where a rate is due',
      (text) => `${text}bucket: { uploadThroughput: 60MB }`,
      'bucket.uploadThroughput: found "60MB", expected a data rate above 0, such as 60MB/s or 200Gbit/s, or unlimited',
    ],
    [
      'two spellings of one key',
      (text) => `${text}checkpoint: { pause: 1s, pauseSeconds: 1 }`,
      'checkpoint.pauseSeconds: found pause and pauseSeconds, expected only one of them',
    ],
    [
      'an empty section',
      (text) => `${text}spot:`,
      'spot: found nothing, expected a map with the keys hazardFrom, startHourUtc, timeOfDay, loadFactor, notice, flushSuccess',
    ],
    [
      'a probability above 1',
      (text) => `${text}objective: { confidence: 95 }`,
      'objective.confidence: found 95, expected a share above 0 and at most 1, such as 0.05 or 5%',
    ],
    [
      'no survival at all',
      (text) => text.replace('quota:', 'hazard: { constant: { hourlySurvival: 0 } }, quota:'),
      'regions.us-central1.hazard.constant.hourlySurvival: found 0, expected a share above 0 and at most 1, ' +
        'such as 0.05 or 5%',
    ],
    [
      'more survival than all',
      (text) => text.replace('quota:', 'hazard: { constant: { hourlySurvival: 1.05 } }, quota:'),
      'regions.us-central1.hazard.constant.hourlySurvival: found 1.05, expected a share above 0 and at most 1, ' +
        'such as 0.05 or 5%',
    ],
    [
      'preemption of all within the hour, which is no survival',
      (text) => text.replace('quota:', 'hazard: { constant: { hourlyPreemption: 1 } }, quota:'),
      'regions.us-central1.hazard.constant.hourlySurvival: found 0, expected a number above 0 and at most 1',
    ],
    [
      'a negative rate of preemption',
      (text) => text.replace('quota:', 'hazard: { piecewise: [{ perHour: -0.1 }] }, quota:'),
      'regions.us-central1.hazard.piecewise[0].perHour: found -0.1, expected a rate of at least 0, such as 0.05/h',
    ],
    [
      'a negative rate of shocks',
      (text) => text.replace('quota:', 'shocks: { perHour: -1, share: { constant: 0.1 } }, quota:'),
      'regions.us-central1.shocks.perHour: found -1, expected a rate of at least 0, such as 0.05/h',
    ],
    [
      'a shock that takes more than all',
      (text) => text.replace('quota:', 'shocks: { perHour: 1, share: { uniform: [0.5, 1.5] } }, quota:'),
      'regions.us-central1.shocks.share.uniform[1]: found 1.5, expected a share from 0 to 1, such as 0.05 or 5%',
    ],
    [
      'a share upside down',
      (text) => text.replace('quota:', 'shocks: { perHour: 1, share: { uniform: [0.5, 0.1] } }, quota:'),
      'regions.us-central1.shocks.share.uniform: found [0.5,0.1], expected two shares, [low, high], the lower one first',
    ],
    [
      'a shape of 0',
      (text) => text.replace('quota:', 'hazard: { weibull: { shape: 0, scale: 1h } }, quota:'),
      'regions.us-central1.hazard.weibull.shape: found 0, expected a number above 0',
    ],
    [
      'a pool of nothing',
      (text) => text.replace('quota:', 'capacity: { pool: 0 }, quota:'),
      'regions.us-central1.capacity.pool: found 0, expected a whole number of VMs of at least 1 or unlimited',
    ],
    [
      'a place beyond the last time zone',
      (text) => text.replace('quota:', 'utcOffset: 15, quota:'),
      'regions.us-central1.utcOffset: found 15, expected an offset from UTC from -12 to 14, such as -6h or 5.5h',
    ],
    [
      'a day that ends before it begins',
      (text) => `${text}spot: { timeOfDay: { dayFromHour: 20, dayToHour: 8 } }`,
      'spot.timeOfDay.dayToHour: found 8, expected an hour after dayFromHour, which is 20',
    ],
    [
      'growth without its unit',
      (text) => `${text}checkpoint: { growthPerHour: 5 }`,
      'checkpoint.growthPerHour: found 5, expected a size of at least 0, such as 5MB or 50MiB',
    ],
    [
      'requests that always fail',
      (text) => `${text}bucket: { errorRate: 1 }`,
      'bucket.errorRate: found 1, expected a share from 0 to 0.9, such as 0.05 or 5%',
    ],
    [
      'another price',
      (text) => `${text}prices: { crossRegion: 0.02 USD/h }`,
      'prices.crossRegion: found "0.02 USD/h", expected a price of at least 0, such as 0.02 USD/GB',
    ],
    [
      'two hazards',
      (text) =>
        text.replace(
          'quota:',
          'hazard: { constant: { hourlySurvival: 1 }, piecewise: [{ perHour: 1 }] }, quota:',
        ),
      'regions.us-central1.hazard: found constant and piecewise, expected a hazard: one of constant, piecewise, weibull or lifetimes, ' +
        'such as { constant: { hourlySurvival: 0.95 } }',
    ],
    [
      'ages that fall',
      (text) =>
        text.replace(
          'quota:',
          'hazard: { piecewise: [{ until: 1h, perHour: 1 }, { until: 1h, perHour: 2 }] }, quota:',
        ),
      'regions.us-central1.hazard.piecewise[1].untilSeconds: found 3600 s after 3600 s, expected rising ages; only the ' +
        'last may lack one',
    ],
    [
      'an open age in the middle',
      (text) =>
        text.replace('quota:', 'hazard: { piecewise: [{ perHour: 1 }, { until: 1h, perHour: 2 }] }, quota:'),
      'regions.us-central1.hazard.piecewise[0].untilSeconds: found nothing, expected rising ages; only the last may lack one',
    ],
    [
      'no pieces',
      (text) => text.replace('quota:', 'hazard: { piecewise: [] }, quota:'),
      'regions.us-central1.hazard.piecewise: found an empty list, expected at least one { until, perHour }',
    ],
    [
      'no region',
      (text) => text.replace(/regions: .*/, 'regions: {}'),
      'regions: found an empty map, expected at least one region',
    ],
    [
      'parallelism in a region that is not there',
      (text) => `${text}decisions: { parallelism: { us-east1: 5 } }`,
      'decisions.parallelism.us-east1: found a region that the scenario lacks, expected one of us-central1',
    ],
    [
      'parallelism of nothing',
      (text) => `${text}decisions: { parallelism: { us-central1: 0 } }`,
      'decisions.parallelism: found no VMs, expected VMs in at least one region',
    ],
    [
      'too many tasks',
      (text) => text.replace('molecules: 2', 'molecules: 4000000'),
      'campaign: found 4000000 molecules x 3 windows = 12000000 tasks, expected at most 10000000 tasks',
    ],
    [
      'a range that misses the value',
      (text) => `${text}bucket: { latency: { value: 80ms, range: [1s, 2s] } }`,
      'bucket.latency.range: found "80ms" in ["1s","2s"], expected a range that holds the value, [low, high]',
    ],
    [
      'a guess of nothing',
      (text) => `${text}guesses: { bucket.latency: { low: 0, high: 1 } }`,
      'guesses.bucket.latency: found the path of no number, expected the path of a quantity of this scenario',
    ],
    [
      'a uniform distribution upside down',
      (text) => text.replace('{ constant: 7h }', '{ uniform: [2h, 1h] }'),
      'campaign.taskDurationSeconds.uniform: found [7200,3600], expected two durations, [low, high], the lower one first',
    ],
    [
      'not a number',
      (text) => text.replace('spotGpus: 5', 'spotGpus: .inf'),
      'regions.us-central1.quota.spotGpus: found Infinity, expected a whole number of at least 0',
    ],
    [
      'a prototype',
      (text) => text.replace('us-central1:', '__proto__:'),
      'regions.__proto__: found "__proto__", expected the name of a region, such as us-central1',
    ],
  ])('%s', (_, spoil, message) => {
    expect(complaint(() => parse(spoil(LEAST)))).toBe(`x.yaml: ${message}`);
  });
});
