import { describe, expect, it } from 'vitest';
import { JobAccounting } from '../../src/exec/attempts.js';
import type { PortTask } from '../../src/exec/port.js';

type Step = [time: number, state: PortTask['state'], vm: string | null, exitCode?: number];

/** A task whose events are these, its state being the last one's. */
function task(index: number, steps: Step[]): PortTask {
  const events = steps.map(([time, state, vm, exitCode]) => ({
    time,
    state,
    exitCode: exitCode ?? null,
    description: `Task state is updated to ${state}${vm === null ? '' : ` on zones/us-central1-a/instances/${vm}`}`,
  }));
  return { index, state: steps.at(-1)?.[1] ?? 'PENDING', events };
}

function totalOf(tasks: PortTask[], now = 1_000_000) {
  const accounting = new JobAccounting();
  accounting.add(tasks);
  return accounting.total(now);
}

describe('the account of a job', () => {
  it('bills a VM that several tasks used one after another once, the gap included', () => {
    const first = task(0, [
      [100, 'ASSIGNED', '1'],
      [160, 'RUNNING', '1'],
      [1000, 'SUCCEEDED', '1', 0],
    ]);
    const second = task(1, [
      [1005, 'ASSIGNED', '1'],
      [1010, 'RUNNING', '1'],
      [2000, 'SUCCEEDED', '1', 0],
    ]);
    expect(totalOf([second, first])).toMatchObject({
      attempts: 2,
      preemptions: 0,
      vms: 1,
      vmSeconds: 1900,
      succeeded: [0, 1],
      failed: 0,
      ownErrors: [],
      endTime: 2000,
      times: {
        runningSeconds: 840 + 990,
        started: 2,
        startedTimeSum: 160 + 1010,
        finished: 2,
        finishedTimeSum: 1000 + 2000,
      },
    });
  });

  it('counts preemptions by their exit code and a second VM for the second attempt', () => {
    const account = totalOf([
      task(0, [
        [0, 'ASSIGNED', '1'],
        [50, 'RUNNING', '1'],
        [500, 'FAILED', '1', 50001],
        [500, 'PENDING', null],
        [700, 'ASSIGNED', '2'],
        [750, 'RUNNING', '2'],
        [900, 'FAILED', '2', 79],
        [900, 'PENDING', null],
        [900, 'ASSIGNED', '2'],
        [900, 'RUNNING', '2'],
        [1900, 'SUCCEEDED', '2', 0],
      ]),
    ]);
    expect(account).toMatchObject({ attempts: 3, preemptions: 1, vms: 2, vmSeconds: 500 + 1200, failed: 0 });
  });

  it('bills at least one minute of a VM', () => {
    const account = totalOf([
      task(0, [
        [10, 'ASSIGNED', '1'],
        [15, 'FAILED', '1', 50001],
      ]),
    ]);
    expect(account).toMatchObject({ attempts: 1, preemptions: 1, vmSeconds: 60, failed: 1 });
  });

  it('bills a VM that holds a task up to now, and an idle one up to its last task', () => {
    const running = task(0, [
      [0, 'ASSIGNED', '1'],
      [60, 'RUNNING', '1'],
    ]);
    const over = task(1, [
      [0, 'ASSIGNED', '2'],
      [300, 'SUCCEEDED', '2', 0],
    ]);
    const assigned = task(2, [[900, 'ASSIGNED', '3']]);
    expect(totalOf([running, over, assigned], 1000).vmSeconds).toBe(1000 + 300 + 100);
  });

  it('reads events in the order of time, in whatever order they come', () => {
    const steps: Step[] = [
      [0, 'ASSIGNED', '1'],
      [50, 'RUNNING', '1'],
      [500, 'FAILED', '1', 50001],
      [700, 'ASSIGNED', '2'],
      [1900, 'SUCCEEDED', '2', 0],
    ];
    const inOrder = task(0, steps);
    const reversed = { ...inOrder, events: inOrder.events.toReversed() };
    expect(totalOf([reversed])).toEqual(totalOf([inOrder]));
  });

  it('counts a preemption before the task was assigned, which is no attempt', () => {
    const account = totalOf([task(0, [[40, 'FAILED', '1', 50001]])]);
    expect(account).toMatchObject({ attempts: 0, preemptions: 1, vms: 0, vmSeconds: 0, failed: 1 });
  });

  it('takes VMs of one name in two zones for two', () => {
    const a = task(0, [[0, 'ASSIGNED', '7']]);
    const b = task(1, [[0, 'ASSIGNED', '7']]);
    for (const event of b.events) event.description = event.description.replace('-a/', '-b/');
    expect(totalOf([a, b], 100)).toMatchObject({ vms: 2, vmSeconds: 200 });
  });

  it('knows no end before the first attempt has ended', () => {
    expect(totalOf([task(0, []), task(1, [[5, 'ASSIGNED', '1']])], 5).endTime).toBeNull();
  });

  it('tells errors of the window itself from what happened to it', () => {
    const ended = (index: number, exitCode: number) =>
      task(index, [
        [0, 'ASSIGNED', `${index}`],
        [50, 'FAILED', `${index}`, exitCode],
      ]);
    // Preempted, fenced, stopped, store away, slow VM; blow-up, killed for memory; an error and then a preemption.
    const circumstances = [50001, 75, 76, 77, 81].map((exitCode, index) => ended(index, exitCode));
    const twice = task(9, [
      [0, 'ASSIGNED', 'x'],
      [10, 'FAILED', 'x', 79],
      [20, 'ASSIGNED', 'y'],
      [30, 'FAILED', 'y', 50001],
    ]);
    expect(totalOf([...circumstances, ended(6, 137), ended(5, 79), twice])).toMatchObject({
      failed: 8,
      ownErrors: [
        { index: 5, exitCode: 79 },
        { index: 6, exitCode: 137 },
      ],
    });
  });
});
