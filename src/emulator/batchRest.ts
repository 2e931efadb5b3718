import { toJsonNames, toProtoJson } from '../plan/protoConvert.js';
import { isObject, JOB_MESSAGE } from '../plan/protoJson.js';
import type { BatchService, ListRequest, Operation } from './batchService.js';
import type { HttpRequest, HttpRoutes } from './httpServer.js';
import { parsePlace } from './names.js';
import { BATCH_SCHEMA } from './protos.js';
import { badRequest, notFound } from './statusError.js';

const PACKAGE = 'google.cloud.batch.v1';
const PLACE = 'projects/[^/]+/locations/[^/]+';
const JOB = `${PLACE}/jobs/[^/:]+`;

/** The REST face of the Batch API, version 1: same service, proto-JSON answers with enums by name. */
export function batchRest(service: BatchService, regions: readonly string[]): HttpRoutes {
  const routes: [method: string, path: RegExp, answer: (name: string, request: HttpRequest) => unknown][] = [
    [
      'POST',
      exactly(`(${PLACE})/jobs`),
      (parent, { query, body }) => {
        const jobId = parameter(query, 'jobId');
        const requestId = parameter(query, 'requestId');
        const job = toJsonNames(BATCH_SCHEMA, JOB_MESSAGE, body ?? {});
        return json('Job', service.createJob({ parent, jobId, requestId, job }));
      },
    ],
    [
      'GET',
      exactly(`(${PLACE})/jobs`),
      (parent, { query }) => {
        const orderBy = parameter(query, 'orderBy');
        return json('ListJobsResponse', service.listJobs({ ...listRequest(parent, query), orderBy }));
      },
    ],
    ['GET', exactly(`(${JOB})`), (name) => json('Job', service.getJob({ name }))],
    [
      'DELETE',
      exactly(`(${JOB})`),
      (name, { query }) => operation(service.deleteJob({ name, requestId: parameter(query, 'requestId') })),
    ],
    [
      'POST',
      exactly(`(${JOB}):cancel`),
      (name, { body }) => operation(service.cancelJob({ name, requestId: requestIdOf(body) })),
    ],
    [
      'GET',
      exactly(`(${JOB}/taskGroups/[^/]+)/tasks`),
      (parent, { query }) => json('ListTasksResponse', service.listTasks(listRequest(parent, query))),
    ],
    [
      'GET',
      exactly(`(${JOB}/taskGroups/[^/]+/tasks/[^/]+)`),
      (name) => json('Task', service.getTask({ name })),
    ],
    ['GET', exactly(`(${PLACE}/operations/[^/]+)`), (name) => operation(service.getOperation({ name }))],
    [
      'GET',
      exactly(`(${PLACE})/operations`),
      (parent, { query }) => {
        const { operations, nextPageToken } = service.listOperations(listRequest(parent, query));
        return { operations: operations.map(operation), ...(nextPageToken === '' ? {} : { nextPageToken }) };
      },
    ],
    [
      'GET',
      exactly('(projects/[^/]+)/locations'),
      (project) => ({ locations: regions.map((region) => location(project, region)) }),
    ],
    [
      'GET',
      exactly(`(${PLACE})`),
      (name) => {
        const { project, region } = parsePlace(name);
        if (!regions.includes(region)) throw notFound(name);
        return location(`projects/${project}`, region);
      },
    ],
  ];
  return (request) => {
    for (const [method, path, answer] of routes) {
      const name = request.method === method ? path.exec(request.path)?.[1] : undefined;
      if (name !== undefined) {
        refuseUnknownParameters(request.query);
        return answer(name, request);
      }
    }
    return null;
  };
}

function exactly(path: string): RegExp {
  return new RegExp(`^/v1/${path}$`);
}

/** What Google's front end takes on every method; it changes nothing here. */
const STANDARD_PARAMETERS = [
  '$alt',
  'alt',
  '$prettyPrint',
  'prettyPrint',
  'key',
  'access_token',
  'quotaUser',
];
const PARAMETERS = ['jobId', 'requestId', 'filter', 'orderBy', 'pageSize', 'pageToken', 'reason'];

function refuseUnknownParameters(query: URLSearchParams): void {
  const known = new Set([...STANDARD_PARAMETERS, ...PARAMETERS, ...PARAMETERS.map(snakeCase)]);
  const unknown = [...query.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw badRequest(
      unknown.map((field) => ({ field, description: 'is not a query parameter of this API' })),
    );
  }
}

/** Google's own examples also spell parameters as the protos do (`job_id`). */
function parameter(query: URLSearchParams, name: string): string {
  return query.get(name) ?? query.get(snakeCase(name)) ?? '';
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function listRequest(parent: string, query: URLSearchParams): ListRequest {
  const pageSize = parameter(query, 'pageSize');
  if (!/^\d{0,9}$/.test(pageSize)) {
    throw badRequest([
      { field: 'pageSize', description: `${JSON.stringify(pageSize)} is not a whole number` },
    ]);
  }
  return {
    parent,
    pageSize: Number(pageSize),
    pageToken: parameter(query, 'pageToken'),
    filter: parameter(query, 'filter'),
  };
}

function requestIdOf(body: unknown): string {
  const id = isObject(body) ? (body.requestId ?? body.request_id) : undefined;
  return typeof id === 'string' ? id : '';
}

function json(message: string, object: unknown): unknown {
  return toProtoJson(BATCH_SCHEMA, `${PACKAGE}.${message}`, object);
}

function operation({ name, done, metadata, responseType }: Operation): unknown {
  const type = `${PACKAGE}.OperationMetadata`;
  return {
    name,
    metadata: { '@type': `type.googleapis.com/${type}`, ...toProtoJson(BATCH_SCHEMA, type, metadata) },
    ...(done ? { done, response: { '@type': `type.googleapis.com/${responseType}` } } : {}),
  };
}

function location(project: string, region: string): unknown {
  return { name: `${project}/locations/${region}`, locationId: region };
}
