import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { planFileSchema } from '../src/plan/planFile.js';
import { scenarioJsonSchema } from '../src/scenario/jsonSchema.js';

function shipped(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8'));
}

/** As JSON sees it: without what is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('the shipped JSON Schemas are those of the code (npm run build writes them)', () => {
  test('scenario.schema.json', () => {
    expect(shipped('scenario.schema.json')).toEqual(plain(scenarioJsonSchema()));
  });

  test('plan.schema.json', () => {
    const schema = z.toJSONSchema(planFileSchema, { io: 'input', unrepresentable: 'any' });
    expect(shipped('plan.schema.json')).toEqual(plain(schema));
  });
});
