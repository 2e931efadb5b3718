import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { Cloud, STUB_ENGINE, TASK_IMAGE } from './cloud.js';
import { hasCommand } from './hasCommand.js';
import { until } from './until.js';

const IMAGE = 'localhost/fepcast-task-test';
const BASE = 'localhost/fepcast-debian-test:12';
/** What a stop may take: Compute Engine gives a Spot VM 30 s, container engines send KILL 10 s after TERM. */
const GRACE_SECONDS = 10;

const canBuild =
  isAskedFor() &&
  ['mmdebstrap', 'buildah', 'podman', 'runc'].every((name) => hasCommand(name, 'container tests'));

const folder = mkdtempSync(join(tmpdir(), 'fepcast-container-'));
/** A storage of its own, so that nothing is left in that of the machine. */
const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
const podman = [...storage, '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!canBuild)(
  'the image is built from the Dockerfile, and a container that is stopped saves its work',
  async ({ skip }) => {
    const base = join(folder, 'base.tar');
    const debian = run('mmdebstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', base]);
    await debian.catch(() => skip('container tests need a Debian mirror, and are skipped'));
    await run('podman', [...podman, 'import', '--quiet', base, BASE]);
    const packages = 'bash ca-certificates coreutils curl grep sed tar';
    await run('buildah', [
      ...[...storage, 'bud', '--isolation', 'chroot', '--network', 'host'],
      ...[
        '--build-arg',
        `BASE_IMAGE=${BASE}`,
        '--build-arg',
        `PACKAGES=${packages}`,
        '--tag',
        IMAGE,
        TASK_IMAGE,
      ],
    ]);
    const cloud = await Cloud.start();
    try {
      const name = `fepcast-test-${process.pid}`;
      const attempt = await cloud.begin({
        environment: {
          FEPCAST_ADAPTER: 'command',
          FEPCAST_COMMAND: 'bash /stub-engine.sh',
          FEPCAST_CHECKPOINT_FILES: 'stub.cpt stub.log stub.dat',
          FEPCAST_OUTPUTS: 'stub.dat',
          FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '100000',
          FEPCAST_TIME_SCALE: '1',
          STUB_STEPS: '1000000',
        },
        command: (variables) => [
          'podman',
          ...[
            ...podman,
            'run',
            '--name',
            name,
            '--network',
            'host',
            '--volume',
            `${STUB_ENGINE}:/stub-engine.sh:ro`,
          ],
          // Engines try to raise these, which not every place allows.
          ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'],
          ...Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
          IMAGE,
        ],
      });
      const inside = (...command: string[]): Promise<string> =>
        run('podman', [...podman, 'exec', name, ...command]);
      await until(() => engineRuns(inside), attempt);
      expect((await inside('id', '-u')).trim()).toBe('10001');
      expect(await inside('cat', '/proc/1/cmdline')).toContain('/opt/fepcast/entrypoint.sh');
      const begun = Date.now();
      await run('podman', [...podman, 'stop', '--time', String(GRACE_SECONDS), name]);
      expect(await attempt.exited, attempt.log()).toBe(76);
      expect(Date.now() - begun).toBeLessThan(GRACE_SECONDS * 1000);
      const end = (await cloud.claim()).lines.at(-1);
      expect(end).toMatchObject({ kind: 'end', exit: 76, checkpoints: 1 });
      expect(await cloud.sizeOfSlot('ckpt-a')).toBeGreaterThan(0);
    } finally {
      await cloud.stop();
    }
  },
  900_000,
);

function isAskedFor(): boolean {
  if (process.env.CI || process.env.FEPCAST_CONTAINERS) return true;
  console.log('task image: container tests run in CI or with FEPCAST_CONTAINERS=1, and are skipped');
  return false;
}

async function engineRuns(inside: (...command: string[]) => Promise<string>): Promise<boolean> {
  try {
    return (await inside('cat', '/work/fepcast-task/run/stub.dat')).length > 100;
  } catch {
    return false;
  }
}

const execute = promisify(execFile);

/** Never in the foreground: the store that the container talks to lives in this process. */
async function run(command: string, args: readonly string[]): Promise<string> {
  return (await execute(command, args, { encoding: 'utf8' })).stdout;
}
