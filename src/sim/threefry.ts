/**
 * Threefry-2x32 with 20 rounds: a counter-based generator, so that a draw is a function of its key and needs no
 * state. Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11; it passes BigCrush.
 * Checked against the authors' known answers in test/sim/threefry.test.ts.
 */

/** The two words of the last block; read them at once, the next call overwrites them. */
export const block = new Int32Array(2);

const PARITY = 0x1bd11bda;

/** Encrypts the counter (c0, c1) under the key (k0, k1) into `block`. All words are 32-bit integers. */
export function threefry(key0: number, key1: number, c0: number, c1: number): void {
  // Told that they are integers, the compiler adds them as such: half the time.
  const k0 = key0 | 0;
  const k1 = key1 | 0;
  const k2 = PARITY ^ k0 ^ k1;
  let x = ((c0 | 0) + k0) | 0;
  let y = ((c1 | 0) + k1) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k1) | 0;
  y = (y + k2 + 1) | 0;
  x = (x + y) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + k2) | 0;
  y = (y + k0 + 2) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k0) | 0;
  y = (y + k1 + 3) | 0;
  x = (x + y) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + k1) | 0;
  y = (y + k2 + 4) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  block[0] = (x + k2) | 0;
  block[1] = (y + k0 + 5) | 0;
}

/** The words of two blocks; read them at once, the next call overwrites them. */
export const pair = new Int32Array(4);

/**
 * Encrypts the counters (c0, c1) and (c0, c1 + 1) under the key (k0, k1) into `pair`. Each round waits for the one
 * before it; two blocks side by side keep the processor busy, and cost little more than one.
 */
export function threefryPair(key0: number, key1: number, c0: number, c1: number): void {
  const k0 = key0 | 0;
  const k1 = key1 | 0;
  const k2 = PARITY ^ k0 ^ k1;
  let x = ((c0 | 0) + k0) | 0;
  let u = ((c0 | 0) + k0) | 0;
  let y = ((c1 | 0) + k1) | 0;
  let v = ((c1 | 0) + 1 + k1) | 0;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  v = ((v << 13) | (v >>> 19)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  v = ((v << 15) | (v >>> 17)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  v = ((v << 26) | (v >>> 6)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  v = ((v << 6) | (v >>> 26)) ^ u;
  x = (x + k1) | 0;
  u = (u + k1) | 0;
  y = (y + k2 + 1) | 0;
  v = (v + k2 + 1) | 0;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  v = ((v << 17) | (v >>> 15)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  v = ((v << 29) | (v >>> 3)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  v = ((v << 16) | (v >>> 16)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  v = ((v << 24) | (v >>> 8)) ^ u;
  x = (x + k2) | 0;
  u = (u + k2) | 0;
  y = (y + k0 + 2) | 0;
  v = (v + k0 + 2) | 0;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  v = ((v << 13) | (v >>> 19)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  v = ((v << 15) | (v >>> 17)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  v = ((v << 26) | (v >>> 6)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  v = ((v << 6) | (v >>> 26)) ^ u;
  x = (x + k0) | 0;
  u = (u + k0) | 0;
  y = (y + k1 + 3) | 0;
  v = (v + k1 + 3) | 0;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  v = ((v << 17) | (v >>> 15)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  v = ((v << 29) | (v >>> 3)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  v = ((v << 16) | (v >>> 16)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  v = ((v << 24) | (v >>> 8)) ^ u;
  x = (x + k1) | 0;
  u = (u + k1) | 0;
  y = (y + k2 + 4) | 0;
  v = (v + k2 + 4) | 0;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  v = ((v << 13) | (v >>> 19)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  v = ((v << 15) | (v >>> 17)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  v = ((v << 26) | (v >>> 6)) ^ u;
  x = (x + y) | 0;
  u = (u + v) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  v = ((v << 6) | (v >>> 26)) ^ u;
  pair[0] = (x + k2) | 0;
  pair[1] = (y + k0 + 5) | 0;
  pair[2] = (u + k2) | 0;
  pair[3] = (v + k0 + 5) | 0;
}
