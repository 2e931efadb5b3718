// Writes the JSON Schemas that editors and other programs use, from the descriptions in the built code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { planFileSchema } from '../dist/plan/planFile.js';
import { scenarioJsonSchema } from '../dist/scenario/jsonSchema.js';

const folder = new URL('../schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
write('scenario.schema.json', scenarioJsonSchema());
write('plan.schema.json', z.toJSONSchema(planFileSchema, { io: 'input', unrepresentable: 'any' }));

function write(name, schema) {
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`);
}
