import type { Outcome } from '../plan/forecast.js';
import type { Journal } from '../plan/journal.js';
import { readJobSpec } from '../plan/readJob.js';
import { HORIZON_SECONDS } from './world/outcome.js';
import { World } from './world/world.js';

/**
 * What an emulator's journal amounts to: its commands, at their campaign times, in a World of the same scenario
 * and seed. The outcome equals the emulator's own to the last bit.
 */
export function replayJournal(journal: Journal): Outcome {
  const { header } = journal;
  const scenario = header.scenario.resolved;
  const world = new World(scenario, header.seed);
  const jobs = new Map<string, number>();
  for (const command of journal.commands) {
    world.advance(command.t);
    if (command.command === 'fault') world.order(command.fault);
    if (command.command === 'end') {
      world.endAttempt(command.jobNumber, command.task, command.exitCode);
      continue;
    }
    if (!('jobId' in command)) continue;
    const name = `${command.project}/${command.region}/${command.jobId}`;
    if (command.command === 'submit') {
      const spec = readJobSpec(command.job, command.region, command.jobId, scenario);
      jobs.set(name, world.submit(header.tasks === 'local' ? { ...spec, external: true } : spec));
    } else {
      // Deleting a job ends it like cancelling it.
      const job = jobs.get(name);
      if (job !== undefined) world.cancel(job);
    }
  }
  while (world.jobs.some((job) => !job.isFinal) && world.now < HORIZON_SECONDS) {
    world.advanceToChange(HORIZON_SECONDS);
  }
  return world.outcome();
}
