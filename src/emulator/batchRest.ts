import { toJsonNames, toProtoJson } from '../plan/protoConvert.js';
import { checkMessage, isObject, JOB_MESSAGE } from '../plan/protoJson.js';
import type { BatchService, ListRequest } from './batchService.js';
import type { Calls } from './calls.js';
import type { HttpRequest, HttpRoutes } from './httpServer.js';
import { numericEnums } from './numericEnums.js';
import type { Operation } from './operations.js';
import { BATCH_SCHEMA } from './protos.js';
import { quoted } from './quoted.js';
import { badRequest } from './statusError.js';

const PACKAGE = 'google.cloud.batch.v1';
const PLACE = 'projects/[^/]+/locations/[^/]+';
const JOB = `${PLACE}/jobs/[^/:]+`;
const PAGING = ['pageSize', 'pageToken', 'filter'];

/** One method of the API: how it is asked for, and what answers it. */
interface Route {
  /** As the RPC is called. */
  name: string;
  method: string;
  path: RegExp;
  /** Query parameters. */
  parameters: readonly string[];
  answer(name: string, request: HttpRequest): unknown;
}

/** The REST face of the Batch API, version 1: same service as over gRPC, proto-JSON answers. */
export function batchRest(service: BatchService, calls: Calls): HttpRoutes {
  const routes = [...jobRoutes(service), ...taskRoutes(service), ...operationRoutes(service)];
  return (request) => {
    for (const route of routes) {
      const name = request.method === route.method ? route.path.exec(request.path)?.[1] : undefined;
      if (name === undefined) continue;
      return calls.answer(route.name, () => {
        refuseUnknownParameters(request.query, route.parameters);
        return route.answer(name, request);
      });
    }
    return null;
  };
}

function jobRoutes(service: BatchService): Route[] {
  return [
    {
      name: 'CreateJob',
      method: 'POST',
      path: exactly(`(${PLACE})/jobs`),
      parameters: ['jobId', 'requestId'],
      answer: (parent, { query, body }) => {
        const jobId = parameter(query, 'jobId');
        const requestId = parameter(query, 'requestId');
        const job = toJsonNames(BATCH_SCHEMA, JOB_MESSAGE, body ?? {});
        return json(query, 'Job', service.createJob({ parent, jobId, requestId, job }));
      },
    },
    {
      name: 'ListJobs',
      method: 'GET',
      path: exactly(`(${PLACE})/jobs`),
      parameters: [...PAGING, 'orderBy'],
      answer: (parent, { query }) => {
        const orderBy = parameter(query, 'orderBy');
        return json(query, 'ListJobsResponse', service.listJobs({ parent, ...paging(query), orderBy }));
      },
    },
    {
      name: 'GetJob',
      method: 'GET',
      path: exactly(`(${JOB})`),
      parameters: [],
      answer: (name, { query }) => json(query, 'Job', service.getJob({ name })),
    },
    {
      name: 'DeleteJob',
      method: 'DELETE',
      path: exactly(`(${JOB})`),
      parameters: ['reason', 'requestId'],
      answer: (name, { query }) =>
        operation(service.deleteJob({ name, requestId: parameter(query, 'requestId') })),
    },
    {
      name: 'CancelJob',
      method: 'POST',
      path: exactly(`(${JOB}):cancel`),
      parameters: [],
      answer: (name, { body }) =>
        operation(service.cancelJob({ name, requestId: cancelRequestId(name, body) })),
    },
  ];
}

function taskRoutes(service: BatchService): Route[] {
  return [
    {
      name: 'ListTasks',
      method: 'GET',
      path: exactly(`(${JOB}/taskGroups/[^/]+)/tasks`),
      parameters: PAGING,
      answer: (parent, { query }) =>
        json(query, 'ListTasksResponse', service.listTasks({ parent, ...paging(query) })),
    },
    {
      name: 'GetTask',
      method: 'GET',
      path: exactly(`(${JOB}/taskGroups/[^/]+/tasks/[^/]+)`),
      parameters: [],
      answer: (name, { query }) => json(query, 'Task', service.getTask({ name })),
    },
  ];
}

