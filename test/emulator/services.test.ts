import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WELL } from '../../src/emulator/services/project.js';
import { readProjectFile } from '../../src/emulator/services/projectFile.js';
import { servicesRest } from '../../src/emulator/services/servicesRest.js';
import { wellBuckets } from '../../src/emulator/services/wellBuckets.js';
import { buildJob } from '../../src/plan/job.js';
import { makePlan } from '../../src/plan/makePlan.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { type PlayedEmulator, playEmulator } from '../exec/playedEmulator.js';
import { IDLE } from '../exec/playedProject.js';
import { PROJECT, realPlan, realScenario } from '../exec/realProject.js';

let played: PlayedEmulator | null = null;

afterEach(async () => {
  await played?.stop();
  played = null;
});

async function usage(
  emulator: PlayedEmulator,
  metric: string,
  region = 'us-central1',
): Promise<number | undefined> {
  const quotas = await emulator.services.regionQuotas(region);
  return quotas.find((quota) => quota.metric === metric)?.usage;
}

describe('the quotas of the emulator', () => {
  it('are used by the VMs that run, and free again when these are gone', { timeout: 30_000 }, async () => {
    const plan = realPlan({ externalIp: true });
    played = await playEmulator(plan.scenario.resolved, {
      quotas: { 'us-central1': { PREEMPTIBLE_NVIDIA_L4_GPUS: { limit: 64, usage: 7 } } },
    });
    const emulator = played;
    expect(await usage(emulator, 'PREEMPTIBLE_NVIDIA_L4_GPUS')).toBe(7);
    const shard = plan.shards[0];
    if (!shard) throw new Error('the plan has no shard');
    const part = { jobId: 'a-job', shard, round: 0, tasks: [{ first: 0, count: 5 }] };
    const job = buildJob(plan, part, { runId: 'fc-x', project: PROJECT });
    const requestId = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
    await emulator.cloud.batch.createJob({ region: 'us-central1', jobId: 'a-job', requestId, job });
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
      while (!(await holds())) await emulator.clock.sleep(30);
    };
    await until(async () => (await usage(emulator, 'IN_USE_ADDRESSES')) === 5);
    expect(await usage(emulator, 'PREEMPTIBLE_NVIDIA_L4_GPUS')).toBe(12);
    expect(await usage(emulator, 'NVIDIA_L4_GPUS')).toBe(0);
    expect(await usage(emulator, 'CPUS')).toBe(20);
    expect(await usage(emulator, 'SSD_TOTAL_GB')).toBe(250);
    expect(await usage(emulator, 'PREEMPTIBLE_NVIDIA_L4_GPUS', 'us-east1')).toBe(0);
    const all = await emulator.services.projectQuotas();
    expect(all.find(({ metric }) => metric === 'GPUS_ALL_REGIONS')?.usage).toBe(5);
    await until(async () => (await usage(emulator, 'CPUS')) === 0);
    expect(await usage(emulator, 'PREEMPTIBLE_NVIDIA_L4_GPUS')).toBe(7);
  });
});

describe('the buckets of a project in which all is well', () => {
  it('lie in their regions, with soft delete on results and none on scratch', async () => {
    played = await playEmulator(realScenario());
    const info = (name: string) => played?.cloud.storage.bucketInfo(name);
    expect(await info('scratch-us-east1')).toMatchObject({
      location: 'US-EAST1',
      softDeleteSeconds: 0,
      lifecycle: [{ action: 'Delete', ageDays: 30 }],
    });
    expect(await info('results-us-east1')).toMatchObject({ softDeleteSeconds: 604_800, lifecycle: [] });
    expect(await info('state-home')).toMatchObject({ location: 'US-CENTRAL1' });
  });

  it('are each there once, also where one bucket serves all regions', () => {
    const scenario: Scenario = { ...realScenario(), cloud: null };
    const one = { ...scenario, decisions: { ...scenario.decisions, buckets: 'one' as const } };
    expect(wellBuckets(scenario, WELL).map(({ name }) => name)).toHaveLength(2 * 2 + 1);
    expect(wellBuckets(one, WELL).map(({ name }) => name)).toHaveLength(2 + 1);
    expect(makePlan(one).buckets).toBe('one');
  });
});

describe('the price catalog of the emulator', () => {
  const routes = servicesRest({ scenario: realScenario(), trouble: WELL, regionUse: () => IDLE });

  function page(query: Record<string, string>): { skus: object[]; nextPageToken: string } {
    const path = '/v1/services/6F81-5844-456A/skus';
    const answer = routes({ method: 'GET', path, query: new URLSearchParams(query), body: undefined });
    return answer as { skus: object[]; nextPageToken: string };
  }

  it('comes in pages', () => {
    const whole = page({}).skus;
    const collected: object[] = [];
    let pageToken = '';
    do {
      const next = page({ pageSize: '5', pageToken: pageToken === '' ? '0' : pageToken });
      expect(next.skus.length).toBeLessThanOrEqual(5);
      collected.push(...next.skus);
      pageToken = next.nextPageToken;
    } while (pageToken !== '');
    expect(collected).toEqual(whole);
  });
});

describe('the services of the emulator', () => {
  const routes = servicesRest({ scenario: realScenario(), trouble: WELL, regionUse: () => IDLE });
  const ask = (method: string, path: string, body?: unknown) =>
    routes({ method, path, query: new URLSearchParams(), body });

  it('leave the paths of others alone', () => {
    expect(ask('GET', '/v1/projects/p/locations/us-central1/jobs')).toBeNull();
    expect(ask('DELETE', '/compute/v1/projects/p')).toBeNull();
  });

  it('know the regions of the scenario alone', () => {
    expect(() => ask('GET', '/compute/v1/projects/p/regions/mars-north1')).toThrow('mars-north1');
  });

  it('refuse a question about no permissions', () => {
    expect(() => ask('POST', '/v3/projects/p:testIamPermissions', {})).toThrow('permissions');
  });
});

describe('a file that describes a project', () => {
  it('is read as YAML, and refused with its place in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fepcast-project-'));
    try {
      const file = join(folder, 'project.yaml');
      await writeFile(file, 'deniedPermissions: [batch.jobs.create]\ntasks: { us-east1: noGpu }\n');
      expect(readProjectFile(file)).toEqual({
        ...WELL,
        deniedPermissions: ['batch.jobs.create'],
        tasks: { 'us-east1': 'noGpu' },
      });
      await writeFile(file, 'tasks: { us-east1: sunburn }\n');
      expect(() => readProjectFile(file)).toThrow(/project\.yaml: tasks\.us-east1: found .*noGpu/);
      expect(() => readProjectFile(join(folder, 'none.yaml'))).toThrow('none.yaml');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
