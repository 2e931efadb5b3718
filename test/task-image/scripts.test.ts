import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { encodeList } from '../../src/plan/taskLists.js';
import { Cloud, TASK_IMAGE } from './cloud.js';
import { hasCommand } from './hasCommand.js';

const SCRIPTS = readdirSync(TASK_IMAGE, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.sh'),
);

let cloud: Cloud | null = null;
afterEach(async () => {
  await cloud?.stop();
  cloud = null;
});

test.skipIf(!hasCommand('shellcheck', 'the checks of the scripts'))('shellcheck finds nothing', () => {
  const files = ['entrypoint.sh', 'bundle.sh', 'test/stub-engine.sh'].map((name) => join(TASK_IMAGE, name));
  const parts = spawnSync('shellcheck', ['-a', '-x', ...files], { encoding: 'utf8' });
  expect(parts.stdout).toBe('');
  // In the bundle the adapters meet the variables that they share with the rest; who calls them it cannot see (2317).
  const bundle = spawnSync('shellcheck', ['-s', 'bash', '-e', 'SC2317', '-'], {
    encoding: 'utf8',
    input: bundled(),
  });
  expect(bundle.stdout).toBe('');
});

test.each(SCRIPTS)('%s is read by bash, and evaluates no text', (name) => {
  const path = join(TASK_IMAGE, name);
  expect(spawnSync('bash', ['-n', path], { encoding: 'utf8' }).stderr).toBe('');
  const code = readFileSync(path, 'utf8').replace(/^\s*#.*$/gm, '');
  expect(code).not.toMatch(/\b(?:eval|jq|python3?|perl|gcloud|gsutil)\b/);
  // bash 5.2 loses a signal that comes between two command substitutions of one command.
  const twice = code
    .split('\n')
    .filter((line) => (line.replaceAll('$((', '').match(/\$\(/g) ?? []).length > 1);
  expect(twice.filter((line) => !/^(?:HERE|here)=/.test(line))).toEqual([]);
});

test.each([
  ['.', ['bundle.sh']],
  ['.', ['./bundle.sh']],
  ['..', ['task-image/bundle.sh']],
])('the bundle is the same from %s as bash %j', (place, args) => {
  expect(execFileSync('bash', args, { cwd: join(TASK_IMAGE, place), encoding: 'utf8' })).toBe(bundled());
});

test('the bundle defines what the parts define', () => {
  const functionsOf = (file: string): string => {
    const names =
      'source "$1"; while read -r name; do unset -f "$name"; done < <(compgen -A function load_adapter_)';
    return execFileSync('bash', ['-c', `${names}; declare -f`, 'bash', file], { encoding: 'utf8' });
  };
  const folder = mkdtempSync(join(tmpdir(), 'fepcast-bundle-'));
  try {
    const file = join(folder, 'fepcast-task');
    writeFileSync(file, bundled());
    const functions = functionsOf(file);
    expect(functions).toBe(functionsOf(join(TASK_IMAGE, 'entrypoint.sh')));
    expect(functions).toContain('main ()');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each(['stub', 'command'])('the bundle alone runs a task with the adapter %s', async (adapter) => {
  cloud = await Cloud.start();
  const file = join(cloud.folder, 'fepcast-task');
  writeFileSync(file, bundled());
  const { code, log } = await cloud.run({
    command: () => ['bash', file],
    environment: {
      FEPCAST_ADAPTER: adapter,
      FEPCAST_COMMAND: encodeList(['bash', '-c', 'echo done >result.txt']),
      FEPCAST_OUTPUTS: 'result.txt',
    },
  });
  expect(code, log).toBe(0);
  expect(await cloud.result()).not.toBeNull();
});

test('the Dockerfile pins its base by an argument, runs as its own user and holds no secret', () => {
  const text = readFileSync(join(TASK_IMAGE, 'Dockerfile'), 'utf8');
  const lines = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const instructions = lines
    .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line))
    .map((match) => [match?.[1], match?.[2]]);
  const all = (name: string): string[] =>
    instructions.filter(([word]) => word === name).map(([, rest]) => rest ?? '');
  expect(all('ARG')[0]).toMatch(/^BASE_IMAGE=\S+:\S*\d\S*$/);
  expect(all('ARG')[0]).not.toMatch(/:latest$/);
  expect(all('FROM')).toHaveLength(1);
  expect(all('FROM')[0]).toBe(['$', '{BASE_IMAGE}'].join(''));
  expect(all('ADD')).toEqual([]);
  for (const copied of all('COPY')) {
    const [source = ''] = copied.split(/\s+/);
    expect(statSync(join(TASK_IMAGE, source)).size).toBeGreaterThan(0);
  }
  const user = all('USER').at(-1);
  expect(Number(user)).toBeGreaterThanOrEqual(1000);
  expect(all('ENTRYPOINT')).toHaveLength(1);
  expect(JSON.parse(all('ENTRYPOINT')[0] ?? '')).toEqual(['/opt/fepcast/entrypoint.sh']);
  expect(all('ENV').join(' ')).toMatch(
    /PATH=\S*\/usr\/local\/nvidia\/bin.*LD_LIBRARY_PATH=\S*\/usr\/local\/nvidia\/lib64/,
  );
  expect(text).not.toMatch(/secret|password|token|credential|\.json/i);
  // The lists of packages are not left in a layer.
  for (const run of all('RUN'))
    if (run.includes('apt-get update')) expect(run).toContain('rm -rf /var/lib/apt/lists');
});

test('the entrypoint can be started by the container engine', () => {
  expect(statSync(join(TASK_IMAGE, 'entrypoint.sh')).mode & 0o111).toBe(0o111);
});

function bundled(): string {
  return execFileSync('bash', [join(TASK_IMAGE, 'bundle.sh')], { encoding: 'utf8' });
}
