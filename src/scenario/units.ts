/**
 * Quantities with units, as people write them in YAML and as the resolved scenario holds them. Strict: the whole
 * text must be one number and one known unit. Decimal prefixes are decimal (50MB = 50,000,000 bytes), binary ones
 * binary (50MiB = 52,428,800 bytes).
 */
export interface Unit {
  /** For messages: "a duration". */
  readonly what: string;
  readonly examples: readonly string[];
  /** What the resolved key ends with; '' where the YAML key is the resolved key. */
  readonly suffix: string;
  /** What of the suffix the YAML key keeps: the hour of `growthPerHour: 5MB`. */
  readonly kept: string;
  /** Which numbers without a unit are understood: every one, only 0 (which needs no unit). */
  readonly bare: 'any' | 'zero';
  /** Whole text that `parse` accepts, as a regular expression; null where no text is a quantity of this unit. */
  readonly pattern: RegExp | null;
  /** The value in the unit of the resolved key; null for text that is no such quantity. */
  parse(text: string): number | null;
  /** Text that `parse` reads back as the same value. */
  format(value: number): string;
}

/** `per`: how many make one of the resolved unit, kept apart because x / 1000 rounds once and x * 0.001 twice. */
interface Step {
  readonly name: string;
  readonly times: number;
  readonly per: number;
}

const NUMBER = '-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?';

const times = (name: string, factor: number): Step => ({ name, times: factor, per: 1 });
const part = (name: string, per: number): Step => ({ name, times: 1, per });

const DURATION_STEPS = [
  times('d', 86_400),
  times('h', 3_600),
  times('min', 60),
  times('s', 1),
  part('ms', 1_000),
];

const BYTE_STEPS = [
  times('TB', 1e12),
  times('GB', 1e9),
  times('MB', 1e6),
  times('kB', 1e3),
  times('TiB', 2 ** 40),
  times('GiB', 2 ** 30),
  times('MiB', 2 ** 20),
  times('KiB', 2 ** 10),
  times('B', 1),
];

const BIT_STEPS = [
  times('Tbit', 1.25e11),
  times('Gbit', 1.25e8),
  times('Mbit', 1.25e5),
  times('kbit', 125),
  part('bit', 8),
];

const PER_SECOND = (steps: readonly Step[]): Step[] =>
  steps.map((step) => ({ ...step, name: `${step.name}/s` }));

interface Spelling {
  what: string;
  examples: readonly string[];
  suffix: string;
  kept?: string;
  bare: Unit['bare'];
  steps: readonly Step[];
  /** Between number and unit when the value is written out. */
  gap?: string;
  /** Bytes come in whole ones: 1.1MB would otherwise be 1100000.0000000002. */
  whole?: boolean;
}

function unit(spelling: Spelling): Unit {
  const { what, examples, suffix, kept = '', bare, steps, gap = '', whole = false } = spelling;
  const names = steps.map((step) => step.name).join('|');
  const pattern = new RegExp(`^(${NUMBER}) ?(${names})$`);
  const base = steps.find((step) => step.times === 1 && step.per === 1) ?? steps[0]!;
  const parse = (text: string): number | null => {
    const match = pattern.exec(text);
    const step = steps.find((candidate) => candidate.name === match?.[2]);
    if (match === null || step === undefined) return null;
    const value = (Number(match[1]) * step.times) / step.per;
    return whole ? Math.round(value) : value;
  };
  const write = (value: number, step: Step): string => `${(value * step.per) / step.times}${gap}${step.name}`;
  // The largest unit that gives a whole number and loses nothing; else the base unit, whose text is exact.
  const suits = (value: number, step: Step): boolean =>
    value !== 0 && Number.isInteger((value * step.per) / step.times) && parse(write(value, step)) === value;
  const format = (value: number): string => write(value, steps.find((step) => suits(value, step)) ?? base);
  return { what, examples, suffix, kept, bare, pattern, parse, format };
}

export const DURATION = durationUnit();

/** Durations also come in parts, largest first: 1h30min. */
function durationUnit(): Unit {
  const single = unit({
    what: 'a duration',
    examples: ['10min', '7h', '80ms'],
    suffix: 'Seconds',
    bare: 'zero',
    steps: DURATION_STEPS,
  });
  const pattern = new RegExp(
    `^(?:${NUMBER} ?(?:d|h|min|s|ms)|(?=\\d+[a-z]+\\d)(?:\\d+d)?(?:\\d+h)?(?:\\d+min)?(?:\\d+s)?)$`,
  );
  return {
    ...single,
    pattern,
    parse(text) {
      if (!pattern.test(text)) return null;
      const value = single.parse(text);
      if (value !== null) return value;
      let seconds = 0;
      for (const [piece] of text.matchAll(/\d+[a-z]+/g)) seconds += single.parse(piece) ?? Number.NaN;
      return seconds;
    },
  };
}

