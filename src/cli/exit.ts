/** What the process ends with; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  /** The campaign or a check failed. */
  failed: 1,
  /** Bad usage or a bad input file. */
  usage: 2,
  /** A guard stopped it: findings, budget, deadline. */
  guard: 3,
  /** No credentials, or not permitted. */
  credentials: 4,
  /** Ctrl-C; the same command goes on. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a sentence for the user and an exit code of its own. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * The exit code that belongs to an error of any layer. Errors are told apart by name, so that `--help` and
 * `simulate` need not load the Google clients only to know their error classes.
 */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof Error)) return EXIT.failed;
  if (error.name === 'InputError') return EXIT.usage;
  if (error.name === 'CanaryError') return EXIT.guard;
  if (error.name === 'CredentialsError') return EXIT.credentials;
  if (error.name === 'AbortError') return EXIT.interrupted;
  const kind = 'kind' in error ? error.kind : undefined;
  return kind === 'PERMISSION_DENIED' || kind === 'UNAUTHENTICATED' ? EXIT.credentials : EXIT.failed;
}
