import { startEmulator } from '../../src/emulator/emulator.js';
import { type ProjectTroubleInput, projectTroubleSchema } from '../../src/emulator/services/project.js';
import { emulatorClock } from '../../src/exec/clock.js';
import { connectPorts } from '../../src/exec/connection.js';
import type { CloudPort } from '../../src/exec/port.js';
import { connectEmulatorServices } from '../../src/exec/preflight/connect.js';
import type { ServicesPort } from '../../src/exec/preflight/servicesPort.js';
import { retryingPort } from '../../src/exec/retry.js';
import { retryingStorage } from '../../src/exec/retryStorage.js';
import type { Clock } from '../../src/plan/clock.js';
import type { Scenario } from '../../src/scenario/scenario.js';
import { PROJECT } from './realProject.js';

/** A whole emulator in this process that plays a project, and the real clients on it. */
export interface PlayedEmulator {
  cloud: CloudPort;
  services: ServicesPort;
  clock: Clock;
  stop(): Promise<void>;
}

/** Campaign seconds a wall second: a canary of ten minutes takes a tenth of a second. */
const SPEED = 6000;

export async function playEmulator(
  scenario: Scenario,
  trouble: ProjectTroubleInput = {},
): Promise<PlayedEmulator> {
  const project = projectTroubleSchema.parse(trouble);
  const emulator = await startEmulator({ scenario, seed: 'played', speed: SPEED, project });
  const { httpPort } = emulator;
  const ports = await connectPorts({ ...emulator, pid: process.pid }, PROJECT);
  const clock = emulatorClock({ httpPort });
  const context = { clock, random: () => 0.5, newId: () => crypto.randomUUID() };
  const cloud = {
    batch: retryingPort(ports.batch, context),
    storage: retryingStorage(ports.storage, context),
  };
  return {
    cloud,
    services: await connectEmulatorServices({ httpPort, project: PROJECT }),
    clock,
    async stop() {
      await cloud.batch.close();
      await emulator.stop();
    },
  };
}
