import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../plan/clock.js';
import { getJson, numberField, record } from './httpJson.js';

/** No sleep is shorter, however fast the campaign's clock runs. Wall milliseconds. */
const SHORTEST_SLEEP_MS = 20;
/** setTimeout takes no more than 2^31 - 1 ms (24.8 days). */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** Campaign time is wall time: a run on Google Cloud. */
export function wallClock(): Clock {
  return {
    now: async () => Date.now() / 1000,
    sleep: (seconds, signal) => pause(seconds * 1000, signal),
  };
}

/** The clock of a running emulator, read over its HTTP face. Throws what the request throws when it is gone. */
export function emulatorClock({ httpPort }: { httpPort: number }): Clock {
  const read = async (): Promise<{ now: number; speed: number; started: boolean }> => {
    const url = `http://127.0.0.1:${httpPort}/emulator/v1/clock`;
    const answer = record(await getJson(url), url);
    return {
      now: numberField(answer, 'epochSeconds', url) + numberField(answer, 'campaignSeconds', url),
      speed: numberField(answer, 'speed', url),
      started: answer.started === true,
    };
  };
  return {
    now: async () => (await read()).now,
    async sleep(seconds, signal) {
      const first = await read();
      await pause((seconds / first.speed) * 1000, signal);
      // Campaign time stands still until the first job is accepted; waiting for it would last for ever.
      if (!first.started) return;
      // It also stands still while requests are answered, so the wall wait may have been too short.
      const end = first.now + seconds;
      for (let clock = await read(); clock.now < end; clock = await read()) {
        await pause(((end - clock.now) / clock.speed) * 1000, signal);
      }
    },
  };
}

/** Waits on the wall clock; rejects with an AbortError when the signal aborts. */
async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const bounded = Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, milliseconds));
  await wait(bounded, undefined, signal ? { signal } : {});
}
