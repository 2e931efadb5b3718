import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { type FaultRule, Faults } from '../../src/emulator/faults.js';
import { openStorage, type Storage } from '../../src/emulator/gcs/storage.js';
import { type HttpServer, startHttpServer } from '../../src/emulator/httpServer.js';
import { startMetadataServer } from '../../src/emulator/metadata/metadataServer.js';
import { VmMetadata } from '../../src/emulator/metadata/vmMetadata.js';
import { TokenStore } from '../../src/emulator/tokens.js';
import { formatIndexRow } from '../../src/plan/taskIndex.js';
import { claimObject, resultObject, type TaskIdentity } from '../../src/plan/taskObjects.js';
import { parseClaim, resultSchema, type TaskResult } from '../../src/plan/taskRecords.js';
import { referenceScenario } from '../sim/exampleScenario.js';

export const TASK_IMAGE = fileURLToPath(new URL('../../task-image/', import.meta.url));
export const STUB_ENGINE = join(TASK_IMAGE, 'test/stub-engine.sh');

const SCRATCH = 'scratch';
const RESULTS = 'results';
const ROW_BYTES = 320;
const TOKEN_SECONDS = 3600;
const TESTER = 'tester@project.iam.gserviceaccount.com';
const WHO = 'fep-runner@project.iam.gserviceaccount.com';

/** One run of the entrypoint on a VM of its own. */
export interface Attempt {
  /** Exit code; 128 + 9 for a VM that vanished. */
  exited: Promise<number>;
  /** All that it wrote so far. */
  log(): string;
  /** SIGTERM to the entrypoint alone, as a container engine sends it. */
  terminate(): void;
  /** The metadata server says so; no signal. */
  preempt(): void;
  /** The whole VM is gone from one moment to the next. */
  vanish(): void;
  pid: number;
  /** Settles when the entrypoint has ended; what it started may live on. */
  gone: Promise<void>;
  /** Whether it is napping. */
  isWaiting(): boolean;
}

export interface AttemptOptions {
  environment?: Record<string, string>;
  /** The folder of an earlier attempt on the same VM; default: a new one. */
  folder?: string;
  /** What the entrypoint leaves running goes on running when it has ended. */
  keepOrphans?: boolean;
  /** Program and arguments, from the task's variables where it must hand them on; default: the entrypoint. */
  command?: (variables: Record<string, string>) => readonly string[];
}

/** The emulator's Cloud Storage and metadata servers on loopback, and one task in it. */
export class Cloud {
  readonly faults: Faults;
  readonly folder = mkdtempSync(join(tmpdir(), 'fepcast-image-'));
  readonly task: TaskIdentity;
  /** SHA-256 of the input; null: the task has none. */
  readonly inputDigest: string | null;
  readonly tokens: TokenStore;
  /** "GET /storage/v1/..." of every request so far. */
  readonly requests: string[];
  /** Requests that were answered with 401 so far. */
  unauthorized = 0;
  readonly #storage: Storage;
  readonly #http: HttpServer;
  readonly #tokenClock: () => number;
  readonly #children = new Set<ChildProcess>();
  readonly #ends: (() => Promise<void>)[] = [];
  #vms = 0;
  #interlude: { name: string; action: () => Promise<void> } | null = null;
  #refusedBucket: string | null = null;
  #retryAfter = { seconds: '', times: 0 };

  private constructor(parts: {
    storage: Storage;
    http: HttpServer;
    faults: Faults;
    tokens: TokenStore;
    tokenClock: () => number;
    requests: string[];
    options: CloudOptions;
  }) {
    this.#storage = parts.storage;
    this.#http = parts.http;
    this.faults = parts.faults;
    const { input } = parts.options;
    this.inputDigest = input === undefined ? null : createHash('sha256').update(input).digest('hex');
    this.tokens = parts.tokens;
    this.requests = parts.requests;
    this.#tokenClock = parts.tokenClock;
    this.task = {
      key: parts.options.key ?? 'm0/main/0/w00',
      digest: createHash('sha256').update('work').digest('hex'),
    };
  }

