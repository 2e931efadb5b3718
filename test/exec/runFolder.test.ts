import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markOf } from '../../src/exec/processAlive.js';
import { knownRuns, openRunFolder, runPaths } from '../../src/exec/runFolder.js';
import { planOf } from './plans.js';

let stateDir: string;
const plan = planOf({ molecules: 1, windows: 3 });

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'fepcast-folder-'));
});

afterEach(async () => {
  await rm(stateDir, { recursive: true, force: true });
});

const ABOUT = { source: 'rehearse' as const, project: 'p', state: 'gs://fepcast-state/' };
const open = (runId = 'fc-one', which = plan) =>
  openRunFolder({ stateDir, runId, plan: which, about: ABOUT });

describe('the folder of a run', () => {
  it('keeps the plan, and leaves neither lock nor temporary files behind', async () => {
    const folder = await open();
    await folder.close();
    expect((await readdir(folder.paths.folder)).sort()).toEqual(['about.json', 'plan.json']);
    expect(JSON.parse(await readFile(folder.paths.plan, 'utf8'))).toEqual(plan);
    expect(await knownRuns(stateDir)).toEqual(['fc-one']);
  });

  it('refuses a second process while the first one lives, naming it', async () => {
    const folder = await open();
    await expect(open()).rejects.toThrow(`process ${process.pid} works on it`);
    await folder.close();
    await (await open()).close();
  });

  it('takes over the lock of a process that has ended', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    const mark = markOf(child.pid ?? -1);
    await once(child, 'exit');
    const { folder, lock } = runPaths(stateDir, 'fc-one');
    await mkdir(folder, { recursive: true });
    await writeFile(lock, JSON.stringify({ ...mark, since: 'yesterday' }));
    await (await open()).close();
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'is not held by a process that was given the pid of the holder',
    async () => {
      const { folder, lock } = runPaths(stateDir, 'fc-one');
      await mkdir(folder, { recursive: true });
      await writeFile(
        lock,
        JSON.stringify({ pid: process.pid, startTicks: '1', since: 'before the last boot' }),
      );
      await (await open()).close();
    },
  );

  it('takes over a damaged lock', async () => {
    const { folder, lock } = runPaths(stateDir, 'fc-one');
    await mkdir(folder, { recursive: true });
    await writeFile(lock, '{"pid":');
    await (await open()).close();
  });

  it('gives the lock to one of many that want it at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => open()));
    const winners = tries.filter((result) => result.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const { value } of winners) await value.close();
  });

  it('refuses another plan under the same run id', async () => {
    await (await open()).close();
    const other = planOf({ molecules: 2, windows: 3 });
    await expect(open('fc-one', other)).rejects.toThrow('expected the same plan, or another --run-id');
    await (await open()).close();
  });

  it('refuses run ids from which no job id can be made', async () => {
    for (const runId of ['', 'Upper', '7up', 'a_b', 'ends-', '../up', 'x'.repeat(60)]) {
      await expect(open(runId), runId).rejects.toThrow('--run-id: found');
    }
    expect(await knownRuns(stateDir)).toEqual([]);
  });

  it('says in one sentence that the state folder cannot be made', async () => {
    const file = join(stateDir, 'file');
    await writeFile(file, '');
    await expect(openRunFolder({ stateDir: file, runId: 'fc-one', plan, about: ABOUT })).rejects.toThrow(
      '--state-dir',
    );
  });
});
