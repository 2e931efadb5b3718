import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inputError } from '../scenario/errors.js';

/**
 * Makes a folder and those above it, as far as they are missing. Throws an InputError where that cannot be. One at a
 * time: Node's own recursive mkdir never returns where a file system takes no new folders (/proc).
 */
export function makeDataFolder(path: string): void {
  if (path === '') throw unusable(path, 'no name');
  const kind = kindOf(path);
  if (kind === 'folder') return;
  if (kind === 'file') throw unusable(path, 'a file');
  const above = dirname(resolve(path));
  if (above !== resolve(path)) makeDataFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was faster.
    if (kindOf(path) !== 'folder')
      throw unusable(path, `a place where no folder can be made (${codeOf(error)})`);
  }
}

function kindOf(path: string): 'folder' | 'file' | null {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unusable(path, `a place that cannot be read (${code})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error';
}

function unusable(path: string, found: string): Error {
  return inputError({
    file: path,
    found,
    expected: 'a folder for the data, or a place where one can be made',
  });
}
