# What an attempt writes about itself: the lines of the claim and result.json (src/plan/taskRecords.ts).

epoch_seconds() {
  now_ms
  seconds_of "$NOW"
}

# The start line, in REPLY.
start_line() {
  local run job vm zone
  json_escaped "$RUN_ID" && run=$REPLY
  json_escaped "$JOB_ID" && job=$REPLY
  json_escaped "$VM" && vm=$REPLY
  json_escaped "$ZONE" && zone=$REPLY
  epoch_seconds
  printf -v REPLY '{"kind":"start","attempt":%d,"id":"%s","run":"%s","job":"%s","index":%d,"retry":%d,"vm":"%s","zone":"%s","at":%s}' \
    "$ATTEMPT" "$ATTEMPT_ID" "$run" "$job" "$TASK_INDEX" "$RETRY_ATTEMPT" "$vm" "$zone" "$REPLY"
}

# The end line, in REPLY: CODE REASON.
end_line() {
  local code=$1 reason=$2 retries='' status at restored compute sync
  for status in "${!RETRIES[@]}"; do
    retries+="${retries:+,}\"$status\":${RETRIES[$status]}"
  done
  epoch_seconds
  at=$REPLY
  seconds_of "$RESTORE_MS"
  restored=$REPLY
  seconds_of "$COMPUTE_MS"
  compute=$REPLY
  seconds_of "$SYNC_MS"
  sync=$REPLY
  printf -v REPLY '{"kind":"end","attempt":%d,"at":%s,"exit":%d,"reason":"%s","restoredStep":%s,"step":%d,"syncedStep":%d,"checkpoints":%d,"checkpointBytes":%d,"largestCheckpointBytes":%d,"retries":{%s},"seconds":{"restore":%s,"compute":%s,"sync":%s}}' \
    "$ATTEMPT" "$at" "$code" "$reason" "${RESTORED_STEP:-null}" "$LAST_STEP" "$SYNCED_STEP" "$CHECKPOINTS" \
    "$CHECKPOINT_BYTES" "$LARGEST_BYTES" "$retries" "$restored" "$compute" "$sync"
}

# Milliseconds of computing that had to be done again, as far as the end lines in $1 tell, in REPLY: of each attempt
# the share of its steps that was not durable when it ended. A VM that vanished has left no end line.
lost_ms() {
  local line total=0 compute from step kept
  while IFS= read -r line; do
    [[ $line =~ \"kind\"[[:space:]]*:[[:space:]]*\"end\" ]] || continue
    json_member "$line" compute
    thousandths "$REPLY" || continue
    compute=$REPLY
    json_member "$line" restoredStep || REPLY=0
    from=${REPLY:-0}
    json_member "$line" step || continue
    step=$REPLY
    json_member "$line" syncedStep || continue
    kept=$REPLY
    [[ $from$step$kept =~ ^[0-9]+$ ]] || continue
    ((step > from && step > kept)) || continue
    total=$((total + compute * (step - (kept > from ? kept : from)) / (step - from)))
  done <<<"$1"
  REPLY=$total
}

# result.json on stdout: LINES (of the claim, the own end included) OUTPUTS (JSON) SCIENCE (JSON members).
result_json() {
  local lines=$1 outputs=$2 science=$3 line attempts='' key run job image at input=null useful planned
  while IFS= read -r line; do
    # A claim that somebody else damaged must not damage the result.
    [[ $line == \{*\} ]] && attempts+="${attempts:+,
    }$line"
  done <<<"$lines"
  json_escaped "$KEY" && key=$REPLY
  json_escaped "$RUN_ID" && run=$REPLY
  json_escaped "$JOB_ID" && job=$REPLY
  json_escaped "$IMAGE" && image=$REPLY
  epoch_seconds
  at=$REPLY
  [[ $INPUT == - ]] || input="\"$INPUT\""
  seconds_of "$USEFUL_MS"
  useful=$REPLY
  adapter_planned_steps
  planned=${REPLY:-0}
  lost_ms "$lines"
  seconds_of "$REPLY"
  cat <<END
{
  "version": 1,
  "key": "$key",
  "digest": "$DIGEST",
  "task": $((10#$TASK)),
  "run": "$run",
  "job": "$job",
  "at": $at,
  "attempts": [
    $attempts
  ],
  "stepsDone": $LAST_STEP,
  "stepsPlanned": $planned,
  "usefulSeconds": $useful,
  "lostSeconds": $REPLY,
  "input": $input,
  "image": "$image",
  "outputs": [$outputs],
  "science": {$science}
}
END
}
