import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Buckets } from '../../../src/emulator/gcs/buckets.js';
import { NOTHING_EXPECTED } from '../../../src/emulator/gcs/checksums.js';
import { DiskVault } from '../../../src/emulator/gcs/diskVault.js';
import { NO_SETTINGS } from '../../../src/emulator/gcs/objectRecord.js';
import { Objects } from '../../../src/emulator/gcs/objects.js';
import { UNCONDITIONAL } from '../../../src/emulator/gcs/preconditions.js';
import { ResumableUploads } from '../../../src/emulator/gcs/resumable.js';
import { Store } from '../../../src/emulator/gcs/store.js';
import { temporaryFolder } from './served.js';

let place: ReturnType<typeof temporaryFolder>;
let vault: DiskVault | null = null;
beforeEach(() => {
  place = temporaryFolder();
});
afterEach(() => {
  vault?.close();
  vault = null;
  place.remove();
});

const NOW = 1_800_000_000_000;

/** The store in the folder, as the next process would find it. */
function open(): { store: Store; objects: Objects; buckets: Buckets; uploads: ResumableUploads } {
  vault?.close();
  vault = new DiskVault(place.folder);
  const store = new Store(vault, () => NOW);
  const objects = new Objects(store);
  return { store, objects, buckets: new Buckets(store), uploads: new ResumableUploads(store, objects) };
}

const insertOf = (name: string) => ({
  bucket: 'bucket',
  name,
  settings: NO_SETTINGS,
  conditions: UNCONDITIONAL,
  expected: NOTHING_EXPECTED,
});

async function write(objects: Objects, name: string, bytes: Buffer) {
  const draft = objects.newDraft();
  await draft.write(bytes);
  return objects.insert(insertOf(name), await draft.finish());
}

const bodies = (): string[] => readdirSync(join(place.folder, 'bodies'));
const log = (): string => join(place.folder, 'changes.log');
const LARGE = Buffer.alloc(100_000, 'large ');

test('objects, buckets and generations are there again after a restart', async () => {
  const first = open();
  await first.buckets.insert('bucket', { location: 'us-east1', labels: { base64: 'kept as it is' } });
  const small = await write(first.objects, 'small', Buffer.from('small'));
  await write(first.objects, 'large', LARGE);
  await write(first.objects, 'gone', LARGE);
  const asked = { bucket: 'bucket', name: 'gone', generation: null, conditions: UNCONDITIONAL };
  await first.objects.remove(asked);
  const second = open();
  expect(second.objects.find('bucket', 'small')).toEqual(small);
  expect(second.objects.readNow('bucket', 'small')?.toString()).toBe('small');
  expect(second.objects.readNow('bucket', 'large')?.equals(LARGE)).toBe(true);
  expect(second.objects.find('bucket', 'gone')).toBeNull();
  expect(second.buckets.entry('bucket').record).toMatchObject({
    location: 'US-EAST1',
    shown: { labels: { base64: 'kept as it is' } },
  });
  const { generation } = await write(second.objects, 'gone', Buffer.from('again'));
  expect(generation).toBeGreaterThan(small.generation + 2);
});

test('what nothing refers to is swept out at the start, and a torn last line is cut off', async () => {
  const first = open();
  await first.buckets.insert('bucket', {});
  await write(first.objects, 'large', LARGE);
  writeFileSync(join(place.folder, 'bodies', 'f'.repeat(32)), 'half a body');
  vault?.close();
  vault = null;
  const whole = statSync(log()).size;
  appendFileSync(log(), '{"kind":"objectGone","bucket":"bucket","na');
  const second = open();
  expect(second.objects.readNow('bucket', 'large')?.equals(LARGE)).toBe(true);
  expect(bodies()).toHaveLength(1);
  expect(statSync(log()).size).toBe(whole);
});

test('a log that is damaged within, or something else, is refused with its line', () => {
  open();
  vault?.close();
  vault = null;
  appendFileSync(log(), 'nonsense\n');
  expect(() => open()).toThrow(/changes\.log.*line 2.*nonsense/s);
  writeFileSync(log(), 'something else\n');
  expect(() => open()).toThrow(/changes\.log.*line 1/s);
  expect(readFileSync(log(), 'utf8')).toBe('something else\n');
});

