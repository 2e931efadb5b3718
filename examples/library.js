/**
 * fepcast as a library: node examples/library.js [scenario.yaml]
 *
 * What does it cost to ship checkpoints too often, or too rarely? Four plans for one scenario, all simulated with the
 * same luck, so that what differs between them is the interval.
 */
import { comparePlans, lintPlan, loadScenario, makePlan, simulate } from 'fepcast';

const scenario = loadScenario(process.argv[2] ?? 'scenarios/pilot.yaml');

// One forecast: every outcome is a distribution over simulated campaigns.
const { plan, forecast, uncertainty } = await simulate(scenario, { seed: 'example', replications: 10 });
const { makespanHours, costUsd } = forecast;
console.log(`${plan.campaign.tasks} tasks: ${makespanHours.p50.toFixed(1)} h, ${costUsd.p50.toFixed(0)} USD`);
console.log(`in 9 of 10 campaigns at most ${makespanHours.p90.toFixed(1)} h, ${costUsd.p90.toFixed(0)} USD`);
if (uncertainty !== null) {
  const { luck, ignorance } = uncertainty;
  console.log(
    `sd of the cost: ${luck.costUsd.toFixed(0)} USD luck, ${ignorance.costUsd.toFixed(0)} USD guesses`,
  );
}

// Several plans: decisions are plain values, and a plan is made of them.
const { decisions } = scenario;
const plans = Object.fromEntries(
  [5, 10, 30, 60].map((minutes) => {
    const checkpoint = { ...decisions.checkpoint, intervalSeconds: minutes * 60 };
    return [`every ${minutes} min`, makePlan(scenario, { ...decisions, checkpoint })];
  }),
);
for (const compared of await comparePlans(plans, { seed: 'example', replications: 10 })) {
  const { lostWorkHours, checkpointsWritten } = compared.forecast;
  const lost = lostWorkHours.mean.toFixed(1);
  console.log(`${compared.name}: ${lost} h lost, ${checkpointsWritten.mean.toFixed(0)} checkpoints`);
}

// What the services would refuse, before anything is submitted.
for (const { severity, path, message } of lintPlan(plan)) console.log(`${severity}: ${path}: ${message}`);
