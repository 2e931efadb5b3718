/** Where something lies in a scenario: `regions.us-central1.hazard.piecewise[0].perHour`. */
export type Path = readonly (string | number)[];

export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The inverse of `formatPath`; null for text that is no path. */
export function parsePath(text: string): (string | number)[] | null {
  if (!/^[^.[\]=]+(?:\[\d+\])*(?:\.[^.[\]=]+(?:\[\d+\])*)*$/.test(text)) return null;
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([step, index]) =>
    index === undefined ? step : Number(index),
  );
}

/** What lies at the path, or undefined. Looks at own members only. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return typeof step === 'number' ? value[step] : undefined;
    return isMap(value) && Object.hasOwn(value, step) ? value[String(step)] : undefined;
  }, root);
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
