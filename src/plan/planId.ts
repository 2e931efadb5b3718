import { createHash } from 'node:crypto';
import { canonicalJson } from '../scenario/canonical.js';
import type { Plan } from './plan.js';

/**
 * The name of a set of decisions: `p` and 12 hex digits over everything that is executed. What the plan merely
 * reports (live inputs, forecast, alternatives, findings) has no part in it, and the scenario only by its hash.
 */
export function planIdOf(plan: Omit<Plan, 'id'> & { id?: string }): string {
  const {
    id: _id,
    // A part of the scenario, and of its hash.
    work: _work,
    live: _live,
    forecast: _forecast,
    alternatives: _alternatives,
    findings: _findings,
    ...decisions
  } = plan;
  const { name, sha256 } = plan.scenario;
  const hash = createHash('sha256').update(canonicalJson({ ...decisions, scenario: { name, sha256 } }));
  return `p${hash.digest('hex').slice(0, 12)}`;
}
