import { createRequire } from 'node:module';
import type protobuf from 'protobufjs';
import { ProtoSchema, type ProtosJson } from '../plan/protoSchema.js';

/** The official protos, as they ship with the Google client library. */
export const PROTOS: ProtosJson & protobuf.INamespace = createRequire(import.meta.url)(
  '@google-cloud/batch/build/protos/protos.json',
);

export const BATCH_SCHEMA = new ProtoSchema(PROTOS);
