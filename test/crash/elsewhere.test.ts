import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import { emulatorClock } from '../../src/exec/clock.js';
import { type Connection, connectPorts, REHEARSAL_PROJECT } from '../../src/exec/connection.js';
import type { CloudPort } from '../../src/exec/port.js';
import { connectEmulatorServices } from '../../src/exec/preflight/connect.js';
import { carryOut } from '../../src/exec/run.js';
import { openRunFolder } from '../../src/exec/runFolder.js';
import { readRunPlan } from '../../src/exec/runRecord.js';
import { parseStateUrl } from '../../src/exec/statePlace.js';
import { homeOf } from '../../src/plan/homes.js';
import type { Plan } from '../../src/plan/plan.js';
import { evidenceOf } from './evidence.js';
import { violations } from './invariants.js';
import { REGIONS, RUN, smallPlan } from './smallPlan.js';

const STATE_URL = 'gs://fepcast-state';
const SPEED = 3000;

describe('a run whose machine has gone', () => {
  it('is taken up in another folder, with nothing but the state bucket', async () => {
    const plan = smallPlan();
    const emulator = await startEmulator({
      scenario: plan.scenario.resolved,
      seed: '1/0',
      speed: SPEED,
      buckets: bucketsOf(plan),
    });
    const folder = await mkdtemp(join(tmpdir(), 'fepcast-elsewhere-'));
    const connect = () => connectTo(emulator);
    const open = (name: string, its: Plan) =>
      openRunFolder({
        stateDir: join(folder, name),
        runId: RUN,
        plan: its,
        about: { source: 'rehearse', project: REHEARSAL_PROJECT, state: STATE_URL },
      });
    const looking = await connect();
    try {
      const lost = vanishing(60);
      void carryOut(await open('lost', plan), await connect(), { through: lost.through });
      await lost.gone;
      await rm(join(folder, 'lost'), { recursive: true });

      const text = await readRunPlan(looking.cloud.storage, looking.state, RUN);
      const there = await open('there', JSON.parse(text ?? 'null'));
      const summary = await carryOut(there, await connect(), { takeOver: true });
      expect(summary).toMatchObject({
        state: 'succeeded',
        tasks: { total: 12, succeeded: 12, failed: 0, running: 0, pending: 0 },
        resumed: true,
      });
      const evidence = await evidenceOf(looking.cloud, plan);
      expect(violations(evidence, new Map())).toEqual([]);
      const ledger = evidence.ledger.map(({ text: lines }) => lines).join('');
      expect(await readFile(there.paths.ledger, 'utf8')).toBe(ledger);
      await there.close();
    } finally {
      await looking.close();
      await emulator.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function connectTo(emulator: { httpPort: number; grpcPort: number }): Promise<Connection> {
  const { httpPort } = emulator;
  const project = REHEARSAL_PROJECT;
  const cloud = await connectPorts({ pid: process.pid, ...emulator }, project);
  return {
    source: 'rehearse',
    project,
    state: parseStateUrl(STATE_URL, 'state'),
    cloud,
    services: await connectEmulatorServices({ httpPort, project }),
    clock: emulatorClock({ httpPort }),
    random: () => 0.5,
    newId: () => randomUUID(),
    standIns: () => null,
    finished: async () => undefined,
    close: () => cloud.batch.close(),
  };
}

function bucketsOf(plan: Plan): { name: string; location: string }[] {
  const homes = REGIONS.flatMap((location) =>
    Object.values(homeOf(plan, location)).map((name) => ({ name, location })),
  );
  return [{ name: 'fepcast-state', location: 'us-central1' }, ...homes];
}

/** A machine that is there for so many calls: then none of them ever gets an answer. */
function vanishing(calls: number): { through: (cloud: CloudPort) => CloudPort; gone: Promise<void> } {
  let left = calls;
  let vanish: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    vanish = resolve;
  });
  const never = new Promise<never>(() => {});
  const through = <P extends object>(port: P): P =>
    new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          left -= 1;
          if (left === 0) vanish();
          return left <= 0 ? never : Reflect.apply(method, target, args);
        };
      },
    });
  return { through: ({ batch, storage }) => ({ batch: through(batch), storage: through(storage) }), gone };
}