function operationRoutes(service: BatchService): Route[] {
  const one = exactly(`(${PLACE}/operations/[^/:]+)`);
  return [
    {
      name: 'GetOperation',
      method: 'GET',
      path: one,
      parameters: [],
      answer: (name) => operation(service.getOperation({ name })),
    },
    {
      name: 'ListOperations',
      method: 'GET',
      path: exactly(`(${PLACE})/operations`),
      parameters: [...PAGING, 'returnPartialSuccess'],
      answer: (parent, { query }) => {
        const { operations, nextPageToken } = service.listOperations({ parent, ...paging(query) });
        return { operations: operations.map(operation), ...(nextPageToken === '' ? {} : { nextPageToken }) };
      },
    },
    {
      name: 'CancelOperation',
      method: 'POST',
      path: exactly(`(${PLACE}/operations/[^/:]+):cancel`),
      parameters: [],
      answer: (name) => service.cancelOperation({ name }),
    },
    {
      name: 'DeleteOperation',
      method: 'DELETE',
      path: one,
      parameters: [],
      answer: (name) => service.deleteOperation({ name }),
    },
    {
      name: 'ListLocations',
      method: 'GET',
      path: exactly('(projects/[^/]+)/locations'),
      parameters: [...PAGING, 'extraLocationTypes'],
      answer: (name, { query }) => {
        const { nextPageToken, ...answer } = service.locations.list({ name, ...paging(query) });
        return nextPageToken === '' ? answer : { ...answer, nextPageToken };
      },
    },
    {
      name: 'GetLocation',
      method: 'GET',
      path: exactly(`(${PLACE})`),
      parameters: [],
      answer: (name) => service.locations.get({ name }),
    },
  ];
}

function exactly(path: string): RegExp {
  return new RegExp(`^/v1/${path}$`);
}

/** What Google's front end takes on every method. Source: https://cloud.google.com/apis/docs/system-parameters */
const STANDARD_PARAMETERS = [
  '$alt',
  'alt',
  '$.xgafv',
  '$prettyPrint',
  'prettyPrint',
  '$fields',
  'fields',
  'callback',
  'key',
  'access_token',
  'oauth_token',
  'quotaUser',
  'uploadType',
  'upload_protocol',
];

function refuseUnknownParameters(query: URLSearchParams, own: readonly string[]): void {
  const known = new Set([...STANDARD_PARAMETERS, ...own, ...own.map(snakeCase)]);
  const unknown = [...query.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw badRequest(
      unknown.map((field) => ({ field, description: 'is not a query parameter of this method' })),
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

function paging(query: URLSearchParams): Omit<ListRequest, 'parent'> {
  const pageSize = parameter(query, 'pageSize');
  if (!/^\d{0,9}$/.test(pageSize)) {
    throw badRequest([{ field: 'pageSize', description: `${quoted(pageSize)} is not a whole number` }]);
  }
  return {
    pageSize: Number(pageSize),
    pageToken: parameter(query, 'pageToken'),
    filter: parameter(query, 'filter'),
  };
}

function cancelRequestId(name: string, body: unknown): string {
  const message = `${PACKAGE}.CancelJobRequest`;
  const given = toJsonNames(BATCH_SCHEMA, message, body ?? {});
  const request = isObject(given) ? { ...given, name } : given;
  const faults = checkMessage(BATCH_SCHEMA, message, request);
  if (faults.length > 0) throw badRequest(faults);
  const { requestId } = isObject(request) ? request : {};
  return typeof requestId === 'string' ? requestId : '';
}

function json(query: URLSearchParams, message: string, object: unknown): unknown {
  const name = `${PACKAGE}.${message}`;
  const answer = toProtoJson(BATCH_SCHEMA, name, object);
  const wantsNumbers = /enum-encoding=int/.test(query.get('$alt') ?? '');
  return wantsNumbers ? numericEnums(BATCH_SCHEMA, name, answer) : answer;
}

function operation({ name, done, metadata, responseType }: Operation): unknown {
  const type = `${PACKAGE}.OperationMetadata`;
  return {
    name,
    metadata: { '@type': `type.googleapis.com/${type}`, ...toProtoJson(BATCH_SCHEMA, type, metadata) },
    ...(done ? { done, response: { '@type': `type.googleapis.com/${responseType}` } } : {}),
  };
}
