import { setTimeout as wait } from 'node:timers/promises';
import { grpc } from 'google-gax';
import protobuf from 'protobufjs';
import { type ProtoObject, toProtoJson } from '../plan/protoConvert.js';
import { isObject, JOB_MESSAGE } from '../plan/protoJson.js';
import type { BatchService, ListRequest } from './batchService.js';
import type { Calls } from './calls.js';
import { CUT } from './faultyCall.js';
import { inUrl, LOOPBACK } from './loopback.js';
import type { Operation } from './operations.js';
import { BATCH_SCHEMA, PROTOS } from './protos.js';
import { BAD_REQUEST, LOCATIONS } from './smallProtos.js';
import { asStatusError, STATUS_CODES, StatusError } from './statusError.js';

const ROOT = protobuf.Root.fromJSON(PROTOS);

/** A request as it was decoded: enums by name, int64 as strings, what was not sent is absent. */
type Request = ProtoObject;
/** A promise: the answer comes later, and the handler has taken care of the clock. */
type Handler = (request: Request) => ProtoObject | Promise<ProtoObject>;

/**
 * Serves google.cloud.batch.v1.BatchService, google.longrunning.Operations and google.cloud.location.Locations on
 * loopback, without encryption. `port` 0 takes a free one.
 */
export async function startGrpcServer(
  service: BatchService,
  port: number,
  calls: Calls,
  host = LOOPBACK,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = new grpc.Server();
  const services: [protobuf.Service, Record<string, Handler>][] = [
    [ROOT.lookupService('google.cloud.batch.v1.BatchService'), batchHandlers(service)],
    [ROOT.lookupService('google.longrunning.Operations'), operationHandlers(service, calls)],
    [LOCATIONS, locationHandlers(service)],
  ];
  for (const [type, handlers] of services) {
    const { definition, implementation } = build(type, handlers, calls);
    server.addService(definition, implementation);
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${inUrl(host)}:${port}`, grpc.ServerCredentials.createInsecure(), (error, actual) => {
      if (error) reject(error);
      else resolve(actual);
    });
  });
  return {
    port: bound,
    // Clients keep their connections open: waiting for them to close would be for ever.
    stop: async () => server.forceShutdown(),
  };
}

function batchHandlers(service: BatchService): Record<string, Handler> {
  return {
    createJob: (request) =>
      service.createJob({
        parent: text(request.parent),
        jobId: text(request.jobId),
        requestId: text(request.requestId),
        job: toProtoJson(BATCH_SCHEMA, JOB_MESSAGE, request.job ?? {}),
      }),
    getJob: (request) => service.getJob({ name: text(request.name) }),
    listJobs: (request) =>
      service.listJobs({
        parent: text(request.parent),
        ...paging(request),
        orderBy: text(request.orderBy),
      }),
    deleteJob: (request) => packed(service.deleteJob(endRequest(request))),
    cancelJob: (request) => packed(service.cancelJob(endRequest(request))),
    getTask: (request) => service.getTask({ name: text(request.name) }),
    listTasks: (request) => service.listTasks({ parent: text(request.parent), ...paging(request) }),
  };
}

function operationHandlers(service: BatchService, calls: Calls): Record<string, Handler> {
  return {
    getOperation: (request) => packed(service.getOperation({ name: text(request.name) })),
    listOperations: (request) => {
      const parent = text(request.name).replace(/\/operations$/, '');
      const { operations, nextPageToken } = service.listOperations({ parent, ...paging(request) });
      return { operations: operations.map(packed), nextPageToken };
    },
    cancelOperation: (request) => service.cancelOperation({ name: text(request.name) }),
    deleteOperation: (request) => service.deleteOperation({ name: text(request.name) }),
    waitOperation: (request) => {
      const first = service.getOperation({ name: text(request.name) });
      return first.done ? packed(first) : waitFor(first.name, secondsOf(request.timeout), service, calls);
    },
  };
}

function locationHandlers(service: BatchService): Record<string, Handler> {
  return {
    listLocations: (request) => service.locations.list({ name: text(request.name), ...paging(request) }),
    getLocation: (request) => service.locations.get({ name: text(request.name) }),
  };
}

/** WaitOperation waits on the wall clock, as its caller does, and looks this often. */
const LOOK_EVERY_MS = 20;
const LONGEST_WAIT_SECONDS = 60;

async function waitFor(
  name: string,
  timeoutSeconds: number | null,
  service: BatchService,
  calls: Calls,
): Promise<ProtoObject> {
  const deadline = performance.now() + (timeoutSeconds ?? LONGEST_WAIT_SECONDS) * 1000;
  for (;;) {
    await wait(LOOK_EVERY_MS);
    const operation = calls.again(() => service.lookAtOperation(name));
    if (operation.done || performance.now() >= deadline) return packed(operation);
  }
}

/** Of a google.protobuf.Duration; null: none was given. */
function secondsOf(duration: unknown): number | null {
  return isObject(duration) ? Number(duration.seconds ?? 0) + Number(duration.nanos ?? 0) / 1e9 : null;
}

/** The grpc-js form of a service: how each method is named, decoded and encoded, and what answers it. */
function build(
  service: protobuf.Service,
  handlers: Record<string, Handler>,
  calls: Calls,
): { definition: grpc.ServiceDefinition; implementation: grpc.UntypedServiceImplementation } {
  const definition: Record<string, grpc.MethodDefinition<unknown, unknown>> = {};
  const implementation: grpc.UntypedServiceImplementation = {};
  for (const method of service.methodsArray) {
    method.resolve();
    const { resolvedRequestType: requestType, resolvedResponseType: responseType } = method;
    if (!requestType || !responseType) throw new Error(`${method.fullName} has no types`);
    definition[method.name] = {
      path: `/${service.fullName.slice(1)}/${method.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value) => encode(requestType, value),
      requestDeserialize: (bytes) => decode(requestType, bytes),
      // Handlers give bytes: encoding a page of tasks is part of answering.
      responseSerialize: (value) => (Buffer.isBuffer(value) ? value : encode(responseType, value)),
      responseDeserialize: (bytes) => decode(responseType, bytes),
    };
    const handler = handlers[protobuf.util.lcFirst(method.name)];
    implementation[method.name] = (
      call: grpc.ServerUnaryCall<Request, Buffer>,
      answer: grpc.sendUnaryData<Buffer>,
    ): void => {
      const answered = (bytes: Buffer | typeof CUT): void => {
        if (bytes === CUT) answer(serviceError(connectionLost()));
        else answer(null, bytes);
      };
      try {
        if (!handler) throw new StatusError('UNIMPLEMENTED', `${method.name} is not implemented here`);
        const bytes = calls.answer<Buffer | Promise<Buffer>>(method.name, () => {
          const value = handler(call.request);
          return value instanceof Promise
            ? value.then((later) => encode(responseType, later))
            : encode(responseType, value);
        });
        if (Buffer.isBuffer(bytes)) answered(bytes);
        else Promise.resolve(bytes).then(answered, (error: unknown) => answer(serviceError(error)));
      } catch (error) {
        answer(serviceError(error));
      }
    };
  }
  return { definition, implementation };
}

