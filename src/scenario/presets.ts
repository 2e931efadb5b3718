import { isMap } from './paths.js';
import type { Decisions, Strategy } from './scenario.js';

interface Preset {
  checkpoint: Pick<Decisions['checkpoint'], 'policy'>;
  waves: Decisions['waves'];
}

const ONE_ARRAY: Preset['waves'] = { size: 'all', start: 'drained' };

/** What a strategy stands for. Interval, jitter and first phase have the same defaults in all of them. */
export const PRESETS: Readonly<Record<Strategy, Preset>> = {
  retry: { checkpoint: { policy: 'none' }, waves: ONE_ARRAY },
  checkpoint: { checkpoint: { policy: 'periodic' }, waves: ONE_ARRAY },
  rolling: { checkpoint: { policy: 'periodic' }, waves: { size: 50, start: 'finished' } },
};

/** The scenario run by that strategy: its preset in place of what the scenario says of policy and waves. */
export function withStrategy<S extends { decisions: Decisions }>(scenario: S, strategy: Strategy): S {
  const { decisions } = scenario;
  const { checkpoint, waves } = PRESETS[strategy];
  return {
    ...scenario,
    decisions: {
      ...decisions,
      strategy,
      checkpoint: { ...decisions.checkpoint, ...checkpoint },
      waves: { ...waves },
    },
  };
}

/** YAML in which the keys of its strategy's preset are filled in where they are absent. */
export function fillPreset(yaml: Record<string, unknown>): Record<string, unknown> {
  const decisions = yaml.decisions ?? {};
  if (!isMap(decisions)) return yaml;
  const { strategy } = decisions;
  if (typeof strategy !== 'string' || !Object.hasOwn(PRESETS, strategy)) return yaml;
  const { checkpoint, waves } = PRESETS[strategy as Strategy];
  return {
    ...yaml,
    decisions: {
      ...decisions,
      checkpoint: under(decisions.checkpoint, checkpoint),
      waves: under(decisions.waves, waves),
    },
  };
}

/** What is no map stays as it is, for the schema to complain about. */
function under(given: unknown, defaults: object): unknown {
  if (given === undefined) return { ...defaults };
  return isMap(given) ? { ...defaults, ...given } : given;
}
