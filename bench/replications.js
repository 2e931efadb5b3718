/**
 * Times one workload in a process of its own, so that no other workload has shaped its compiled code:
 * `node replications.js NAME SECONDS` replicates for that long after a warm-up and prints the medians.
 */
import { simulateOnce } from '../dist/sim/simulateOnce.js';
import { median } from './median.js';
import { planOf, workloads } from './workloads.js';

const WARM_UP_SECONDS = 0.7;

const [, , name, seconds] = process.argv;
const workload = workloads.find((one) => one.name === name);
const plan = planOf(workload);
const small = workload.large ? planOf({ ...workload, overrides: [] }) : plan;

let r = 0;
repeat(WARM_UP_SECONDS, 1, () => simulateOnce(small, `warm-up/${r}`, workload));
const runs = repeat(Number(seconds), workload.large ? 1 : 3, () =>
  simulateOnce(plan, `bench/${r}`, workload),
);
console.log(
  JSON.stringify({
    cpuMs: median(runs.map((run) => run.cpuMs)),
    wallMs: median(runs.map((run) => run.wallMs)),
    nsPerEvent: median(runs.map((run) => (run.cpuMs * 1e6) / run.outcome.events)),
    events: Math.round(median(runs.map((run) => run.outcome.events))),
    folded: runs.every((run) => run.outcome.folded),
    replications: runs.length,
  }),
);

/** Does it for so many seconds, and at least so often. */
function repeat(seconds, times, simulate) {
  const runs = [];
  const end = performance.now() + 1_000 * seconds;
  while (runs.length < times || performance.now() < end) {
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    const outcome = simulate();
    const { user, system } = process.cpuUsage(cpu);
    runs.push({ cpuMs: (user + system) / 1_000, wallMs: performance.now() - startedAt, outcome });
    r += 1;
  }
  return runs;
}
