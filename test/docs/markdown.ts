/** A fenced block of a page. */
export interface Block {
  /** What stands behind the opening fence: sh, text, yaml ... */
  language: string;
  code: string;
  /** The last line of text before it, without a blank line between being counted. */
  above: string;
  /** Line of the opening fence, from 1. */
  line: number;
}

/** Every fenced block, in order. */
export function blocksOf(page: string): Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  let open: { start: number; language: string } | null = null;
  for (const [i, line] of lines.entries()) {
    const fence = /^```(\w*)$/.exec(line);
    if (fence === null) continue;
    if (open === null) {
      open = { start: i, language: fence[1] ?? '' };
      continue;
    }
    const above = lines.slice(0, open.start).findLast((text) => text.trim() !== '') ?? '';
    const code = `${lines.slice(open.start + 1, i).join('\n')}\n`;
    blocks.push({ language: open.language, code, above, line: open.start + 1 });
    open = null;
  }
  return blocks;
}

/** The commands of a shell block: continued lines as one, comments and here-documents left out. */
export function commandLines(code: string): string[] {
  const joined = code.replaceAll(/\\\n\s*/g, '');
  const withoutDocuments = joined.replaceAll(/<<'?(\w+)'?([^\n]*)\n[\s\S]*?\n\1\n/g, '$2\n');
  return withoutDocuments
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
