import type { AuthClient } from 'google-auth-library';
import { getJson, numberField, record } from './httpJson.js';

/** A login with the emulator: its own tokens, fetched when one is needed and again before it ends. */
export async function emulatorLogin({ httpPort }: { httpPort: number }): Promise<AuthClient> {
  const { OAuth2Client } = await import('google-auth-library');
  const client = new OAuth2Client({ forceRefreshOnFailure: true });
  client.refreshHandler = async () => {
    const url = `http://127.0.0.1:${httpPort}/emulator/v1/token`;
    const answer = record(await getJson(url, 'POST'), url);
    const { access_token } = answer;
    if (typeof access_token !== 'string') throw new Error(`${url}: access_token: expected a text`);
    return { access_token, expiry_date: Date.now() + numberField(answer, 'expires_in', url) * 1000 };
  };
  return client;
}