test('a log that is mostly history is written anew, without loss', async () => {
  const first = open();
  await first.buckets.insert('bucket', {});
  for (let round = 0; round < 12_000; round += 1)
    first.objects.putNow('bucket', 'same', Buffer.from(`${round}`), {});
  await write(first.objects, 'large', LARGE);
  const { lastGeneration } = first.store.catalogue;
  const before = statSync(log()).size;
  const second = open();
  expect(statSync(log()).size).toBeLessThan(before / 100);
  expect(second.store.catalogue.lastGeneration).toBe(lastGeneration);
  expect(second.objects.readNow('bucket', 'same')?.toString()).toBe('11999');
  const third = open();
  expect(third.objects.readNow('bucket', 'large')?.equals(LARGE)).toBe(true);
});

test('an open upload goes on where it was after a restart', async () => {
  const unit = 256 * 1024;
  const bytes = Buffer.alloc(2 * unit + 5, 'resumed ');
  async function* chunk(part: Buffer): AsyncGenerator<Buffer> {
    yield part;
  }
  const first = open();
  await first.buckets.insert('bucket', {});
  const id = await first.uploads.open(insertOf('resumed'), null);
  const put = { first: 0, last: unit - 1, total: null };
  expect(await first.uploads.put(id, put, chunk(bytes.subarray(0, unit)))).toEqual({ received: unit });
  const second = open();
  const question = { first: null, last: null, total: null };
  expect(await second.uploads.put(id, question, chunk(Buffer.alloc(0)))).toEqual({ received: unit });
  const rest = { first: unit, last: bytes.length - 1, total: bytes.length };
  expect(await second.uploads.put(id, rest, chunk(bytes.subarray(unit)))).toMatchObject({
    record: { size: bytes.length },
  });
  const third = open();
  expect(third.objects.readNow('bucket', 'resumed')?.equals(bytes)).toBe(true);
  // The client may have missed that it was the end.
  expect(await third.uploads.put(id, question, chunk(Buffer.alloc(0)))).toMatchObject({
    record: { size: bytes.length },
  });
});

test('a chunk that breaks off keeps what came in whole units', async () => {
  const unit = 256 * 1024;
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(unit + 100, 'x');
    throw new Error('the connection is gone');
  }
  const { uploads, buckets } = open();
  await buckets.insert('bucket', {});
  const id = await uploads.open(insertOf('broken'), null);
  const whole = { first: 0, last: null, total: null };
  await expect(uploads.put(id, whole, broken())).rejects.toThrow('the connection is gone');
  const question = { first: null, last: null, total: null };
  expect(await uploads.put(id, question, broken()).catch(() => null)).toBeNull();
  async function* nothing(): AsyncGenerator<Buffer> {}
  expect(await uploads.put(id, question, nothing())).toEqual({ received: unit });
});

test('bodies go when nothing refers to them: replaced, deleted, refused, cancelled', async () => {
  const { objects, buckets, uploads } = open();
  await buckets.insert('bucket', {});
  await write(objects, 'a', LARGE);
  await write(objects, 'a', LARGE);
  const draft = objects.newDraft();
  await draft.write(LARGE);
  const taken = { ...insertOf('a'), conditions: { ...UNCONDITIONAL, ifGenerationMatch: '0' } };
  await expect(objects.insert(taken, await draft.finish())).rejects.toThrow(/pre-conditions/);
  const id = await uploads.open(insertOf('b'), null);
  async function* chunk(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(256 * 1024);
  }
  await uploads.put(id, { first: 0, last: 256 * 1024 - 1, total: null }, chunk());
  await uploads.cancel(id);
  await expect.poll(() => bodies().length).toBe(1);
  await objects.remove({ bucket: 'bucket', name: 'a', generation: null, conditions: UNCONDITIONAL });
  await expect.poll(() => bodies().length).toBe(0);
});

test('two stores cannot have one folder; the lock of a process that was killed is taken over', () => {
  open();
  expect(() => new DiskVault(place.folder)).toThrow(
    /lock.*expected a data folder that no other emulator uses/s,
  );
  vault?.close();
  vault = null;
  expect(existsSync(join(place.folder, 'lock'))).toBe(false);
  // No process has so high a number. Source: PID_MAX_LIMIT, https://man7.org/linux/man-pages/man5/proc.5.html
  writeFileSync(join(place.folder, 'lock'), '4194305\n');
  expect(() => open()).not.toThrow();
});

test('a store that is closed takes nothing more', async () => {
  const { objects, buckets } = open();
  await buckets.insert('bucket', {});
  vault?.close();
  vault = null;
  expect(() => objects.putNow('bucket', 'late', Buffer.from('x'), {})).toThrow('The emulator is stopping.');
  expect(open().objects.find('bucket', 'late')).toBeNull();
});
