/**
 * The part of a protobuf schema that proto-JSON needs, read from the JSON form of the protos that ships with a
 * Google client library (`protos.json`). The schema moves with the library; nothing of it is repeated here.
 */
export interface ProtosJson {
  nested?: Record<string, ProtosJsonNode>;
}

/** One namespace, message, enum or service of the file, as it is. */
export interface ProtosJsonNode {
  nested?: Record<string, ProtosJsonNode>;
  fields?: Record<string, ProtosJsonField>;
  oneofs?: Record<string, { oneof: string[] }>;
  values?: Record<string, number>;
}

export interface ProtosJsonField {
  type: string;
  rule?: string;
  keyType?: string;
  options?: Record<string, unknown>;
}

export type FieldType =
  | { kind: 'scalar'; name: string }
  | { kind: 'enum'; values: ReadonlyMap<string, number> }
  | { kind: 'message'; name: string };

export interface FieldSchema {
  name: string;
  type: FieldType;
  shape: 'single' | 'list' | 'map';
  /** Of a map: the scalar type of its keys. */
  keyType: string | null;
  outputOnly: boolean;
  required: boolean;
  /** Unset is something else than the default: members of a oneof, and `optional` fields. */
  hasPresence: boolean;
}

export interface MessageSchema {
  name: string;
  fields: ReadonlyMap<string, FieldSchema>;
  oneofs: ReadonlyMap<string, readonly string[]>;
}

const SCALARS = new Set([
  'string',
  'bytes',
  'bool',
  'float',
  'double',
  'int32',
  'uint32',
  'sint32',
  'fixed32',
  'sfixed32',
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
]);

/** Looks messages up by full name (`google.cloud.batch.v1.Job`), resolving each of them once. */
export class ProtoSchema {
  readonly #root: ProtosJson;
  readonly #messages = new Map<string, MessageSchema>();

  constructor(protos: ProtosJson) {
    this.#root = protos;
  }

  /** Throws an Error when the protos have no such message. */
  message(name: string): MessageSchema {
    const known = this.#messages.get(name);
    if (known) return known;
    const node = this.#node(name);
    if (!node?.fields) throw new Error(`the protos have no message ${name}`);
    const oneofs = new Map(Object.entries(node.oneofs ?? {}).map(([oneof, of]) => [oneof, of.oneof]));
    const members = new Set([...oneofs.values()].flat());
    const fields = new Map<string, FieldSchema>();
    for (const [fieldName, field] of Object.entries(node.fields)) {
      fields.set(fieldName, this.#field(name, fieldName, field, members.has(fieldName)));
    }
    const message = { name, fields, oneofs };
    this.#messages.set(name, message);
    return message;
  }

  #field(message: string, name: string, field: ProtosJsonField, inOneof: boolean): FieldSchema {
    const behaviour = field.options?.['(google.api.field_behavior)'];
    return {
      name,
      type: this.#type(field.type, message),
      shape: field.keyType !== undefined ? 'map' : field.rule === 'repeated' ? 'list' : 'single',
      keyType: field.keyType ?? null,
      outputOnly: behaviour === 'OUTPUT_ONLY',
      required: behaviour === 'REQUIRED',
      hasPresence: inOneof || field.options?.proto3_optional === true,
    };
  }

  /** Protobuf's rule: the innermost scope that has the name wins. */
  #type(type: string, scope: string): FieldType {
    if (SCALARS.has(type)) return { kind: 'scalar', name: type };
    const parts = scope.split('.');
    for (let depth = parts.length; depth >= 0; depth -= 1) {
      const name = [...parts.slice(0, depth), type].join('.');
      const node = this.#node(name);
      if (node?.values) return { kind: 'enum', values: new Map(Object.entries(node.values)) };
      if (node?.fields) return { kind: 'message', name };
    }
    throw new Error(`the protos have no type ${type} (used in ${scope})`);
  }

  #node(name: string): ProtosJsonNode | undefined {
    let node: ProtosJsonNode | undefined = this.#root;
    for (const part of name.split('.')) node = node?.nested?.[part];
    return node;
  }
}
