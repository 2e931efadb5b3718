import { describe, expect, it } from 'vitest';
import type { Cloud, Task } from '../../src/scenario/scenario.js';
import { GROMACS_TASK } from '../realWork.js';
import { complaint, LEAST, parse } from './support.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('cloud', () => {
  it('takes everything that a company project asks for', () => {
    const cloud: Cloud = {
      project: 'my-project',
      serviceAccount: 'fep-runner@my-project.iam.gserviceaccount.com',
      labels: { team: 'fep' },
      tags: ['fep-vm'],
      network: 'projects/host-project/global/networks/shared',
      externalIp: false,
      nat: true,
      installGpuDrivers: true,
      secretEnvironment: { LICENSE_KEY: 'projects/my-project/secrets/license/versions/3' },
      state: 'gs://home-bucket/fepcast',
      regions: {
        'us-central1': {
          subnetwork: 'projects/host-project/regions/us-central1/subnetworks/fep',
          zones: ['us-central1-a', 'us-central1-b'],
          avoidZones: ['us-central1-c'],
          imageUri: `us-central1-docker.pkg.dev/my-project/fep/task@${DIGEST}`,
          bootImage: 'projects/my-project/global/images/fep-baked',
          scratchBucket: 'gs://fep-scratch-us-central1',
          resultsBucket: 'fep-results-us-central1',
          reservation: 'projects/my-project/zones/us-central1-a/reservations/fep',
        },
      },
    };
    expect(parse(`${LEAST}\ncloud: ${JSON.stringify(cloud)}`).cloud).toEqual(cloud);
  });

  it('has a meaning for everything that it does not say', () => {
    expect(parse(`${LEAST}\ncloud: { regions: { us-central1: {} } }`).cloud).toEqual({
      project: null,
      serviceAccount: null,
      labels: {},
      tags: [],
      network: null,
      externalIp: false,
      nat: false,
      installGpuDrivers: true,
      secretEnvironment: {},
      state: null,
      regions: {
        'us-central1': {
          subnetwork: null,
          zones: null,
          avoidZones: [],
          imageUri: null,
          bootImage: null,
          scratchBucket: null,
          resultsBucket: null,
          reservation: null,
        },
      },
    });
  });

  it.each([
    'https://www.googleapis.com/compute/v1/projects/host/regions/us-central1/subnetworks/fep',
    'https://compute.googleapis.com/compute/v1/projects/host/regions/us-central1/subnetworks/fep',
    'projects/example.com:host/regions/us-central1/subnetworks/fep',
    'regions/us-central1/subnetworks/fep',
  ])('knows the subnetwork %s', (subnetwork) => {
    const text = `${LEAST}\ncloud: { regions: { us-central1: { subnetwork: "${subnetwork}" } } }`;
    expect(parse(text).cloud?.regions['us-central1']?.subnetwork).toBe(subnetwork);
  });

  it.each([
    ['project', 'My Project', 'a project id'],
    ['serviceAccount', 'fep-runner', 'the e-mail address of a service account'],
    ['network', 'https://example.com/global/networks/x', 'the URL of a network'],
    ['network', 'shared', 'the URL of a network'],
    ['state', 'home-bucket', 'gs://bucket or gs://bucket/prefix'],
    ['state', 'gs://home-bucket/a b', 'gs://bucket or gs://bucket/prefix'],
  ])('refuses the %s %s', (key, value, expected) => {
    expect(complaint(() => parse(`${LEAST}\ncloud: { ${key}: "${value}" }`))).toContain(
      `x.yaml: cloud.${key}: found "${value}", expected ${expected}`,
    );
  });

  it.each([
    ['subnetwork', 'fep', 'the URL of a subnetwork'],
    ['scratchBucket', 'gs://bucket/folder', 'the name of a bucket'],
    ['resultsBucket', 'Results', 'the name of a bucket'],
    ['imageUri', 'image with spaces', 'the name of an image'],
    ['bootImage', '-x', 'batch-cos, batch-debian, batch-hpc-rocky or the URL of an image'],
    ['reservation', 'zones/z/fep', 'NO_RESERVATION or the URL of a reservation'],
  ])('refuses the %s %s of a region', (key, value, expected) => {
    const text = `${LEAST}\ncloud: { regions: { us-central1: { ${key}: "${value}" } } }`;
    expect(complaint(() => parse(text))).toContain(
      `x.yaml: cloud.regions.us-central1.${key}: found "${value}", expected ${expected}`,
    );
  });

  it('takes the name of a secret and never its value', () => {
    const text = (secret: string) => `${LEAST}\ncloud: { secretEnvironment: { KEY: "${secret}" } }`;
    const secret = 'projects/12345/secrets/s/versions/latest';
    expect(parse(text(secret)).cloud?.secretEnvironment).toEqual({ KEY: secret });
    expect(complaint(() => parse(text('hunter2')))).toContain('expected projects/P/secrets/S/versions/N');
  });
});

describe('task', () => {
  const task = (keys: string): Task => parse(`${LEAST}\ntask: { ${keys} }`).task;

  it('is GROMACS unless it says otherwise', () => {
    expect(parse(LEAST).task).toEqual(GROMACS_TASK);
  });

  it('takes any command, told as a list', () => {
    expect(
      task(
        'adapter: command, command: ["python3", "-c", "print(1); exit"], environment: { SEED: "7" }, ' +
          'checkpointFiles: ["*.chk"], outputs: [out.json], doneFile: done, progress: steps.txt, stopSignal: INT, ' +
          'restartFromZero: false, stall: 20min, maxRunDuration: 12h',
      ),
    ).toEqual({
      adapter: 'command',
      maxRunDurationSeconds: 43_200,
      command: ['python3', '-c', 'print(1); exit'],
      environment: { SEED: '7' },
      checkpointFiles: ['*.chk'],
      outputs: ['out.json'],
      doneFile: 'done',
      progress: 'steps.txt',
      stopSignal: 'INT',
      restartFromZero: false,
      stallSeconds: 1_200,
    });
  });

  it.each([
    [
      'adapter: command',
      'task.command: found an empty list, expected the program and its arguments (adapter command)',
    ],
    ['command: [gmx]', 'task.command: found a list, expected nothing, unless the adapter is command'],
    ['progress: p', 'task.progress: found "p", expected nothing, unless the adapter is command'],
    [
      'adapter: command, command: ["a\\nb"]',
      'task.command[0]: found "a\\nb", expected an argument without a line break, such as openfe',
    ],
    [
      'adapter: command, command: [a], outputs: ["a\\rb"]',
      'task.outputs[0]: found "a\\rb", expected a glob without a line break, such as result.json',
    ],
    [
      'environment: { FEPCAST_INDEX: x }',
      'task.environment.FEPCAST_INDEX: found "FEPCAST_INDEX", expected the name of',
    ],
    [
      'environment: { A: "b\\nc" }',
      'task.environment.A: found "b\\nc", expected a text without a line break',
    ],
    ['stopSignal: KILL', 'task.stopSignal: found "KILL", expected TERM, INT or USR1'],
  ])('refuses { %s }', (keys, message) => {
    expect(complaint(() => task(keys))).toContain(`x.yaml: ${message}`);
  });
});
