#!/usr/bin/env bash
# make-inputs.sh [NSTEPS] [OUTDIR]  ->  OUTDIR/methane/w0/window.tpr ... w12/window.tpr
# 13 windows of NSTEPS steps of 2 fs (6000: 12 ps). Needs gmx (Debian: gromacs, gromacs-data).
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
out=${2:-$here/inputs}
for window in {0..12}; do
  "$here/../methane/make-tpr.sh" "$window" "${1:-6000}" "$out/methane/w$window"
done
