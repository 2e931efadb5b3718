import { createHash } from 'node:crypto';

/** Where a VM's metadata lies, as the paths below `/computeMetadata/v1/` show it: folders and texts. */
export type MetadataNode = MetadataFolder | MetadataLeaf;

export type MetadataFolder = Map<string, MetadataNode>;

/** `value` is read when somebody asks. `hidden`: left out of recursive answers, as tokens are. */
export interface MetadataLeaf {
  value: () => unknown;
  hidden?: boolean;
  /** The value is JSON for a program, also when nobody asks for JSON. */
  json?: boolean;
}

export interface MetadataAnswer {
  text: string;
  contentType: 'application/text' | 'application/json';
}

/** The node at a path like `instance/service-accounts/default/`; null: there is none. */
export function nodeAt(root: MetadataFolder, path: string): MetadataNode | null {
  let node: MetadataNode = root;
  for (const part of path.split('/').filter((name) => name !== '')) {
    const next: MetadataNode | undefined = node instanceof Map ? node.get(part) : undefined;
    if (next === undefined) return null;
    node = next;
  }
  return node;
}

/**
 * What the server answers for a node: a leaf as text, a folder as the list of its names. `recursive` gives all below
 * as JSON with camel-case names unless `alt` is `text`; a leaf is JSON with `alt=json`.
 * Source: https://docs.cloud.google.com/compute/docs/metadata/querying-metadata
 */
export function showNode(node: MetadataNode, recursive: boolean, alt: string | null): MetadataAnswer {
  if (node instanceof Map && recursive) {
    return alt === 'text' ? asText(linesOf(node, '').join('')) : asJson(objectOf(node));
  }
  if (node instanceof Map) return asText([...node].map(([name, child]) => listed(name, child)).join(''));
  const value = node.value();
  return node.json || alt === 'json' ? asJson(value) : asText(textOf(value));
}

/** Changes with the value. */
export function etagOf({ text }: MetadataAnswer): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function asText(text: string): MetadataAnswer {
  return { text, contentType: 'application/text' };
}

function asJson(value: unknown): MetadataAnswer {
  return { text: JSON.stringify(value), contentType: 'application/json' };
}

function listed(name: string, child: MetadataNode): string {
  return `${name}${child instanceof Map ? '/' : ''}\n`;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.map((item) => `${item}\n`).join('') : String(value);
}

function objectOf(folder: MetadataFolder): Record<string, unknown> {
  const entries = [...folder].flatMap(([name, node]): [string, unknown][] => {
    if (node instanceof Map) return [[camelCase(name), objectOf(node)]];
    return node.hidden ? [] : [[camelCase(name), node.value()]];
  });
  return Object.fromEntries(entries);
}

function linesOf(folder: MetadataFolder, path: string): string[] {
  return [...folder].flatMap(([name, node]) => {
    if (node instanceof Map) return linesOf(node, `${path}${name}/`);
    return node.hidden ? [] : [`${path}${name} ${textOf(node.value()).trimEnd()}\n`];
  });
}

function camelCase(name: string): string {
  // An account is no name of the server's own.
  return name.includes('@') ? name : name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
