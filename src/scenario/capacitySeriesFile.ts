import { amountIn, cellError, columnOf, parseCsv } from './csv.js';
import { type DataFormat, hasExactly, isNumbers, isRising, sha256Of } from './dataFile.js';
import type { Capacity } from './scenario.js';

type CapacitySeries = NonNullable<Capacity['series']>;

const COLUMNS = 'the columns t_seconds and nodes (or vms)';

/** How many VMs could be had from each time of a campaign on. */
export const CAPACITY_SERIES_FILE: DataFormat<CapacitySeries> = {
  what: COLUMNS,
  example: 'capacity.csv',
  embedded: '{ file, sha256, fromSeconds, vms }, times rising from 0',
  parse: parseCapacitySeries,
  holds(members) {
    const { fromSeconds, vms } = members;
    return (
      hasExactly(members, ['fromSeconds', 'vms']) &&
      isNumbers(fromSeconds, 0) &&
      isNumbers(vms, 0) &&
      fromSeconds.length === vms.length &&
      fromSeconds[0] === 0 &&
      isRising(fromSeconds) &&
      vms.every(Number.isSafeInteger)
    );
  },
};

/** Every other column is ignored. */
function parseCapacitySeries(file: string, text: string): CapacitySeries {
  const csv = parseCsv(file, text, `a heading with ${COLUMNS}, and a row for each change`);
  const time = columnOf(csv, ['t_seconds']);
  const nodes = columnOf(csv, ['nodes', 'vms']);
  const series: CapacitySeries = { file, sha256: sha256Of(text), fromSeconds: [], vms: [] };
  for (const row of csv.rows) {
    const from = amountIn(csv, row, time);
    const before = series.fromSeconds.at(-1);
    if (before === undefined && from !== 0) throw cellError(csv, row, time, '0 in the first row');
    if (before !== undefined && from <= before) {
      throw cellError(csv, row, time, `a later time than ${before}, that of the row before`);
    }
    const vms = amountIn(csv, row, nodes);
    if (!Number.isSafeInteger(vms)) throw cellError(csv, row, nodes, 'a whole number of VMs');
    series.fromSeconds.push(from);
    series.vms.push(vms);
  }
  return series;
}
