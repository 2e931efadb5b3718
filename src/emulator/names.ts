import { quoted } from './quoted.js';
import { StatusError } from './statusError.js';

/** Where a job lives: `projects/P/locations/L`. */
export interface Place {
  project: string;
  region: string;
}

export interface JobName extends Place {
  jobId: string;
}

/** A task group of a job; Batch has one, always called group0. */
export const TASK_GROUP = 'group0';

const PROJECT = /^projects\/([^/]+)$/;
const PLACE = /^projects\/([^/]+)\/locations\/([^/]+)$/;
const JOB = /^projects\/([^/]+)\/locations\/([^/]+)\/jobs\/([^/]+)$/;
const TASKS = /^(projects\/[^/]+\/locations\/[^/]+\/jobs\/[^/]+)\/taskGroups\/([^/]+)$/;
const TASK = /^(projects\/.+\/taskGroups\/[^/]+)\/tasks\/(\d{1,9})$/;
const OPERATION = /^projects\/([^/]+)\/locations\/([^/]+)\/operations\/([^/]+)$/;

export function parseProject(name: string): string {
  return parts(PROJECT, name, 'projects/PROJECT')[0];
}

export function parsePlace(name: string): Place {
  const [project, region] = parts(PLACE, name, 'projects/PROJECT/locations/LOCATION');
  return { project, region };
}

export function parseJobName(name: string): JobName {
  const [project, region, jobId] = parts(JOB, name, 'projects/PROJECT/locations/LOCATION/jobs/JOB');
  return { project, region, jobId };
}

/** The parent of ListTasks: the job's task group. */
export function parseTaskGroupName(name: string): JobName & { group: string } {
  const form = 'projects/PROJECT/locations/LOCATION/jobs/JOB/taskGroups/group0';
  const [job, group] = parts(TASKS, name, form);
  return { ...parseJobName(job), group };
}

export function parseTaskName(name: string): JobName & { group: string; index: number } {
  const form = 'projects/PROJECT/locations/LOCATION/jobs/JOB/taskGroups/group0/tasks/INDEX';
  const [parent, index] = parts(TASK, name, form);
  return { ...parseTaskGroupName(parent), index: Number(index) };
}

export function parseOperationName(name: string): Place & { id: string } {
  const [project, region, id] = parts(
    OPERATION,
    name,
    'projects/PROJECT/locations/LOCATION/operations/OPERATION',
  );
  return { project, region, id };
}

export function placeName({ project, region }: Place): string {
  return `projects/${project}/locations/${region}`;
}

export function jobName(job: JobName): string {
  return `${placeName(job)}/jobs/${job.jobId}`;
}

/** google.cloud.location.Location */
export function locationOf(project: string, region: string): { name: string; locationId: string } {
  return { name: placeName({ project, region }), locationId: region };
}

function parts(pattern: RegExp, name: string, form: string): [string, string, string] {
  const match = pattern.exec(name);
  if (!match)
    throw new StatusError('INVALID_ARGUMENT', `the name ${quoted(name)} is not of the form ${form}`);
  return [match[1] ?? '', match[2] ?? '', match[3] ?? ''];
}
