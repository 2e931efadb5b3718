import { fileURLToPath } from 'node:url';
import { startEmulator } from '../emulator/emulator.js';
import { inputError } from '../scenario/errors.js';
import { EXIT, type ExitCode } from './exit.js';
import { interruptible } from './interrupt.js';
import { loadScenario } from './load.js';
import { createOutput } from './output.js';

export interface EmulatorCommandOptions {
  port: number;
  grpcPort: number;
  scenario?: string;
  set?: string[];
  speed?: number;
  seed: string;
  json?: boolean;
}

/** The world of a client that names none. */
const DEFAULT_SCENARIO = fileURLToPath(new URL('../../scenarios/thirteen-thousand.yaml', import.meta.url));
/** An hour a second: a 7-hour task takes 7 seconds. */
const DEFAULT_SPEED = 3600;

/** An InputError when somebody else listens on the port that was asked for, else null. */
function portTaken(error: unknown, { port, grpcPort }: EmulatorCommandOptions): Error | null {
  const text = error instanceof Error ? error.message : String(error);
  if (!/EADDRINUSE|address already in use|No address added/i.test(text)) return null;
  const found = `a port that is taken (${[port, grpcPort].filter((number) => number !== 0).join(' or ')})`;
  return inputError({ path: '--port, --grpc-port', found, expected: 'a free port, or 0 for any' });
}

/** Runs until SIGINT or SIGTERM, and then ends with exit code 0: stopping it is how it is used. */
export async function emulator(options: EmulatorCommandOptions): Promise<ExitCode> {
  const output = createOutput(options);
  const scenario = loadScenario(options.scenario ?? DEFAULT_SCENARIO, options.set);
  const { seed, speed = DEFAULT_SPEED } = options;
  const { signal, dispose } = interruptible();
  const running = await startEmulator({
    scenario,
    seed,
    speed,
    httpPort: options.port,
    grpcPort: options.grpcPort,
  }).catch((error: unknown) => {
    throw portTaken(error, options) ?? error;
  });
  const { httpPort, grpcPort } = running;
  signal.addEventListener('abort', () => void running.stop(), { once: true });

  output.document({ httpPort, grpcPort, pid: process.pid });
  output.print(
    [
      `The world of ${scenario.name} on loopback, ${speed} campaign seconds a second, seed ${seed}.`,
      '',
      `  Batch, gRPC        127.0.0.1:${grpcPort}   (no TLS, no credentials)`,
      `  Batch, REST        http://127.0.0.1:${httpPort}`,
      '',
      'For gcloud:',
      '',
      `  export CLOUDSDK_API_ENDPOINT_OVERRIDES_BATCH=http://127.0.0.1:${httpPort}/`,
      '  export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true',
      '',
      'Its clock starts with the first job. Ctrl-C ends it.',
    ].join('\n'),
  );
  await running.stopped;
  dispose();
  return EXIT.done;
}
