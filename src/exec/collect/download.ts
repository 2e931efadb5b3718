import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { fileSha256 } from '../fileSha256.js';
import { mapBounded } from '../mapBounded.js';
import { gsUrl, type StoragePort } from '../storagePort.js';
import type { OutputFile } from './barWork.js';

/** Outputs that are read at the same time, and bytes that one read takes: together the memory that it needs. */
const READERS = 4;
const PIECE_BYTES = 16 * 2 ** 20;
/** Cloud Storage sells a GB of 2^30 bytes. */
const PRICED_GB = 2 ** 30;

/** An output and the file that it becomes here. */
export interface Download extends OutputFile {
  file: string;
}

/** `<folder>/tasks/<key>/out/<name>`. Throws for a name that would leave the folder: a task has chosen it. */
export function outputPath(folder: string, key: string, name: string): string {
  const below = resolve(join(folder, 'tasks', key, 'out'));
  const file = resolve(below, name);
  if (!file.startsWith(below + sep)) throw new Error(`output "${name}" of ${key} is no name of a file`);
  return file;
}

/** Those that are not here yet, byte for byte. */
export async function notHere(downloads: readonly Download[]): Promise<Download[]> {
  const here = await mapBounded(downloads, READERS, async ({ file, bytes, sha256 }) => {
    const size = (await stat(file).catch(() => null))?.size;
    return size === bytes && (await fileSha256(file)) === sha256;
  });
  return downloads.filter((_, index) => !here[index]);
}

/** What it costs to bring so many bytes out of Google Cloud. */
export function downloadUsd(bytes: number, prices: { internetUsdPerGb: number }): number {
  return (bytes / PRICED_GB) * prices.internetUsdPerGb;
}

/** Brings outputs here, each checked against the digest in its result. A file is whole or not there. */
export async function download(
  storage: StoragePort,
  downloads: readonly Download[],
  options: { onProgress?: ((bytes: number) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  let received = 0;
  await mapBounded(downloads, READERS, (one) =>
    bring(storage, one, options.signal, (bytes) => {
      received += bytes;
      options.onProgress?.(received);
    }),
  );
}

async function bring(
  storage: StoragePort,
  { place, file, bytes, sha256 }: Download,
  signal: AbortSignal | undefined,
  onPiece: (bytes: number) => void,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  const hash = createHash('sha256');
  try {
    const target = await open(part, 'w');
    try {
      for (let start = 0; start < bytes; start += PIECE_BYTES) {
        signal?.throwIfAborted();
        const piece = await storage.read(place, { start, end: Math.min(bytes, start + PIECE_BYTES) - 1 });
        hash.update(piece);
        await target.write(piece);
        onPiece(piece.length);
      }
    } finally {
      await target.close();
    }
    if (hash.digest('hex') !== sha256) throw new Error(`${gsUrl(place)} is not what its result says`);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
