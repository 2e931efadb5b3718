/**
 * Bad input from a person: one sentence with the file, the path inside it, what was found and what would be
 * accepted. The command line prints the message and ends with exit code 2, without a stack trace.
 */
export class InputError extends Error {
  override name = 'InputError';
}

/** "scenarios/x.yaml: regions.us-central1.quota.spotGpus: found -5, expected a whole number of at least 0" */
export function inputError(where: {
  file?: string;
  path?: string;
  found: string;
  expected: string;
}): InputError {
  const place = [where.file, where.path].filter((part) => part !== undefined && part !== '').join(': ');
  return new InputError(
    `${place === '' ? '' : `${place}: `}found ${where.found}, expected ${where.expected}`,
  );
}