function encode(type: protobuf.Type, value: unknown): Buffer {
  return Buffer.from(type.encode(type.fromObject(isObject(value) ? value : {})).finish());
}

function decode(type: protobuf.Type, bytes: Uint8Array): ProtoObject {
  return type.toObject(type.decode(bytes), { longs: String, enums: String });
}

function packed(operation: Operation): ProtoObject {
  const { name, done, metadata, responseType } = operation;
  const answer = { name, done, metadata: any('google.cloud.batch.v1.OperationMetadata', metadata) };
  return done ? { ...answer, response: any(responseType, {}) } : answer;
}

function any(typeName: string, value: ProtoObject): ProtoObject {
  return { type_url: `type.googleapis.com/${typeName}`, value: encode(ROOT.lookupType(typeName), value) };
}

/** What a client of grpc-js sees when the connection of its call breaks. */
function connectionLost(): StatusError {
  return new StatusError('UNAVAILABLE', 'Connection dropped');
}

function serviceError(error: unknown): grpc.ServiceError {
  const refusal = asStatusError(error);
  const code = STATUS_CODES[refusal.status].grpc;
  const metadata = new grpc.Metadata();
  if (refusal.violations.length > 0) {
    const details = encode(BAD_REQUEST, { fieldViolations: refusal.violations });
    const status = {
      code,
      message: refusal.message,
      details: [{ type_url: 'type.googleapis.com/google.rpc.BadRequest', value: details }],
    };
    metadata.set('grpc-status-details-bin', encode(ROOT.lookupType('google.rpc.Status'), status));
  }
  return Object.assign(new Error(refusal.message), { code, details: refusal.message, metadata });
}

function paging(request: Request): Omit<ListRequest, 'parent'> {
  return {
    filter: text(request.filter),
    pageSize: Number(request.pageSize ?? 0),
    pageToken: text(request.pageToken),
  };
}

function endRequest(request: Request): { name: string; requestId: string } {
  return { name: text(request.name), requestId: text(request.requestId) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
