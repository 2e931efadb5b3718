import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildBarJob } from '../../src/exec/collect/barJob.js';
import {
  type Collected,
  type CollectOptions,
  collectRun,
  type DownloadCost,
} from '../../src/exec/collect/collect.js';
import { outputPath } from '../../src/exec/collect/download.js';
import { resultFile } from '../../src/exec/collect/resultFiles.js';
import { PortError } from '../../src/exec/port.js';
import { readJobSpec } from '../../src/plan/readJob.js';
import { BAR_TOTAL, campaignOf, energies, publish, sourceOf, WINDOWS, workplace } from './collected.js';

let place: ReturnType<typeof workplace>;
const path = process.env.PATH;
beforeEach(() => {
  place = workplace();
  process.env.PATH = `${place.bin}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  place.remove();
});

function collectHere(
  { run, source }: Pick<ReturnType<typeof sourceOf>, 'run' | 'source'>,
  options: Partial<CollectOptions> = {},
): Promise<Collected> {
  return collectRun(run, source, {
    out: join(place.folder, 'out'),
    analysis: 'local',
    outputs: false,
    approve: async () => undefined,
    ...options,
  });
}

/** A table as a list of lines by column. */
function table(file: string): Record<string, string>[] {
  const [heading = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = heading.split(',');
  return lines.map((line) => {
    const cells = line.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)?.map((cell) => cell.replace(/,$/, '')) ?? [];
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

/** Every window of these molecules. */
function publishAll(cloud: ReturnType<typeof sourceOf>, molecules: readonly number[]): void {
  for (const molecule of molecules) {
    for (let state = 0; state < WINDOWS; state += 1) {
      publish(cloud.storage, cloud.run.plan, molecule * WINDOWS + state, { state });
    }
  }
}

describe('collecting', () => {
  it('brings results, analyses each leg here, and writes both tables', async () => {
    const cloud = sourceOf(campaignOf(['methane', 'odd, "name"/x']));
    publishAll(cloud, [0, 1]);
    const collected = await collectHere(cloud);
    expect(collected).toMatchObject({
      windows: { total: 26, collected: 26, missing: 0, fetched: 26 },
      molecules: { total: 2, ok: 2, flagged: 0 },
      analysis: { done: 2, now: 2, missing: 0 },
      complete: true,
    });
    const results = table(collected.files.results);
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({
      molecule: 'methane',
      leg: 'main',
      dG_kJ: String(BAR_TOTAL.dG),
      err_kJ: String(BAR_TOTAL.error),
      dG_kcal: '1.328',
      method: 'BAR',
      temperature: '298.15',
      ns_total: '0.039',
      windows_ok: '13',
      max_pair_err_kJ: '0.6869',
      worst_pair: '6-7',
      restarts: '13',
      status: 'ok',
    });
    expect(results[1]?.molecule).toBe('"odd, ""name""/x"');
    const windows = table(collected.files.windows);
    expect(windows).toHaveLength(26);
    expect(windows[5]).toMatchObject({
      window: '5',
      attempts: '2',
      ns: '0.003',
      ns_per_day: '140',
      lost_seconds: '200',
      lambda: '5',
      store_retries: '4',
      cost: '1',
    });
    // One call of gmx for each leg.
    expect(readFileSync(join(place.folder, 'asked'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('reads and analyses nothing again that is here, and reads what has changed or was torn', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    publishAll(cloud, [0]);
    await collectHere(cloud);
    const reads = () => cloud.storage.count('read');
    const before = reads();
    expect(await collectHere(cloud)).toMatchObject({
      windows: { fetched: 0 },
      analysis: { done: 1, now: 0 },
    });
    expect(reads()).toBe(before);

    publish(cloud.storage, cloud.run.plan, 3, { state: 3 });
    truncateSync(resultFile(join(place.folder, 'out'), 'methane/main/0/7'), 100);
    writeFileSync(join(place.folder, 'out/collected.jsonl'), '{"key":"torn', { flag: 'a' });
    expect((await collectHere(cloud)).windows.fetched).toBe(2);
    expect((await collectHere(cloud)).windows.fetched).toBe(0);
  });

  it('goes on after a failure where it was', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    publishAll(cloud, [0]);
    let left = 6;
    cloud.storage.fault = (call) => {
      left -= call.startsWith('read') ? 1 : 0;
      return left < 0 ? new PortError('OTHER', 'the line is cut') : null;
    };
    await expect(collectHere(cloud)).rejects.toThrow('the line is cut');
    cloud.storage.fault = () => null;
    const { windows } = await collectHere(cloud);
    expect(windows.collected).toBe(13);
    expect(windows.fetched).toBeLessThan(13);
    expect(windows.fetched).toBeGreaterThan(0);
  });

  it('is possible at any time: a molecule with a missing or short window is reported, not averaged over', async () => {
    const cloud = sourceOf(campaignOf(['whole', 'holed', 'short']));
    publishAll(cloud, [0]);
    for (let state = 0; state < WINDOWS; state += 1) {
      if (state !== 4) publish(cloud.storage, cloud.run.plan, WINDOWS + state, { state });
      publish(cloud.storage, cloud.run.plan, 2 * WINDOWS + state, {
        state,
        ...(state === 9 ? { steps: 700 } : {}),
      });
    }
    const collected = await collectHere(cloud);
    expect(collected.complete).toBe(false);
    expect(collected.molecules).toEqual({ total: 3, ok: 1, flagged: 2 });
    const [whole, holed, short] = table(collected.files.results);
    expect(whole).toMatchObject({ status: 'ok', dG_kJ: String(BAR_TOTAL.dG) });
    expect(holed).toMatchObject({
      status: 'missing',
      dG_kJ: '',
      windows_ok: '12',
      note: '4: job job goes on',
    });
    expect(short).toMatchObject({ status: 'short', dG_kJ: '', note: '9: 0.0014 of 0.003 ns' });
    const window = table(collected.files.windows)[WINDOWS + 4];
    expect(window).toMatchObject({ status: 'missing', note: 'job job goes on', ns: '' });
  });

  it('takes only the molecules that are asked for', async () => {
    const cloud = sourceOf(campaignOf(['a', 'b']));
    publishAll(cloud, [0, 1]);
    const { windows, rows } = await collectHere(cloud, { tasks: [{ first: WINDOWS, count: WINDOWS }] });
    expect(windows.total).toBe(13);
    expect(rows.map(({ molecule }) => molecule)).toEqual(['b']);
  });

  it('analyses anew where the settings or the energies are others', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    publishAll(cloud, [0]);
    await collectHere(cloud);
    cloud.run.plan.scenario.resolved.analysis.equilibrationPs = 1;
    expect((await collectHere(cloud)).analysis).toEqual({ done: 1, now: 1, missing: 0 });
    cloud.run.plan.scenario.resolved.analysis.equilibrationPs = null;
    await collectHere(cloud);
    const asked = readFileSync(join(place.folder, 'asked'), 'utf8');
    expect([...asked.matchAll(/ -b (\S+)/g)].map(([, begin]) => begin)).toEqual(['0.4', '1', '0.3']);
  });

  it('says so where tasks have computed nothing', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    for (let state = 0; state < WINDOWS; state += 1) {
      publish(cloud.storage, cloud.run.plan, state, { state, dhdl: null });
    }
    const collected = await collectHere(cloud);
    expect(collected.complete).toBe(true);
    expect(table(collected.files.results)[0]).toMatchObject({ status: 'no data', dG_kJ: '' });
  });

  it('collects nothing, and says so, where nothing was ever staged', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    const collected = await collectHere({ ...cloud, source: { ...cloud.source, inputOf: null } });
    expect(collected).toMatchObject({ windows: { collected: 0, missing: 13 }, complete: false });
  });
});

describe('downloading outputs', () => {
  it('asks first, with bytes and dollars, and brings nothing when refused', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    publishAll(cloud, [0]);
    const bytes = Array.from({ length: WINDOWS }, (_, state) => energies(state).length).reduce(
      (a, b) => a + b,
    );
    const asked: DownloadCost[] = [];
    const refuse = async (cost: DownloadCost) => {
      asked.push(cost);
      throw new Error('no');
    };
    const refused = collectHere(cloud, { outputs: true, analysis: 'none', approve: refuse });
    await expect(refused).rejects.toThrow('no');
    expect(asked).toEqual([{ files: 13, bytes, usd: (bytes / 2 ** 30) * 0.12 }]);
    expect(cloud.storage.calls.filter((call) => call.includes('/out/'))).toEqual([]);
    // The table of the windows is there all the same.
    expect(table(join(place.folder, 'out/windows.csv'))).toHaveLength(13);

    const { downloaded } = await collectHere(cloud, { outputs: true, analysis: 'none' });
    expect(downloaded).toEqual(asked[0]);
    const file = outputPath(join(place.folder, 'out'), 'methane/main/0/5', 'dhdl.xvg');
    expect(readFileSync(file, 'utf8')).toBe(energies(5));
    const again = await collectHere(cloud, { outputs: true, analysis: 'local', approve: refuse });
    expect(again).toMatchObject({ downloaded: { files: 0 }, analysis: { now: 1 } });
  });

  it('leaves no file that is not what the result says', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    publishAll(cloud, [0]);
    const name =
      cloud.storage.names().find((one) => one.includes('/main/0/5/') && one.endsWith('dhdl.xvg')) ?? '';
    const [bucket = '', ...rest] = name.split('/');
    cloud.storage.plant({ bucket, name: rest.join('/') }, energies(5).replace('0.2000 ', '0.2001 '));
    await expect(collectHere(cloud, { outputs: true })).rejects.toThrow('is not what its result says');
    const file = outputPath(join(place.folder, 'out'), 'methane/main/0/5', 'dhdl.xvg');
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('takes no name that leads out of the folder', () => {
    expect(() => outputPath('out', 'm/main/0/0', '../../x')).toThrow('is no name of a file');
    expect(() => outputPath('out', 'm/main/0/0', '/etc/passwd')).toThrow('is no name of a file');
    expect(outputPath('/out', 'm/main/0/0', 'a/b.xtc')).toBe('/out/tasks/m/main/0/0/out/a/b.xtc');
  });
});

describe('the analysis job', () => {
  it('is a small CPU job with the image, account and network of the run, and none of its tasks', () => {
    const plan = campaignOf(['methane']);
    const [shard] = plan.shards;
    if (shard === undefined) throw new Error('no shard');
    const indexUri = 'gs://results/index';
    const what = { jobId: 'run-bar-0', runId: 'run', project: 'p', legs: 70, indexUri, blockBytes: 512 };
    const job = buildBarJob(plan, { shard, ...what });
    const spec = readJobSpec(job, 'us-central1', 'run-bar-0', plan.scenario.resolved);
    expect(spec).toMatchObject({
      taskCount: 70,
      parallelism: 50,
      provisioning: 'onDemand',
      machineType: 'n2-standard-2',
      gpusPerVm: 0,
      tasks: null,
      maxRetryCount: 3,
    });
    const [group] = job.taskGroups;
    expect(group?.taskSpec.runnables[0]?.container?.commands).toEqual(['analysis']);
    expect(group?.taskSpec.environment?.variables).toMatchObject({
      FEPCAST_INDEX: indexUri,
      FEPCAST_INDEX_ROW_BYTES: '512',
      FEPCAST_ACCELERATOR: '',
    });
    expect(job.labels).toMatchObject({ 'fepcast-analysis': 'run' });
    expect(job.labels?.['fepcast-run']).toBeUndefined();
    expect(job.allocationPolicy?.instances?.[0]?.installGpuDrivers).toBe(false);
  });

  it('is begun once for the same legs, and once more when it has failed', async () => {
    const cloud = sourceOf(campaignOf(['methane']));
    publishAll(cloud, [0]);
    const jobs: string[] = [];
    const onJob = ({ jobId }: { jobId: string }) => jobs.push(jobId);
    const first = await collectHere(cloud, { analysis: 'batch', onJob });
    // No task of this Batch writes a report.
    expect(first).toMatchObject({ analysis: { done: 0, missing: 1 }, complete: false });
    expect(first.rows[0]).toMatchObject({
      status: 'not analysed',
      note: expect.stringContaining('(SUCCEEDED)'),
    });
    await collectHere(cloud, { analysis: 'batch', onJob });
    expect(jobs).toHaveLength(2);
    const [name] = /^run-bar-[0-9a-f]{8}/.exec(jobs[0] ?? '') ?? [];
    expect(jobs).toEqual([`${name}-0`, `${name}-1`]);
    const index = cloud.storage.names().find((one) => one.includes('run-bar-')) ?? '';
    expect(index).toMatch(/\/runs\/run\/jobs\/run-bar-[0-9a-f]{8}-0\/index$/);
  });
});