export const BYTES = unit({
  what: 'a size',
  examples: ['50MB', '5GB', '50MiB'],
  suffix: 'Bytes',
  bare: 'zero',
  steps: BYTE_STEPS,
  whole: true,
});

/** Disks are sold in whole GB. */
export const GIGABYTES = unit({
  what: 'a disk size',
  examples: ['50GB'],
  suffix: 'Gb',
  bare: 'zero',
  steps: [times('TB', 1_000), times('GB', 1)],
});

/** What grows by so much an hour: the hour stands in the key. */
export const BYTES_PER_HOUR = unit({
  what: 'a size',
  examples: ['5MB', '50MiB'],
  suffix: 'BytesPerHour',
  kept: 'PerHour',
  bare: 'zero',
  steps: BYTE_STEPS,
  whole: true,
});

export const BYTE_RATE = unit({
  what: 'a data rate',
  examples: ['60MB/s', '200Gbit/s'],
  suffix: 'BytesPerSecond',
  bare: 'zero',
  steps: PER_SECOND([...BYTE_STEPS, ...BIT_STEPS]),
});

export const PER_SECOND_RATE = unit({
  what: 'a rate',
  examples: ['1000/s'],
  suffix: '',
  bare: 'any',
  steps: [times('/s', 1), part('/min', 60), part('/h', 3_600)],
});

export const PER_MINUTE_RATE = unit({
  what: 'a rate',
  examples: ['250/min'],
  suffix: '',
  bare: 'any',
  steps: [times('/s', 60), times('/min', 1), part('/h', 60)],
});

export const PER_HOUR_RATE = unit({
  what: 'a rate',
  examples: ['0.05/h'],
  suffix: '',
  bare: 'any',
  steps: [times('/s', 3_600), times('/min', 60), times('/h', 1)],
});

const money = (what: string, suffix: string, name: string, example: string): Unit =>
  unit({ what, examples: [example], suffix, bare: 'any', steps: [times(name, 1)], gap: ' ' });

export const USD = money('an amount', 'Usd', 'USD', '40000 USD');
export const USD_PER_HOUR = money('a price', 'UsdPerHour', 'USD/h', '0.397 USD/h');
export const USD_PER_GB_MONTH = money('a price', 'UsdPerGbMonth', 'USD/GB-month', '0.02 USD/GB-month');
export const USD_PER_GB = money('a price', 'UsdPerGb', 'USD/GB', '0.02 USD/GB');
export const USD_PER_1000 = money('a price', 'UsdPer1000', 'USD/1000', '0.005 USD/1000');

/** Simulated time. */
export const PICOSECONDS = unit({
  what: 'a simulated time',
  examples: ['200ps', '1ns'],
  suffix: 'Ps',
  bare: 'zero',
  steps: [times('us', 1e6), times('ns', 1_000), times('ps', 1), part('fs', 1_000)],
});

export const KELVIN = unit({
  what: 'a temperature',
  examples: ['298.15 K'],
  suffix: 'Kelvin',
  bare: 'any',
  steps: [times('K', 1)],
  gap: ' ',
});

/** Local time less UTC. */
export const UTC_OFFSET = unit({
  what: 'an offset from UTC',
  examples: ['-6h', '5.5h'],
  suffix: 'Hours',
  bare: 'any',
  steps: [times('h', 1), part('min', 60)],
});

/** A share or a probability, 0 to 1. */
export const SHARE = unit({
  what: 'a share',
  examples: ['0.05', '5%'],
  suffix: '',
  bare: 'any',
  steps: [part('%', 100)],
});

/** A percentage as its own number: 5 % is 5. */
export const PERCENT = unit({
  what: 'a percentage',
  examples: ['5%'],
  suffix: '',
  bare: 'any',
  steps: [times('%', 1)],
});

function bareNumber(what: string, example: string): Unit {
  return {
    what,
    examples: [example],
    suffix: '',
    kept: '',
    bare: 'any',
    pattern: null,
    parse: () => null,
    format: String,
  };
}

export const NUMBER_ONLY = bareNumber('a number', '0.4');
export const COUNT = bareNumber('a whole number', '10');
export const VMS: Unit = { ...bareNumber('a whole number of VMs', '600'), suffix: 'Vms' };
