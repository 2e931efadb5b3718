import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { inputError } from '../../scenario/errors.js';
import { type ProjectTrouble, projectTroubleSchema } from './project.js';

/** Reads what is wrong with a project that is to be played: YAML or JSON. Throws an InputError for anything else. */
export function readProjectFile(file: string): ProjectTrouble {
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    throw inputError({
      file,
      found: reason(error),
      expected: 'a YAML or JSON file that describes a project',
    });
  }
  const parsed = projectTroubleSchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw inputError({
    file,
    path: issue?.path.map(String).join('.') ?? '',
    found: issue?.message ?? 'something else',
    expected: 'a project as docs/emulator.md describes it',
  });
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'no such file';
  return error.message.split('\n')[0] ?? '';
}
