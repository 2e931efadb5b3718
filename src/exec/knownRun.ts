import type { Plan } from '../plan/plan.js';
import { inputError } from '../scenario/errors.js';
import { readBucketLedger } from './bucketLedger.js';
import { type Connection, connectToGoogle, connectToRehearsal, sameRehearsal } from './connection.js';
import { readJsonFile } from './jsonFile.js';
import { replay } from './ledger.js';
import { type CarryOutOptions, carryOut } from './run.js';
import { knownRuns, openRunFolder, type RunAbout, type RunPaths, readAbout, runPaths } from './runFolder.js';
import { readRunPlan } from './runRecord.js';
import { parseRunUrl, parseStateUrl, runObject, type StatePlace } from './statePlace.js';
import { gsUrl } from './storagePort.js';
import type { ExecSummary } from './summary.js';

/** A run that was begun before, as a command finds it. */
export interface KnownRun {
  runId: string;
  plan: Plan;
  about: RunAbout;
  state: StatePlace;
  stateDir: string;
  paths: RunPaths;
}

/**
 * Finds a run by its id among those of this machine, or by `gs://bucket/prefix/runs/<id>`, which needs nothing but the
 * bucket. Throws InputError for a run that is not there, naming those that are.
 */
export async function findRun(run: string, stateDir: string): Promise<KnownRun> {
  return run.startsWith('gs://') ? findInBucket(run, stateDir) : findHere(run, stateDir);
}

async function findHere(runId: string, stateDir: string): Promise<KnownRun> {
  const paths = runPaths(stateDir, runId);
  const about = /^[a-z0-9-]+$/.test(runId) ? await readAbout(paths) : null;
  const plan = about === null ? null : ((await readJsonFile(paths.plan)) as Plan | null);
  if (about === null || plan === null) throw await unknownRun(runId, stateDir);
  return { runId, plan, about, state: parseStateUrl(about.state, 'state'), stateDir, paths };
}

async function unknownRun(runId: string, stateDir: string): Promise<Error> {
  const known = await knownRuns(stateDir);
  const here = known.length === 0 ? 'a run, of which there is none yet' : `one of ${known.join(', ')}`;
  return inputError({ file: stateDir, path: 'run', found: `"${runId}"`, expected: here });
}

async function findInBucket(url: string, stateDir: string): Promise<KnownRun> {
  const named = parseRunUrl(url);
  if (named === null) {
    throw inputError({ path: 'run', found: `"${url}"`, expected: 'gs://bucket/prefix/runs/ID, or a run id' });
  }
  const { state, runId } = named;
  const connection = await connectToGoogle({ project: '', state });
  try {
    const { storage } = connection.cloud;
    const text = await readRunPlan(storage, state, runId);
    const { started } = replay(await readBucketLedger(storage, runObject(state, runId, 'ledger/')));
    if (text === null || started === null) {
      throw inputError({
        path: 'run',
        found: `"${url}", where there is no run`,
        expected: 'one that was begun',
      });
    }
    const about = { ...started, state: gsUrl({ bucket: state.bucket, name: state.prefix }) };
    const paths = runPaths(stateDir, runId);
    return { runId, plan: JSON.parse(text) as Plan, about, state, stateDir, paths };
  } finally {
    await connection.close();
  }
}

/** Takes a run up again, and follows it as `carryOut` does. */
export async function actOnRun(
  { runId, plan, about, state, stateDir }: KnownRun,
  options: CarryOutOptions & { emulatorEntry: string },
): Promise<ExecSummary> {
  const { source, project } = about;
  const folder = await openRunFolder({
    stateDir,
    runId,
    plan,
    about: { source, project, state: about.state },
  });
  try {
    const connection: Connection =
      source === 'execute'
        ? await connectToGoogle({ project, state })
        : await connectToRehearsal(folder, {
            ...(await sameRehearsal(folder)),
            project,
            emulatorEntry: options.emulatorEntry,
          });
    return await carryOut(folder, connection, options);
  } finally {
    await folder.close();
  }
}
