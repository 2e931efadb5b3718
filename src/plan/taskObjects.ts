/**
 * Names of the objects of a task and of a job, relative to their bucket. Scratch holds what a finished campaign no
 * longer needs (claim, checkpoints), results what it was run for (inputs, index, results). docs/tasks.md has the
 * whole contract.
 */

/** What names a task among all work: the same key with the same digest is the same work, in any run. */
export interface TaskIdentity {
  /** molecule/leg/repeat/window, each part percent-encoded. */
  key: string;
  /** 64 hex digits over inputs, image, command and science environment. */
  digest: string;
}

/** Where a task keeps its objects for the whole run, also when a remainder runs in another region. */
export interface TaskHome {
  /** Bucket names, without `gs://`. */
  scratchBucket: string;
  resultsBucket: string;
}

export const CHECKPOINT_SLOTS = ['ckpt-a', 'ckpt-b'] as const;
export type CheckpointSlot = (typeof CHECKPOINT_SLOTS)[number];

/** In scratch: one line of JSON for each start and each known end of an attempt; the last start holds the task. */
export function claimObject(task: TaskIdentity): string {
  return `${folderOf(task)}/claim`;
}

/** In scratch: one tar, or empty while the slot is only fenced. */
export function checkpointObject(task: TaskIdentity, slot: CheckpointSlot): string {
  return `${folderOf(task)}/${slot}`;
}

/** In results: its existence is what makes a window complete, whatever Batch says. */
export function resultObject(task: TaskIdentity): string {
  return `${folderOf(task)}/result.json`;
}

/** In results. */
export function outputObject(task: TaskIdentity, name: string): string {
  return `${folderOf(task)}/out/${name}`;
}

/** In results, by content: the same input of two tasks lies there once. */
export function inputObject(sha256: string): string {
  return `inputs/${sha256}`;
}

/** In the results bucket of the job's region. */
export function indexObject(runId: string, jobId: string): string {
  return `runs/${runId}/jobs/${jobId}/index`;
}

function folderOf({ key, digest }: TaskIdentity): string {
  return `tasks/${key}/${digest}`;
}

/**
 * One part of a task key. Everything but letters, digits, `_`, `~`, `-` and inner dots is percent-encoded, so that no
 * name can end a path, a line of the index or a shell word.
 */
export function keyPart(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  // "." and ".." would be folders of their own.
  return /^\.+$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded;
}

export function keyOf(parts: { molecule: string; leg: string; repeat: string; window: string }): string {
  return [parts.molecule, parts.leg, parts.repeat, parts.window].map(keyPart).join('/');
}
