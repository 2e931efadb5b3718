interface Sleeper {
  at: number;
  /** Sleepers of one instant wake in the order in which they came. */
  number: number;
  wake: () => void;
}

/**
 * Wall time that passes only while everybody sleeps: whoever sleeps until the earliest instant is woken, and what
 * that sets going has come to rest before the next one is. Seconds from 0.
 */
export class VirtualTime {
  seconds = 0;
  #sleepers: Sleeper[] = [];
  #count = 0;
  #isRunning = false;
  #onStandstill: () => void = () => {};

  sleep(seconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#count += 1;
      this.#sleepers.push({ at: this.seconds + Math.max(0, seconds), number: this.#count, wake });
      if (this.#isRunning) return;
      this.#isRunning = true;
      setImmediate(() => this.#step());
    });
  }

  /** The outcome of the work; an error when nobody sleeps any more and it is not done: it never would be. */
  async until<T>(work: Promise<T>): Promise<T> {
    const standstill = new Promise<never>((_, reject) => {
      this.#onStandstill = () => reject(new Error(`nothing happens any more at ${this.seconds} s`));
    });
    return Promise.race([work, standstill]);
  }

  /** From an immediate: all promises that could go on have gone on. */
  #step(): void {
    let first: Sleeper | undefined;
    for (const one of this.#sleepers) {
      if (!first || one.at < first.at || (one.at === first.at && one.number < first.number)) first = one;
    }
    if (first === undefined) {
      this.#isRunning = false;
      this.#onStandstill();
      return;
    }
    this.#sleepers.splice(this.#sleepers.indexOf(first), 1);
    this.seconds = Math.max(this.seconds, first.at);
    first.wake();
    setImmediate(() => this.#step());
  }
}
