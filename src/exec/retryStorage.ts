import { PortError } from './port.js';
import { isRetryable, type RetryContext, withRetries } from './retry.js';
import type { StoragePort, StoredObject, WriteRequest } from './storagePort.js';

export interface StorageRetryContext extends RetryContext {
  /** A text that no other write of any process has. */
  newId: () => string;
}

/** Custom metadata with which a write is recognised when its answer was lost. */
export const WRITE_ID = 'fepcast-write';

/**
 * The same port, every call retried. A write, a copy or a delete whose answer was lost and that is tried again finds
 * its own work in the way: it is told apart from somebody else's, so that PRECONDITION always means another writer.
 */
export function retryingStorage(port: StoragePort, context: StorageRetryContext): StoragePort {
  const again = <T>(call: () => Promise<T>): Promise<T> => withRetries(call, context);
  return {
    stat: (object) => again(() => port.stat(object)),
    read: (object, options) => again(() => port.read(object, options)),
    write: (request) => writeOnce(port, request, context),
    copy: (request) => {
      let unclear = false;
      return again(async () => {
        try {
          return await port.copy(request);
        } catch (error) {
          if (isRetryable(error)) unclear = true;
          // The condition names a generation of the target; a copy of the same bytes is what was wanted.
          else if (unclear && isPrecondition(error)) return await copied(port, request, error);
          throw error;
        }
      });
    },
    list: (request) => again(() => port.list(request)),
    remove: (object) => {
      let unclear = false;
      return again(async () => {
        try {
          const removed = await port.remove(object);
          return removed || unclear;
        } catch (error) {
          if (isRetryable(error)) unclear = true;
          throw error;
        }
      });
    },
    bucketInfo: (bucket) => again(() => port.bucketInfo(bucket)),
    testPermissions: (bucket, permissions) => again(() => port.testPermissions(bucket, permissions)),
  };
}

function writeOnce(
  port: StoragePort,
  request: WriteRequest,
  context: StorageRetryContext,
): Promise<StoredObject> {
  const id = context.newId();
  const marked = { ...request, metadata: { ...request.metadata, [WRITE_ID]: id } };
  return withRetries(async () => {
    try {
      return await port.write(marked);
    } catch (error) {
      // Also on the first try: a transport may have sent the request twice by itself.
      if (!isPrecondition(error)) throw error;
      const there = await port.stat(request);
      if (there?.metadata[WRITE_ID] === id) return there;
      throw error;
    }
  }, context);
}

async function copied(
  port: StoragePort,
  { from, to }: Parameters<StoragePort['copy']>[0],
  error: unknown,
): Promise<StoredObject> {
  const [source, target] = await Promise.all([port.stat(from), port.stat(to)]);
  if (source !== null && target !== null && source.crc32c !== null && source.crc32c === target.crc32c) {
    return target;
  }
  throw error;
}

export function isPrecondition(error: unknown): error is PortError & { readonly kind: 'PRECONDITION' } {
  return error instanceof PortError && error.kind === 'PRECONDITION';
}