  static async start(options: CloudOptions = {}): Promise<Cloud> {
    const now = (): number => performance.now() / 1000;
    const faults = new Faults([], options.seed ?? 'task-image', now);
    // A token that is said to live for an hour then lives only so long.
    const tokenClock = (): number => (now() * TOKEN_SECONDS) / (options.tokensLiveSeconds ?? TOKEN_SECONDS);
    const tokens = new TokenStore(tokenClock);
    const storage = await openStorage(
      {
        storageLimits: false,
        storageAuth: 'required',
        storageAllows: (account, permission) => account !== WHO || (options.allows?.(permission) ?? true),
        buckets: [SCRATCH, RESULTS].map((name) => ({ name, location: 'us-central1' })),
      },
      {
        settings: referenceScenario().bucket,
        epochSeconds: () => Math.floor(Date.now() / 1000),
        campaignNow: () => null,
        answering: (work) => work(),
        tokens,
        faults,
      },
    );
    const requests: string[] = [];
    let cloud: Cloud | null = null;
    const http = await startHttpServer([], 0, (work) => work(), {
      streams: [
        (request, response, url) => {
          requests.push(`${request.method} ${url.pathname}`);
          response.on('finish', () => {
            if (cloud !== null && response.statusCode === 401) cloud.unauthorized += 1;
          });
          const refusal = cloud?.refusalOf(request.method ?? '', url) ?? null;
          if (refusal !== null) return refuse(request, response, refusal);
          const first = request.method === 'POST' ? (cloud?.interlude(url) ?? null) : null;
          if (first === null) return storage.server.stream(request, response, url);
          return first().then(() => storage.server.stream(request, response, url) ?? undefined);
        },
      ],
    });
    cloud = new Cloud({ storage, http, faults, tokens, tokenClock, requests, options });
    const digest = cloud.inputDigest;
    if (options.input !== undefined) await cloud.put(RESULTS, `inputs/${digest}`, options.input);
    const row = { task: 7, ...cloud.task, scratchBucket: SCRATCH, resultsBucket: RESULTS, input: digest };
    const other = { ...row, task: 6, key: 'm0/main/0/w99' };
    const index = [other, row].map((each) => formatIndexRow(each, ROW_BYTES)).join('');
    await cloud.put(RESULTS, 'runs/run/jobs/job/index', index);
    return cloud;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#http.port}`;
  }

  /** A share of the storage's answers is refused, cut off or lost after taking effect. */
  disturb(share: number): void {
    const kinds: Pick<FaultRule, 'kind' | 'status'>[] = [
      { kind: 'refuse', status: 503 },
      { kind: 'loseAnswer', status: 503 },
      { kind: 'refuse', status: 429 },
      { kind: 'resetAfter' },
      { kind: 'reset' },
    ];
    this.faults.add(
      // The first rule that a call falls to counts: each gets its part of what the ones before have left.
      kinds.map((kind, i) => ({
        service: 'storage',
        method: '*',
        rate: share / kinds.length / (1 - (share * i) / kinds.length),
        ...kind,
      })),
    );
  }

  /** Uploads to this bucket fail from now on; null: to none. */
  refuseUploadsTo(bucket: string | null): void {
    this.#refusedBucket = bucket;
  }

  /** `action` comes in between before the next upload to the object of this name takes effect. */
  beforeUpload(name: string, action: () => Promise<void>): void {
    this.#interlude = { name, action };
  }

