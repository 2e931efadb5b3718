import type { WorldFault } from '../../plan/journal.js';
import type { readJobSpec } from '../../plan/readJob.js';
import type { Trouble } from './project.js';

/** What every attempt of a region ends with, and after how many seconds of the task's own time. */
const ATTEMPTS: Partial<Record<Trouble, { seconds: number; exitCode: number }>> = {
  // nvidia-smi is the first thing that a task runs.
  noGpu: { seconds: 5, exitCode: 82 },
  // What the store refuses for good is a matter of configuration.
  bucketForbidden: { seconds: 10, exitCode: 2 },
};

/** Longer than any campaign. */
const FOR_EVER_SECONDS = 1e9;

/** The troubles that befall VMs and images, as the World plays them. */
export function worldTrouble(tasks: Readonly<Record<string, Trouble>>): WorldFault[] {
  const kinds: Partial<Record<Trouble, 'agentSilent' | 'imageUnavailable'>> = {
    agentNotReporting: 'agentSilent',
    imageNotPullable: 'imageUnavailable',
  };
  return Object.entries(tasks).flatMap(([region, trouble]): WorldFault[] => {
    const kind = kinds[trouble];
    return kind === undefined ? [] : [{ kind, region, at: 0, seconds: FOR_EVER_SECONDS }];
  });
}

/** Reads jobs as before, but in a region with a trouble of its tasks every attempt ends with it. */
export function troubledJobs(
  read: typeof readJobSpec,
  tasks: Readonly<Record<string, Trouble>>,
): typeof readJobSpec {
  return (job, region, jobId, scenario) => {
    const trouble = tasks[region];
    const attempt = trouble === undefined ? undefined : ATTEMPTS[trouble];
    return { ...read(job, region, jobId, scenario), ...(attempt === undefined ? {} : { attempt }) };
  };
}
