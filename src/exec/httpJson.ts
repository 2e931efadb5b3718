import { request } from 'node:http';

/** Loopback answers in milliseconds; a World that advances through a storm may take seconds. */
const TIMEOUT_MS = 20_000;

/** GET (or POST) a JSON document from a loopback server. Throws an Error with one sentence. */
export function getJson(
  url: string,
  method: 'GET' | 'POST' = 'GET',
  timeoutMs = TIMEOUT_MS,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${method} ${url}: ${why}`));
    const call = request(url, { method, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode !== undefined && response.statusCode >= 400)
          return fail(`HTTP ${response.statusCode}`);
        try {
          resolve(text === '' ? null : JSON.parse(text));
        } catch {
          fail('the answer is not JSON');
        }
      });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.on('error', (error) => fail(error.message));
    call.end();
  });
}

/** The value as a JSON object; `where` names its origin in the error. */
export function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${where}: found ${JSON.stringify(value)}, expected a JSON object`);
}

export function numberField(object: Record<string, unknown>, name: string, where: string): number {
  const value = object[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(`${where}: ${name}: found ${JSON.stringify(value)}, expected a number`);
}
