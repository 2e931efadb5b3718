import { inputError } from '../../scenario/errors.js';
import { misfitOf, readSettingsFile } from '../settingsFile.js';
import { type ProjectTrouble, projectTroubleSchema } from './project.js';

/** Reads what is wrong with a project that is to be played: YAML or JSON. Throws an InputError for anything else. */
export function readProjectFile(file: string): ProjectTrouble {
  const value = readSettingsFile(file, 'the description of a project (YAML or JSON)');
  const parsed = projectTroubleSchema.safeParse(value ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw inputError({ file, ...misfitOf(parsed.error) });
}
