#!/usr/bin/env bash
# Runs one task of a campaign to its result, over any number of attempts on machines that may vanish at any moment.
# What it reads, writes and exits with is in docs/tasks.md; how it is made, in docs/task-image.md.
# Needs bash 5.1, curl 7.68, coreutils, grep, sed, tar.
#
# Three rules that hold in all parts. Nothing that may take long runs in the foreground, because a trap runs only between
# commands: see `await`. And no command holds two command substitutions: when a signal comes during the first, bash 5.2
# fails to run its trap, and the signal is lost. And the end of the engine is not left to `wait -n`: see `engine_runs`.
# shellcheck source-path=SCRIPTDIR

set -uo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# bundle.sh puts the parts in place of these lines.
# --- parts
# shellcheck source=lib/base.sh
source "$HERE/lib/base.sh"
# shellcheck source=lib/config.sh
source "$HERE/lib/config.sh"
# shellcheck source=lib/metadata.sh
source "$HERE/lib/metadata.sh"
# shellcheck source=lib/store.sh
source "$HERE/lib/store.sh"
# shellcheck source=lib/claim.sh
source "$HERE/lib/claim.sh"
# shellcheck source=lib/slots.sh
source "$HERE/lib/slots.sh"
# shellcheck source=lib/checkpoint.sh
source "$HERE/lib/checkpoint.sh"
# shellcheck source=lib/engine.sh
source "$HERE/lib/engine.sh"
# shellcheck source=lib/watchdog.sh
source "$HERE/lib/watchdog.sh"
# shellcheck source=lib/records.sh
source "$HERE/lib/records.sh"
# shellcheck source=lib/publish.sh
source "$HERE/lib/publish.sh"
# shellcheck source=lib/canary.sh
source "$HERE/lib/canary.sh"
# shellcheck source=lib/end.sh
source "$HERE/lib/end.sh"
# shellcheck source=analysis/bar.sh
source "$HERE/analysis/bar.sh"
# --- parts

# What the parts share.
NOW=0
TIME_SCALE_PPM=1000000
STOP_REASON=    # why the attempt was asked to stop: signal or preempted
DEADLINE=       # when all must be over, in epoch milliseconds; empty: no hurry
CRITICAL=       # set: a signal no longer interrupts what is waited for
LEAVING=        # the exit code, once it is decided
WAITING_FOR=    # process that the main line waits for
ENGINE_PID=
ENGINE_TICKS=   # with the pid it names the engine's process for good
ENGINE_STARTED_AT=
ENGINE_STATUS=0
ENGINE_MS=0     # how long the last engine ran
NOTICE_PID=
CANARY=0
WORK=
KEEP_WORK=
HOLDING=        # set while the claim is ours
ATTEMPT=1
CLAIM_TEXT=
END_LINE=
TOKEN_EXPIRES_AT=0
STOP_SIGNAL=TERM
INPUT_NAME=input
SELF_END_AT=
SPEED_CHECKED=0
RESUME_SEEN=0
RESUME_WRONG=0
RESTORED_STEP=  # empty: from zero
RESTORED_DONE=0
REFUSED=0       # checkpoints that verified but that the engine did not go on from
LAST_STEP=0
SYNCED_STEP=0
NEXT_SLOT=0
SEQUENCE=0
USEFUL_MS=0     # computing time of the steps up to the restored one, over all attempts
COMPUTE_MS=0
RESTORE_MS=0
SYNC_MS=0
LAST_SHIP_MS=1000
CHECKPOINTS=0
CHECKPOINT_BYTES=0
LARGEST_BYTES=0
declare -A RETRIES=()
FILES=()
OUTPUTS=()
CANDIDATES=()

main() {
  now_ms
  local begun=$NOW
  trap 'asked_to_stop signal' TERM INT HUP
  trap 'asked_to_stop preempted' USR1
  trap clean_up EXIT
  prepare_folders
  read_environment
  load_adapter
  if [[ -n $MAX_RUN_MS ]]; then
    # Half the time, where ten minutes would be more.
    scaled $((MAX_RUN_MS - (MAX_RUN_MS < 2 * RUN_MARGIN_MS ? MAX_RUN_MS / 2 : RUN_MARGIN_MS)))
    SELF_END_AT=$((begun + REPLY))
  fi
  watch_for_notice
  if ((SPREAD_MS > 0)); then
    random_up_to "$SPREAD_MS"
    scaled "$REPLY"
    nap "$REPLY"
  fi
  read_index_row
  if ((CANARY == 0)); then leave_if_complete; fi
  read_vm_name
  if ((CANARY)); then run_canary; fi
  take_claim
  log "attempt $ATTEMPT at task $TASK"
  check_accelerator
  fetch_input
  fence_slots
  list_candidates
  restore
  while ((RESTORED_DONE == 0)); do
    start_engine
    watch_engine
    stop_if_asked
    if ((RESUME_WRONG == 0)) && adapter_is_done "$ENGINE_STATUS"; then break; fi
    go_on_after_failure
  done
  publish
}

