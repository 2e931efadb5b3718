import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat as statFile } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { File, Storage, StorageOptions } from '@google-cloud/storage';
import type { AuthClient } from 'google-auth-library';
import { PortError } from './port.js';
import type { ObjectPlace, Precondition, StoragePort, StoredObject, WriteRequest } from './storagePort.js';
import { readBucket, readObject, storageError } from './storageValues.js';

/** One request without a large body, wall time. */
const CALL_TIMEOUT_MS = 30_000;
/** A body may take as long as a slow line needs for it. */
const SLOWEST_BYTES_PER_SECOND = 100_000;
/** Up to this an object goes out in one request; above it in chunks, of which only a lost one is sent again. */
const ONE_REQUEST_BYTES = 16 * 2 ** 20;
/** A multiple of 256 KiB. https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload */
const CHUNK_BYTES = 8 * 2 ** 20;
const PAGE_SIZE = 1000;
/** The storage port on Google Cloud, with a login that `findCredentials` has tried. */
export async function connectGoogleStorage(to: {
  project: string;
  authClient: AuthClient;
}): Promise<StoragePort> {
  return storagePort({ projectId: to.project, authClient: asLogin(to.authClient) });
}

/** The client library has a copy of the login library of its own; their clients have the same shape. */
const asLogin = (client: AuthClient) => client as unknown as NonNullable<StorageOptions['authClient']>;

/** The same client on an emulator on loopback; without a login where none is given. */
export async function connectEmulatorStorage(to: {
  httpPort: number;
  project: string;
  authClient?: AuthClient;
}): Promise<StoragePort> {
  const apiEndpoint = `http://127.0.0.1:${to.httpPort}`;
  const login =
    to.authClient === undefined
      ? { useAuthWithCustomEndpoint: false }
      : { useAuthWithCustomEndpoint: true, authClient: asLogin(to.authClient) };
  return storagePort({ projectId: to.project, apiEndpoint, ...login });
}

/**
 * The client's own retries are off: it retries no 429 without a precondition, none at all in a whole client after one
 * upload without one, and on Node 24 a retried download ends the process (googleapis/google-cloud-node#8670).
 * `retryingStorage` has the policy. Only chunked uploads keep them, because the client alone knows which chunk to
 * send again.
 */
