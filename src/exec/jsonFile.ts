import { readFile } from 'node:fs/promises';
import { inputError } from '../scenario/errors.js';

/** The JSON document in a file of ours; null when there is no such file. Throws InputError when it is damaged. */
export async function readJsonFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw inputError({ file: path, found: 'text that is not JSON', expected: 'a JSON document' });
  }
}