prepare_folders() {
  WORK=${FEPCAST_WORK_DIR:-${TMPDIR:-/tmp}}/fepcast-task
  clean_machine
  PRIVATE=$WORK/private
  RUN=$WORK/run
  if ! (umask 077 && mkdir -- "$PRIVATE" "$RUN"); then leave 74 disk "the work folder $WORK cannot be written"; fi
  HTTP_BODY=$PRIVATE/body
  HTTP_HEADERS=$PRIVATE/headers
  TOKEN_FILE=$PRIVATE/token
  : >"$PRIVATE/empty"
  printf -v ATTEMPT_ID '%08x%08x%08x%08x' "$SRANDOM" "$SRANDOM" "$SRANDOM" "$SRANDOM"
}

# An adapter is a file of functions, or is in the bundle already.
load_adapter() {
  if declare -F "load_adapter_$ADAPTER" >/dev/null; then
    "load_adapter_$ADAPTER"
  else
    local file=${FEPCAST_ADAPTER_DIR:-$HERE/adapters}/$ADAPTER.sh
    [[ -r $file ]] || leave 2 configuration "there is no adapter \"$ADAPTER\" ($file)"
    # shellcheck source=/dev/null
    source "$file" || leave 2 configuration "the adapter $file cannot be read"
  fi
  adapter_prepare
}

# A GPU that was asked for must be there: an engine that falls back to the CPU would run for days.
check_accelerator() {
  [[ -n $ACCELERATOR ]] || return 0
  timeout 60 nvidia-smi -L >"$PRIVATE/gpus" 2>/dev/null &
  await $!
  [[ -n $STOP_REASON ]] || grep -q '^GPU [0-9]' "$PRIVATE/gpus" ||
    leave 82 accelerator "no usable $ACCELERATOR: nvidia-smi lists no GPU"
}

leave_if_complete() {
  need_object "$RESULTS_BUCKET" "$FOLDER/result.json"
  [[ $HTTP_STATUS == 404 ]] || leave 0 complete 'the result is there already'
}

# The input object by its content: what is not what its name says is fetched once more, then it is missing.
fetch_input() {
  local round begun
  [[ $INPUT != - ]] || return 0
  now_ms
  begun=$NOW
  for round in 1 2; do
    object_url "$RESULTS_BUCKET" "inputs/$INPUT"
    RECEIVE_AS=$WORK/input need_answer 'the input' GET "$REPLY?alt=media"
    [[ $HTTP_STATUS == 200 ]] || leave 72 input "gs://$RESULTS_BUCKET/inputs/$INPUT does not exist"
    if sha256_of "$WORK/input" && [[ $REPLY == "$INPUT" ]]; then
      now_ms
      RESTORE_MS=$((NOW - begun))
      return
    fi
    log "the input arrived with another digest (try $round)"
  done
  leave 72 input "gs://$RESULTS_BUCKET/inputs/$INPUT does not hold what its name says"
}

# The engine ended without being done, and nobody asked it to. A checkpoint that it did not go on from is dropped for
# the one before it; otherwise the attempt fails here, for good when an earlier one failed at the same step.
go_on_after_failure() {
  local progressed=0
  adapter_step
  LAST_STEP=${REPLY:-$LAST_STEP}
  if ((LAST_STEP > ${RESTORED_STEP:-0})) || has_new_checkpoint taken; then progressed=1; fi
  if disk_is_full || grep -qis 'No space left on device' "$WORK/engine.out"; then
    leave 74 disk 'disk full: the engine could not write'
  fi
  if ((RESUME_WRONG)) || { ((progressed == 0)) && [[ -n $RESTORED_STEP ]] && ((${#CANDIDATES[@]} > 0)); }; then
    log "the engine did not go on from step ${RESTORED_STEP:-0} (status $ENGINE_STATUS)"
    REFUSED=$((REFUSED + 1))
    restore
    return
  fi
  engine_words
  count_ends 84 "$LAST_STEP"
  if ((REPLY > 0)); then
    leave 79 blow-up "the engine failed again at step $LAST_STEP (status $ENGINE_STATUS)"
  fi
  leave 84 engine "the engine failed at step $LAST_STEP (status $ENGINE_STATUS)"
}

# The engine's last words, for the log.
engine_words() {
  local line
  while IFS= read -r line; do
    [[ -z ${line//[[:space:]]/} ]] || log "engine: ${line:0:300}"
  done < <(tail -n 12 -- "$WORK/engine.out" 2>/dev/null)
}

# --- adapters (bundle.sh puts them here)

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  # The one argument that there is: a task of the job that works results out.
  if [[ ${1:-} == analysis ]]; then analyse; else main "$@"; fi
fi
