import { invalid } from './gcsError.js';
import type { Glob } from './glob.js';
import { isObject } from './json.js';
import { compareNames } from './names.js';
import type { SortedNames } from './sortedNames.js';

export interface ListRequest {
  prefix: string;
  /** '': no folders. */
  delimiter: string;
  /** Names from here on; '' from the first. */
  startOffset: string;
  /** Names before this; '' to the last. */
  endOffset: string;
  /** null: every name. */
  matches: Glob | null;
  /** Objects that end in the delimiter are listed themselves too. */
  includeTrailingDelimiter: boolean;
  maxResults: number;
  pageToken: string | null;
}

export interface Listing {
  names: string[];
  prefixes: string[];
  /** null at the end. */
  nextPageToken: string | null;
}

/** Where a page ended: at a name, or behind all names with a prefix. */
interface Position {
  name: string;
  isPrefix: boolean;
}

/** One page of names and "folders", in the order of UTF-8 bytes. It costs what it shows, not what it skips. */
export function listNames(names: SortedNames, request: ListRequest): Listing {
  const { prefix, startOffset, endOffset, maxResults, matches } = request;
  const listing: Listing = { names: [], prefixes: [], nextPageToken: null };
  let at: Position | null = request.pageToken === null ? null : positionOf(request.pageToken);
  const first = laterOf(prefix, startOffset);
  for (;;) {
    const folder = walk(at);
    if (folder === null) return listing;
    at = { name: folder, isPrefix: true };
  }

  /** Goes on behind `from`; returns the folder to skip, or null at the end of the page or of the list. */
  function walk(from: Position | null): string | null {
    for (const name of names.from((candidate) => isBefore(candidate, from))) {
      if (!name.startsWith(prefix) || (endOffset !== '' && compareNames(name, endOffset) >= 0)) return null;
      const folder = folderOf(name, request);
      const shown = folder ?? name;
      if (matches !== null && !matches.test(shown)) {
        if (folder !== null) return folder;
        continue;
      }
      if (listing.names.length + listing.prefixes.length >= maxResults) {
        listing.nextPageToken = tokenOf(at);
        return null;
      }
      at = { name: shown, isPrefix: folder !== null };
      if (folder === null) {
        listing.names.push(name);
        continue;
      }
      listing.prefixes.push(folder);
      if (request.includeTrailingDelimiter && name === folder) listing.names.push(name);
      return folder;
    }
    return null;
  }

  function isBefore(candidate: string, from: Position | null): boolean {
    if (compareNames(candidate, first) < 0) return true;
    if (from === null) return false;
    return compareNames(candidate, from.name) <= 0 || (from.isPrefix && candidate.startsWith(from.name));
  }
}

/** Up to the first delimiter behind the prefix; null: the name is listed itself. */
function folderOf(name: string, { prefix, delimiter }: ListRequest): string | null {
  if (delimiter === '') return null;
  const end = name.indexOf(delimiter, prefix.length);
  return end < 0 ? null : name.slice(0, end + delimiter.length);
}

function laterOf(a: string, b: string): string {
  return compareNames(a, b) < 0 ? b : a;
}

function tokenOf(position: Position | null): string | null {
  return position === null ? null : Buffer.from(JSON.stringify(position)).toString('base64url');
}

function positionOf(token: string): Position {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isObject(parsed) && typeof parsed.name === 'string' && typeof parsed.isPrefix === 'boolean') {
      return { name: parsed.name, isPrefix: parsed.isPrefix };
    }
  } catch {
    // Falls through: any token that is not ours is refused in the same words.
  }
  throw invalid('Invalid page token.');
}
