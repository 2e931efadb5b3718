import { describe, expect, it } from 'vitest';
import { readBucket, storageError } from '../../src/exec/storageValues.js';

const failure = (message: string, fields: object = {}) => Object.assign(new Error(message), fields);

describe('errors of Cloud Storage', () => {
  it('say which call failed, and quote neither a token nor a signed URL', () => {
    const url = 'https://storage.googleapis.com/b/o?X-Goog-Signature=abc123&X-Goog-Credential=me';
    const error = storageError(failure(`GET ${url} with Bearer ya29.secret failed`, { code: 500 }), 'read x');
    expect(error.message).toMatch(/^read x: GET https:\/\/storage/);
    expect(error.message).not.toMatch(/abc123|secret|Credential=/);
    expect(error.kind).toBe('RETRYABLE');
  });

  it('a login that has ended is told from a bad request', () => {
    const ended = failure('invalid_grant', { code: 400, response: { data: { error: 'invalid_grant' } } });
    expect(storageError(ended, 'stat x').kind).toBe('UNAUTHENTICATED');
    expect(storageError(failure('bad', { code: 400 }), 'stat x').kind).toBe('INVALID_ARGUMENT');
  });

  it('a lost connection can be tried again, a missing local file cannot', () => {
    for (const code of ['ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'CONTENT_DOWNLOAD_MISMATCH']) {
      expect(storageError(failure('lost', { code }), 'read x').kind, code).toBe('RETRYABLE');
    }
    const missing = failure('ENOENT: no such file', { code: 'ENOENT', path: '/tmp/none', syscall: 'open' });
    expect(storageError(missing, 'write x').kind).toBe('OTHER');
  });
});

describe('a bucket as Google describes it', () => {
  it('has what preflight asks for, and plain values where a field is left out', () => {
    expect(
      readBucket('b', {
        location: 'EUROPE-WEST4',
        softDeletePolicy: { retentionDurationSeconds: '604800' },
        retentionPolicy: { retentionPeriod: '86400' },
        versioning: { enabled: true },
        lifecycle: {
          rule: [{ action: { type: 'Delete' }, condition: { age: 3, matchesPrefix: ['tasks/'] } }],
        },
        billing: { requesterPays: true },
      }),
    ).toMatchObject({
      name: 'b',
      location: 'EUROPE-WEST4',
      locationType: 'region',
      storageClass: 'STANDARD',
      softDeleteSeconds: 604_800,
      retentionSeconds: 86_400,
      versioning: true,
      lifecycle: [{ action: 'Delete', ageDays: 3, matchesPrefix: ['tasks/'] }],
      requesterPays: true,
      uniformAccess: false,
      hierarchicalNamespace: false,
    });
    expect(readBucket('b', {})).toMatchObject({ softDeleteSeconds: 0, retentionSeconds: 0, lifecycle: [] });
  });
});
