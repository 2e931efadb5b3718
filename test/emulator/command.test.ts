import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleJob, PARENT } from './emulated.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** `fepcast emulator --json ...`, once it says that it is ready. */
async function start(...args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [MAIN, 'emulator', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  const { httpPort, pid } = JSON.parse(text) as { httpPort: number; pid: number };
  expect(pid).toBe(child.pid);
  return { child, url: `http://127.0.0.1:${httpPort}` };
}

/** Runs to its end. */
function run(...args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'emulator', ...args], (error, _, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr });
    });
  });
}

test('with --data jobs and objects are there again after kill -9, and two cannot share a folder', async () => {
  const data = join(folder, 'data');
  const options = ['--data', data, '--speed', '1', '--bucket', 'bucket'];
  const first = await start(...options);
  const created = await fetch(`${first.url}/v1/${PARENT}/jobs?jobId=job-a`, {
    method: 'POST',
    body: JSON.stringify(exampleJob()),
  });
  expect(created.status).toBe(200);
  const upload = `${first.url}/upload/storage/v1/b/bucket/o?uploadType=media&name=a`;
  expect((await fetch(upload, { method: 'POST', body: 'content' })).status).toBe(200);
  const shared = await run(...options);
  expect(shared).toMatchObject({ code: 2, stderr: expect.stringContaining('no other emulator uses') });
  const killed = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await killed;

  const second = await start(...options);
  expect((await fetch(`${second.url}/v1/${PARENT}/jobs/job-a`)).status).toBe(200);
  const object = await fetch(`${second.url}/storage/v1/b/bucket/o/a?alt=media`);
  expect(await object.text()).toBe('content');
  const ended = once(second.child, 'exit');
  second.child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(existsSync(join(data, 'lock'))).toBe(false);
});

test('--faults and --auth take effect, and the control route issues tokens', async () => {
  const faults = join(folder, 'faults.yaml');
  writeFileSync(faults, 'calls:\n  - { service: batch, method: GetJob, kind: refuse, status: 418 }\n');
  const { url } = await start('--faults', faults, '--auth', 'required', '--bucket', 'bucket');
  expect((await fetch(`${url}/v1/${PARENT}/jobs/none`)).status).toBe(418);
  expect((await fetch(`${url}/v1/${PARENT}/jobs`)).status).toBe(200);
  const list = `${url}/storage/v1/b/bucket/o`;
  expect((await fetch(list)).status).toBe(401);
  const answer = await fetch(`${url}/emulator/v1/token`, { method: 'POST', body: '{"seconds": 60}' });
  const { access_token: token, expires_in: seconds } = (await answer.json()) as Record<string, unknown>;
  expect(seconds).toBe(60);
  expect((await fetch(list, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
});

test('bad options end with exit code 2 and one sentence', async () => {
  expect(await run('--host', '0.0.0.0')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/host: found "0\.0\.0\.0", expected a loopback address .*\n$/),
  });
  const faults = join(folder, 'faults.yaml');
  writeFileSync(faults, 'calls:\n  - { service: batch, kind: explode }\n');
  expect(await run('--faults', faults)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/faults\.yaml: calls\[0\]\.kind: found "explode", expected one of /),
  });
  expect(await run('--tasks', 'local')).toMatchObject({ code: 2, stderr: expect.stringContaining('--data') });
});
