import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let folder: string;
let listener: Server;
let taken: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
  listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  taken = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  listener.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs to its end; one that hangs is killed and has no exit code. */
function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const options = { timeout: 60_000, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'emulator', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? (error ? null : 0), stdout, stderr });
    });
  });
}

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** [what, arguments, the whole sentence] */
const REFUSED: [string, () => string[], RegExp][] = [
  ['speed 0', () => ['--speed', '0'], /--speed: found "0", expected a number above 0 and at most 100000/],
  [
    'no fault file',
    () => ['--faults', 'nope'],
    /nope: found no such file, expected a list of faults \(YAML or JSON\)/,
  ],
  ['a folder of faults', () => ['--faults', folder], /: found a folder, expected a list of faults .*/],
  [
    'no project file',
    () => ['--play', 'nope'],
    /nope: found no such file, expected the description of a project \(.*\)/,
  ],
  [
    'a torn fault file',
    () => ['--faults', written('torn.yaml', 'a: [')],
    /torn\.yaml: found text that is neither YAML nor JSON, expected a list of faults \(YAML or JSON\)/,
  ],
  [
    'an unknown kind of a call',
    () => ['--faults', written('kind.yaml', 'calls: [{ service: batch, kind: explode }]')],
    /kind\.yaml: calls\[0\]\.kind: found "explode", expected one of refuse, loseAnswer, duplicate, delay, reset, resetAfter/,
  ],
  [
    'an unknown kind of a World fault',
    () => ['--faults', written('world.yaml', 'world: [{ kind: nuke, region: us-central1 }]')],
    /world\.yaml: world\[0\]\.kind: found "nuke", expected one of preempt, stockout, imageUnavailable, agentSilent/,
  ],
  [
    'an unknown key',
    () => ['--faults', written('key.yaml', 'kalls: []')],
    /key\.yaml: kalls: found an unknown key, expected no such key/,
  ],
  [
    'faults that are no list',
    () => ['--faults', written('list.yaml', 'calls: 5')],
    /list\.yaml: calls: found 5, expected a list/,
  ],
  [
    'a rate beyond 1',
    () => ['--faults', written('rate.yaml', 'calls: [{ service: batch, kind: refuse, rate: 2 }]')],
    /rate\.yaml: calls\[0\]\.rate: found 2, expected at most 1/,
  ],
  [
    'a region that is not there',
    () => ['--faults', written('mars.yaml', 'world: [{ kind: preempt, region: mars }]')],
    /mars\.yaml: world\[0\]\.region: found "mars", expected a region of the scenario: us-central1.*/,
  ],
  [
    'a project that is no project',
    () => ['--play', written('play.yaml', 'unavailable: [everything]')],
    /play\.yaml: unavailable\[0\]: found "everything", expected one of artifactregistry, .*/,
  ],
  [
    'a bad bucket',
    () => ['--bucket', 'A_B!'],
    /--bucket: found "A_B!", expected the name of a bucket: 3 to 63 .*/,
  ],
  [
    'a taken HTTP port',
    () => ['--port', String(taken)],
    /--port: found \d+, which is taken, expected a free port, .*/,
  ],
  [
    'a taken gRPC port',
    () => ['--grpc-port', String(taken)],
    /--grpc-port: found \d+, which is taken, expected a free port, or 0 for any/,
  ],
  [
    'one port twice',
    () => ['--port', '1', '--grpc-port', '1'],
    /--grpc-port: found 1, expected another port than --port has, or 0 for any/,
  ],
  [
    'data in a file',
    () => ['--data', written('file', '')],
    /\/file: found a file, expected a folder for the data, .*/,
  ],
  [
    'data below a file',
    () => ['--data', join(written('file', ''), 'x')],
    /\/file: found a file, expected a folder .*/,
  ],
  ['data without a name', () => ['--data', ''], /found no name, expected a folder for the data, .*/],
  [
    'data with a journal that is none',
    () => {
      const data = join(folder, 'data');
      mkdirSync(join(data, 'journal.jsonl'), { recursive: true });
      return ['--data', data];
    },
    /data: found what cannot be used \(EISDIR\), expected a data folder as the emulator leaves it, .*/,
  ],
];

for (const [what, args, sentence] of REFUSED) {
  test(`${what}: one sentence, exit code 2`, async () => {
    const { code, stdout, stderr } = await run(...args());
    expect(stderr).toMatch(new RegExp(`^fepcast: [^:]*${sentence.source}\\n$`));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  }, 90_000);
}

test.skipIf(!existsSync('/proc/self'))(
  'data where the system takes no folders: one sentence, exit code 2',
  async () => {
    const { code, stderr } = await run('--data', '/proc/fepcast/data');
    expect(stderr).toMatch(
      /^fepcast: \/proc\/fepcast: found a place where no folder can be made \(\w+\), expected .*\n$/,
    );
    expect(code).toBe(2);
  },
  90_000,
);
