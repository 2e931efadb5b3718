# A checkpoint: one tar of a manifest and the engine's files, made from a copy.

MANIFEST=fepcast-checkpoint

# Copies the files that the adapter names (the checkpoint file first: what grows is then never shorter than the
# checkpoint says) and packs them: BUNDLE, BUNDLE_STEP. $1: 1 when the engine is done. Returns 1 where a copy failed.
pack_checkpoint() {
  local is_done=$1 name useful=$USEFUL_MS
  BUNDLE=$WORK/bundle
  rm -rf -- "$WORK/copy" "$BUNDLE"
  mkdir -- "$WORK/copy" || return 1
  adapter_files "$is_done"
  adapter_checkpoint_file
  if ((is_done)); then
    useful=$((USEFUL_MS + ENGINE_MS))
  elif [[ -n $ENGINE_STARTED_AT && -n $REPLY ]]; then
    # The steps that the checkpoint holds took from the engine's start to the checkpoint's time.
    local written
    written=$(date -r "$RUN/$REPLY" +%s%3N) || return 1
    ((written <= ENGINE_STARTED_AT)) || useful=$((USEFUL_MS + written - ENGINE_STARTED_AT))
  fi
  [[ -z $REPLY ]] || touch -r "$RUN/$REPLY" -- "$WORK/taken"
  for name in "${FILES[@]}"; do
    if [[ $name == */* ]]; then mkdir -p -- "$WORK/copy/${name%/*}" || return 1; fi
    cp -- "$RUN/$name" "$WORK/copy/$name" || return 1
  done
  ((${#FILES[@]} > 0)) || return 1
  if ((is_done)); then adapter_planned_steps; else adapter_checkpoint_step "$WORK/copy"; fi
  BUNDLE_STEP=${REPLY:-0}
  SEQUENCE=$((SEQUENCE + 1))
  (
    cd -- "$WORK/copy" || exit 1
    sums=$(sha256sum -b -- "${FILES[@]}") || exit 1
    printf '%s\n' 'fepcast-checkpoint 1' "sequence $((ATTEMPT * 1000000 + SEQUENCE))" "digest $DIGEST" \
      "attempt $ATTEMPT_ID" "step $BUNDLE_STEP" "useful-ms $useful" "done $is_done" 'files' "$sums" >"$MANIFEST" || exit 1
    tar -cf "$BUNDLE" "./$MANIFEST" "${FILES[@]/#/./}"
  ) || return 1
  rm -rf -- "$WORK/copy"
}

# Packs and ships a checkpoint. $1: 1 when the engine is done. Returns 1 where it could not be shipped.
ship_checkpoint() {
  local is_done=$1 begun md5 bytes status=0
  if ! pack_checkpoint "$is_done"; then
    if disk_is_full; then wind_down 74 disk 'disk full: a checkpoint could not be copied'; fi
    log 'a checkpoint could not be copied and is skipped'
    return 1
  fi
  now_ms
  begun=$NOW
  md5_base64 "$BUNDLE" || return 1
  md5=$REPLY
  bytes=$(stat -c %s -- "$BUNDLE") || return 1
  write_slot "$NEXT_SLOT" "$BUNDLE" "$md5" || status=1
  now_ms
  SYNC_MS=$((SYNC_MS + NOW - begun))
  LAST_SHIP_MS=$((NOW - begun))
  rm -f -- "$BUNDLE"
  if ((status)); then
    log "a checkpoint of step $BUNDLE_STEP was not taken by the store (last status $HTTP_STATUS) and is skipped"
    return 1
  fi
  NEXT_SLOT=$((1 - NEXT_SLOT))
  SYNCED_STEP=$BUNDLE_STEP
  CHECKPOINTS=$((CHECKPOINTS + 1))
  CHECKPOINT_BYTES=$((CHECKPOINT_BYTES + bytes))
  ((bytes <= LARGEST_BYTES)) || LARGEST_BYTES=$bytes
  if [[ -e $WORK/taken ]]; then touch -r "$WORK/taken" -- "$WORK/shipped"; fi
}

# Whether the engine has written a checkpoint that was not yet taken (or, with "shipped", not yet shipped).
has_new_checkpoint() {
  adapter_checkpoint_file
  [[ -n $REPLY && $RUN/$REPLY -nt $WORK/$1 ]]
}

# Reads the manifest's lines from $1; returns 1 unless it is one of this task's.
read_manifest() {
  local key value version=
  MANIFEST_SEQUENCE=
  MANIFEST_STEP=
  MANIFEST_USEFUL=
  MANIFEST_DONE=
  local digest=
  while read -r key value; do
    case $key in
      fepcast-checkpoint) version=$value ;;
      sequence) MANIFEST_SEQUENCE=$value ;;
      digest) digest=$value ;;
      step) MANIFEST_STEP=$value ;;
      useful-ms) MANIFEST_USEFUL=$value ;;
      done) MANIFEST_DONE=$value ;;
      files) break ;;
    esac
  done <"$1"
  [[ $version == 1 && $digest == "$DIGEST" && $MANIFEST_DONE =~ ^[01]$ ]] &&
    [[ $MANIFEST_SEQUENCE =~ ^[1-9][0-9]{0,17}$ && $MANIFEST_STEP =~ ^[0-9]{1,17}$ && $MANIFEST_USEFUL =~ ^[0-9]{1,17}$ ]]
}

# Orders the slots that hold something, newest first: CANDIDATES. The manifest is the first file of the tar, so the
# first 2 kB of a slot tell how new it is.
list_candidates() {
  local i newest=(0 0)
  CANDIDATES=()
  for i in 0 1; do
    ((SLOT_SIZE[i] > 0)) || continue
    object_url "$SCRATCH_BUCKET" "$FOLDER/${SLOTS[i]}"
    need_answer "checkpoint ${SLOTS[i]}" GET "$REPLY?alt=media" --header 'Range: bytes=512-2047'
    # 1: damaged, but tried before giving up.
    newest[i]=1
    if [[ $HTTP_STATUS == 206 ]] && tr '\0' '\n' <"$HTTP_BODY" >"$PRIVATE/manifest" && read_manifest "$PRIVATE/manifest"; then
      newest[i]=$MANIFEST_SEQUENCE
    fi
  done
  if ((newest[0] == 0 && newest[1] == 0)); then return; fi
  if ((newest[0] >= newest[1])); then CANDIDATES=(0 1); else CANDIDATES=(1 0); fi
  if ((newest[0] == 0)); then CANDIDATES=(1); fi
  if ((newest[1] == 0)); then CANDIDATES=(0); fi
}

# Restores the first candidate that verifies and takes it off the list; none: from zero, where that is allowed or
# there never was a checkpoint. $1: "engine" where the engine itself refused the last one and none is left.
restore() {
  local slot begun had=${#CANDIDATES[@]}
  now_ms
  begun=$NOW
  while ((${#CANDIDATES[@]} > 0)); do
    slot=${CANDIDATES[0]}
    CANDIDATES=("${CANDIDATES[@]:1}")
    if unpack_slot "$slot"; then
      NEXT_SLOT=$((1 - slot))
      RESTORED_STEP=$MANIFEST_STEP
      RESTORED_DONE=$MANIFEST_DONE
      SYNCED_STEP=$MANIFEST_STEP
      USEFUL_MS=$MANIFEST_USEFUL
      now_ms
      RESTORE_MS=$((RESTORE_MS + NOW - begun))
      log "goes on from step $RESTORED_STEP (${SLOTS[slot]})"
      return
    fi
    log "checkpoint ${SLOTS[slot]} does not verify"
  done
  if ((had > 0 || REFUSED > 0)); then
    ((RESTART_FROM_ZERO)) || leave 78 corrupt 'no checkpoint verifies, and beginning again is not allowed'
    log 'no checkpoint verifies: begins again'
  fi
  fresh_run_folder
  rm -f -- "$WORK/taken" "$WORK/shipped"
  RESTORED_STEP=
  RESTORED_DONE=0
  SYNCED_STEP=0
  USEFUL_MS=0
}

fresh_run_folder() {
  rm -rf -- "$RUN"
  mkdir -- "$RUN" || leave 74 disk "the work folder $WORK cannot be written"
  [[ $INPUT == - ]] || cp -- "$WORK/input" "$RUN/$INPUT_NAME" || leave 74 disk 'disk full: the input could not be copied'
}

unpack_slot() {
  local slot=$1
  object_url "$SCRATCH_BUCKET" "$FOLDER/${SLOTS[slot]}"
  RECEIVE_AS=$WORK/received need_answer "checkpoint ${SLOTS[slot]}" GET "$REPLY?alt=media&generation=${SLOT_GENERATION[slot]}"
  [[ $HTTP_STATUS == 200 ]] || return 1
  fresh_run_folder
  if ! tar -C "$RUN" -xomf "$WORK/received" 2>/dev/null; then
    if disk_is_full; then leave 74 disk 'disk full: a checkpoint could not be unpacked'; fi
    return 1
  fi
  rm -f -- "$WORK/received"
  [[ -f $RUN/$MANIFEST ]] && read_manifest "$RUN/$MANIFEST" || return 1
  (cd -- "$RUN" && sed '1,/^files$/d' "$MANIFEST" | sha256sum -c --status --strict -) 2>/dev/null || return 1
  rm -f -- "$RUN/$MANIFEST"
  adapter_checkpoint_file
  # Another machine's clock must not make the next checkpoint look old.
  rm -f -- "$WORK/taken" "$WORK/shipped"
  if [[ -n $REPLY ]]; then
    touch -- "$RUN/$REPLY"
    touch -r "$RUN/$REPLY" -- "$WORK/taken" "$WORK/shipped"
  fi
}
