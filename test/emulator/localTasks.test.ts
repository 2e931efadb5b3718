import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LocalRunner, type LocalRunnerOptions } from '../../src/emulator/localTasks/localRunner.js';
import { TokenStore } from '../../src/emulator/tokens.js';
import type { BatchJob } from '../../src/plan/batchJob.js';
import { processesWith, toyAttempt, toyJob, until } from './localTasksToys.js';

/** Processes are told apart by /proc, and SIGTERM is POSIX. */
const linux = describe.skipIf(process.platform !== 'linux');

let data: string;
const runners: LocalRunner[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'local-tasks-'));
});
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.close();
  expect(processesWith(data)).toEqual([]);
  rmSync(data, { recursive: true, force: true });
});

async function open(options: Partial<LocalRunnerOptions> = {}): Promise<LocalRunner> {
  const now = (): number => performance.now() / 1000;
  const tokens = new TokenStore(now);
  const common = { dataFolder: data, containerCommand: null, speed: 1, tokens, now };
  const runner = await LocalRunner.open({ ...common, ...options });
  runner.setStorageEndpoint('http://127.0.0.1:1');
  runners.push(runner);
  return runner;
}

/** Runs one attempt to its end. */
function exitOf(runner: LocalRunner, job: BatchJob, change: Parameters<typeof toyAttempt>[1] = {}) {
  return new Promise<number>((ended) => runner.start(toyAttempt(job, change), ended));
}

const vmFile = (name: string, vm = 0): string => join(data, 'vms', String(vm), name);
const read = (path: string): string => readFileSync(path, 'utf8');
const logOf = (index = 0, retry = 0): string =>
  read(join(data, 'logs/us-central1/toy', `${index}-${retry}.log`));

linux('a local task', () => {
  test('runs in a clean environment that says which task it is and where its cloud is', async () => {
    process.env.FEPCAST_TEST_SECRET = 'of the emulator';
    try {
      const runner = await open();
      const job = toyJob({
        script: { text: 'env > env.txt; pwd > pwd.txt' },
        environment: { variables: { COLOUR: 'blue', BATCH_TASK_INDEX: '77', HOME: '/of/the/job' } },
      });
      job.taskGroups[0]!.taskSpec.environment = { variables: { COLOUR: 'red', SHAPE: 'round' } };
      expect(await exitOf(runner, job, { index: 3, retry: 2 })).toBe(0);
      const lines = read(vmFile('env.txt')).trim().split('\n');
      const env = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
      expect(env).toMatchObject({
        BATCH_TASK_INDEX: '3',
        BATCH_TASK_COUNT: '4',
        BATCH_TASK_RETRY_ATTEMPT: '2',
        COLOUR: 'blue',
        SHAPE: 'round',
        HOME: '/of/the/job',
        TMPDIR: vmFile('tmp'),
        FEPCAST_STORAGE_ENDPOINT: 'http://127.0.0.1:1',
      });
      expect(env.GCE_METADATA_HOST).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(env.PATH).toBe(process.env.PATH);
      expect(env.FEPCAST_TEST_SECRET).toBeUndefined();
      expect(Object.keys(env).filter((name) => /^(npm|NODE|VITEST)/.test(name))).toEqual([]);
      expect(read(vmFile('pwd.txt')).trim()).toBe(vmFile('').replace(/\/$/, ''));
    } finally {
      delete process.env.FEPCAST_TEST_SECRET;
    }
  });

  test('finds what an earlier task left on its VM, and nothing of another VM; a VM that goes leaves nothing', async () => {
    const runner = await open();
    const job = toyJob('echo $BATCH_TASK_INDEX >> seen.txt');
    expect(await exitOf(runner, job, { index: 0 })).toBe(0);
    expect(await exitOf(runner, job, { index: 1 })).toBe(0);
    expect(await exitOf(runner, job, { index: 2, vm: 1 })).toBe(0);
    expect(read(vmFile('seen.txt'))).toBe('0\n1\n');
    expect(read(vmFile('seen.txt', 1))).toBe('2\n');
    runner.removeVm(0);
    await until('the folder goes', () => !existsSync(vmFile('')));
    expect(existsSync(vmFile('seen.txt', 1))).toBe(true);
  });

  test('sees the name, zone and preemption of its own VM', async () => {
    const runner = await open();
    const script = `
      base=http://$GCE_METADATA_HOST/computeMetadata/v1/instance
      ask() { node -e 'fetch(process.argv[1], { headers: { "Metadata-Flavor": "Google" } })
        .then((answer) => answer.text()).then(console.log)' "$base/$1"; }
      ask name > name.txt; ask zone > zone.txt; ask preempted > before.txt
      trap 'ask preempted > after.txt; exit 76' TERM
      touch ready; while :; do sleep 0.02; done`;
    const ends: number[] = [];
    for (const vm of [0, 1]) {
      runner.start(toyAttempt(toyJob(`#!/bin/bash\n${script}`), { vm, index: vm }), (code) =>
        ends.push(code),
      );
    }
    await until('both run', () => existsSync(vmFile('ready', 0)) && existsSync(vmFile('ready', 1)));
    expect(read(vmFile('name.txt', 0))).toBe('toy-0\n');
    expect(read(vmFile('name.txt', 1))).toBe('toy-1\n');
    expect(read(vmFile('zone.txt', 1))).toBe('projects/123456789012/zones/us-central1-a\n');
    runner.notice(1);
    await until('the one that is preempted says so', () => existsSync(vmFile('after.txt', 1)));
    await until(
      'it has ended',
      () => processesWith(`HOME=${vmFile('', 1).replace(/\/$/, '')}\0`).length === 0,
    );
    expect(read(vmFile('before.txt', 1))).toBe('FALSE\n');
    expect(read(vmFile('after.txt', 1))).toBe('TRUE\n');
    // Whatever it says on its way out, the World knows how it ended.
    expect(ends).toEqual([]);
    expect(existsSync(vmFile('after.txt', 0))).toBe(false);
  });
});

