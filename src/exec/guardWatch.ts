import type { Plan } from '../plan/plan.js';

/** Share of the budget at which the first warning comes. */
const NEAR = 0.8;

/**
 * Warns once when a run comes near its budget, when it passes it, and when it passes its deadline. This version
 * only warns, whatever `guard.onBudget` and `guard.onDeadline` say; lint says so too.
 */
export class GuardWatch {
  private readonly guard: Plan['guard'];
  private readonly said = new Set<string>();

  constructor(plan: Plan) {
    this.guard = plan.guard;
  }

  /** The warnings that are due now and were not given before. */
  look(spentUsd: number | null, elapsedSeconds: number): string[] {
    const { budgetUsd, deadlineHours } = this.guard;
    const due: string[] = [];
    const say = (key: string, text: string): void => {
      if (!this.said.has(key)) due.push(text);
      this.said.add(key);
    };
    if (budgetUsd !== null && spentUsd !== null && spentUsd >= budgetUsd) {
      say('near', '');
      say('budget', `the budget of ${Math.round(budgetUsd)} USD is spent; nothing stops the run by itself`);
    } else if (budgetUsd !== null && spentUsd !== null && spentUsd >= NEAR * budgetUsd) {
      say('near', `80 % of the budget of ${Math.round(budgetUsd)} USD is spent`);
    }
    if (deadlineHours !== null && elapsedSeconds > deadlineHours * 3600) {
      say('deadline', `the deadline of ${deadlineHours} h has passed; the run goes on`);
    }
    return due.filter((text) => text !== '');
  }
}
