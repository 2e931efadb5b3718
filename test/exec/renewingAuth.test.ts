import { AuthClient } from 'google-auth-library';
import { describe, expect, it } from 'vitest';
import { portError } from '../../src/exec/batchValues.js';
import { renewingAuth } from '../../src/exec/renewingAuth.js';
import { storageError } from '../../src/exec/storageValues.js';

const ENDED = Object.assign(new Error('invalid_grant'), { response: { data: { error: 'invalid_grant' } } });

class Login extends AuthClient {
  ended = false;
  calls = 0;
  readonly token: string;
  constructor(token: string) {
    super();
    this.token = token;
  }
  async getRequestHeaders(): Promise<Headers> {
    this.calls += 1;
    if (this.ended) throw ENDED;
    return new Headers({ authorization: `Bearer ${this.token}` });
  }
  async getAccessToken() {
    return { token: this.token };
  }
  request(): never {
    throw new Error('network');
  }
}

const headerOf = async (login: AuthClient) => (await login.getRequestHeaders()).get('authorization');

describe('a login that ends while a run goes on', () => {
  it('is UNAUTHENTICATED to both clients, and replaced as soon as somebody has logged in anew', async () => {
    const [first, second] = [new Login('one'), new Login('two')];
    let wall = 0;
    let looks = 0;
    let isBack = false;
    const find = async (): Promise<AuthClient> => {
      looks += 1;
      if (!isBack) throw new Error('no token');
      return second;
    };
    const login = await renewingAuth(first, find, () => wall);
    expect(await headerOf(login)).toBe('Bearer one');
    first.ended = true;
    const error = await headerOf(login).catch((reason: unknown) => reason);
    expect(portError(error, 'GetJob').kind).toBe('UNAUTHENTICATED');
    expect(storageError(error, 'stat').kind).toBe('UNAUTHENTICATED');
    // The token server is not asked at each call.
    await Promise.all([1, 2, 3].map(() => headerOf(login).catch(() => null)));
    expect(looks).toBe(1);
    isBack = true;
    wall = 11;
    expect(await headerOf(login)).toBe('Bearer two');
    expect(await headerOf(login)).toBe('Bearer two');
    expect(looks).toBe(2);
  });

  it('is left as it is by every other error', async () => {
    let looks = 0;
    const login = await renewingAuth(new Login('one'), async () => {
      looks += 1;
      return new Login('two');
    });
    await expect(login.request({})).rejects.toThrow('network');
    expect(looks).toBe(0);
  });
});
