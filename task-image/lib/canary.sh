# The canary: tries in a region all that a task will need there, writes what it has seen, and leaves nothing behind.

# The trial that is under way; empty: none.
CANARY_TRIAL=
CANARY_TRIALS=
CANARY_ENGINE=null
CANARY_GPU=null
CANARY_MACHINE=null

run_canary() {
  # Whatever ends it, no checkpoint is shipped.
  POLICY=none
  [[ ${FEPCAST_CANARY_REPORT:-} =~ ^gs://([^/]+)/(.+)$ ]] ||
    leave 2 configuration "FEPCAST_CANARY_REPORT is \"${FEPCAST_CANARY_REPORT:-}\", expected gs://bucket/object"
  CANARY_BUCKET=${BASH_REMATCH[1]}
  CANARY_OBJECT=${BASH_REMATCH[2]}
  if metadata_get instance/machine-type; then
    IFS= read -r CANARY_MACHINE <"$HTTP_BODY"
    json_escaped "${CANARY_MACHINE##*/} in $ZONE"
    CANARY_MACHINE="\"$REPLY\""
  fi
  if [[ -n $ACCELERATOR ]]; then
    CANARY_TRIAL=accelerator
    check_accelerator
    json_escaped "$(sed -n '/^GPU [0-9]*: /{s///;s/ (UUID.*//;p;q;}' "$PRIVATE/gpus")"
    CANARY_GPU="\"$REPLY\""
    canary_passed "$REPLY"
  fi
  CANARY_TRIAL=input
  fetch_input
  canary_passed ''
  canary_bucket "$SCRATCH_BUCKET" "$RESULTS_BUCKET"
  canary_engine
  leave 0 canary 'the canary tried everything'
}

# Writes, overwrites and deletes an object of its own in each bucket.
canary_bucket() {
  local bucket object=runs/$RUN_ID/canary/$ATTEMPT_ID
  printf 'canary\n' >"$PRIVATE/canary"
  for CANARY_TRIAL in write overwrite; do
    for bucket in "$@"; do
      upload_arguments "$bucket" "$object" "$PRIVATE/canary" text/plain ''
      need_answer "$CANARY_TRIAL in gs://$bucket" "${UPLOAD[@]}"
      [[ $HTTP_STATUS == 200 ]] || leave 2 configuration "$CANARY_TRIAL in gs://$bucket: refused with status $HTTP_STATUS"
    done
    canary_passed ''
  done
  CANARY_TRIAL=delete
  for bucket in "$@"; do
    object_url "$bucket" "$object"
    need_answer "delete in gs://$bucket" DELETE "$REPLY"
  done
  canary_passed ''
}

# Lets the engine compute for the time that a canary is given.
canary_engine() {
  local until by_itself=0 planned
  CANARY_TRIAL=engine
  fresh_run_folder
  start_engine
  scaled "${EXPECTED_MS:-120000}"
  until=$((ENGINE_STARTED_AT + REPLY))
  while engine_runs && ((NOW < until)); do
    nap_beside_engine $((until - NOW < 1000 ? until - NOW : 1000))
    stop_if_asked
    now_ms
  done
  # An engine that has ended by itself must be done; one that is asked to stop need not.
  if engine_runs; then
    stop_engine "$STOP_SIGNAL" "$STOP_GRACE_MS"
  else
    by_itself=1
    engine_ended
  fi
  adapter_step
  LAST_STEP=$REPLY
  if ((by_itself)) && ! adapter_is_done "$ENGINE_STATUS"; then
    engine_words
    leave 84 engine "the engine failed at step ${LAST_STEP:-0} (status $ENGINE_STATUS)"
  fi
  [[ $LAST_STEP != 0 ]] || leave 80 stalled 'the engine computed nothing'
  if [[ -n $LAST_STEP ]]; then
    adapter_planned_steps
    planned=$REPLY
    [[ $planned =~ ^[1-9][0-9]*$ ]] || planned=null
    # In the task's own time.
    seconds_of $((TIME_SCALE_PPM > 0 ? ENGINE_MS * 1000000 / TIME_SCALE_PPM : ENGINE_MS))
    CANARY_ENGINE="{\"seconds\":$REPLY,\"step\":$LAST_STEP,\"of\":$planned}"
  fi
  canary_passed "${LAST_STEP:+$LAST_STEP steps}"
}

canary_passed() {
  canary_trial true "$1"
  CANARY_TRIAL=
}

canary_trial() {
  json_escaped "$2"
  CANARY_TRIALS+="${CANARY_TRIALS:+,}{\"name\":\"$CANARY_TRIAL\",\"ok\":$1,\"message\":\"$REPLY\"}"
}

# The report; a trial that was under way has failed with the message $1.
report_canary() {
  [[ -n ${CANARY_OBJECT:-} ]] || return 0
  [[ -z $CANARY_TRIAL ]] || canary_trial false "$1"
  printf '{"accelerator":%s,"machine":%s,"trials":[%s],"engine":%s}\n' \
    "$CANARY_GPU" "$CANARY_MACHINE" "$CANARY_TRIALS" "$CANARY_ENGINE" >"$PRIVATE/canary"
  upload_arguments "$CANARY_BUCKET" "$CANARY_OBJECT" "$PRIVATE/canary" application/json ''
  if ! store "${UPLOAD[@]}" || [[ $HTTP_STATUS != 200 ]]; then log 'the report of the canary could not be written'; fi
}
