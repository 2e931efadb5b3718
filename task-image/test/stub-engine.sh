#!/usr/bin/env bash
# Behaves like mdrun, in miniature: appends to growing files, writes checkpoints atomically, cuts the files back to the
# checkpoint when it goes on, stops with a last checkpoint and status 1 at SIGTERM, writes stub.done at the last step.
# What it writes depends on the step alone, so a run that went on is byte for byte the run that never stopped.
#
# STUB_STEPS            steps in all
# STUB_BURST            steps between two naps (default 10)
# STUB_NAP              seconds of a nap (default 0.01)
# STUB_CHECKPOINT       steps between checkpoints (default 50)
# STUB_PROGRESS=file    holds "step of" from now and then
# STUB_FAIL_AT          fails at this step, every time
# STUB_STALL_AT         computes nothing after this step
# STUB_HOLD=file        stays at its last step but one, with ever new checkpoints, while this file is there
# STUB_FORGETFUL=1      begins at step 0 whatever it finds, as mdrun does with "-cpi" and no such file
# STUB_FILL=dir         fills this folder's disk at STUB_FAIL_AT

set -uo pipefail
steps=${STUB_STEPS:?} burst=${STUB_BURST:-10} nap=${STUB_NAP:-0.01} every=${STUB_CHECKPOINT:-50}
stopping=
trap 'stopping=1' TERM INT

exec {never}<> <(:)

if [[ -s stub.cpt && -z ${STUB_FORGETFUL:-} ]]; then
  read -r step log_bytes data_bytes state log_sum data_sum <stub.cpt
  # Like mdrun: every file that is appended to must be there, at least as long as the checkpoint says, and unaltered.
  for file in stub.log:$log_bytes:$log_sum stub.dat:$data_bytes:$data_sum; do
    IFS=: read -r name bytes sum <<<"$file"
    found=$(head -c "$bytes" "$name" | cksum)
    if [[ ${found/ /_} != "$sum" ]]; then
      echo "cannot go on: $name is not what the checkpoint says"
      exit 1
    fi
    truncate -s "$bytes" "$name"
  done
else
  rm -f stub.log stub.dat
  : >stub.log
  : >stub.dat
  step=0 state=1
fi
echo "from step $step"
progress() { if [[ -n ${STUB_PROGRESS:-} ]]; then echo "$step $steps" >"$STUB_PROGRESS"; fi; }
progress

checkpoint() {
  local log_sum data_sum
  # Two substitutions in one command would lose a signal: bash 5.2 fails to run a trap between them.
  log_sum=$(cksum <stub.log)
  data_sum=$(cksum <stub.dat)
  echo "$step ${log_sum#* } ${data_sum#* } $state ${log_sum/ /_} ${data_sum/ /_}" >stub.new
  mv stub.new stub.cpt
}

while ((step < steps)); do
  if [[ -n $stopping ]]; then
    checkpoint
    echo "stopped at step $step"
    exit 1
  fi
  if [[ ${STUB_FAIL_AT:-} == "$step" ]]; then
    if [[ -n ${STUB_FILL:-} ]]; then
      head -c 100000000 /dev/zero >"$STUB_FILL/filled" 2>/dev/null
      checkpoint || true
    fi
    echo 'Fatal error: step too large'
    exit 1
  fi
  if [[ ${STUB_STALL_AT:-} == "$step" ]]; then
    while [[ -z $stopping ]]; do read -rt 0.05 -u "$never"; done
    continue
  fi
  if [[ -n ${STUB_HOLD:-} ]] && ((step + 1 == steps)); then
    while [[ -e $STUB_HOLD && -z $stopping ]]; do
      read -rt 0.05 -u "$never"
      checkpoint
    done
    [[ -z $stopping ]] || continue
  fi
  step=$((step + 1))
  state=$((state * 48271 % 2147483647))
  echo "$step $state" >>stub.dat
  ((step % 5)) || echo "step $step state $state" >>stub.log
  ((step % burst)) || {
    progress
    read -rt "$nap" -u "$never"
  }
  ((step % every)) || checkpoint
done
checkpoint
progress
echo "$step $state" >stub.new
mv stub.new stub.done
