import { setTimeout as wait } from 'node:timers/promises';
import type { Attempt } from './cloud.js';

/** Waits for a condition; fails when the attempt ends before. */
export async function until(condition: () => boolean | Promise<boolean>, attempt: Attempt): Promise<void> {
  let ended = false;
  void attempt.exited.then(() => {
    ended = true;
  });
  while (!(await condition())) {
    if (ended) throw new Error(`the attempt ended before what was waited for:\n${attempt.log()}`);
    await wait(5);
  }
}
