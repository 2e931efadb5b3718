/**
 * Figures as people read them. Everything that cannot be known, or is not a finite number, is a dash: no
 * caller has to look for null first.
 */

/** A figure that may be unknown. */
export type Known = number | null | undefined;

/** Drawn for what a run cannot know. */
export const UNKNOWN = '–';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function isKnown(value: Known): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** `13,000` */
export function formatCount(value: Known): string {
  return isKnown(value) ? plain(whole.format(value)) : UNKNOWN;
}

/** `9,999`, then `13.0k`, `1.2M`: at most six characters below 10^15. */
export function formatCompact(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  return Math.abs(value) < 9_999.5 ? formatCount(value) : scaled(value);
}

/** `0.397`, for prices and other small figures. */
export function formatDecimal(value: Known, digits: number): string {
  return isKnown(value) ? value.toFixed(digits) : UNKNOWN;
}

/** `76.4 h` */
export function formatHours(hours: Known): string {
  if (!isKnown(hours)) return UNKNOWN;
  return hours >= 9_999.5 ? `${formatCount(hours)} h` : `${hours.toFixed(1)} h`;
}

/** `3d 4h 12m`, `4h 12m`, `12m 30s`, `42s`; takes seconds. */
export function formatDuration(seconds: Known): string {
  if (!isKnown(seconds)) return UNKNOWN;
  // Hours times 3600 may fall a hair short of a whole second.
  const total = Math.max(0, Math.floor(seconds + 1e-6));
  const days = Math.floor(total / DAY);
  const hours = Math.floor((total % DAY) / HOUR);
  const minutes = Math.floor((total % HOUR) / MINUTE);
  if (days > 0) return `${whole.format(days)}d ${hours}h ${minutes}m`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  if (minutes > 0) return `${minutes}m ${total % MINUTE}s`;
  return `${total}s`;
}

/** To the hour from one day on: `7d 20h`, `4h 12m`; takes seconds. */
export function formatRoughDuration(seconds: Known): string {
  if (!isKnown(seconds)) return UNKNOWN;
  if (seconds < DAY) return formatDuration(seconds);
  const hours = Math.round(seconds / HOUR);
  return `${whole.format(Math.floor(hours / 24))}d ${hours % 24}h`;
}

/** A planned length of time without the units that are zero: `10m`, `1h 30m`, `10d`; takes seconds. */
export function formatInterval(seconds: Known): string {
  if (!isKnown(seconds)) return UNKNOWN;
  const units = [formatDuration(Math.floor(seconds / DAY) * DAY), formatDuration(seconds % DAY)];
  const parts = units
    .join(' ')
    .split(' ')
    .filter((part) => !/^0[dhms]$/.test(part));
  return parts.length === 0 ? '0s' : parts.join(' ');
}

/** `$19,804`; cents below a hundred dollars: `$12.34`. */
export function formatUsd(usd: Known): string {
  if (!isKnown(usd)) return UNKNOWN;
  const size = Math.abs(usd);
  const sign = usd <= -0.005 ? '-' : '';
  return `${sign}$${size < 99.995 ? cents.format(size) : whole.format(size)}`;
}

/** `$38.1k`, `$1.2M`; below ten thousand dollars as `formatUsd`. */
export function formatUsdShort(usd: Known): string {
  if (!isKnown(usd) || Math.abs(usd) < 9_999.5) return formatUsd(usd);
  return `${usd < 0 ? '-' : ''}$${scaled(Math.abs(usd))}`;
}

/** `$36.9k–38.1k`, or one figure where both ends read the same. */
export function formatUsdRange(range: { p10: number; p90: number } | null): string {
  if (range === null) return UNKNOWN;
  return joinRange(formatUsdShort(range.p10), formatUsdShort(range.p90).replace('$', ''), '$');
}

/** `7d 20h–7d 22h`, or one figure where both ends read the same; takes hours. */
export function formatHoursRange(range: { p10: number; p90: number } | null): string {
  if (range === null) return UNKNOWN;
  return joinRange(formatRoughDuration(range.p10 * HOUR), formatRoughDuration(range.p90 * HOUR), '');
}

/** Rounded down, so that 100 % means all of it: `52 %`. */
export function formatPercent(part: Known, total: Known): string {
  const share = shareOf(part, total);
  return share === null ? UNKNOWN : `${Math.floor(share * 100 + 1e-9)} %`;
}

/** `part / total`, null where either is unknown or the total is 0. */
export function shareOf(part: Known, total: Known): number | null {
  return isKnown(part) && isKnown(total) && total > 0 ? part / total : null;
}

function joinRange(low: string, high: string, unit: string): string {
  return low === `${unit}${high}` ? low : `${low}–${high}`;
}

const SCALES: [factor: number, letter: string][] = [
  [1e3, 'k'],
  [1e6, 'M'],
  [1e9, 'G'],
  [1e12, 'T'],
];

function scaled(value: number): string {
  // 999.95 of one unit would be written as 1000.0: it is 1.0 of the next.
  const fitting = SCALES.find(([factor]) => Math.abs(value) / factor < 999.95) ?? SCALES.at(-1)!;
  return `${(value / fitting[0]).toFixed(1)}${fitting[1]}`;
}

function plain(text: string): string {
  return text === '-0' ? '0' : text;
}
