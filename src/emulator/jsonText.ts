/** Deeper than any message of Google's, whose own parsers stop here. Source: protobuf's JsonFormat, recursion limit. */
const DEEPEST = 100;

/**
 * The value of JSON in UTF-8; undefined for empty text. Throws a SyntaxError that says what the text is instead; also for
 * what is nested so deeply that whoever walks it would run out of stack.
 */
export function parseJsonText(bytes: Buffer): unknown {
  const text = decoded(bytes);
  if (text.trim() === '') return undefined;
  const value = parsed(text);
  let layer: unknown[] = [value];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new SyntaxError('is nested too deeply');
    layer = layer.flatMap((outer) =>
      typeof outer === 'object' && outer !== null ? Object.values(outer).filter(isNested) : [],
    );
  }
  return value;
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError('is not UTF-8 text');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError('is not JSON');
  }
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
