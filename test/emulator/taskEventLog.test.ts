import { expect, test } from 'vitest';
import { TaskEventLog } from '../../src/emulator/taskEventLog.js';

test('each task gets its own changes back, oldest first, whatever their number', () => {
  const log = new TaskEventLog();
  for (let round = 0; round < 10; round += 1) {
    for (let task = 0; task < 5000; task += 1) {
      const exitCode = round === 9 ? 50_001 : null;
      log.add(task, {
        from: 'ASSIGNED',
        to: 'FAILED',
        at: round + task / 1e4,
        vm: 10 * task + round,
        exitCode,
      });
    }
  }
  const events = log.of(4321);
  expect(events).toHaveLength(10);
  expect(events[0]).toEqual({ from: 'ASSIGNED', to: 'FAILED', at: 0.4321, vm: 43_210, exitCode: null });
  expect(events[9]).toEqual({ from: 'ASSIGNED', to: 'FAILED', at: 9.4321, vm: 43_219, exitCode: 50_001 });
  expect(log.of(5000)).toEqual([]);
});

test('130,000 changes of 13,000 tasks take under 30 MB', () => {
  const before = process.memoryUsage().arrayBuffers;
  const log = new TaskEventLog();
  for (let index = 0; index < 130_000; index += 1) {
    log.add(index % 13_000, { from: 'PENDING', to: 'ASSIGNED', at: index, vm: index, exitCode: null });
  }
  // Columns that were outgrown may not have been collected yet: they are less than what replaced them.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30e6);
  expect(log.of(12_999)).toHaveLength(10);
});
