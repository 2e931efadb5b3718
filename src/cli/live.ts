import { findCredentials } from '../exec/credentials.js';
import { readLiveInputs, withLiveInputs } from '../exec/live/liveInputs.js';
import { connectEmulatorServices, connectGoogleServices } from '../exec/preflight/connect.js';
import type { LiveStamp } from '../plan/liveStamp.js';
import { inputError } from '../scenario/errors.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Output } from './output.js';

export interface LiveOptions {
  live?: boolean;
  project?: string;
  /** HTTP port of an emulator to ask instead of Google. */
  emulator?: number;
}

/**
 * With `--live` the scenario with today's free quota and list prices, and the stamp that says so; without it the
 * scenario as it is. What cannot be read stays as the scenario has it, with a warning on stderr.
 */
export async function liveScenario(
  scenario: Scenario,
  options: LiveOptions,
  output: Output,
): Promise<{ scenario: Scenario; stamp: LiveStamp | null }> {
  if (!options.live) {
    const flag = options.emulator === undefined ? '--project' : '--emulator';
    const given = options.emulator ?? options.project;
    if (given !== undefined)
      throw inputError({ path: flag, found: `"${given}"`, expected: '--live with it' });
    return { scenario, stamp: null };
  }
  const project = options.project ?? scenario.cloud?.project ?? null;
  if (project === null) {
    const expected = "--project, or the scenario's cloud.project";
    throw inputError({ path: '--live', found: 'no project to ask for its quotas', expected });
  }
  const services =
    options.emulator === undefined
      ? connectGoogleServices({ project, authClient: await findCredentials() })
      : await connectEmulatorServices({ project, httpPort: options.emulator });
  const { stamp, warnings } = await readLiveInputs(scenario, { services, project, at: Date.now() / 1000 });
  for (const warning of warnings) output.note(`warning: ${warning}`);
  return { scenario: withLiveInputs(scenario, stamp), stamp };
}

/** "us-central1: 360 Spot GPUs free (36 in use), 0.397 USD/h Spot, obtainability 0.6" */
export function liveLines({ at, regions }: LiveStamp): string[] {
  const lines = Object.entries(regions).map(([region, { quota, used, price, obtainability }]) => {
    const parts = [
      quota === null
        ? 'quota as in the scenario'
        : `${quota.spotGpus} Spot GPUs free (${used?.spotGpus ?? 0} in use)`,
      price === null ? 'prices as in the scenario' : `${price.spotUsdPerHour.toFixed(3)} USD/h Spot`,
      ...(obtainability === null ? [] : [`obtainability ${obtainability.toFixed(1)}`]),
    ];
    return `  ${region}: ${parts.join(', ')}`;
  });
  return [`Live, ${at.slice(0, 16).replace('T', ' ')} UTC:`, ...lines];
}