linux('the runnables of a task', () => {
  const mark = (name: string): string => `echo ${name} >> order.txt`;

  test.each([
    ['run in order', [mark('a'), mark('b')], 0, 'a b'],
    ['stop at the first that fails', [mark('a'), 'exit 7', mark('b')], 7, 'a'],
    [
      'go on after one whose failure is to be ignored',
      [{ script: { text: 'exit 7' }, ignoreExitStatus: true }, mark('b')],
      0,
      'b',
    ],
    [
      'include what always runs, and the first failure counts',
      ['exit 7', mark('skipped'), { script: { text: `${mark('c')}; exit 8` }, alwaysRun: true }],
      7,
      'c',
    ],
    ['count a death by signal as shells do', ['kill -KILL $$'], 137, ''],
    ['end with 127 where there is no such program', [{ script: { text: '#!/no/such/program' } }], 127, ''],
    ['end with 125 where nothing stands in for an image', [{ container: { imageUri: 'busybox' } }], 125, ''],
    [
      'run a container by its own entrypoint and commands',
      [{ container: { imageUri: 'x', entrypoint: '/bin/sh', commands: ['-c', mark('entry')] } }],
      0,
      'entry',
    ],
    ['refuse what a single machine cannot do', [{ barrier: { name: 'all' } }], 125, ''],
  ])('%s', async (_, runnables, expected, order) => {
    const runner = await open();
    expect(await exitOf(runner, toyJob(...runnables))).toBe(expected);
    const seen = existsSync(vmFile('order.txt')) ? read(vmFile('order.txt')) : '';
    expect(seen.trim().replaceAll('\n', ' ')).toBe(order);
  });

  test('of an image: its stand-in gets the commands', async () => {
    const runner = await open({ containerCommand: ['/bin/sh', '-c', 'echo "$0 $@" > said.txt'] });
    const job = toyJob({ container: { imageUri: 'x', commands: ['one', 'two three'] } });
    expect(await exitOf(runner, job)).toBe(0);
    expect(read(vmFile('said.txt'))).toBe('one two three\n');
  });

  test('a script runs by the interpreter of its first line, also one that lies on the machine', async () => {
    const path = join(data, 'script.js');
    const text = `#!${process.execPath}\nrequire('node:fs').appendFileSync('by.txt', 'node ');`;
    writeFileSync(path, text, { mode: 0o755 });
    writeFileSync(join(data, 'plain.sh'), 'printf "%s" sh >> by.txt');
    const runner = await open();
    const plain = { script: { path: join(data, 'plain.sh') } };
    expect(await exitOf(runner, toyJob(text, { script: { path } }, plain))).toBe(0);
    expect(read(vmFile('by.txt'))).toBe('node node sh');
  });

  test('what runs in the background ends with the others, and its exit code does not count', async () => {
    const runner = await open();
    const background = { script: { text: 'touch there; sleep 1000; touch late' }, background: true };
    const job = toyJob(background, 'while [ ! -e there ]; do sleep 0.02; done');
    expect(await exitOf(runner, job)).toBe(0);
    expect(processesWith(data)).toEqual([]);
  });

  test('a runnable that takes too long is asked to stop, then killed: 50005', async () => {
    const runner = await open({ speed: 10 });
    const stubborn = `#!/bin/bash\ntrap 'echo asked >> order.txt' TERM\nwhile :; do sleep 0.02; done`;
    const job = toyJob({ script: { text: stubborn }, timeout: '20s' }, mark('never'));
    expect(await exitOf(runner, job)).toBe(50005);
    expect(read(vmFile('order.txt'))).toBe('asked\n');
    expect(processesWith(data)).toEqual([]);
  });

  test('what they print is kept, both streams, and cut where it becomes too much', async () => {
    const runner = await open();
    expect(await exitOf(runner, toyJob('echo out; echo err >&2'))).toBe(0);
    expect(logOf().split('\n').sort()).toEqual(['', 'err', 'out']);
    expect(await exitOf(runner, toyJob('head -c 30000000 /dev/zero'), { index: 1 })).toBe(0);
    expect(logOf(1)).toContain('cut off after 10000000 bytes');
    expect(statSync(join(data, 'logs/us-central1/toy/1-0.log')).size).toBeLessThan(10_001_000);
  });
});

