import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readLiveInputs, withLiveInputs } from '../../src/exec/live/liveInputs.js';
import { readPrices } from '../../src/exec/live/prices.js';
import { liveQuota } from '../../src/exec/live/quota.js';
import { PortError } from '../../src/exec/port.js';
import { googleServices } from '../../src/exec/preflight/googleServices.js';
import type { RestClient } from '../../src/exec/preflight/restClient.js';
import type { ServicesPort } from '../../src/exec/preflight/servicesPort.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { scenarioOf } from './plans.js';
import { play } from './playedProject.js';
import { PROJECT, realScenario } from './realProject.js';

const AT = 1_795_449_600;

/** Answers with the fixtures; a path in `refused` is refused instead. */
async function fixtures(refused: readonly string[] = []): Promise<ServicesPort> {
  const file = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));
  const answer = async (path: string): Promise<unknown> => {
    if (refused.some((part) => path.includes(part))) throw new PortError('PERMISSION_DENIED', `no ${path}`);
    if (path.endsWith('/skus')) return file('skus');
    if (path.endsWith('/advice/capacity')) {
      return { recommendations: [{ scores: { obtainability: 0.6, estimatedUptime: '3600s' } }] };
    }
    return file(path.includes('/regions/') ? 'region' : 'project');
  };
  const rest: RestClient = { get: (_, path) => answer(path), post: (_, path) => answer(path) };
  return googleServices(rest, 'example-project');
}

function scenario(regions = ['us-central1', 'us-east1']): Scenario {
  return scenarioOf({ molecules: 10, windows: 13 }, {}, regions);
}

describe('list prices from the catalog', () => {
  it('are the sum of core, memory and GPU, and none of the lines that resemble them', async () => {
    const regions = ['us-central1', 'asia-northeast3', 'europe-west4'];
    const prices = await readPrices(await fixtures(), { type: 'g2-standard-4', regions, at: AT });
    expect(prices.at).toBe(AT);
    // 4 cores, 16 GiB, one L4: the public list prices of 2026-07-30.
    expect(prices.byRegion['us-central1']?.spotUsdPerHour).toBeCloseTo(0.397336, 6);
    expect(prices.byRegion['us-central1']?.onDemandUsdPerHour).toBeCloseTo(0.70684, 5);
    expect(prices.byRegion['asia-northeast3']?.spotUsdPerHour).toBeCloseTo(0.270872, 6);
    expect(prices.byRegion['europe-west4']).toEqual({ spotUsdPerHour: null, onDemandUsdPerHour: null });
  });

  it('grow with the machine', async () => {
    const regions = ['us-central1'];
    const of = async (type: string) =>
      (await readPrices(await fixtures(), { type, regions, at: AT })).byRegion['us-central1']
        ?.onDemandUsdPerHour;
    expect(await of('g2-standard-8')).toBeCloseTo(8 * 0.024988 + 32 * 0.002928 + 0.56004, 6);
    expect(await of('g2-standard-24')).toBeCloseTo(24 * 0.024988 + 96 * 0.002928 + 2 * 0.56004, 6);
  });

  it('are unknown for a machine that is priced in another way, and where two lines contradict each other', async () => {
    const regions = ['us-central1'];
    const other = await readPrices(await fixtures(), { type: 'n1-standard-4', regions, at: AT });
    expect(other.byRegion['us-central1']?.spotUsdPerHour).toBeNull();
    const sku = (usdPerUnit: number) => ({
      description: 'G2 Instance Core running in Americas',
      usageType: 'OnDemand',
      regions,
      unit: 'h',
      usdPerUnit,
    });
    const services = await fixtures();
    const doubled: Pick<ServicesPort, 'skus'> = {
      skus: async (isWanted) => [...(await services.skus(isWanted)), sku(7)].filter(isWanted),
    };
    const twice = await readPrices(doubled, { type: 'g2-standard-4', regions, at: AT });
    expect(twice.byRegion['us-central1']?.onDemandUsdPerHour).toBeNull();
    expect(twice.byRegion['us-central1']?.spotUsdPerHour).toBeCloseTo(0.397336, 6);
  });
});

