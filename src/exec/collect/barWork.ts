import { createHash } from 'node:crypto';
import { homeOfTask } from '../../plan/homes.js';
import type { Plan } from '../../plan/plan.js';
import { outputObject } from '../../plan/taskObjects.js';
import { canonicalJson } from '../../scenario/canonical.js';
import type { ObjectPlace } from '../storagePort.js';
import { ENERGIES } from './gates.js';
import type { Leg } from './legs.js';

/** An output of a window: where it is and what it must be. */
export interface OutputFile {
  place: ObjectPlace;
  bytes: number;
  /** 64 hex digits. */
  sha256: string;
}

/** The analysis of one leg: what goes into it names it, so that it is never done twice. */
export interface BarWork {
  leg: Leg;
  /** 64 hex digits over the energies and the settings. */
  digest: string;
  /** `analysis/<molecule/leg/repeat>/<digest>/bar.json` in the results bucket of the leg. */
  report: ObjectPlace;
  /** The energies, in the order of the windows. */
  files: OutputFile[];
  /** Simulated time at the start of each window that is left out. */
  beginPs: number;
  /** Null: as the files say. */
  temperature: number | null;
}

/** Unless the scenario says otherwise, this part of each window is taken for equilibration. */
const EQUILIBRATION_SHARE = 0.1;

/** The analysis of a leg whose windows are all there. */
export function barWorkOf(plan: Plan, leg: Leg): BarWork {
  const { analysis } = plan.scenario.resolved;
  const files = leg.windows.flatMap((window) => outputsOf(plan, window, (name) => name === ENERGIES));
  const plannedPs = (leg.windows[0]?.facts?.nsPlanned ?? 0) * 1000;
  const beginPs = analysis.equilibrationPs ?? Number((plannedPs * EQUILIBRATION_SHARE).toFixed(3));
  const temperature = analysis.temperatureKelvin ?? leg.windows[0]?.facts?.temperature ?? null;
  const sums = files.map(({ sha256 }) => sha256);
  const digest = createHash('sha256')
    .update(canonicalJson({ version: 1, method: 'bar', files: sums, beginPs, temperature }))
    .digest('hex');
  const bucket = files[0]?.place.bucket ?? '';
  const report = { bucket, name: `analysis/${leg.key}/${digest}/bar.json` };
  return { leg, digest, report, files, beginPs, temperature };
}

/** Outputs of a window that has a result. */
export function outputsOf(
  plan: Plan,
  { task, result }: Leg['windows'][number],
  isWanted: (name: string) => boolean,
): OutputFile[] {
  if (result === null) return [];
  const bucket = homeOfTask(plan, task).resultsBucket;
  return result.outputs
    .filter(({ name }) => isWanted(name))
    .map(({ name, bytes, sha256 }) => ({
      place: { bucket, name: outputObject(result, name) },
      bytes,
      sha256,
    }));
}

/** What the script is asked, line by line: task-image/analysis/bar.sh reads it. */
export function barRequest({ leg, digest, report, files, beginPs, temperature }: BarWork): string {
  const head = ['bar', leg.key, digest, report.bucket, files.length, beginPs, temperature ?? '-'];
  const lines = files.map(({ sha256, place }) => `${sha256} ${place.name}`);
  return `${[head.join(' '), ...lines].join('\n')}\n`;
}

/** Requests as equally wide blocks, so that a task finds its own by one ranged read. */
export function barIndex(works: readonly BarWork[]): { text: string; blockBytes: number } {
  const requests = works.map(barRequest);
  const blockBytes = Math.max(...requests.map(({ length }) => length)) + 1;
  return { text: requests.map((text) => `${text.padEnd(blockBytes - 1)}\n`).join(''), blockBytes };
}
