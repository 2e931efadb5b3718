/** A block of HCL at the top level of a file. */
export interface HclBlock {
  /** resource, variable, output, locals ... */
  kind: string;
  labels: string[];
  body: string;
}

/** The blocks of a file, by their braces; throws where these do not match. */
export function hclBlocks(text: string): HclBlock[] {
  const code = withoutComments(text);
  const blocks: HclBlock[] = [];
  let at = 0;
  while (code.slice(at).trim() !== '') {
    const head = /^\s*([a-z_]+)((?:\s+"[^"]+")*)\s*\{/.exec(code.slice(at));
    if (head === null) throw new Error(`no block begins at: ${code.slice(at).trim().slice(0, 40)}`);
    const start = at + head[0].length;
    const end = closingBrace(code, start);
    const labels = [...(head[2] ?? '').matchAll(/"([^"]+)"/g)].map(([, label]) => label ?? '');
    blocks.push({ kind: head[1] ?? '', labels, body: code.slice(start, end) });
    at = end + 1;
  }
  return blocks;
}

/** Where the block that began before `start` ends. Braces of templates come in pairs, too. */
function closingBrace(code: string, start: number): number {
  let depth = 1;
  for (let i = start; i < code.length; i += 1) {
    if (code[i] === '{') depth += 1;
    if (code[i] === '}') depth -= 1;
    if (depth === 0) return i;
  }
  throw new Error('a block is not closed');
}

function withoutComments(text: string): string {
  return text.replaceAll(/^((?:[^"#\n]|"[^"\n]*")*)#.*$/gm, '$1');
}
