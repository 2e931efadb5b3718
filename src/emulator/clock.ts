/**
 * The scaled clock of a rehearsal: campaign time is `base + (wall - wallBase) x speed`. It stands at 0 until
 * started, and stands still while frozen, so that the work of answering costs the campaign nothing.
 */
export class ScaledClock {
  /** Campaign seconds per wall second. */
  readonly speed: number;
  /** Campaign second 0, in whole seconds since the Unix epoch. */
  readonly epochSeconds: number;
  readonly #wallNow: () => number;
  #base = 0;
  #wallBase = 0;
  #freezes = 0;
  #started = false;

  /** `wallNow`: wall seconds from any fixed point, never going back. */
  constructor(options: { speed: number; epochSeconds: number; wallNow: () => number }) {
    this.speed = options.speed;
    this.epochSeconds = options.epochSeconds;
    this.#wallNow = options.wallNow;
  }

  get started(): boolean {
    return this.#started;
  }

  /** Campaign seconds. */
  now(): number {
    if (!this.#started || this.#freezes > 0) return this.#base;
    return this.#base + (this.#wallNow() - this.#wallBase) * this.speed;
  }

  /** Lets time run from where it stands; without effect when it runs already. */
  start(): void {
    if (this.#started) return;
    this.#wallBase = this.#wallNow();
    this.#started = true;
  }

  /** Runs `work` while time stands still. Several may overlap. */
  frozen<T>(work: () => T): T {
    this.#base = this.now();
    this.#freezes += 1;
    try {
      return work();
    } finally {
      this.#freezes -= 1;
      this.#wallBase = this.#wallNow();
    }
  }

  /** After a restart: time goes on from `seconds`. */
  resumeAt(seconds: number): void {
    this.#base = seconds;
    this.#wallBase = this.#wallNow();
    this.#started = true;
  }
}
