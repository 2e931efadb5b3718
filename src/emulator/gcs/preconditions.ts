import { conditionNotMet, invalid, notModified } from './gcsError.js';

/** int64 as text; null: not asked for. */
export interface Preconditions {
  ifGenerationMatch: string | null;
  ifGenerationNotMatch: string | null;
  ifMetagenerationMatch: string | null;
  ifMetagenerationNotMatch: string | null;
}

export const UNCONDITIONAL: Preconditions = {
  ifGenerationMatch: null,
  ifGenerationNotMatch: null,
  ifMetagenerationMatch: null,
  ifMetagenerationNotMatch: null,
};

/** What conditions are compared with. */
export interface Versions {
  generation: number;
  metageneration: number;
}

/** From query parameters: `ifGenerationMatch`, or with `source` `ifSourceGenerationMatch`, and so on. */
export function preconditionsOf(query: URLSearchParams, source = false): Preconditions {
  const read = (name: string): string | null =>
    int64(query.get(source ? name.replace('if', 'ifSource') : name), name);
  return {
    ifGenerationMatch: read('ifGenerationMatch'),
    ifGenerationNotMatch: read('ifGenerationNotMatch'),
    ifMetagenerationMatch: read('ifMetagenerationMatch'),
    ifMetagenerationNotMatch: read('ifMetagenerationNotMatch'),
  };
}

/** Throws 400 unless it is a whole number. */
export function int64(text: string | null, name: string): string | null {
  if (text === null || text === '') return null;
  if (!/^-?\d{1,19}$/.test(text)) throw invalid(`Invalid value for: ${name}`);
  return String(BigInt(text));
}

/**
 * Throws 412 unless all conditions hold; a read that asked for something else than it knows gets 304. Generation 0
 * stands for "there is none".
 */
export function checkPreconditions(
  conditions: Preconditions,
  found: Versions | null,
  access: 'read' | 'write',
): void {
  const generation = String(found?.generation ?? 0);
  const metageneration = found === null ? null : String(found.metageneration);
  const { ifGenerationMatch, ifMetagenerationMatch } = conditions;
  const refused =
    (ifGenerationMatch !== null && ifGenerationMatch !== generation) ||
    (ifMetagenerationMatch !== null && ifMetagenerationMatch !== metageneration);
  if (refused) throw conditionNotMet();
  if (
    conditions.ifGenerationNotMatch === generation ||
    (metageneration !== null && conditions.ifMetagenerationNotMatch === metageneration)
  ) {
    throw access === 'read' ? notModified() : conditionNotMet('If-None-Match');
  }
}
