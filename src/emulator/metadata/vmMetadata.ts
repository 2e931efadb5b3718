import type { TokenStore } from '../tokens.js';
import type { MetadataFolder, MetadataNode } from './metadataTree.js';

/** What a VM knows about itself. */
export interface VmIdentity {
  name: string;
  /** Compute Engine's numeric id, as text: it may exceed what a double holds. */
  id: string;
  zone: string;
  machineType: string;
  project: string;
  /** Twelve digits. */
  projectNumber: string;
  serviceAccount: string;
}

/** Source: https://docs.cloud.google.com/compute/docs/access/service-accounts#scopes_best_practice */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/**
 * The metadata server hands out one token until less than this is left of it.
 * Source: https://docs.cloud.google.com/compute/docs/access/authenticate-workloads
 */
const TOKEN_CACHED_UNTIL_SECONDS = 300;

/** One VM's metadata; `preempted` changes, and whoever waits is told. */
export class VmMetadata {
  readonly root: MetadataFolder;
  readonly #vm: VmIdentity;
  readonly #tokens: TokenStore;
  readonly #tokenSeconds: number;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();
  #preempted = false;
  #token: { token: string; expiresAt: number } | null = null;

  /** `now`: the seconds that `tokens` counts by. `tokenSeconds`: lifetime of a token. */
  constructor(vm: VmIdentity, options: { tokens: TokenStore; tokenSeconds: number; now: () => number }) {
    this.#vm = vm;
    this.#tokens = options.tokens;
    this.#tokenSeconds = options.tokenSeconds;
    this.#now = options.now;
    this.root = this.#tree();
  }

  preempt(): void {
    this.#preempted = true;
    const told = [...this.#waiting];
    this.#waiting.clear();
    for (const tell of told) tell();
  }

  /** Settles at the next change, or when `over` says that nobody waits for it any more. */
  async nextChange(over: AbortSignal): Promise<void> {
    if (over.aborted) return;
    await new Promise<void>((resolve) => {
      const tell = (): void => {
        over.removeEventListener('abort', tell);
        this.#waiting.delete(tell);
        resolve();
      };
      this.#waiting.add(tell);
      over.addEventListener('abort', tell);
    });
  }

  #tree(): MetadataFolder {
    const vm = this.#vm;
    const account = folder({
      aliases: leaf(['default']),
      email: leaf(vm.serviceAccount),
      scopes: leaf(SCOPES),
      token: { value: () => this.#currentToken(), hidden: true, json: true },
    });
    return folder({
      instance: folder({
        attributes: folder({}),
        hostname: leaf(`${vm.name}.${vm.zone}.c.${vm.project}.internal`),
        id: leaf(vm.id),
        'machine-type': leaf(`projects/${vm.projectNumber}/machineTypes/${vm.machineType}`),
        name: leaf(vm.name),
        preempted: { value: () => (this.#preempted ? 'TRUE' : 'FALSE') },
        'service-accounts': folder({ default: account, [vm.serviceAccount]: account }),
        zone: leaf(`projects/${vm.projectNumber}/zones/${vm.zone}`),
      }),
      project: folder({
        attributes: folder({}),
        'numeric-project-id': leaf(vm.projectNumber),
        'project-id': leaf(vm.project),
      }),
      universe: folder({ 'universe-domain': leaf('googleapis.com') }),
    });
  }

  #currentToken(): { access_token: string; expires_in: number; token_type: 'Bearer' } {
    const now = this.#now();
    if (this.#token === null || this.#token.expiresAt - now < TOKEN_CACHED_UNTIL_SECONDS) {
      const token = this.#tokens.issue(this.#vm.serviceAccount, this.#tokenSeconds);
      this.#token = { token, expiresAt: now + this.#tokenSeconds };
    }
    const { token, expiresAt } = this.#token;
    return { access_token: token, expires_in: Math.floor(expiresAt - now), token_type: 'Bearer' };
  }
}

function leaf(value: string | string[]): MetadataNode {
  return { value: () => value };
}

function folder(nodes: Record<string, MetadataNode>): MetadataFolder {
  return new Map(Object.entries(nodes));
}
