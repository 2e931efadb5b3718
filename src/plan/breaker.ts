/**
 * The circuit breaker: when the attempts of a job end one after another with nothing to show for it, more of them only
 * cost money. Source of the rule: 20 attempts without a checkpoint, and more than half of all.
 */
const FRUITLESS_ATTEMPTS = 20;

/** What became of the attempts of a job, as `exec` counts them (docs/executor.md has the exact meaning). */
export interface AttemptTally {
  /** Ended, and left neither a result nor a checkpoint, although nothing outside excuses it. */
  fruitless: number;
  /** Ended with a result or a checkpoint, or have run for longer than the fruitless ones did. */
  fruitful: number;
}

export function isFruitless({ fruitless, fruitful }: AttemptTally): boolean {
  return fruitless >= FRUITLESS_ATTEMPTS && fruitless > fruitful;
}
