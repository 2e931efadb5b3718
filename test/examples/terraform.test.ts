import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { neededApis } from '../../src/exec/preflight/needs.js';
import { parameters } from '../../src/scenario/parameterTable.js';
import { blocksOf } from '../docs/markdown.js';
import { realPlan } from '../exec/realProject.js';
import { hclBlocks } from './hcl.js';

const FOLDER = fileURLToPath(new URL('../../examples/terraform', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.tf'));
const blocks = FILES.flatMap((name) => hclBlocks(readFileSync(join(FOLDER, name), 'utf8')));
const resources = blocks.filter(({ kind }) => kind === 'resource');

const guide = readFileSync(new URL('../../docs/real-project.md', import.meta.url), 'utf8');
/** Sections 2 to 6 of the guide, which the example stands for. */
const shell = blocksOf(guide.slice(guide.indexOf('## 2.'), guide.indexOf('## 7.')))
  .map(({ code }) => code.replaceAll(/\\\n\s*/g, ' '))
  .join('\n');

const hasTerraform = spawnSync('terraform', ['version']).status === 0;

/** Values of the list that a local names. */
function listOf(name: string): string[] {
  const body = blocks
    .filter(({ kind }) => kind === 'locals')
    .map((block) => block.body)
    .join('\n');
  const text = new RegExp(`\\b${name}\\s*=\\s*\\[([^\\]]*)\\]`).exec(body)?.[1];
  if (text === undefined) throw new Error(`no list ${name}`);
  return [...text.matchAll(/"([^"]+)"/g)].map(([, value]) => value ?? '').sort();
}

/** `attribute = "value"` of a resource. */
function attributeOf(type: string, name: string, attribute: string): string {
  const body = resources.find(({ labels }) => labels[0] === type && labels[1] === name)?.body ?? '';
  const value = new RegExp(`^\\s*${attribute}\\s*=\\s*"?([^"\\n]+?)"?\\s*$`, 'm').exec(body)?.[1];
  if (value === undefined) throw new Error(`${type}.${name} has no ${attribute}`);
  return value;
}

/** Roles that a loop of the guide gives to an account on the project. */
function projectRoles(account: string): string[] {
  const loop = new RegExp(
    `for ROLE in ([^;]+); do\\n[^\\n]*add-iam-policy-binding "\\$PROJECT"[^\\n]*\\$${account}"`,
  );
  const roles = loop.exec(shell)?.[1]?.split(' ');
  if (roles === undefined) throw new Error(`the guide gives no roles to ${account}`);
  return roles.map((role) => `roles/${role}`).sort();
}

/** `ACCOUNT role kinds of buckets`, as the guide gives them. */
function bucketRolesOfGuide(): string[] {
  const inBoth = /for BUCKET in ([^;]+); do\n([\s\S]*?)\n {2}done/.exec(shell);
  const kinds = [...(inBoth?.[1] ?? '').matchAll(/-(scratch|results)-/g)].map(([, kind]) => kind ?? '');
  return [...shell.matchAll(/\bmay "([^"]+)" "\$([A-Z]+)" ([A-Za-z.]+)/g)]
    .flatMap(([, bucket = '', account = '', role = '']) => {
      const which = bucket === '$BUCKET' ? kinds : [/scratch|results|state/.exec(bucket)?.[0] ?? ''];
      return which.map((kind) => `${account.toLowerCase()} roles/${role} ${kind}`);
    })
    .sort();
}

function bucketRolesOfTerraform(): string[] {
  return resources
    .filter(({ labels }) => labels[0] === 'google_storage_bucket_iam_member')
    .flatMap(({ labels, body }) => {
      const role = attributeOf('google_storage_bucket_iam_member', labels[1] ?? '', 'role');
      const account = /google_service_account\.([a-z]+)\.member/.exec(body)?.[1] ?? '';
      const kinds = [...(/for_each = merge\(([^)]*)\)/.exec(body)?.[1] ?? '').matchAll(/local\.([a-z]+)/g)];
      return kinds.map(([, kind]) => `${account} ${role} ${kind}`);
    })
    .sort();
}

describe('examples/terraform', () => {
  it('makes the kinds of resources that the guide makes, and no others', () => {
    const made = [
      ['google_project_service', 'gcloud services enable'],
      ['google_service_account', 'gcloud iam service-accounts create'],
      ['google_project_iam_member', 'gcloud projects add-iam-policy-binding'],
      ['google_service_account_iam_member', 'gcloud iam service-accounts add-iam-policy-binding'],
      ['google_compute_network', 'gcloud compute networks create'],
      ['google_compute_subnetwork', 'gcloud compute networks subnets create'],
      ['google_storage_bucket', 'gcloud storage buckets create'],
      ['google_storage_bucket_iam_member', 'gcloud storage buckets add-iam-policy-binding'],
      ['google_artifact_registry_repository', 'gcloud artifacts repositories create'],
    ] as const;
    expect([...new Set(resources.map(({ labels }) => labels[0]))].sort()).toEqual(
      made.map(([type]) => type).sort(),
    );
    for (const [, command] of made) expect(shell).toContain(command);
  });

  it('enables the APIs of the guide, with all that a plan needs', () => {
    const apis = [
      ...(/gcloud services enable ([^\n]*)/.exec(shell)?.[1] ?? '').matchAll(/[a-z]+\.googleapis\.com/g),
    ]
      .map(([api]) => api)
      .sort();
    // The mail alert is the guide's alone.
    expect(listOf('apis')).toEqual(apis.filter((api) => api !== 'billingbudgets.googleapis.com'));
    const needed = neededApis(realPlan());
    expect(needed).toContain('artifactregistry.googleapis.com');
    expect(needed.filter((api) => !apis.includes(api))).toEqual([]);
  });

  it('gives the roles of the guide to the accounts of the guide', () => {
    expect(listOf('submitter_roles')).toEqual(projectRoles('SUBMITTER'));
    expect(listOf('runner_roles')).toEqual(projectRoles('RUNNER'));
    expect(listOf('viewer_roles')).toEqual(projectRoles('VIEWER'));
    for (const account of ['submitter', 'runner', 'viewer']) {
      expect(shell).toContain(
        `service-accounts create ${attributeOf('google_service_account', account, 'account_id')} `,
      );
    }
    expect(shell).toMatch(
      /add-iam-policy-binding "\$RUNNER" --member="serviceAccount:\$SUBMITTER" --role=roles\/iam\.serviceAccountUser/,
    );
    expect(attributeOf('google_service_account_iam_member', 'act_as', 'role')).toBe(
      'roles/iam.serviceAccountUser',
    );
    expect(attributeOf('google_service_account_iam_member', 'people', 'role')).toBe(
      'roles/iam.serviceAccountTokenCreator',
    );
    expect(attributeOf('google_service_account_iam_member', 'onlookers', 'role')).toBe(
      'roles/iam.serviceAccountTokenCreator',
    );
    expect(shell).toMatch(
      /for ACCOUNT in "\$SUBMITTER" "\$VIEWER"; do\n[^\n]*"\$ACCOUNT" [^\n]*--role=roles\/iam\.serviceAccountTokenCreator/,
    );
  });

  it('makes nothing of its own before the APIs are on', () => {
    for (const { labels, body } of resources) {
      const [type = '', name = ''] = labels;
      if (type === 'google_project_service') continue;
      // What refers to another resource waits for that one; the rest must say for what it waits.
      const waits = /\b(?:google_[a-z_]+\.[a-z_]+|local\.(?:scratch|results|state))\b/.test(body);
      expect(waits, `${type}.${name}`).toBe(true);
    }
  });

  it('gives the same roles on the same buckets as the guide', () => {
    const roles = bucketRolesOfTerraform();
    expect(roles).toHaveLength(11);
    expect(roles).toEqual(bucketRolesOfGuide());
  });

  it('gives nobody a role that may do everything, on the project or anywhere', () => {
    const all = [...`${shell}\n${blocks.map(({ body }) => body).join('\n')}`.matchAll(/roles\/[A-Za-z.]+/g)];
    expect(all.length).toBeGreaterThan(15);
    const wide = /^roles\/(?:owner|editor|viewer)$|[aA]dmin|\*|allUsers/;
    expect(all.map(([role]) => role).filter((role) => wide.test(role))).toEqual([]);
    expect(shell).not.toMatch(/allUsers|allAuthenticatedUsers/);
    // Who runs jobs as somebody else may do so as the runner alone.
    expect([...listOf('submitter_roles'), ...projectRoles('SUBMITTER')].join()).not.toContain(
      'serviceAccountUser',
    );
  });

  it('names and sets up buckets, network and repositories as the guide does', () => {
    const asGuide = (text: string): string =>
      text.replaceAll('$' + '{var.project}', '$PROJECT').replaceAll('$' + '{each.key}', '$REGION');
    for (const kind of ['scratch', 'results', 'state']) {
      const name = asGuide(attributeOf('google_storage_bucket', kind, 'name'));
      expect(shell).toContain(`gcloud storage buckets create "gs://${name}"`);
    }
    expect(attributeOf('google_storage_bucket', 'scratch', 'retention_duration_seconds')).toBe('0');
    expect(shell).toMatch(/scratch-\$REGION" [^\n]*--soft-delete-duration=0/);
    expect(attributeOf('google_storage_bucket', 'scratch', 'age')).toBe('30');
    expect(shell).toContain('"condition":{"age":30}');
    expect(attributeOf('google_compute_subnetwork', 'fep', 'private_ip_google_access')).toBe('true');
    expect(shell).toContain('--enable-private-ip-google-access');
    const repository = attributeOf('google_artifact_registry_repository', 'fepcast', 'repository_id');
    expect(shell).toContain(`gcloud artifacts repositories create ${repository} `);
  });

  it('prints a cloud section whose keys a scenario has', () => {
    const output = blocks.find(({ kind, labels }) => kind === 'output' && labels[0] === 'cloud')?.body ?? '';
    const keys = [...output.matchAll(/^\s*([a-z][A-Za-z]+)\s*=/gm)].map(([, key]) => key ?? '');
    const own = ['description', 'value', 'cloud', 'regions'];
    const known = parameters().map(({ path }) => path);
    const inRegion = ['subnetwork', 'scratchBucket', 'resultsBucket', 'imageUri'];
    expect(keys.filter((key) => !own.includes(key)).sort()).toEqual(
      ['project', 'serviceAccount', 'state', ...inRegion].sort(),
    );
    for (const key of inRegion) expect(known).toContain(`cloud.regions.*.${key}`);
    for (const key of ['project', 'serviceAccount', 'state']) expect(known).toContain(`cloud.${key}`);
  });

  it('uses every variable, and none that it does not declare', () => {
    const declared = blocks.filter(({ kind }) => kind === 'variable').map(({ labels }) => labels[0]);
    const text = blocks.map(({ body }) => body).join('\n');
    const used = new Set([...text.matchAll(/\bvar\.([a-z_]+)/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual([...declared].sort());
    for (const [, type, name] of text.matchAll(/\b(google_[a-z_]+)\.([a-z_]+)\b/g)) {
      expect(resources.map(({ labels }) => labels)).toContainEqual([type, name]);
    }
  });

  it.skipIf(!hasTerraform)('is formatted and parses (skipped without terraform)', () => {
    const { status, stdout, stderr } = spawnSync('terraform', ['fmt', '-check', '-diff', FOLDER], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr: status === 0 ? '' : stderr }).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  const plugins = join(homedir(), '.terraform.d/plugins');
  it.skipIf(!hasTerraform || !existsSync(plugins))(
    'validates (skipped without terraform and its provider on this machine: nothing is downloaded)',
    () => {
      const copy = mkdtempSync(join(tmpdir(), 'fepcast-terraform-'));
      try {
        for (const name of FILES) cpSync(join(FOLDER, name), join(copy, name));
        const terraform = (...args: string[]) =>
          spawnSync('terraform', args, { cwd: copy, encoding: 'utf8' });
        const init = terraform('init', '-backend=false', `-plugin-dir=${plugins}`);
        expect(init.status, init.stderr).toBe(0);
        const validate = terraform('validate');
        expect(validate.status, validate.stderr).toBe(0);
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    },
  );
});