linux('the end of a VM', () => {
  /** Leaves a child in the group and one that fled from it; takes SIGTERM and goes on. */
  const CLINGING = `#!/bin/bash
    bash -c 'trap "echo child >> terms.txt" TERM; touch child; while :; do sleep 0.02; done' &
    setsid bash -c 'touch fled; while :; do sleep 0.02; done' &
    trap 'echo entry >> terms.txt' TERM
    while [ ! -e child ] || [ ! -e fled ]; do sleep 0.02; done
    touch ready; while :; do sleep 0.02; done`;

  async function clinging(runner: LocalRunner, vm = 0): Promise<{ ends: number[] }> {
    const ends: number[] = [];
    runner.start(toyAttempt(toyJob(CLINGING), { vm }), (code) => ends.push(code));
    await until('it runs', () => existsSync(vmFile('ready', vm)));
    return { ends };
  }

  test('asks the entrypoint alone, and takes everything with it when the notice is over', async () => {
    const runner = await open();
    const { ends } = await clinging(runner);
    runner.notice(0);
    await until('SIGTERM has come', () => existsSync(vmFile('terms.txt')));
    expect(read(vmFile('terms.txt'))).toBe('entry\n');
    expect(processesWith(data).length).toBeGreaterThanOrEqual(3);
    runner.stop(0, 0);
    runner.removeVm(0);
    await until('all is gone', () => processesWith(data).length === 0 && !existsSync(vmFile('')));
    expect(ends).toEqual([]);
    expect(readdirSync(join(data, 'processes'))).toEqual([]);
  });

  test('by a cancelled job gives the task its grace first', async () => {
    const runner = await open({ speed: 5 });
    await clinging(runner);
    runner.stop(0, 10);
    await until('SIGTERM has come', () => existsSync(vmFile('terms.txt')));
    runner.removeVm(0);
    await until('all is gone', () => processesWith(data).length === 0 && !existsSync(vmFile('')));
  });

  test('the next attempt waits until the one before has gone from its VM', async () => {
    const runner = await open({ speed: 5 });
    const { ends } = await clinging(runner);
    runner.stop(0, 10);
    const code = await exitOf(runner, toyJob('ls /proc/*/environ > /dev/null 2>&1; exit 5'), { retry: 1 });
    expect(code).toBe(5);
    expect(ends).toEqual([]);
    expect(read(vmFile('terms.txt'))).toBe('entry\n');
    expect(processesWith(data)).toEqual([]);
  });

  test('an attempt that was stopped before its turn came never runs', async () => {
    const runner = await open({ speed: 5 });
    await clinging(runner);
    runner.stop(0, 10);
    const ends: number[] = [];
    runner.start(toyAttempt(toyJob('touch ran'), { retry: 1 }), (code) => ends.push(code));
    runner.stop(0, 0);
    runner.removeVm(0);
    await until('the VM goes', () => !existsSync(vmFile('')));
    expect(ends).toEqual([]);
  });

  test('the emulator that ends takes all processes with it and leaves the folders', async () => {
    const runner = await open();
    await clinging(runner, 0);
    await clinging(runner, 1);
    await runner.close();
    expect(processesWith(data)).toEqual([]);
    expect(existsSync(vmFile('ready', 1))).toBe(true);
    runner.start(toyAttempt(toyJob('true'), { vm: 2 }), () => {});
    expect(readdirSync(join(data, 'processes'))).toEqual([]);
    expect(readdirSync(join(data, 'vms'))).toEqual(['0', '1']);
  });
});

linux('after a crash of the emulator', () => {
  test('what was left running is stopped, folders of VMs that are there no more go', async () => {
    const crashed = await open();
    const ends: number[] = [];
    for (const vm of [0, 1]) {
      const script = 'setsid sh -c "touch fled; sleep 1000" & touch ready; sleep 1000';
      crashed.start(toyAttempt(toyJob(script), { vm, index: vm }), (code) => ends.push(code));
    }
    await until('both run', () => existsSync(vmFile('fled', 0)) && existsSync(vmFile('fled', 1)));
    // The files are as a crash would leave them.
    const next = await open();
    expect(processesWith(data)).toEqual([]);
    next.keepOnly(new Set([1]));
    expect(readdirSync(join(data, 'vms'))).toEqual(['1']);
    expect(await exitOf(next, toyJob('test -e ready'), { vm: 1, retry: 1 })).toBe(0);
  });

  test('a stranger that was given the pid of a task is left alone', async () => {
    const stranger: ChildProcess = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
    try {
      mkdirSync(join(data, 'processes'));
      const leaders = [{ pid: stranger.pid, startTicks: '1' }];
      writeFileSync(join(data, 'processes', '0.json'), JSON.stringify({ mark: 'no-such-mark', leaders }));
      writeFileSync(join(data, 'processes', '1.json'), '{"mark": 5');
      await open();
      expect(readdirSync(join(data, 'processes'))).toEqual([]);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      expect(() => process.kill(stranger.pid ?? 0, 0)).not.toThrow();
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});
