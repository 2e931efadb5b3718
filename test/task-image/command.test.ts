import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { encodeList } from '../../src/plan/taskLists.js';
import { Cloud } from './cloud.js';
import { playSchedule } from './schedules.js';
import { COMMAND } from './strangersProgram.js';
import { until } from './until.js';

let cloud: Cloud;
afterEach(() => cloud.stop());

test('any program that goes on from its own files: stopped at random, the same bytes', async () => {
  cloud = await Cloud.start();
  expect(await cloud.runToEnd({ environment: COMMAND })).toEqual([0]);
  expect((await cloud.result())?.science).toEqual({ engine: 'bash' });
  expect(await cloud.result()).toMatchObject({ stepsDone: 300, stepsPlanned: 300 });
  const whole = await cloud.output('stub.dat');
  await cloud.stop();
  for (let seed = 1; seed <= 2; seed += 1) {
    cloud = await Cloud.start({ seed: `command ${seed}` });
    cloud.disturb(0.2);
    const played = await playSchedule(cloud, seed, { blows: 3, within: 700, environment: COMMAND });
    cloud.faults.clear();
    const story = played.map((attempt) => attempt.story).join('\n');
    expect(played.at(-1)?.code, story).toBe(0);
    expect(await cloud.output('stub.dat'), story).toBe(whole);
    await cloud.stop();
  }
});

test('the stop signal that the program wants is sent, SIGINT too', async () => {
  cloud = await Cloud.start();
  const attempt = await cloud.begin({
    environment: {
      ...COMMAND,
      FEPCAST_STOP_SIGNAL: 'INT',
      STUB_STEPS: '100000',
      FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '10000',
    },
  });
  await until(() => cloud.engineStep(1) > 50, attempt);
  attempt.terminate();
  expect(await attempt.exited, attempt.log()).toBe(76);
  expect((await cloud.claim()).lines.at(-1)).toMatchObject({ exit: 76, checkpoints: 1 });
});

test('a program that reports less than what was restored is not believed to have resumed', async () => {
  cloud = await Cloud.start();
  const environment = { ...COMMAND, STUB_STEPS: '100000', STUB_NAP: '0.02', STUB_CHECKPOINT: '200' };
  const first = await cloud.begin({ environment });
  await until(async () => {
    const slots = [
      await cloud.get('scratch', cloud.slot('ckpt-a')),
      await cloud.get('scratch', cloud.slot('ckpt-b')),
    ];
    return slots.some((slot) => /\nstep [1-9]/.test(slot?.toString('latin1') ?? ''));
  }, first);
  first.vanish();
  await first.exited;
  const { code, log } = await cloud.run({ environment: { ...environment, STUB_FORGETFUL: '1' } });
  expect(code, log).toBe(78);
  expect(log).toContain('that was restored');
});

test('a program that ends with 0 but is not done has failed', async () => {
  cloud = await Cloud.start();
  const environment = {
    FEPCAST_ADAPTER: 'command',
    FEPCAST_COMMAND: 'true',
    FEPCAST_OUTPUTS: 'out',
    FEPCAST_DONE_FILE: 'done',
  };
  expect((await cloud.run({ environment })).code).toBe(84);
  const { code, log } = await cloud.run({ environment: { ...environment, FEPCAST_DONE_FILE: '' } });
  expect(code, log).toBe(2);
  expect(log).toContain('nothing matches its output "out"');
});

/** Words that would do something if a shell ever read them as code. */
const HOSTILE = [
  '$(touch owned)',
  '`touch owned`',
  "'; touch owned; '",
  '"; touch owned; "',
  '-rf',
  '--help',
  '%s%n',
  '../../x',
  '{a,b}',
  '*',
  '\\',
  '~',
  'é ü',
];

test('names that a user controls are data: in the key, the run, the image, the files', async () => {
  const key = ['$(touch$IFS"owned")', '`touch$IFS"owned"`', '";touch$IFS"owned";"', '\\$(x)&|<>']
    .join('/')
    .replaceAll(' ', '');
  cloud = await Cloud.start({ key, input: HOSTILE.join('\n') });
  const hostile = HOSTILE.join('');
  const program = join(cloud.folder, 'program.sh');
  // Writes an output for every line of its input whose text is a file name, and its arguments.
  writeFileSync(
    program,
    `while IFS= read -r name || [[ -n $name ]]; do [[ $name == */* ]] || printf x >"./out $name"; done <input; printf '%s\\n' "$@" >arguments`,
  );
  const { code, log } = await cloud.run({
    environment: {
      FEPCAST_ADAPTER: 'command',
      FEPCAST_COMMAND: encodeList(['bash', program, ...HOSTILE]),
      FEPCAST_OUTPUTS: encodeList(['out *', 'arguments']),
      FEPCAST_RUN_ID: hostile,
      FEPCAST_JOB: hostile,
      FEPCAST_IMAGE: hostile,
    },
  });
  expect(code, log).toBe(0);
  const result = await cloud.result();
  expect(result).toMatchObject({ key, run: hostile, job: hostile, image: hostile });
  const names = HOSTILE.filter((name) => !name.includes('/')).map((name) => `out ${name}`);
  expect(result?.outputs.map(({ name }) => name).sort()).toEqual(['arguments', ...names].sort());
  expect(await cloud.output('arguments')).toBe(`${HOSTILE.join('\n')}\n`);
  for (const name of names) expect(await cloud.output(name), name).toBe('x');
  expect((await cloud.claim()).unreadable).toBe(0);
  expect(cloud.everyFile().filter((name) => name.includes('owned') && !name.startsWith('out '))).toEqual([]);
});

test.each(['/etc/passwd', '../secret', 'a/../../b'])(
  'a glob that leaves the run folder is refused: %s',
  async (glob) => {
    cloud = await Cloud.start();
    const { code, log } = await cloud.run({
      environment: { FEPCAST_ADAPTER: 'command', FEPCAST_COMMAND: 'true', FEPCAST_OUTPUTS: glob },
    });
    expect(code, log).toBe(2);
    expect(log).toContain('FEPCAST_OUTPUTS has');
  },
);
