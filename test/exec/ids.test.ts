import { expect, it } from 'vitest';
import { defaultRunId, requestIdOf } from '../../src/exec/ids.js';

it('the same request always has the same UUID, and no two requests share one', () => {
  const ids = ['a', 'b'].flatMap((run) =>
    ['j1', 'j2'].flatMap((job) => (['create', 'cancel'] as const).map((verb) => requestIdOf(run, job, verb))),
  );
  expect(new Set(ids).size).toBe(8);
  // RFC 9562: version 8, variant 10.
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(requestIdOf('a', 'j1', 'create')).toBe(ids[0]);
});

it('a run is named after its plan, its project and its kind', () => {
  const run = { planId: 'x', project: 'p', source: 'rehearse' as const };
  const id = defaultRunId(run);
  expect(id).toMatch(/^fc-[0-9a-f]{8}$/);
  expect(defaultRunId({ ...run })).toBe(id);
  const others = [
    { ...run, planId: 'y' },
    { ...run, project: 'q' },
    { ...run, source: 'execute' as const },
  ];
  for (const other of others) expect(defaultRunId(other)).not.toBe(id);
});
