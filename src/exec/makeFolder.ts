import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it; one that is there is fine. Throws an Error with the system's `code`. Node's own
 * recursive mkdir does not end on every file system (/proc).
 */
export async function makeFolder(folder: string): Promise<void> {
  const attempt = () => mkdir(folder).then(() => null, codeOf);
  let code = await attempt();
  if (code === 'ENOENT' && dirname(folder) !== folder) {
    await makeFolder(dirname(folder));
    code = await attempt();
  }
  if (code === 'EEXIST') code = (await isFolder(folder)) ? null : 'ENOTDIR';
  if (code !== null) throw Object.assign(new Error(`${folder}: ${code}`), { code });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

/** The system's name of an error, such as ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
