import { Text } from 'ink';
import { type Plan, PROVISIONING_WORDS } from '../plan/plan.js';
import { formatCount, formatInterval, formatUsdShort } from './format.js';
import { Heading, Line } from './lines.js';
import { oneLine, pad } from './text.js';

const LABEL_WIDTH = 11;
/** Lines that `PlanFacts` takes, heading included. */
export const PLAN_LINES = 6;

/** The decisions of the plan that is being carried out, for terminals with room to spare. */
export function PlanFacts({ plan, width }: { plan: Plan; width: number }) {
  return (
    <>
      <Heading title="Plan" note={oneLine(plan.id)} width={width} />
      {factsOf(plan).map(([label, text]) => (
        <Line key={label} width={width}>
          <Text dimColor>{pad(label, LABEL_WIDTH)}</Text>
          {oneLine(text)}
        </Line>
      ))}
    </>
  );
}

function factsOf(plan: Plan): [label: string, text: string][] {
  const { molecules, windows, tasks } = plan.campaign;
  return [
    [
      'campaign',
      `${formatCount(molecules)} molecules × ${formatCount(windows)} windows = ${formatCount(tasks)} tasks`,
    ],
    ['machine', machineOf(plan)],
    ['jobs', jobsOf(plan)],
    ['checkpoint', checkpointOf(plan)],
    ['guard', guardOf(plan)],
  ];
}

function machineOf({ machine, shards, image }: Plan): string {
  const kinds = [...new Set(shards.map(({ provisioning }) => PROVISIONING_WORDS[provisioning]))];
  const accelerator = machine.accelerator === null ? '' : ` with ${machine.accelerator}`;
  return `${machine.type}${accelerator}, ${kinds.join(' and ')}, image ${image.delivery}`;
}

function jobsOf({ shards, waveStart }: Plan): string {
  const regions = new Set(shards.map((shard) => shard.region)).size;
  const waves = Math.max(0, ...shards.map((shard) => shard.wave)) + 1;
  const first = shards.filter((shard) => shard.wave === 0);
  const vms = first.reduce((sum, shard) => sum + shard.parallelism, 0);
  const order = waves === 1 ? 'all at once' : `in ${waves} waves, next when ${waveStart}`;
  return `${plural(shards.length, 'shard')} in ${plural(regions, 'region')}, ${order}, ${formatCount(vms)} VMs at a time`;
}

function checkpointOf({ checkpoint }: Plan): string {
  if (checkpoint.policy === 'none') return 'none: a preempted task starts again from zero';
  const jitter = checkpoint.jitterSeconds > 0 ? ` ± ${formatInterval(checkpoint.jitterSeconds)}` : '';
  const flush = checkpoint.flushOnNotice ? ', flush on notice' : '';
  return `${checkpoint.policy}, every ${formatInterval(checkpoint.intervalSeconds)}${jitter}${flush}`;
}

function guardOf({ guard }: Plan): string {
  const { budgetUsd, deadlineHours, onBudget, onDeadline } = guard;
  const budget = budgetUsd === null ? 'no budget' : `${onBudget} at ${formatUsdShort(budgetUsd)}`;
  const deadline =
    deadlineHours === null ? 'no deadline' : `${onDeadline} after ${formatInterval(deadlineHours * 3600)}`;
  return `${budget}, ${deadline}`;
}

function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}
