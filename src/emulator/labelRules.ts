import { PREDEFINED_LABELS, RESERVED_LABEL_PREFIXES } from '../plan/limits.js';

/** Notes one thing that is wrong. */
export type Add = (field: string, description: string) => void;

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/** Source: https://docs.cloud.google.com/batch/docs/organize-resources-using-labels */
export function checkLabelSet(field: string, labels: Record<string, unknown>, most: number, add: Add): void {
  const entries = Object.entries(labels);
  if (entries.length > most) add(field, `has ${entries.length} labels, at most ${most}`);
  for (const [key, value] of entries) {
    if (RESERVED_LABEL_PREFIXES.some((prefix) => key.startsWith(prefix))) {
      add(`${field}.${key}`, 'has a reserved prefix');
    } else if ((PREDEFINED_LABELS as readonly string[]).includes(key)) {
      add(`${field}.${key}`, 'is a label that Batch sets itself');
    } else if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(String(value))) {
      add(`${field}.${key}`, 'is not a label of lower-case letters, digits, _ and -, at most 63 characters');
    }
  }
}
