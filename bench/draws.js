/** `node draws.js KIND`: nanoseconds of a draw from a keyed stream. A process for each kind: its loop is compiled for it. */
import { Purpose, Streams, WORDS_AT_ONCE } from '../dist/sim/streams.js';
import { median } from './median.js';

const DRAWS = 300_000;
const ROUNDS = 15;

const streams = new Streams('bench');
const words = new Uint32Array(WORDS_AT_ONCE);
const { timer, boot, life } = Purpose;
/** 32 bits: as in the life of one task, two draws a block, two blocks at once. The others: every draw has a key of its own. */
const draws = {
  uniform32: (n) => streams.uniform32(7, 1, timer, n, words, 0),
  uniform53: (n) => streams.uniform(n, 1, timer, 0),
  exponential: (n) => streams.exponential(n, 1, life, 0),
  normal: (n) => streams.normal(n, 1, boot, 0),
};

const draw = draws[process.argv[2]];
const rounds = Array.from({ length: ROUNDS }, () => {
  const startedAt = performance.now();
  let sum = 0;
  for (let n = 0; n < DRAWS; n += 1) sum += draw(n);
  const ns = ((performance.now() - startedAt) * 1e6) / DRAWS;
  if (!(sum > 0)) throw new Error(`draws of ${process.argv[2]} sum up to ${sum}`);
  return ns;
});
console.log(median(rounds));
