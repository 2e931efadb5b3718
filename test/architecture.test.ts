import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** What each folder of src may import from, beside itself. Source: docs/architecture.md, "Layout". */
const MAY_IMPORT: Record<string, readonly string[]> = {
  scenario: [],
  plan: ['scenario'],
  sim: ['plan', 'scenario'],
  search: ['sim', 'plan', 'scenario'],
  emulator: ['sim', 'plan', 'scenario'],
  exec: ['plan', 'scenario'],
  ui: ['plan'],
  report: ['plan'],
  cli: ['exec', 'emulator', 'search', 'report', 'ui', 'sim', 'plan', 'scenario'],
};

/**
 * The library (src/index.ts) stands beside the command line: it uses what lies below, and of cli only the file that
 * reads inputs from disk.
 */
const LIBRARY = 'index.ts';
const LIBRARY_MAY_IMPORT = /^(?:(?:search|sim|plan|scenario)\/|cli\/load\.ts$)/;

/** Folders without I/O, clock and chance. */
const PURE = ['scenario', 'plan', 'sim'];
/** Where replications are handed to threads. */
const WORKER_FILES = ['sim/workers.ts', 'sim/worker.ts'];
/** Hashing and assertions are pure. */
const PURE_BUILTINS = ['node:crypto', 'node:assert', 'node:assert/strict'];
const IMPURE_CODE: Record<string, RegExp> = {
  'Date.now': /\bDate\s*\.\s*now\b/,
  'new Date()': /\bnew\s+Date\b\s*(?:\(\s*\)|(?!\s*\())/,
  'Math.random': /\bMath\s*\.\s*random\b/,
  'performance.now': /\bperformance\s*\.\s*now\b/,
  process: /(?<![.\w])process\s*\./,
  timers: /(?<![.\w])(?:setTimeout|setInterval|setImmediate)\b/,
  fetch: /(?<![.\w])fetch\s*\(/,
  'crypto randomness': /\b(?:randomBytes|randomUUID|randomInt|getRandomValues)\b/,
};

/** Whose values (not only types) ui and report may use: the modules of what they draw. */
const DRAWN = ['plan/snapshot.ts', 'plan/forecast.ts', 'plan/plan.ts'];

/** What would make `fepcast --help` slow. */
const HEAVY =
  /^(?:ink|react|zod|yaml|piscina|protobufjs|google-gax|google-auth-library|@inkjs\/.*|@google-cloud\/.*|@grpc\/.*)(?:\/|$)/;

/** Path below src -> source text. */
type Sources = ReadonlyMap<string, string>;

interface Import {
  specifier: string;
  /** `type` imports are erased, `dynamic` ones are loaded when the code gets there. */
  kind: 'static' | 'dynamic' | 'type';
}

const COMMENT_OR_TEXT =
  /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|(?<=^|[\s;,(){}[\]])\/\/[^\n]*/g;

function withoutComments(source: string): string {
  return source.replace(COMMENT_OR_TEXT, (_all, text: string | undefined) => text ?? ' ');
}

/** The code alone: comments and quoted texts are gone. */
function withoutTexts(source: string): string {
  return withoutComments(source).replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
}

function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const imports: Import[] = [];
  for (const match of code.matchAll(
    /(?<![.\w])(?:import|export)\s+(type\s+)?[^'"`();=]*?\bfrom\s*['"]([^'"]+)['"]/g,
  )) {
    imports.push({ specifier: match[2] ?? '', kind: match[1] === undefined ? 'static' : 'type' });
  }
  for (const match of code.matchAll(/(?<![.\w])import\s*['"]([^'"]+)['"]/g)) {
    imports.push({ specifier: match[1] ?? '', kind: 'static' });
  }
  for (const match of code.matchAll(/(typeof\s+)?(?<![.\w])import\s*\(\s*['"`]([^'"`]+)['"`]/g)) {
    imports.push({ specifier: match[2] ?? '', kind: match[1] === undefined ? 'dynamic' : 'type' });
  }
  return imports;
}

/** The file below src that a relative specifier means, or null for a package. */
function resolve(from: string, specifier: string, sources: Sources): string | null {
  if (!specifier.startsWith('.')) return null;
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  const candidates = [path, path.replace(/\.js$/, '.ts'), path.replace(/\.jsx?$/, '.tsx')];
  return candidates.find((candidate) => sources.has(candidate)) ?? path;
}

const folderOf = (path: string) => path.split('/')[0] ?? '';

function directionErrors(sources: Sources): string[] {
  const errors: string[] = [];
  for (const [file, source] of sources) {
    if (file === LIBRARY) {
      const targets = importsOf(source).map(({ specifier }) => resolve(file, specifier, sources));
      for (const target of targets) {
        if (target !== null && !LIBRARY_MAY_IMPORT.test(target)) {
          errors.push(`${file}: the library must not import ${target}`);
        }
      }
      continue;
    }
    const folder = folderOf(file);
    const allowed = MAY_IMPORT[folder];
    if (!allowed) {
      errors.push(`${file}: src/${folder} has no place in the import direction`);
      continue;
    }
    for (const { specifier, kind } of importsOf(source)) {
      const target = resolve(file, specifier, sources);
      if (target === null || folderOf(target) === folder || target.startsWith('../')) continue;
      if (!allowed.includes(folderOf(target))) errors.push(`${file}: ${folder} must not import ${target}`);
      else if ((folder === 'ui' || folder === 'report') && kind !== 'type' && !DRAWN.includes(target)) {
        errors.push(`${file}: ${folder} knows only types of ${target}`);
      }
    }
  }
  return errors;
}

function purityErrors(sources: Sources): string[] {
  const errors: string[] = [];
  for (const [file, source] of sources) {
    if (!PURE.includes(folderOf(file)) || WORKER_FILES.includes(file)) continue;
    for (const { specifier } of importsOf(source)) {
      if (isBuiltin(specifier) && !PURE_BUILTINS.includes(specifier))
        errors.push(`${file}: imports ${specifier}`);
    }
    const code = withoutTexts(source);
    for (const [name, pattern] of Object.entries(IMPURE_CODE)) {
      if (pattern.test(code)) errors.push(`${file}: uses ${name}`);
    }
  }
  return errors;
}

/** A way from a folder back to itself, as "a -> b -> a"; null when there is none. */
function folderCycle(sources: Sources): string | null {
  const edges = new Map<string, Set<string>>();
  for (const [file, source] of sources) {
    const from = folderOf(file);
    for (const { specifier } of importsOf(source)) {
      const target = resolve(file, specifier, sources);
      if (target === null || target.startsWith('../') || folderOf(target) === from) continue;
      edges.set(from, (edges.get(from) ?? new Set()).add(folderOf(target)));
    }
  }
  const done = new Set<string>();
  const visit = (folder: string, way: string[]): string | null => {
    if (way.includes(folder)) return [...way.slice(way.indexOf(folder)), folder].join(' -> ');
    if (done.has(folder)) return null;
    for (const next of edges.get(folder) ?? []) {
      const cycle = visit(next, [...way, folder]);
      if (cycle !== null) return cycle;
    }
    done.add(folder);
    return null;
  };
  for (const folder of edges.keys()) {
    const cycle = visit(folder, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Packages that are loaded as soon as `entry` is, with the file that does it. */
function loadedAtOnce(entry: string, sources: Sources): Map<string, string> {
  const packages = new Map<string, string>();
  const seen = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { specifier, kind } of importsOf(sources.get(file) ?? '')) {
      if (kind !== 'static') continue;
      const target = resolve(file, specifier, sources);
      if (target === null) packages.set(specifier, file);
      else open.push(target);
    }
  }
  return packages;
}

function undeclaredPackages(sources: Sources, declared: readonly string[]): string[] {
  const errors: string[] = [];
  for (const [file, source] of sources) {
    for (const { specifier, kind } of importsOf(source)) {
      if (specifier.startsWith('.') || isBuiltin(specifier) || kind === 'type') continue;
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (!declared.includes(name)) errors.push(`${file}: ${name} is no dependency`);
    }
  }
  return errors;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function readSources(): Sources {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.tsx?$/.test(file))
    .sort();
  return new Map(files.map((file) => [file, readFileSync(join(ROOT, 'src', file), 'utf8')]));
}

describe('the source of fepcast', () => {
  const sources = readSources();

  it('is found', () => {
    expect(sources.has('cli/main.ts')).toBe(true);
    expect(sources.has('plan/plan.ts')).toBe(true);
  });

  it('imports in one direction only', () => {
    expect(directionErrors(sources)).toEqual([]);
  });

  it('has no cycle between its folders', () => {
    expect(folderCycle(sources)).toBeNull();
  });

  it('does no I/O, reads no clock and throws no dice in scenario, plan and sim', () => {
    expect(purityErrors(sources)).toEqual([]);
  });

  it('loads heavy packages only when a command needs them', () => {
    const heavy = [...loadedAtOnce('cli/main.ts', sources)].filter(([name]) => HEAVY.test(name));
    expect(heavy).toEqual([]);
  });

  it('names every package that it loads in package.json', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(undeclaredPackages(sources, Object.keys(dependencies))).toEqual([]);
  });
});

describe('the check itself', () => {
  const tree = (files: Record<string, string>): Sources => new Map(Object.entries(files));

  it('sees static, dynamic and type imports, and re-exports', () => {
    const source = `
      import a, { type B } from './a.js';
      import type { C } from './c.js';
      import './side.js';
      export { d } from './d.js';
      export type { E } from './e.js';
      const f = await import('./f.js');
      type G = typeof import('./g.js');
      import {
        h,
      } from './h.js';
      // import i from './i.js';
      /* import j from './j.js'; */
      const url = 'https://example.org'; import k from './k.js';
    `;
    const seen = importsOf(source).map(({ specifier, kind }) => `${kind} ${specifier}`);
    expect(seen.sort()).toEqual([
      'dynamic ./f.js',
      'static ./a.js',
      'static ./d.js',
      'static ./h.js',
      'static ./k.js',
      'static ./side.js',
      'type ./c.js',
      'type ./e.js',
      'type ./g.js',
    ]);
  });

  it('finds an import against the direction, also of a type only', () => {
    const sources = tree({
      'exec/run.ts': "import type { World } from '../sim/world.js';",
      'sim/world.ts': "const x = await import('../cli/main.js');",
      'cli/main.ts': '',
      'cli/load.ts': '',
      'ui/app.tsx':
        "import { lintPlan } from '../plan/lint.js'; import type { Plan } from '../plan/plan.js';",
      'plan/lint.ts': '',
      'plan/plan.ts': '',
      'util/x.ts': '',
      'index.ts': "export * from './cli/load.js'; export * from './exec/run.js';",
    });
    expect(directionErrors(sources)).toEqual([
      'exec/run.ts: exec must not import sim/world.ts',
      'sim/world.ts: sim must not import cli/main.ts',
      'ui/app.tsx: ui knows only types of plan/lint.ts',
      'util/x.ts: src/util has no place in the import direction',
      'index.ts: the library must not import exec/run.ts',
    ]);
  });

  it('finds a cycle between folders', () => {
    const sources = tree({
      'a/1.ts': "import '../b/1.js';",
      'b/1.ts': '',
      'b/2.ts': "import '../c/1.js';",
      'c/1.ts': "import '../a/2.js';",
      'a/2.ts': '',
    });
    expect(folderCycle(sources)).toBe('a -> b -> c -> a');
    expect(folderCycle(tree({ 'a/1.ts': "import '../b/1.js';", 'b/1.ts': '' }))).toBeNull();
  });

  it.each([
    ["import { readFileSync } from 'node:fs';", 'imports node:fs'],
    ["import { availableParallelism } from 'os';", 'imports os'],
    ['const t = Date.now();', 'uses Date.now'],
    ['const d = new Date();', 'uses new Date()'],
    ['const d = new Date;', 'uses new Date()'],
    ['const u = Math.random();', 'uses Math.random'],
    ['const p = performance.now();', 'uses performance.now'],
    ['if (process.env.X) {}', 'uses process'],
    ['await new Promise((r) => setTimeout(r, 1));', 'uses timers'],
    ["await fetch('https://example.org');", 'uses fetch'],
    ["import { randomUUID } from 'node:crypto';", 'uses crypto randomness'],
  ])('finds what is not pure: %s', (source, error) => {
    expect(purityErrors(tree({ 'sim/x.ts': source }))).toEqual([`sim/x.ts: ${error}`]);
    expect(purityErrors(tree({ 'exec/x.ts': source }))).toEqual([]);
  });

  it('takes no offence at comments, texts, and times that are given', () => {
    const source = `
      // Date.now() is forbidden here
      const message = 'process.exit is not called';
      const iso = new Date(seconds * 1000).toISOString();
      const state = job.process.name;
      import { createHash } from 'node:crypto';
    `;
    expect(purityErrors(tree({ 'plan/x.ts': source }))).toEqual([]);
    expect(purityErrors(tree({ 'sim/workers.ts': "import { Worker } from 'node:worker_threads';" }))).toEqual(
      [],
    );
  });

  it('follows static imports to heavy packages, and no others', () => {
    const sources = tree({
      'cli/main.ts': "import './output.js'; import type { X } from 'react'; await import('./ui.js');",
      'cli/output.ts': "import '../scenario/units.js';",
      'cli/ui.ts': "import 'ink';",
      'scenario/units.ts': "import { z } from 'zod';",
    });
    expect([...loadedAtOnce('cli/main.ts', sources)]).toEqual([['zod', 'scenario/units.ts']]);
  });

  it('finds a package that is not declared', () => {
    const sources = tree({
      'cli/main.ts': "import x from '@scope/name/deep'; import 'node:fs'; import 'yaml';",
    });
    expect(undeclaredPackages(sources, ['yaml'])).toEqual(['cli/main.ts: @scope/name is no dependency']);
  });
});
