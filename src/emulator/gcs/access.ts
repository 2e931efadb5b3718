import type { TokenStore } from '../tokens.js';
import { GcsError } from './gcsError.js';

/** Who may use the storage. Without it: everyone, with any token or none. */
export interface StorageAuth {
  tokens: TokenStore;
  /** Whether an account has a permission such as `storage.objects.get`; absent: every known account has all. */
  allows?: (account: string, permission: string, bucket: string | null) => boolean;
}

/** What nobody may do, whoever it is: buckets of strangers, permissions that the project that is played lacks. */
export type Refuses = (permission: string, bucket: string | null) => boolean;

const HEADER = { locationType: 'header', location: 'Authorization' };

/** The caller's account; null: nobody is asked. Throws 401. */
export function accountOf(
  authorization: string | undefined,
  query: URLSearchParams,
  permission: string | null,
  auth: StorageAuth | null,
): string | null {
  if (auth === null) return null;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1] ?? query.get('access_token');
  if (token === null || token === undefined) {
    const what = permission ?? 'storage';
    throw new GcsError(
      401,
      'required',
      `Anonymous caller does not have ${what} access to ${resourceOf(what)}.`,
      {
        location: HEADER,
      },
    );
  }
  const checked = auth.tokens.check(token);
  if (checked.state !== 'valid') {
    throw new GcsError(401, 'authError', 'Invalid Credentials', { location: HEADER });
  }
  return checked.account;
}

/** `account`: null where nobody is asked who calls. */
export function isAllowed(
  account: string | null,
  permission: string,
  bucket: string | null,
  { auth, refuses }: { auth?: StorageAuth | undefined; refuses?: Refuses | undefined },
): boolean {
  if (refuses?.(permission, bucket)) return false;
  return account === null || (auth?.allows?.(account, permission, bucket) ?? true);
}

/** Throws 403. */
export function checkPermission(
  account: string | null,
  permission: string | null,
  bucket: string | null,
  rules: { auth?: StorageAuth | undefined; refuses?: Refuses | undefined },
): void {
  if (permission === null || isAllowed(account, permission, bucket, rules)) return;
  throw new GcsError(
    403,
    'forbidden',
    `${account ?? 'The caller'} does not have ${permission} access to ${resourceOf(permission)}. ` +
      `Permission '${permission}' denied on resource (or it may not exist).`,
  );
}

function resourceOf(permission: string): string {
  return `the Google Cloud Storage ${permission.startsWith('storage.objects') ? 'object' : 'bucket'}`;
}
