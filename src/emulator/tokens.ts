import { randomBytes } from 'node:crypto';

/** What a bearer token is worth. */
export type TokenState = { state: 'valid'; account: string } | { state: 'expired' } | { state: 'unknown' };

/** Tokens that ended so long ago are forgotten. Seconds. */
const REMEMBERED_SECONDS = 24 * 3600;

/**
 * The access tokens that the emulator has issued: its metadata server gives them out, its services ask for them.
 * They do not outlive the process: whoever is told that his token is not valid fetches a new one.
 */
export class TokenStore {
  readonly #now: () => number;
  readonly #tokens = new Map<string, { account: string; expiresAt: number }>();

  /** `now`: seconds that never fall, of campaign time or of wall time; tokens expire by it. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A new token of `account`, valid for so many seconds. */
  issue(account: string, seconds: number): string {
    this.#forget();
    const token = `ya29.emulated-${randomBytes(24).toString('base64url')}`;
    this.#tokens.set(token, { account, expiresAt: this.#now() + seconds });
    return token;
  }

  /** `at`: the present, unless another time is meant. */
  check(token: string, at: number = this.#now()): TokenState {
    const found = this.#tokens.get(token);
    if (!found) return { state: 'unknown' };
    return at < found.expiresAt ? { state: 'valid', account: found.account } : { state: 'expired' };
  }

  #forget(): void {
    const before = this.#now() - REMEMBERED_SECONDS;
    for (const [token, { expiresAt }] of this.#tokens) {
      if (expiresAt < before) this.#tokens.delete(token);
    }
  }
}
