/** `node memory.js MOLECULES SLOTS fold|events`: simulates jitter once and prints the process's peak memory in bytes. */
import { simulateOnce } from '../dist/sim/simulateOnce.js';
import { planOf } from './workloads.js';

const [, , molecules, slots, engine] = process.argv;
const plan = planOf({
  scenario: 'campaign-13k',
  overrides: [
    `campaign.molecules=${molecules}`,
    `decisions.parallelism.us-central1=${slots}`,
    `regions.us-central1.quota.spotGpus=${slots}`,
  ],
});
simulateOnce(plan, 'bench', { fold: engine === 'fold' });
console.log(process.resourceUsage().maxRSS * 1024);
