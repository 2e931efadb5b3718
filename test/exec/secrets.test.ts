import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { AuthClient } from 'google-auth-library';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CampaignView } from '../../src/exec/campaignView.js';
import { replay } from '../../src/exec/ledger.js';
import { findingsOf } from '../../src/exec/runFindings.js';
import { listAll } from '../../src/exec/storagePort.js';
import { homeOf } from '../../src/plan/homes.js';
import { makePlan } from '../../src/plan/makePlan.js';
import { keyPart } from '../../src/plan/taskObjects.js';
import { workTable } from '../realWork.js';
import { STATE } from './inMemory.js';
import { scenarioOf } from './plans.js';
import { Rehearsed, RUN } from './rehearsed.js';

/** A login whose token the test renews. */
class Login extends AuthClient {
  token = '';
  async getRequestHeaders(): Promise<Headers> {
    return new Headers({ authorization: `Bearer ${this.token}` });
  }
  async getAccessToken() {
    return { token: this.token };
  }
  async request<T>(options: Parameters<AuthClient['request']>[0]) {
    const headers = new Headers(options.headers as ConstructorParameters<typeof Headers>[0]);
    headers.set('authorization', `Bearer ${this.token}`);
    return this.transporter.request<T>({ ...options, headers });
  }
}

/** What a shell, a path, a URL, a line of the index or an option parser would stumble over. */
const HOSTILE = [
  '$(reboot)',
  '`id`; rm -rf ~',
  '"quoted\' \\',
  '../../etc/passwd',
  '--help',
  '..',
  'a b%2Fc?d#e',
  '🧪\tx',
];

function plan() {
  const scenario = scenarioOf(
    { molecules: HOSTILE.length, windows: 2 },
    { parallelism: { 'us-central1': 16 } },
  );
  // As if a table had them: names with line breaks are refused there.
  scenario.work = { table: workTable(HOSTILE, 2) } as NonNullable<typeof scenario.work>;
  return makePlan(scenario);
}

let rehearsed: Rehearsed | null = null;

afterEach(async () => {
  vi.restoreAllMocks();
  await rehearsed?.stop();
  rehearsed = null;
});

/** Argument lists of all processes that can be seen. */
function commandLines(): string {
  if (!existsSync('/proc/self/cmdline')) return '';
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // It has ended.
        return '';
      }
    })
    .join('\n');
}

async function everyObject(
  world: Rehearsed,
  buckets: readonly string[],
): Promise<{ name: string; text: string }[]> {
  const objects: { name: string; text: string }[] = [];
  for (const bucket of buckets) {
    for await (const object of listAll(world.cloud.storage, { bucket })) {
      const text = Buffer.from(await world.cloud.storage.read(object)).toString('utf8');
      objects.push({ name: `${bucket}/${object.name}`, text: text + JSON.stringify(object.metadata) });
    }
  }
  return objects;
}

describe('a run with a token that is revoked and molecules of hostile names', () => {
  it('goes on when the token is renewed, takes every name as data, and shows the token nowhere', {
    timeout: 90_000,
  }, async () => {
    const made = plan();
    const login = new Login();
    const world = await Rehearsed.begin(made, { login });
    rehearsed = world;
    const tokens: string[] = [];
    const use = (token: string): void => {
      login.token = token;
      tokens.push(token);
    };
    use(await world.token(1e6));
    const heard: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        heard.push(String(chunk));
        return true;
      });
    }
    let arguments_ = '';
    let renewing: Promise<void> | null = null;
    const summary = await world.run({
      onSnapshot: (snapshot) => {
        heard.push(JSON.stringify(snapshot));
        // Revoked half-way: the emulator does not know it.
        if (tokens.length === 1 && snapshot.elapsedSeconds > 1800) use('ya29.revoked-and-still-secret');
        if (!snapshot.messages.some(({ text }) => text.includes('the login has ended'))) return;
        arguments_ ||= commandLines();
        renewing ??= world.token(1e6).then(use);
      },
    });
    vi.restoreAllMocks();
    expect(renewing).not.toBeNull();
    expect(tokens).toHaveLength(3);
    expect(summary).toMatchObject({ state: 'succeeded', tasks: { succeeded: HOSTILE.length * 2 } });
    expect(world.calls.get('batch.cancelJob') ?? 0).toBe(0);

    const { scratchBucket, resultsBucket } = homeOf(made, 'us-central1');
    const objects = await everyObject(world, [STATE.bucket, scratchBucket, resultsBucket]);
    expect(objects.length).toBeGreaterThan(HOSTILE.length * 4);
    for (const token of tokens) {
      for (const { name, text } of objects) expect(text.includes(token), name).toBe(false);
      expect(heard.join('\n').includes(token)).toBe(false);
      expect(arguments_.includes(token)).toBe(false);
      expect(JSON.stringify(summary).includes(token)).toBe(false);
    }
    expect(arguments_).not.toBe('');
    for (const molecule of HOSTILE) {
      const results = objects.filter(
        ({ name }) => name.includes(`/tasks/${keyPart(molecule)}/`) && name.endsWith('/result.json'),
      );
      expect(results, molecule).toHaveLength(2);
    }
    const view = new CampaignView(made, { runId: RUN, source: 'rehearse' }, replay(await world.ledger()));
    expect(findingsOf(view, 0).failedWindows).toEqual([]);
  });
});
