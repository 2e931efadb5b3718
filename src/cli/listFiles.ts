import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Every file below a folder, by its path in it with "/" between; links to files count. */
export function listFolder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const isFile =
      entry.isFile() || (entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isFile());
    return isFile ? [relative(folder, path).split(sep).join('/')] : [];
  });
}

/** Names of a million objects. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * Every object below gs://bucket/prefix, by its name after the prefix. A scenario is read in one go and a bucket only
 * piece by piece: another process asks for the pieces meanwhile.
 */
export function listBucket(uri: string): string[] {
  const script = fileURLToPath(import.meta.url.replace(/listFiles\.(js|ts)$/, 'listBucketProcess.$1'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, uri], {
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
  });
  if (status === 0) return JSON.parse(stdout) as string[];
  throw new Error(stderr.trim().split('\n').at(-1) || 'the bucket cannot be listed');
}
