import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputError } from '../../scenario/errors.js';
import { mapBounded } from '../mapBounded.js';
import { type BarReport, parseBarReport } from './barReport.js';
import { type BarWork, barRequest } from './barWork.js';
import { reportFile } from './reports.js';
import { keep } from './resultFiles.js';

/** The very script that the analysis job runs, in its form for a folder. */
const SCRIPT = fileURLToPath(new URL('../../../task-image/analysis/local.sh', import.meta.url));

/** What the script exits with where there is no gmx. */
const EXIT_CONFIGURATION = 2;

/** Analyses legs on this machine. `fileOf`: where the energies of a leg lie, in the order of its windows. */
export async function analyseHere(
  works: readonly BarWork[],
  options: {
    folder: string;
    fileOf: (work: BarWork) => readonly string[];
    onProgress?: ((done: number, total: number) => void) | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<Map<BarWork, BarReport>> {
  const { folder, fileOf, onProgress, signal } = options;
  const reports = new Map<BarWork, BarReport>();
  await mapBounded(works, availableParallelism(), async (work) => {
    signal?.throwIfAborted();
    const place = resolve(folder, 'analysis', work.leg.key, `work-${process.pid}`);
    try {
      await mkdir(place, { recursive: true });
      for (const [index, file] of fileOf(work).entries()) {
        await symlink(resolve(file), join(place, `${index}.xvg`));
      }
      await writeFile(join(place, 'request'), barRequest(work));
      await runScript(place, signal);
      const text = await readFile(join(place, 'bar.json'), 'utf8');
      const report = parseBarReport(text);
      if (report === null) throw new Error(`the analysis of ${work.leg.key} gave no report`);
      await keep(reportFile(folder, work), text);
      reports.set(work, report);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
    onProgress?.(reports.size, works.length);
  });
  return reports;
}

function runScript(place: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn('bash', [SCRIPT, place], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(signal ? { signal } : {}),
    });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else if (code === EXIT_CONFIGURATION) {
        failed(inputError({ path: '--local', found: words.trim(), expected: 'GROMACS on this machine' }));
      } else failed(new Error(`the analysis ended with exit code ${code}: ${words.trim()}`));
    });
  });
}
