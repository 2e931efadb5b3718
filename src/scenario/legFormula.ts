/** How legs become the free energy that is wanted: the name of the result, and each leg with its factor. */
export interface LegFormula {
  name: string;
  terms: { leg: string; factor: number }[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const QUOTED = /^"([^"]+)"/;
const FACTOR = /^(\d+(?:\.\d+)?)\s*\*\s*/;

/**
 * Reads sums and differences of legs, each with a number as its factor where it is wanted: `dG = complex - solvent`,
 * `ddG = 0.5 * a + "leg-2"`. A leg whose name is no plain word stands in double quotes. Null for anything else.
 */
export function parseLegFormula(text: string): LegFormula | null {
  let rest = text.trim();
  const take = (pattern: RegExp): string | null => {
    const match = pattern.exec(rest);
    if (match === null) return null;
    rest = rest.slice(match[0].length).trimStart();
    return match[1] ?? match[0];
  };
  const name = take(NAME);
  if (name === null || take(/^=/) === null) return null;
  const terms: LegFormula['terms'] = [];
  let sign = take(/^-/) === null ? 1 : -1;
  while (true) {
    const factor = take(FACTOR);
    const leg = take(QUOTED) ?? take(NAME);
    if (leg === null) return null;
    terms.push({ leg, factor: sign * Number(factor ?? 1) });
    if (rest === '') break;
    const operator = take(/^[+-]/);
    if (operator === null) return null;
    sign = operator === '+' ? 1 : -1;
  }
  return new Set(terms.map(({ leg }) => leg)).size === terms.length ? { name, terms } : null;
}

/** The whole text of a formula, for the schema: what it accepts `parseLegFormula` reads, but for a leg named twice. */
export const LEG_FORMULA =
  /^\s*[A-Za-z_]\w*\s*=\s*-?\s*(?:(?:\d+(?:\.\d+)?\s*\*\s*)?(?:"[^"]+"|[A-Za-z_]\w*)\s*(?:[+-]\s*(?=["\w])|$))+$/;
