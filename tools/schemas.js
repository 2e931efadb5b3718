// Writes the JSON Schemas that editors and other programs use, from the descriptions in the built code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import * as planFile from '../dist/plan/planFile.js';
import { scenarioJsonSchema } from '../dist/scenario/jsonSchema.js';

const folder = new URL('../schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
write('scenario.schema.json', scenarioJsonSchema());
if ('planFileSchema' in planFile) {
  write('plan.schema.json', z.toJSONSchema(planFile.planFileSchema, { io: 'input', unrepresentable: 'any' }));
}

function write(name, schema) {
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`);
}
