import { grpc } from 'google-gax';
import protobuf from 'protobufjs';
import { type ProtoObject, toProtoJson } from '../plan/protoConvert.js';
import { isObject, JOB_MESSAGE } from '../plan/protoJson.js';
import type { Answering } from './answering.js';
import type { BatchService, ListRequest, Operation } from './batchService.js';
import { LOOPBACK } from './loopback.js';
import { BATCH_SCHEMA, PROTOS } from './protos.js';
import { STATUS_CODES, StatusError } from './statusError.js';

const ROOT = protobuf.Root.fromJSON(PROTOS);

/** A request as it was decoded: enums by name, int64 as strings, what was not sent is absent. */
type Request = ProtoObject;
type Handler = (request: Request) => ProtoObject;

/**
 * Serves google.cloud.batch.v1.BatchService and google.longrunning.Operations on loopback, without encryption.
 * `port` 0 takes a free one.
 */
export async function startGrpcServer(
  service: BatchService,
  port: number,
  answering: Answering,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = new grpc.Server();
  for (const [name, handlers] of Object.entries(handlersOf(service))) {
    const { definition, implementation } = build(ROOT.lookupService(name), handlers, answering);
    server.addService(definition, implementation);
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${LOOPBACK}:${port}`, grpc.ServerCredentials.createInsecure(), (error, actual) => {
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

function handlersOf(service: BatchService): Record<string, Record<string, Handler>> {
  return {
    'google.cloud.batch.v1.BatchService': {
      createJob: (request) =>
        service.createJob({
          parent: text(request.parent),
          jobId: text(request.jobId),
          requestId: text(request.requestId),
          job: toProtoJson(BATCH_SCHEMA, JOB_MESSAGE, request.job ?? {}),
        }),
      getJob: (request) => service.getJob({ name: text(request.name) }),
      listJobs: (request) => service.listJobs({ ...listRequest(request), orderBy: text(request.orderBy) }),
      deleteJob: (request) => packed(service.deleteJob(endRequest(request))),
      cancelJob: (request) => packed(service.cancelJob(endRequest(request))),
      getTask: (request) => service.getTask({ name: text(request.name) }),
      listTasks: (request) => service.listTasks(listRequest(request)),
    },
    'google.longrunning.Operations': {
      getOperation: (request) => packed(service.getOperation({ name: text(request.name) })),
      listOperations: (request) => {
        const parent = text(request.name).replace(/\/operations$/, '');
        const { operations, nextPageToken } = service.listOperations({ ...listRequest(request), parent });
        return { operations: operations.map(packed), nextPageToken };
      },
    },
  };
}

/** The grpc-js form of a service: how each method is named, decoded and encoded, and what answers it. */
function build(
  service: protobuf.Service,
  handlers: Record<string, Handler>,
  answering: Answering,
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
      try {
        if (!handler) throw new StatusError('UNIMPLEMENTED', `${method.name} is not implemented here`);
        const bytes = answering(() => encode(responseType, handler(call.request)));
        answer(null, bytes);
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

/** google.rpc.BadRequest is not among the protos of the Batch client. Source: google/rpc/error_details.proto. */
const BAD_REQUEST = protobuf.Root.fromJSON({
  nested: {
    BadRequest: {
      fields: { fieldViolations: { rule: 'repeated', type: 'FieldViolation', id: 1 } },
      nested: {
        FieldViolation: {
          fields: { field: { type: 'string', id: 1 }, description: { type: 'string', id: 2 } },
        },
      },
    },
  },
}).lookupType('BadRequest');

function serviceError(error: unknown): grpc.ServiceError {
  const refusal =
    error instanceof StatusError
      ? error
      : new StatusError('INTERNAL', `the emulator failed: ${String(error)}`);
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

function listRequest(request: Request): ListRequest {
  return {
    parent: text(request.parent),
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
