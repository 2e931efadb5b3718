import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from '../faults.js';
import { CUT, underFault } from '../faultyCall.js';
import { startHttpServer } from '../httpServer.js';
import { LOOPBACK } from '../loopback.js';
import { asStatusError } from '../statusError.js';
import { etagOf, type MetadataAnswer, type MetadataNode, nodeAt, showNode } from './metadataTree.js';
import type { VmMetadata } from './vmMetadata.js';

/** The metadata server of one VM, as its programs find it through GCE_METADATA_HOST. */
export interface MetadataServer {
  /** `127.0.0.1:PORT` */
  host: string;
  stop(): Promise<void>;
}

const ROOT = /^\/(computeMetadata\/?)?$/;
const PREFIX = '/computeMetadata/v1';
const FLAVOR = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' };

/**
 * Serves the metadata of one VM on a loopback port of its own, because clients ask for fixed paths and each VM has
 * its own name. Requests need `Metadata-Flavor: Google` and must not have been forwarded. The method of a fault is
 * the last name of the path: `token`, `preempted`.
 * Source: https://docs.cloud.google.com/compute/docs/metadata/querying-metadata
 */
export async function startMetadataServer(
  metadata: VmMetadata,
  faults: Pick<Faults, 'decide'> | null = null,
): Promise<MetadataServer> {
  const server = await startHttpServer([], 0, (work) => work(), {
    streams: [(request, response, url) => serve({ metadata, faults, request, response, url })],
    // Who waits for a change may be silent for as long as nothing changes.
    patience: { silenceMs: 0 },
  });
  return { host: `${LOOPBACK}:${server.port}`, stop: () => server.stop() };
}

interface Call {
  metadata: VmMetadata;
  faults: Pick<Faults, 'decide'> | null;
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
}

async function serve(call: Call): Promise<void> {
  const { metadata, request, response, url } = call;
  request.resume();
  const refusal = refusalOf(call);
  if (refusal !== null) return answer(response, refusal.code, refusal.text);
  // The root is asked for to see whether there is a server at all.
  if (ROOT.test(url.pathname)) return answer(response, 200, 'computeMetadata/\n');
  const isBelow = url.pathname === PREFIX || url.pathname.startsWith(`${PREFIX}/`);
  const node = isBelow ? nodeAt(metadata.root, url.pathname.slice(PREFIX.length)) : null;
  if (node === null) return answer(response, 404, `there is no metadata at ${url.pathname}\n`);
  if (node instanceof Map && !isRecursive(url) && !url.pathname.endsWith('/')) {
    return answer(response, 301, '', { location: `${url.pathname}/${url.search}` });
  }
  const show = (): MetadataAnswer => showNode(node, isRecursive(url), url.searchParams.get('alt'));
  try {
    const shown = await underFaults(call, show);
    if (shown === CUT) request.socket.resetAndDestroy();
    else await answerOnChange(call, node, shown, show);
  } catch (error) {
    const { http, message } = asStatusError(error);
    answer(response, http, `${message}\n`);
  }
}

function refusalOf({ request, url }: Call): { code: number; text: string } | null {
  const { headers, method } = request;
  if (method !== 'GET' && method !== 'HEAD') return { code: 405, text: `${method} is not allowed\n` };
  if (headers['x-forwarded-for'] !== undefined) {
    return { code: 403, text: 'X-Forwarded-For: a forwarded request is not answered\n' };
  }
  if (!ROOT.test(url.pathname) && headers['metadata-flavor'] !== 'Google') {
    return { code: 403, text: 'Missing Metadata-Flavor:Google header.\n' };
  }
  return null;
}

function isRecursive({ searchParams }: URL): boolean {
  return searchParams.get('recursive')?.toLowerCase() === 'true';
}

function underFaults({ faults, url }: Call, show: () => MetadataAnswer) {
  const method = url.pathname.split('/').findLast((name) => name !== '') ?? '';
  const fault = faults?.decide('metadata', method) ?? null;
  return fault === null ? show() : underFault(fault, show);
}

/** With `wait_for_change` the answer waits until the value is not that of `last_etag`, or the time is over. */
async function answerOnChange(
  { metadata, request, response, url: { searchParams: query } }: Call,
  node: MetadataNode,
  first: MetadataAnswer,
  show: () => MetadataAnswer,
): Promise<void> {
  let shown = first;
  // A token is new whenever it is asked for: there is nothing to wait for.
  const canWait = node instanceof Map || !node.hidden;
  if (canWait && query.get('wait_for_change')?.toLowerCase() === 'true') {
    const over = new AbortController();
    const end = (): void => over.abort();
    response.once('close', end);
    const seconds = query.get('timeout_sec');
    const timer = seconds === null ? null : setTimeout(end, Math.max(0, Number(seconds) || 0) * 1000);
    const known = query.get('last_etag') ?? etagOf(first);
    while (etagOf(shown) === known && !over.signal.aborted) {
      await metadata.nextChange(over.signal);
      shown = show();
    }
    if (timer !== null) clearTimeout(timer);
  }
  if (response.destroyed) return;
  const headers = { etag: etagOf(shown), 'content-type': shown.contentType };
  answer(response, 200, request.method === 'HEAD' ? '' : shown.text, headers);
}

function answer(
  response: ServerResponse,
  code: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/text', ...FLAVOR, ...headers });
  response.end(text);
}