describe('live quota', () => {
  const machine = { accelerator: 'nvidia-l4', bootDiskType: 'pd-balanced' };

  it('is what is granted less what is used, within what all regions together allow', async () => {
    const services = await fixtures();
    const quota = liveQuota(
      await services.regionQuotas('us-central1'),
      await services.projectQuotas(),
      machine,
    );
    expect(quota).toEqual({
      // 500 - 36 are free in the region and 400 - 40 in all of them.
      free: { spotGpus: 360, onDemandGpus: 12, cpus: 2240, diskGb: 19_980 },
      used: { spotGpus: 36, onDemandGpus: 4 },
    });
  });

  it('of Spot is the standard one where no preemptible quota was granted', () => {
    const region = [
      { metric: 'PREEMPTIBLE_NVIDIA_L4_GPUS', limit: 0, usage: 0 },
      { metric: 'NVIDIA_L4_GPUS', limit: 8, usage: 9 },
    ];
    expect(liveQuota(region, [], machine).free).toEqual({
      spotGpus: 0,
      onDemandGpus: 0,
      cpus: null,
      diskGb: null,
    });
  });
});

describe('live inputs', () => {
  it('take the place of what the scenario assumed, stamped with their time', async () => {
    const regions = ['us-central1', 'us-east1'];
    const { stamp, warnings } = await readLiveInputs(scenario(regions), {
      services: await fixtures(),
      project: 'example-project',
      at: AT,
    });
    expect(warnings).toEqual([]);
    expect(stamp.at).toBe('2026-11-23T16:00:00.000Z');
    expect(stamp.regions['us-central1']).toMatchObject({ obtainability: 0.6, estimatedUptimeSeconds: 3600 });
    const live = withLiveInputs(scenario(regions), stamp);
    expect(live.regions['us-east1']?.quota.spotGpus).toBe(360);
    expect(live.regions['us-east1']?.price).toMatchObject({ date: '2026-11-23' });
    expect(live.regions['us-east1']?.price.spotUsdPerHour).toBeCloseTo(0.397336, 6);
  });

  it('that cannot be read leave the scenario as it is, with one warning for each kind', async () => {
    const { stamp, warnings } = await readLiveInputs(scenario(), {
      services: await fixtures(['/regions/', '/skus', '/projects/example-project']),
      project: 'example-project',
      at: AT,
    });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^quotas could not be read .*; the scenario's quotas stand for all regions$/);
    expect(warnings[1]).toMatch(/^list prices could not be read .*; the scenario's prices stand$/);
    expect(withLiveInputs(scenario(), stamp)).toEqual(scenario());
  });

  it('name the regions that the catalog does not price, and keep their prices', async () => {
    const regions = ['us-central1', 'europe-west4'];
    const { stamp, warnings } = await readLiveInputs(scenario(regions), {
      services: await fixtures(),
      project: 'example-project',
      at: AT,
    });
    expect(warnings).toEqual([
      "the catalog has no clear price of g2-standard-4 in europe-west4; the scenario's prices stand there",
    ]);
    const live = withLiveInputs(scenario(regions), stamp);
    expect(live.regions['europe-west4']?.price).toEqual(scenario(regions).regions['europe-west4']?.price);
  });

  it('warn of nothing where advice on capacity is not offered', async () => {
    const { stamp, warnings } = await readLiveInputs(scenario(), {
      services: await fixtures(['/advice/']),
      project: 'example-project',
      at: AT,
    });
    expect(warnings).toEqual([]);
    expect(stamp.regions['us-central1']?.obtainability).toBeNull();
  });

  it('of the emulator are those of its scenario', async () => {
    const world = realScenario();
    const played = await play(world, { obtainability: { 'us-east1': 0.2, 'us-central1': null } });
    try {
      const { stamp, warnings } = await readLiveInputs(world, {
        services: played.services,
        project: PROJECT,
        at: AT,
      });
      expect(warnings).toEqual([]);
      expect(stamp.regions['us-east1']?.obtainability).toBe(0.2);
      expect(stamp.regions['us-central1']?.obtainability).toBeNull();
      for (const [name, { price, quota }] of Object.entries(withLiveInputs(world, stamp).regions)) {
        expect(price.spotUsdPerHour).toBeCloseTo(world.regions[name]?.price.spotUsdPerHour ?? 0, 6);
        expect(price.onDemandUsdPerHour).toBeCloseTo(world.regions[name]?.price.onDemandUsdPerHour ?? 0, 6);
        expect(quota.spotGpus).toBe(world.regions[name]?.quota.spotGpus);
      }
    } finally {
      await played.stop();
    }
  });
});
