import type { AuthClient } from 'google-auth-library';
import { memberOf } from './caller.js';
import { googleServices } from './googleServices.js';
import { emulatorEndpoints, restClient } from './restClient.js';
import type { ServicesPort } from './servicesPort.js';

/** Google's services, with a login that has just given a token. `login`: what it is that `authClient` keeps renewed. */
export function connectGoogleServices(to: {
  project: string;
  authClient: AuthClient;
  login?: AuthClient;
  signal?: AbortSignal | undefined;
}): ServicesPort {
  const { project, login = to.authClient, ...rest } = to;
  return googleServices(restClient(rest), project, () => memberOf(login));
}

/** The same reads on an emulator on loopback: no login. */
export async function connectEmulatorServices(to: {
  httpPort: number;
  project: string;
  signal?: AbortSignal | undefined;
}): Promise<ServicesPort> {
  const { PassThroughClient } = await import('google-auth-library');
  const endpoints = emulatorEndpoints(to.httpPort);
  return googleServices(
    restClient({ authClient: new PassThroughClient(), endpoints, signal: to.signal }),
    to.project,
  );
}
