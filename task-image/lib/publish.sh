# The end of the work: the finished state as a last checkpoint, the outputs, then result.json, which makes it count.

# Rounds of tries at the end, where hours of work are at stake.
PUBLISH_ROUNDS=5

# Leaves with 0, or with 76 or 77 where the store cannot be reached: the next attempt then finds the finished state.
publish() {
  local name size sha outputs='' science round lines
  CRITICAL=1
  adapter_planned_steps
  LAST_STEP=${REPLY:-0}
  adapter_outputs
  for name in "${OUTPUTS[@]}"; do
    [[ -f $RUN/$name ]] || leave 2 configuration "the engine is done but has not written \"$name\""
  done
  if ((RESTORED_DONE == 0)); then
    for ((round = 0; ; round++)); do
      ship_checkpoint 1 && break
      could_not_publish "$round" 'the finished state'
    done
    USEFUL_MS=$((USEFUL_MS + ENGINE_MS))
  fi
  SYNCED_STEP=$LAST_STEP
  for name in "${OUTPUTS[@]}"; do
    sha256_of "$RUN/$name" || leave 74 disk "the output \"$name\" cannot be read"
    sha=$REPLY
    size=$(stat -c %s -- "$RUN/$name")
    md5_base64 "$RUN/$name"
    for ((round = 0; ; round++)); do
      put_once "$FOLDER/out/$name" "$RUN/$name" "$REPLY" application/octet-stream && break
      could_not_publish "$round" "the output \"$name\""
      md5_base64 "$RUN/$name"
    done
    json_escaped "$name"
    outputs+="${outputs:+, }{\"name\":\"$REPLY\",\"bytes\":$size,\"sha256\":\"$sha\"}"
  done
  science=$(adapter_science)
  end_line 0 'done'
  END_LINE=$REPLY
  lines=$CLAIM_TEXT$'\n'$END_LINE
  result_json "$lines" "$outputs" "$science" >"$WORK/result.json" || leave 74 disk 'disk full: the result could not be written'
  for ((round = 0; ; round++)); do
    publish_result && break
    could_not_publish "$round" 'the result'
  done
  leave 0 'done' "$LAST_STEP steps done, result published"
}

could_not_publish() {
  [[ -z $STOP_REASON ]] || leave 76 "$STOP_REASON" "stopped from outside while publishing $2"
  (($1 + 1 < PUBLISH_ROUNDS)) || leave 77 store "$2: no success after all tries (last status $HTTP_STATUS)"
}

# Uploads a file of the results: OBJECT FILE MD5 TYPE. The same bytes that are there already are as good. Other bytes
# are left from an attempt that lost its finished state, and are replaced while the claim is ours.
put_once() {
  local object=$1 file=$2 md5=$3 type=$4 condition=ifGenerationMatch=0 round
  for ((round = 0; round < 6; round++)); do
    upload_arguments "$RESULTS_BUCKET" "$object" "$file" "$type" "$condition"
    store "${UPLOAD[@]}" || return 1
    if [[ $HTTP_STATUS == 412 ]]; then
      object_url "$RESULTS_BUCKET" "$object"
      store GET "$REPLY?fields=$METADATA_FIELDS" || return 1
      if [[ $HTTP_STATUS == 404 ]]; then
        condition=ifGenerationMatch=0
        continue
      fi
    fi
    [[ $HTTP_STATUS == 200 ]] && read_object_answer || return 1
    [[ $OBJECT_MD5 != "$md5" ]] || return 0
    check_claim || return 1
    condition=ifGenerationMatch=$OBJECT_GENERATION
  done
  return 1
}

# Exactly one result.json can ever be written; one that is there, ours or not, completes the task.
publish_result() {
  upload_arguments "$RESULTS_BUCKET" "$FOLDER/result.json" "$WORK/result.json" application/json ifGenerationMatch=0
  store "${UPLOAD[@]}" && [[ $HTTP_STATUS == 200 || $HTTP_STATUS == 412 ]]
}
