import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Listing, storedObjects } from '../inventory.js';
import { mapBounded } from '../mapBounded.js';
import type { StoragePort } from '../storagePort.js';
import { type BarReport, parseBarReport } from './barReport.js';
import type { BarWork } from './barWork.js';
import { keep } from './resultFiles.js';

const READERS = 16;
const REPORTS: Listing = { prefix: 'analysis/', matchGlob: 'analysis/**/bar.json' };

/** `<folder>/analysis/<molecule/leg/repeat>/bar.json`. */
export function reportFile(folder: string, { leg }: BarWork): string {
  return join(folder, 'analysis', leg.key, 'bar.json');
}

/** Reports on exactly these energies and settings: those that lie here, and those that the buckets have. */
export async function fetchReports(
  storage: StoragePort,
  works: readonly BarWork[],
  folder: string,
): Promise<Map<BarWork, BarReport>> {
  const reports = new Map<BarWork, BarReport>();
  const elsewhere: BarWork[] = [];
  await mapBounded(works, READERS, async (work) => {
    const text = await readFile(reportFile(folder, work), 'utf8').catch(() => '');
    const report = parseBarReport(text);
    if (report?.digest === work.digest) reports.set(work, report);
    else elsewhere.push(work);
  });
  const there = await storedObjects(storage, elsewhere, ({ report }) => report, REPORTS);
  await mapBounded([...there], READERS, async ([work, object]) => {
    const text = Buffer.from(await storage.read(object)).toString('utf8');
    const report = parseBarReport(text);
    if (report === null || report.digest !== work.digest) {
      throw new Error(`gs://${object.bucket}/${object.name} is no report on ${work.leg.key}`);
    }
    await keep(reportFile(folder, work), text);
    reports.set(work, report);
  });
  return reports;
}