  interlude(url: URL): (() => Promise<void>) | null {
    if (this.#interlude === null || url.searchParams.get('name') !== this.#interlude.name) return null;
    const { action } = this.#interlude;
    this.#interlude = null;
    return action;
  }

  /** So many requests are answered with 429 and this header. */
  retryAfter(seconds: string, times: number): void {
    this.#retryAfter = { seconds, times };
  }

  refusalOf(method: string, url: URL): Record<string, string> | null {
    if (this.#retryAfter.times > 0) {
      this.#retryAfter.times -= 1;
      return { 'retry-after': this.#retryAfter.seconds };
    }
    const refused = method === 'POST' && url.pathname.includes(`/b/${this.#refusedBucket}/`);
    return refused ? {} : null;
  }

  async begin(options: AttemptOptions = {}): Promise<Attempt> {
    this.#vms += 1;
    const folder = options.folder ?? this.folderOf(this.#vms);
    mkdirSync(folder, { recursive: true });
    const vm = new VmMetadata(
      {
        name: `vm-${this.#vms}`,
        id: '1',
        zone: 'us-central1-a',
        machineType: 'g2-standard-4',
        project: 'project',
        projectNumber: '123456789012',
        serviceAccount: WHO,
      },
      { tokens: this.tokens, tokenSeconds: TOKEN_SECONDS, now: this.#tokenClock },
    );
    const metadata = await startMetadataServer(vm, this.faults);
    const variables = { ...this.#variables(metadata.host), ...options.environment };
    const [command = '', ...args] = options.command?.(variables) ?? [
      'bash',
      join(TASK_IMAGE, 'entrypoint.sh'),
    ];
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, ...variables },
    });
    this.#children.add(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    const exited = new Promise<number>((resolve) => {
      child.once('close', (code) => {
        this.#children.delete(child);
        if (!options.keepOrphans) kill(child, 'SIGKILL');
        void metadata.stop().then(() => resolve(code ?? 137));
      });
    });
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    this.#ends.push(() => exited.then(() => {}));
    return {
      exited,
      log: () => text,
      terminate: () => child.kill('SIGTERM'),
      preempt: () => vm.preempt(),
      vanish: () => kill(child, 'SIGKILL'),
      pid: child.pid ?? 0,
      gone,
      isWaiting: () => childrenOf(child.pid ?? 0).includes('sleep'),
    };
  }