async function storagePort(options: StorageOptions): Promise<StoragePort> {
  const { Storage } = await import('@google-cloud/storage');
  // Its transport adds listeners for every 16 KiB of a download, and Node would warn of a leak that ends with it.
  EventEmitter.defaultMaxListeners = 0;
  const client = new Storage({ ...options, retryOptions: { autoRetry: false } });
  const chunking = new Storage({ ...options, retryOptions: { autoRetry: true, maxRetries: 6 } });
  const fileOf = ({ bucket, name }: ObjectPlace, from: Storage = client): File =>
    from.bucket(bucket).file(name);
  const calling = async <T>(what: string, call: () => Promise<T>, bytes = 0): Promise<T> => {
    try {
      return await bounded(call(), CALL_TIMEOUT_MS + (bytes / SLOWEST_BYTES_PER_SECOND) * 1000);
    } catch (error) {
      throw storageError(error, what);
    }
  };
  const stat = async (object: ObjectPlace): Promise<StoredObject | null> => {
    try {
      return await calling(`stat ${label(object)}`, async () => {
        const [metadata] = await fileOf(object).getMetadata();
        return readObject(metadata);
      });
    } catch (error) {
      if (error instanceof PortError && error.kind === 'NOT_FOUND') return null;
      throw error;
    }
  };
  return {
    stat,
    read: (object, { start, end, generation } = {}) =>
      calling(`read ${label(object)}`, async () => {
        const file = client.bucket(object.bucket).file(object.name, generation ? { generation } : {});
        const range = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
        const [bytes] = await file.download({ ...range, decompress: false });
        return bytes;
      }),
    async write(request) {
      const bytes =
        'bytes' in request.source ? request.source.bytes.length : await sizeOf(request.source.file);
      const inOne = bytes <= ONE_REQUEST_BYTES;
      return calling(
        `write ${label(request)}`,
        () => upload(fileOf(request, inOne ? client : chunking), request, inOne),
        bytes,
      );
    },
    copy: ({ from, to, ifGenerationMatch }) =>
      calling(`copy ${label(from)} to ${label(to)}`, async () => {
        const [file] = await fileOf(from).copy(fileOf(to), preconditionOf({ ifGenerationMatch }));
        const [metadata] = await file.getMetadata();
        return readObject(metadata);
      }),
    list: ({ bucket, prefix, matchGlob, pageToken }) =>
      calling(`list gs://${bucket}/${prefix ?? ''}`, async () => {
        const [files, next] = await client.bucket(bucket).getFiles({
          autoPaginate: false,
          maxResults: PAGE_SIZE,
          ...(prefix ? { prefix } : {}),
          ...(matchGlob ? { matchGlob } : {}),
          ...(pageToken ? { pageToken } : {}),
        });
        const token: unknown = next !== null && 'pageToken' in next ? next.pageToken : null;
        const objects = files.map(({ metadata }) => readObject({ ...metadata, bucket }));
        return { objects, next: typeof token === 'string' && token !== '' ? token : null };
      }),
    async remove(object) {
      try {
        await calling(`delete ${label(object)}`, async () => {
          await fileOf(object).delete({ ifGenerationMatch: object.ifGenerationMatch });
        });
        return true;
      } catch (error) {
        if (error instanceof PortError && error.kind === 'NOT_FOUND') return false;
        throw error;
      }
    },
    bucketInfo: (bucket) =>
      calling(`look at gs://${bucket}`, async () => {
        const [metadata] = await client.bucket(bucket).getMetadata();
        return readBucket(bucket, metadata);
      }),
    testPermissions: (bucket, permissions) =>
      calling(`test permissions on gs://${bucket}`, async () => {
        const [held] = await client.bucket(bucket).iam.testPermissions([...permissions]);
        return permissions.filter((permission) => held[permission] === true);
      }),
  };
}

/** The service's checksum is held against that of the bytes as they went out; what does not agree is taken back. */
async function upload(file: File, request: WriteRequest, inOne: boolean): Promise<StoredObject> {
  const { source, contentType = 'application/octet-stream', metadata, onProgress } = request;
  const body = file.createWriteStream({
    resumable: !inOne,
    ...(inOne ? {} : { chunkSize: CHUNK_BYTES }),
    ...preconditionOf(request),
    contentType,
    validation: false,
    metadata: { contentType, ...(metadata ? { metadata } : {}) },
  });
  body.on('progress', ({ bytesWritten }: { bytesWritten: number }) => onProgress?.(bytesWritten));
  const md5 = createHash('md5');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      md5.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(
    'file' in source ? createReadStream(source.file) : Readable.from([source.bytes]),
    hashing,
    body,
  );
  const written = readObject({ ...file.metadata, bucket: request.bucket });
  const sent = md5.digest('base64');
  if (written.md5 === null || written.md5 === sent) return written;
  await file.delete({ ifGenerationMatch: written.generation });
  throw new PortError(
    'RETRYABLE',
    `${label(request)}: the checksum of what arrived is not that of what was sent`,
  );
}

function preconditionOf({ ifGenerationMatch }: Precondition): {
  preconditionOpts: { ifGenerationMatch: string | number };
} {
  // The client leaves an empty or absent value out, but sends "0" and 0 alike.
  return { preconditionOpts: { ifGenerationMatch } };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await statFile(file)).size;
  } catch (error) {
    throw new PortError('OTHER', `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function label({ bucket, name }: ObjectPlace): string {
  return `gs://${bucket}/${name}`;
}

/** What is late counts as lost: the caller tries again, and preconditions keep a straggler from doing harm. */
async function bounded<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PortError('RETRYABLE', `no answer within ${Math.round(milliseconds / 1000)} s`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
