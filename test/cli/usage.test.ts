import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fepcast, scratchFolder } from './run.js';

describe('fepcast --help', () => {
  it('lists every command and loads nothing but the parser', async () => {
    const scratch = scratchFolder();
    // Tells of every module that is loaded, on stderr.
    const trace = join(scratch.path, 'trace.mjs');
    writeFileSync(
      trace,
      `import { registerHooks } from 'node:module';
       registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`,
    );
    const nodeArgs = ['--import', pathToFileURL(trace).href];
    const { code, stdout, stderr } = await fepcast(['--help'], { nodeArgs });
    scratch.remove();
    expect(code).toBe(0);
    for (const command of ['simulate', 'compare', 'plan', 'lint', 'exec', 'status', 'emulator']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    const packages = [...stderr.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].map(([, name]) => name);
    expect([...new Set(packages)]).toEqual(['commander']);
    expect(stderr).not.toMatch(/dist\/(?:sim|exec|emulator|ui)\//);
  });

  it('is what fepcast alone prints, on stderr and with exit code 2', async () => {
    const { code, stdout, stderr } = await fepcast([]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: fepcast');
  });
});

describe('bad usage', () => {
  it.each([
    ['an unknown command', ['simulat'], "unknown command 'simulat'"],
    ['an unknown option', ['lint', 'plan.json', '--fix'], "unknown option '--fix'"],
    ['a missing argument', ['compare'], 'missing required argument'],
    ['no replications', ['simulate', 'x.yaml', '--replications', '0'], '--replications: found "0"'],
    ['a port that is none', ['emulator', '--port', '70000'], 'from 0 to 65535'],
    ['certainty of 1', ['plan', 'x.yaml', '--confidence', '1'], 'a number between 0 and 1'],
    ['a strategy that is none', ['simulate', 'x.yaml', '--strategy', 'hope'], 'found "hope"'],
    ['a dry run without a place', ['exec', 'plan.json', '--dry-run'], 'expected --out DIR'],
    [
      'a dry run and a rehearsal',
      ['exec', 'p.json', '--dry-run', '--out', 'd', '--rehearse'],
      'one of the two',
    ],
    ['tasks of no kind', ['exec', 'p.json', '--rehearse', '--tasks', 'real'], 'expected virtual or local'],
    ['a stand-in for nothing', ['exec', 'p.json', '--container-command', 'x'], 'expected --tasks local'],
    ['a speed without a rehearsal', ['exec', 'p.json', '--speed', '10'], 'expected --rehearse'],
  ])('%s is one sentence on stderr and exit code 2', async (_, args, sentence) => {
    const { code, stdout, stderr } = await fepcast(args);
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('prints a stack trace only with --debug', async () => {
    const args = ['lint', 'no-such-plan.json'];
    expect((await fepcast(args)).stderr).not.toMatch(/\n\s+at /);
    expect((await fepcast([...args, '--debug'])).stderr).toMatch(/\n\s+at /);
  });
});
