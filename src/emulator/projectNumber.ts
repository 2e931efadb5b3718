import { createHash } from 'node:crypto';

/**
 * The name as Batch writes it in task groups, events and refusals: with the project's number where requests carry
 * its id (nextflow issues 3061, 4225 and 5422).
 */
export function numberedName(name: string): string {
  return name.replace(/^projects\/([^/]+)/, (_, project: string) => `projects/${projectNumber(project)}`);
}

/** A twelve-digit number that belongs to the project id. */
export function projectNumber(project: string): string {
  if (/^\d+$/.test(project)) return project;
  const digest = createHash('sha256').update(project).digest();
  return String(100_000_000_000 + (digest.readUIntBE(0, 6) % 900_000_000_000));
}
