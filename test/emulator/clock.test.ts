import { expect, test } from 'vitest';
import { ScaledClock } from '../../src/emulator/clock.js';

function clockAt(speed: number): { clock: ScaledClock; pass(seconds: number): void } {
  let wall = 1000;
  const clock = new ScaledClock({ speed, epochSeconds: 0, wallNow: () => wall });
  return {
    clock,
    pass: (seconds) => {
      wall += seconds;
    },
  };
}

test('time stands at 0 until started and then runs at its speed', () => {
  const { clock, pass } = clockAt(3600);
  pass(10);
  expect([clock.now(), clock.started]).toEqual([0, false]);
  clock.start();
  pass(2);
  clock.start();
  pass(0.5);
  expect([clock.now(), clock.started]).toEqual([9000, true]);
});

test('time stands still until the last of several overlapping freezes ends', () => {
  const { clock, pass } = clockAt(10);
  clock.start();
  pass(1);
  clock.frozen(() => {
    pass(5);
    clock.frozen(() => pass(5));
    pass(5);
    expect(clock.now()).toBe(10);
  });
  expect(clock.now()).toBe(10);
  pass(1);
  expect(clock.now()).toBe(20);
});

test('time that is started while frozen runs from the end of the freeze', () => {
  const { clock, pass } = clockAt(10);
  clock.frozen(() => {
    clock.start();
    pass(5);
  });
  expect(clock.now()).toBe(0);
  pass(1);
  expect(clock.now()).toBe(10);
});

test('an error in frozen work lets time run again', () => {
  const { clock, pass } = clockAt(1);
  clock.start();
  expect(() =>
    clock.frozen(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
  pass(3);
  expect(clock.now()).toBe(3);
});

test('after a restart time goes on from where it stood', () => {
  const { clock, pass } = clockAt(2);
  clock.resumeAt(500);
  pass(10);
  expect([clock.now(), clock.started]).toEqual([520, true]);
});
