import { LIMITS } from '../plan/limits.js';
import { isObject } from '../plan/protoJson.js';
import { parseDuration } from '../plan/protoTime.js';
import { type Add, checkLabelSet } from './labelRules.js';

/** What Batch asks of runnables, volumes and variables. Source: the comments in the protos of batch 2.5.0. */
export function checkRunnables(spec: Record<string, unknown>, at: string, add: Add): void {
  listOf(spec.runnables).forEach((runnable, index) => {
    checkRunnable(runnable, `${at}.runnables[${index}]`, add);
  });
  listOf(spec.volumes).forEach((volume, index) => {
    checkVolume(volume, `${at}.volumes[${index}]`, add);
  });
  checkEnvironment(spec.environment, `${at}.environment`, add);
  checkPositive(spec.maxRunDuration, `${at}.maxRunDuration`, add);
  const resource = isObject(spec.computeResource) ? spec.computeResource : {};
  for (const name of ['cpuMilli', 'memoryMib', 'bootDiskMib']) {
    if (Number(resource[name] ?? 0) < 0) {
      add(`${at}.computeResource.${name}`, `is ${String(resource[name])}, at least 0`);
    }
  }
}

function checkRunnable(runnable: Record<string, unknown>, at: string, add: Add): void {
  const { container, script, barrier } = runnable;
  if (!container && !script && !barrier) add(at, 'needs a container, a script or a barrier');
  if (isObject(container) && !container.imageUri) add(`${at}.container.imageUri`, 'is required');
  if (isObject(script) && !script.path && !script.text) add(`${at}.script`, 'needs a path or a text');
  checkPositive(runnable.timeout, `${at}.timeout`, add);
  checkEnvironment(runnable.environment, `${at}.environment`, add);
  if (isObject(runnable.labels)) {
    checkLabelSet(`${at}.labels`, runnable.labels, LIMITS.jobLabels.value, add);
  }
}

function checkVolume(volume: Record<string, unknown>, at: string, add: Add): void {
  const { nfs, gcs, deviceName } = volume;
  if (!nfs && !gcs && !deviceName) add(at, 'needs an nfs, a gcs or a deviceName');
  if (isObject(nfs) && (!nfs.server || !nfs.remotePath)) add(`${at}.nfs`, 'needs a server and a remotePath');
  if (isObject(gcs) && !gcs.remotePath) add(`${at}.gcs.remotePath`, 'is required');
  // Without a path of its own an attached disk is mounted at /mnt/disks/<deviceName>.
  if ((nfs || gcs) && !volume.mountPath) add(`${at}.mountPath`, 'is required');
}

const SECRET = /^projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+$/;

export function checkEnvironment(environment: unknown, at: string, add: Add): void {
  const secrets = isObject(environment) ? environment.secretVariables : undefined;
  for (const [name, secret] of Object.entries(isObject(secrets) ? secrets : {})) {
    if (typeof secret !== 'string' || !SECRET.test(secret)) {
      add(`${at}.secretVariables.${name}`, 'is not of the form projects/P/secrets/S/versions/V');
    }
  }
}

function checkPositive(duration: unknown, at: string, add: Add): void {
  if (typeof duration !== 'string') return;
  const parsed = parseDuration(duration);
  if (parsed && parsed.seconds + parsed.nanos / 1e9 <= 0) add(at, `is ${duration}, more than 0s`);
}

export function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
