import { stateUri } from '../plan/homes.js';
import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { gsUrl, type ObjectPlace, parseGsUrl } from './storagePort.js';

/** Where the durable records of runs are kept: a bucket and a folder in it ('' or without slashes at its ends). */
export interface StatePlace {
  bucket: string;
  prefix: string;
}

/** `cloud.state` of the plan. Throws InputError when a run on Google Cloud has none; a rehearsal makes up one. */
export function statePlaceOf(plan: Plan, source: 'rehearse' | 'execute'): StatePlace {
  if (plan.cloud?.state != null || source === 'rehearse') return parseStateUrl(stateUri(plan), 'cloud.state');
  throw inputError({
    file: 'plan',
    path: 'cloud.state',
    found: 'no place for the record of the run',
    expected: 'a bucket such as gs://my-bucket/fepcast',
  });
}

export function parseStateUrl(url: string, path: string): StatePlace {
  const place = parseGsUrl(url);
  if (place === null) {
    throw inputError({ path, found: `"${url}"`, expected: 'a place such as gs://my-bucket/fepcast' });
  }
  return { bucket: place.bucket, prefix: place.name.replace(/^\/+|\/+$/g, '') };
}

/** An object of a run: `<state>/runs/<runId>/<name>`. */
export function runObject(state: StatePlace, runId: string, name: string): ObjectPlace {
  const { bucket, name: folder } = runsFolder(state);
  return { bucket, name: `${folder}${runId}/${name}` };
}

/** `<state>/runs/`. */
export function runsFolder({ bucket, prefix }: StatePlace): ObjectPlace {
  return { bucket, name: `${prefix === '' ? '' : `${prefix}/`}runs/` };
}

/** `gs://bucket/prefix/runs/<runId>`: names a run for whoever has nothing but the bucket. */
export function runUrl(state: StatePlace, runId: string): string {
  return gsUrl(runObject(state, runId, '')).replace(/\/$/, '');
}

/** The inverse of `runUrl`; null for a text that names no run in a bucket. */
export function parseRunUrl(url: string): { state: StatePlace; runId: string } | null {
  const place = parseGsUrl(url);
  const match = /^(?:(.*)\/)?runs\/([a-z0-9-]+)\/?$/.exec(place?.name ?? '');
  if (place === null || match?.[2] === undefined) return null;
  return { state: { bucket: place.bucket, prefix: match[1] ?? '' }, runId: match[2] };
}
