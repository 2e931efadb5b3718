import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { blocksOf, commandLines } from './markdown.js';

/** A command of gcloud, as it describes itself for completion in a shell. */
interface Node {
  commands: Record<string, Node>;
  flags: Record<string, unknown>;
}

const guide = readFileSync(new URL('../../docs/real-project.md', import.meta.url), 'utf8');
/** The commands that the preflight prints are templates in these files. */
const REPAIRS = ['Buckets', 'Images', 'Network', 'Project', 'Quota'].map((name) =>
  readFileSync(new URL(`../../src/exec/preflight/check${name}.ts`, import.meta.url), 'utf8'),
);

function commandTree(): Node | null {
  const info = spawnSync('gcloud', ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' });
  const file = join(info.stdout?.trim() ?? '', 'data/cli/gcloud_completions.py');
  if (info.status !== 0 || !existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Node;
}

const tree = commandTree();

/** What is wrong with a call of gcloud: it leads to no command, or has flags that this one lacks. */
function troublesOf(call: string, root: Node): string[] {
  const known = new Set(Object.keys(root.flags));
  let node = root;
  for (const word of call.split(/\s+/).slice(1)) {
    const next = node.commands[word];
    if (next === undefined) break;
    node = next;
    for (const flag of Object.keys(node.flags)) known.add(flag);
  }
  if (Object.keys(node.commands).length > 0) return [`${call} is no command`];
  const flags = [...call.matchAll(/(?<=\s)--[a-z-]+/g)].map(([flag]) => flag);
  return flags
    .filter((flag) => !known.has(flag) && !known.has(flag.replace('--no-', '--')))
    .map((flag) => `${call}: ${flag}`);
}

it.skipIf(tree === null)('the guide and the repairs call gcloud as it is (skipped without gcloud)', () => {
  const lines = blocksOf(guide).flatMap(({ code }) => commandLines(code));
  const templates = REPAIRS.flatMap((text) => [...text.matchAll(/[`']([^`']*gcloud [^`']*)[`']/g)]).map(
    ([, line]) => line ?? '',
  );
  const calls = [...lines, ...templates].flatMap((line) => line.match(/\bgcloud [a-z][^|;&)]*/g) ?? []);
  expect(calls.length).toBeGreaterThan(50);
  const root = tree ?? { commands: {}, flags: {} };
  expect(calls.flatMap((call) => troublesOf(call, root))).toEqual([]);
  expect(troublesOf('gcloud storage buckets create gs://b --softer-delete', root)).toHaveLength(1);
  expect(troublesOf('gcloud storage bucket create gs://b', root)).toHaveLength(1);
});
