import type { Plan } from '../plan/plan.js';

/** Share of the budget at which the first warning comes. */
const NEAR = 0.8;

/**
 * Warns once when a run comes near its budget, when it passes it, and when it passes its deadline. What is done about it
 * is the controller's to say (plan/guard.ts).
 */
export class GuardWatch {
  private readonly guard: Plan['guard'];
  private readonly said = new Set<string>();

  constructor(plan: Plan) {
    this.guard = plan.guard;
  }

  /** The warnings that are due now and were not given before. `budgetUsd`: the budget that counts now. */
  look(spentUsd: number | null, elapsedSeconds: number, budgetUsd: number | null): string[] {
    const { deadlineHours, onBudget, onDeadline } = this.guard;
    const due: string[] = [];
    const say = (key: string, text: string): void => {
      if (!this.said.has(key)) due.push(text);
      this.said.add(key);
    };
    if (budgetUsd !== null && spentUsd !== null && spentUsd >= NEAR * budgetUsd) {
      const isSpent = spentUsd >= budgetUsd;
      const budget = `the budget of ${Math.round(budgetUsd)} USD`;
      if (!isSpent) say(`near ${budgetUsd}`, `80 % of ${budget} is spent`);
      else if (onBudget === 'warn') say(`over ${budgetUsd}`, `${budget} is spent; the run goes on`);
    }
    if (deadlineHours !== null && elapsedSeconds > deadlineHours * 3600 && onDeadline === 'warn') {
      say('deadline', `the deadline of ${deadlineHours} h has passed; the run goes on`);
    }
    return due;
  }
}
