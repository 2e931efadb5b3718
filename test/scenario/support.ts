import { readFileSync } from 'node:fs';
import { InputError } from '../../src/scenario/errors.js';
import { type ParseOptions, parseScenario } from '../../src/scenario/parse.js';
import type { Scenario } from '../../src/scenario/scenario.js';

export const SHIPPED = [
  'thirteen-thousand',
  'pilot',
  'storm',
  'early-death',
  'campaign-13k',
  'methane',
] as const;

/** The files that shipped scenarios name lie beside them. */
export const BESIDE_SHIPPED: ParseOptions = {
  readFile: (path) => readFileSync(new URL(`../../scenarios/${path}`, import.meta.url), 'utf8'),
};

export function shippedText(name: (typeof SHIPPED)[number]): string {
  return readFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url), 'utf8');
}

/** The least that a scenario must say. */
export const LEAST = `
name: least
campaign: { molecules: 2, windows: 3, taskDuration: { constant: 7h } }
regions: { us-central1: { quota: { spotGpus: 5 } } }
`;

export function parse(text: string, options: ParseOptions = {}): Scenario {
  return parseScenario(text, { file: 'x.yaml', ...options });
}

/** The one sentence that input leads to. */
export function complaint(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}
