import { badRequest } from './statusError.js';

/** The service's maximum is not documented; this is the emulator's. */
const LARGEST_PAGE = 1000;

export interface PageRequest {
  pageSize?: number | undefined;
  pageToken?: string | undefined;
}

/**
 * The items with index in `0 .. total - 1` that `pick` returns something for, one page of them. Tokens are
 * opaque to clients: they hold the next index and what the list is of, so that a token of another list is
 * refused.
 */
export function pageOf<T>(
  list: string,
  total: number,
  request: PageRequest,
  pick: (index: number) => T | null,
): { items: T[]; nextPageToken: string } {
  const size = pageSize(request.pageSize ?? 0);
  const items: T[] = [];
  let index = request.pageToken ? startOf(request.pageToken, list) : 0;
  for (; index < total && items.length < size; index += 1) {
    const item = pick(index);
    if (item !== null) items.push(item);
  }
  return { items, nextPageToken: index < total ? tokenOf(index, list) : '' };
}

function pageSize(asked: number): number {
  if (asked < 0) throw badRequest([{ field: 'pageSize', description: `is ${asked}, at least 0` }]);
  return asked === 0 ? LARGEST_PAGE : Math.min(asked, LARGEST_PAGE);
}

function tokenOf(index: number, list: string): string {
  return Buffer.from(JSON.stringify([index, list])).toString('base64url');
}

function startOf(token: string, list: string): number {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(parsed) && Number.isSafeInteger(parsed[0]) && parsed[0] >= 0 && parsed[1] === list) {
      return parsed[0];
    }
  } catch {
    // Falls through: any token that is not ours is refused in the same words.
  }
  throw badRequest([{ field: 'pageToken', description: 'is not a token of this list' }]);
}
