import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  ACT_AS,
  accountRoles,
  BUCKET_PERMISSIONS,
  PROJECT_PERMISSIONS,
} from '../../src/exec/preflight/needs.js';
import { realPlan } from '../exec/realProject.js';
import { blocksOf } from './markdown.js';

const guide = readFileSync(new URL('../../docs/real-project.md', import.meta.url), 'utf8');
const shell = blocksOf(guide)
  .map(({ code }) => code.replaceAll(/\\\n\s*/g, ' '))
  .join('\n');

/**
 * What a role holds, as far as fepcast uses it.
 * Source: https://docs.cloud.google.com/iam/docs/roles-permissions, the pages batch, browser, compute, serviceusage,
 * artifactregistry, iam, logging and https://docs.cloud.google.com/storage/docs/access-control/iam-roles
 */
const HOLDS: Record<string, readonly string[]> = {
  'artifactregistry.reader': [
    'artifactregistry.dockerimages.get',
    'artifactregistry.tags.get',
    'artifactregistry.repositories.downloadArtifacts',
  ],
  'batch.jobsEditor': [
    'batch.jobs.create',
    'batch.jobs.delete',
    'batch.jobs.get',
    'batch.jobs.list',
    'batch.tasks.list',
  ],
  'batch.jobsViewer': ['batch.jobs.get', 'batch.jobs.list', 'batch.tasks.list'],
  'batch.agentReporter': ['batch.states.report'],
  browser: ['resourcemanager.projects.get', 'resourcemanager.projects.getIamPolicy'],
  'compute.viewer': [
    'compute.projects.get',
    'compute.regions.get',
    'compute.routers.list',
    'compute.subnetworks.get',
  ],
  'iam.serviceAccountUser': ['iam.serviceAccounts.actAs'],
  'logging.logWriter': ['logging.logEntries.create'],
  'logging.viewer': ['logging.logEntries.list'],
  'serviceusage.serviceUsageViewer': ['serviceusage.services.get'],
  'storage.legacyBucketReader': ['storage.buckets.get', 'storage.objects.list'],
  'storage.objectUser': [
    'storage.objects.create',
    'storage.objects.delete',
    'storage.objects.get',
    'storage.objects.list',
  ],
  'storage.objectViewer': ['storage.objects.get', 'storage.objects.list'],
};

/** Permissions of the preflight's own reads, beside those that it asks for by name. */
const PREFLIGHT_READS = [
  'artifactregistry.dockerimages.get',
  'artifactregistry.tags.get',
  'compute.projects.get',
  'compute.routers.list',
  'compute.subnetworks.get',
  'resourcemanager.projects.get',
  'resourcemanager.projects.getIamPolicy',
  'serviceusage.services.get',
];

function rolesOnProject(account: string): string[] {
  const loop = new RegExp(`for ROLE in ([^;]+); do\\n[^\\n]*\\$${account}" --role="roles/\\$ROLE"`);
  return loop.exec(shell)?.[1]?.split(' ') ?? [];
}

function rolesOnBuckets(account: string): string[] {
  return [...shell.matchAll(/\bmay "[^"]+" "\$([A-Z]+)" ([A-Za-z.]+)/g)]
    .filter(([, who]) => who === account)
    .map(([, , role]) => role ?? '');
}

function permissionsOf(roles: readonly string[]): Set<string> {
  for (const role of roles) expect(Object.keys(HOLDS)).toContain(role);
  return new Set(roles.flatMap((role) => HOLDS[role] ?? []));
}

describe('the roles of docs/real-project.md', () => {
  it.each([
    ['submitter', 'project', rolesOnProject('SUBMITTER'), [...PROJECT_PERMISSIONS, ...PREFLIGHT_READS]],
    ['submitter', 'buckets', rolesOnBuckets('SUBMITTER'), [...BUCKET_PERMISSIONS, 'storage.buckets.get']],
    ['viewer', 'project', rolesOnProject('VIEWER'), ['batch.jobs.get', 'batch.tasks.list']],
    ['viewer', 'buckets', rolesOnBuckets('VIEWER'), ['storage.objects.get', 'storage.objects.list']],
    ['runner', 'buckets', rolesOnBuckets('RUNNER'), BUCKET_PERMISSIONS],
  ])('let the %s do on the %s what it does', (_, __, roles, needed) => {
    const held = permissionsOf(roles);
    expect(needed.filter((permission) => !held.has(permission))).toEqual([]);
  });

  it('are none that is needed for nothing', () => {
    const submitter = new Set([...PROJECT_PERMISSIONS, ...PREFLIGHT_READS]);
    for (const role of rolesOnProject('SUBMITTER')) {
      expect(
        HOLDS[role]?.some((permission) => submitter.has(permission)),
        role,
      ).toBe(true);
    }
    expect(rolesOnProject('RUNNER').map((role) => `roles/${role}`)).toEqual(
      expect.arrayContaining(accountRoles(realPlan())),
    );
    expect(rolesOnProject('RUNNER')).toHaveLength(accountRoles(realPlan()).length);
  });

  it('let the submitter act as the runner, and as nobody else', () => {
    const acting = [...shell.matchAll(/[^\n]*roles\/iam\.serviceAccountUser/g)].map(([line]) => line);
    expect(acting).toHaveLength(1);
    expect(acting[0]).toContain('add-iam-policy-binding "$RUNNER" --member="serviceAccount:$SUBMITTER"');
    expect(HOLDS['iam.serviceAccountUser']).toContain(ACT_AS);
  });

  it('are each explained in the table', () => {
    const granted = ['SUBMITTER', 'RUNNER', 'VIEWER'].flatMap((account) => [
      ...rolesOnProject(account),
      ...rolesOnBuckets(account),
    ]);
    expect(granted.length).toBeGreaterThan(15);
    for (const role of granted) expect(guide).toContain(`\`${role}\``);
  });
});
