/** The report of a bench run as lines of text. */
export function formatTable({ node, cpu, cores, load, rounds, rows }) {
  const lines = [
    `Node ${node} · ${cpu}, ${cores} cores · load ${load.before.toFixed(1)} before, ${load.after.toFixed(1)} after`,
    `medians of ${rounds} interleaved rounds; CPU time of a steady replication, its range over rounds, wall time`,
    '',
  ];
  const cells = [HEADER, ...rows.map(cellsOf)];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const row of cells) {
    lines.push(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    );
  }
  return lines.join('\n');
}

const HEADER = ['workload', 'CPU ms', 'range', 'wall ms', 'events', 'ns/event', 'figure', 'must', ''];

function cellsOf(row) {
  const { name, value, unit, must, atLeast = false } = row;
  const timed = 'cpuMs' in row;
  return [
    // A folded replication whose certificate fails is done again event by event.
    timed && row.asked === 'folded' && !row.folded ? `${name} (fell back)` : name,
    timed ? round(row.cpuMs) : '',
    timed ? `${round(row.cpuMsMin)}–${round(row.cpuMsMax)}` : '',
    timed ? round(row.wallMs) : '',
    timed ? row.events.toLocaleString('en-US') : '',
    timed ? round(row.nsPerEvent) : '',
    `${round(value)} ${unit}`,
    must === null ? '' : `${atLeast ? '≥' : '≤'} ${must.toLocaleString('en-US')}`,
    must === null ? '' : (atLeast ? value >= must : value <= must) ? 'ok' : 'OPEN',
  ];
}

/** Three digits are more than such figures hold. */
function round(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(value >= 10 ? 3 : 2);
}
