import type { AuthClient } from 'google-auth-library';
import { inputError } from '../scenario/errors.js';

/** Nobody is logged in, or the login is not valid. The command line ends with exit code 4. */
export class CredentialsError extends Error {
  override name = 'CredentialsError';
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const ADVICE = 'run `gcloud auth application-default login` or set GOOGLE_APPLICATION_CREDENTIALS';
/** As for gcloud: the service account that everything is done as, with the caller's login behind it. */
export const IMPERSONATE_VARIABLE = 'CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT';
/** Finding a login reads a file or two; this only bounds a metadata server that does not answer. Wall time. */
const FIND_TIMEOUT_MS = 1_500;
/** Life of a token of an impersonated account: the longest without a policy of its own. */
const IMPERSONATED_SECONDS = 3600;
/** One request to the token server, over any network. Wall time. */
const TOKEN_TIMEOUT_MS = 15_000;

/**
 * A login that has just given a token. Throws CredentialsError with one sentence. Done before a
 * BatchServiceClient exists: without a login that one ends the process with an unhandled rejection.
 */
export async function findCredentials(): Promise<AuthClient> {
  // Whether this is a Google VM is read from the machine itself: asking the metadata server takes up to 3 s and
  // prints a warning everywhere else.
  process.env.METADATA_SERVER_DETECTION ??= 'bios-only';
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes: [SCOPE] });
  const own = await bounded(auth.getClient(), FIND_TIMEOUT_MS).catch((error: unknown) => {
    throw new CredentialsError(`No Google Cloud credentials: ${ADVICE}${named(error)}`);
  });
  const client = await impersonating(own);
  await checkLogin(client);
  return client;
}

/** Exported for tests, which have an `endpoint` of their own for IAM Service Account Credentials. */
export async function impersonating(own: AuthClient, endpoint?: string): Promise<AuthClient> {
  const account = process.env[IMPERSONATE_VARIABLE];
  if (account === undefined || account === '') return own;
  // It becomes a part of a URL.
  if (!/^[\w.+-]+@[\w.-]+$/.test(account)) {
    const expected = 'a service account such as fep-runner@my-project.iam.gserviceaccount.com';
    throw inputError({ path: '--impersonate-service-account', found: `"${account}"`, expected });
  }
  const { Impersonated } = await import('google-auth-library');
  return new Impersonated({
    sourceClient: own,
    targetPrincipal: account,
    targetScopes: [SCOPE],
    lifetime: IMPERSONATED_SECONDS,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}

/** Throws CredentialsError unless the login gives a token now. */
export async function checkLogin(client: AuthClient): Promise<void> {
  await bounded(client.getAccessToken(), TOKEN_TIMEOUT_MS).catch((error: unknown) => {
    const account = process.env[IMPERSONATE_VARIABLE];
    const advice =
      account !== undefined && account !== '' && isForbidden(error)
        ? `grant the login roles/iam.serviceAccountTokenCreator on ${account}`
        : ADVICE;
    throw new CredentialsError(
      `Google Cloud credentials were found but give no token: ${advice} (${reason(error)})`,
    );
  });
}

function isForbidden(error: unknown): boolean {
  const response: unknown = error instanceof Error && 'response' in error ? error.response : null;
  return typeof response === 'object' && response !== null && 'status' in response && response.status === 403;
}

/**
 * A variable that names a missing or broken file deserves to be named; what is in the file must not be shown, and a
 * parser's message would quote it.
 */
function named(error: unknown): string {
  const file = process.env.GOOGLE_APPLICATION_CREDENTIALS;
  if (file === undefined) return '';
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return ` (GOOGLE_APPLICATION_CREDENTIALS names ${file}, ${missing ? 'which is not there' : 'which is no credentials file'})`;
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 200);
}

async function bounded<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    // The loser may still fail; nobody is left to hear it.
    work.catch(() => undefined);
  }
}
