import type { AuthClient } from 'google-auth-library';
import { hasLoginEnded } from './storageValues.js';

/** gRPC's UNAUTHENTICATED; the client of Batch passes on a number that its login throws. */
const UNAUTHENTICATED = 16;
/** How often it is looked for another login, in wall seconds: each look asks the token server. */
const LOOK_EVERY_SECONDS = 10;

/** The login is over for good; the same to the clients of Batch and of Cloud Storage. */
class LoginEndedError extends Error {
  override name = 'LoginEndedError';
  readonly code = UNAUTHENTICATED;
  readonly response = { data: { error: 'invalid_grant' } };
}

/**
 * A login that is found anew when it has ended: Google's clients keep the refresh token with which they began, so that
 * whoever renews the login elsewhere would not be noticed by a process that runs for days.
 */
export async function renewingAuth(
  first: AuthClient,
  find: () => Promise<AuthClient>,
  wallSeconds: () => number = () => performance.now() / 1000,
): Promise<AuthClient> {
  const library = await import('google-auth-library');

  class RenewingAuth extends library.AuthClient {
    #inner = first;
    #lookedAt = Number.NEGATIVE_INFINITY;
    #looking: Promise<void> | null = null;

    getRequestHeaders(url?: string | URL): Promise<Headers> {
      return this.#use((login) => login.getRequestHeaders(url));
    }

    getAccessToken(): ReturnType<AuthClient['getAccessToken']> {
      return this.#use((login) => login.getAccessToken());
    }

    request<T>(options: Parameters<AuthClient['request']>[0]): ReturnType<typeof first.request<T>> {
      return this.#use((login) => login.request<T>(options));
    }

    async #use<T>(call: (login: AuthClient) => Promise<T>): Promise<T> {
      const used = this.#inner;
      try {
        return await call(used);
      } catch (error) {
        if (!(error instanceof Error) || !hasLoginEnded(error)) throw error;
        if (this.#inner === used) await this.#look();
        if (this.#inner === used) throw new LoginEndedError('the login has ended');
        return call(this.#inner);
      }
    }

    /** Nobody has logged in anew as long as no login gives a token. */
    #look(): Promise<void> {
      if (this.#looking === null && wallSeconds() - this.#lookedAt < LOOK_EVERY_SECONDS)
        return Promise.resolve();
      this.#lookedAt = wallSeconds();
      this.#looking ??= find()
        .then((login) => {
          this.#inner = login;
        })
        .catch(() => undefined)
        .finally(() => {
          this.#looking = null;
        });
      return this.#looking;
    }
  }

  const login = new RenewingAuth();
  if (first.quotaProjectId !== undefined) login.quotaProjectId = first.quotaProjectId;
  if (first.projectId !== undefined) login.projectId = first.projectId;
  login.universeDomain = first.universeDomain;
  return login;
}
