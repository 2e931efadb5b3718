/**
 * The classic answers to "how often should a task write a checkpoint", in any one unit of time. C: what one
 * checkpoint costs in blocked computing; M: mean time between failures (1/lambda); R: restart; T: work.
 */

/** Young, "A first order approximation to the optimum checkpoint interval", CACM 17(9), 1974. */
export function youngInterval(C: number, M: number): number {
  return Math.sqrt(2 * C * M);
}

/** Daly, "A higher order estimate of the optimum checkpoint interval", FGCS 22(3), 2006: the higher order formula. */
export function dalyInterval(C: number, M: number): number {
  if (C >= 2 * M) return M;
  const x = C / (2 * M);
  return Math.sqrt(2 * C * M) * (1 + Math.sqrt(x) / 3 + x / 9) - C;
}

/** The exact optimum of the complete model: M (1 + W0(-e^(-1 - C/M))), W0 the principal branch of Lambert's W. */
export function exactInterval(C: number, M: number): number {
  // tau solves (1 - tau/M) e^(tau/M) = e^(-C/M); the left side falls from 1 to 0 on [0, M].
  const target = Math.exp(-C / M);
  let low = 0;
  let high = M;
  for (let i = 0; i < 200; i += 1) {
    const middle = (low + high) / 2;
    if ((1 - middle / M) * Math.exp(middle / M) > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Daly's complete model: expected wall time of work T with a checkpoint every tau. */
export function wallTime(T: number, tau: number, { C, M, R }: { C: number; M: number; R: number }): number {
  return ((M * Math.exp(R / M) * (Math.exp((tau + C) / M) - 1)) / tau) * T;
}