  #variables(metadataHost: string): Record<string, string> {
    return {
      BATCH_TASK_INDEX: '1',
      BATCH_TASK_COUNT: '2',
      BATCH_TASK_RETRY_ATTEMPT: '0',
      FEPCAST_RUN_ID: 'run',
      FEPCAST_JOB: 'job',
      FEPCAST_INDEX: `gs://${RESULTS}/runs/run/jobs/job/index`,
      FEPCAST_INDEX_ROW_BYTES: String(ROW_BYTES),
      FEPCAST_ADAPTER: 'stub',
      FEPCAST_IMAGE: 'image@sha256:0',
      FEPCAST_CHECKPOINT_POLICY: 'periodic',
      FEPCAST_CHECKPOINT_INTERVAL_SECONDS: '10',
      FEPCAST_CHECKPOINT_JITTER_SECONDS: '2',
      FEPCAST_CHECKPOINT_FIRST_PHASE: 'random',
      FEPCAST_FLUSH_ON_NOTICE: '1',
      FEPCAST_STORAGE_ENDPOINT: this.endpoint,
      FEPCAST_TIME_SCALE: '0.01',
      GCE_METADATA_HOST: metadataHost,
      STUB_ENGINE,
      STUB_STEPS: '300',
      STUB_NAP: '0.005',
    };
  }

  /** Runs an attempt to its end. */
  async run(options: AttemptOptions = {}): Promise<{ code: number; log: string }> {
    const attempt = await this.begin(options);
    const code = await attempt.exited;
    return { code, log: attempt.log() };
  }

  /** Runs attempts until one exits with 0; the codes of all. */
  async runToEnd(options: AttemptOptions = {}, most = 10): Promise<number[]> {
    const codes: number[] = [];
    while (codes.at(-1) !== 0 && codes.length < most) codes.push((await this.run(options)).code);
    return codes;
  }

  folderOf(vm: number): string {
    return join(this.folder, `vm-${vm}`);
  }

  /** What lies in the work folder of a VM. */
  filesOf(vm: number): string[] {
    return readdirSync(join(this.folderOf(vm), 'fepcast-task'));
  }

  /** The step of the stub engine on a VM; 0: it does not run. */
  engineStep(vm: number): number {
    const lines = this.#read(vm, 'run/stub.dat').trimEnd().split('\n');
    return Number.parseInt(lines.at(-1) ?? '', 10) || 0;
  }

  /** The names of all files on all VMs. */
  everyFile(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).map((path) => basename(path));
  }

  enginePid(vm: number): number {
    return Number.parseInt(this.#read(vm, 'engine.pid'), 10);
  }

  async sizeOfSlot(name: string): Promise<number> {
    return (await this.get(SCRATCH, this.slot(name)))?.length ?? 0;
  }

  #read(vm: number, name: string): string {
    try {
      return readFileSync(join(this.folderOf(vm), 'fepcast-task', name), 'utf8');
    } catch {
      return '';
    }
  }

  async get(bucket: string, name: string): Promise<Buffer | null> {
    const url = `${this.endpoint}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`;
    const response = await fetch(url, { headers: this.#headers() });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`GET ${name}: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }

  async put(bucket: string, name: string, body: string | Buffer): Promise<void> {
    const url = `${this.endpoint}/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`;
    const response = await fetch(url, {
      method: 'POST',
      headers: this.#headers(),
      body: new Uint8Array(Buffer.from(body)),
    });
    if (!response.ok) throw new Error(`PUT ${name}: ${response.status} ${await response.text()}`);
  }

  async remove(bucket: string, name: string): Promise<void> {
    const url = `${this.endpoint}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
    await fetch(url, { method: 'DELETE', headers: this.#headers() });
  }

  async list(bucket: string, prefix = ''): Promise<string[]> {
    const url = `${this.endpoint}/storage/v1/b/${bucket}/o?prefix=${encodeURIComponent(prefix)}`;
    const response = await fetch(url, { headers: this.#headers() });
    const listed = (await response.json()) as { items?: { name: string }[] };
    return (listed.items ?? []).map(({ name }) => name);
  }

  /** The text of an output; throws where there is none. */
  async output(name: string): Promise<string> {
    const body = await this.get(RESULTS, `tasks/${this.task.key}/${this.task.digest}/out/${name}`);
    if (body === null) throw new Error(`there is no output ${name}`);
    return body.toString();
  }

  async result(): Promise<TaskResult | null> {
    const body = await this.get(RESULTS, resultObject(this.task));
    return body === null ? null : resultSchema.parse(JSON.parse(body.toString()));
  }

  async claim(): Promise<ReturnType<typeof parseClaim>> {
    return parseClaim((await this.get(SCRATCH, claimObject(this.task)))?.toString() ?? '');
  }

  slot(name: string): string {
    return `tasks/${this.task.key}/${this.task.digest}/${name}`;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) kill(child, 'SIGKILL');
    for (const end of this.#ends) await end();
    await this.#http.stop();
    this.#storage.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.tokens.issue(TESTER, 1e9)}` };
  }
}

export interface CloudOptions {
  seed?: string;
  /** Wall seconds after which a token is refused, though it was said to live for an hour. */
  tokensLiveSeconds?: number;
  key?: string;
  /** What the VM's account may do in the store; absent: everything. */
  allows?: (permission: string) => boolean;
  input?: string | Buffer;
}

async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string>,
): Promise<void> {
  request.resume();
  response.writeHead(429, headers).end();
}

/** The process group that a VM is. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

/** The names of a process's children. */
function childrenOf(pid: number): string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children.map((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim());
  } catch {
    return [];
  }
}
