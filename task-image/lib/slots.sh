# The two checkpoint slots: taken before anything is restored, written in turn afterwards. Each write is conditioned on
# the generation and metageneration seen last, so that an attempt that was overtaken cannot write.

SLOTS=(ckpt-a ckpt-b)
SLOT_GENERATION=(0 0)
SLOT_METAGENERATION=(0 0)
SLOT_SIZE=(0 0)
# The md5 of everything that this attempt sent to a slot, whether or not an answer came.
SLOT_SENT=('' '')

note_slot() {
  SLOT_GENERATION[$1]=$OBJECT_GENERATION
  SLOT_METAGENERATION[$1]=$OBJECT_METAGENERATION
  SLOT_SIZE[$1]=$OBJECT_SIZE
}

# Takes both slots from whoever had them. A holder that is newer than we are may have done so before; then the claim
# tells, and its own next write makes it take them back.
fence_slots() {
  fence_slot 0 || leave 77 store 'fencing: no success after all tries'
  fence_slot 1 || leave 77 store 'fencing: no success after all tries'
  check_claim || leave 77 store 'the claim: no success after all tries'
}

fence_slot() {
  local i=$1 name=$FOLDER/${SLOTS[$1]} url round
  object_url "$SCRATCH_BUCKET" "$name"
  url=$REPLY
  for ((round = 0; round < 10; round++)); do
    store GET "$url?fields=$METADATA_FIELDS" || return 1
    if [[ $HTTP_STATUS == 404 ]]; then
      upload_arguments "$SCRATCH_BUCKET" "$name" "$PRIVATE/empty" application/x-tar ifGenerationMatch=0
      store "${UPLOAD[@]}" || return 1
    else
      read_object_answer || return 1
      # The answer to our own PATCH was lost.
      if [[ $OBJECT_HOLDER == "$ATTEMPT_ID" ]]; then
        note_slot "$i"
        return 0
      fi
      store PATCH "$url?ifGenerationMatch=$OBJECT_GENERATION&ifMetagenerationMatch=$OBJECT_METAGENERATION&fields=$METADATA_FIELDS" \
        --header 'Content-Type: application/json' --data-binary "{\"metadata\":{\"fepcast-holder\":\"$ATTEMPT_ID\"}}" || return 1
    fi
    if [[ $HTTP_STATUS == 200 ]]; then
      read_object_answer || return 1
      note_slot "$i"
      return 0
    fi
  done
  return 1
}

# Writes FILE with its MD5 into slot I. Returns 1 where that failed; leaves (75) when a newer attempt holds the task.
write_slot() {
  local i=$1 file=$2 md5=$3 name=$FOLDER/${SLOTS[$1]} conditions round
  SLOT_SENT[i]+=" $md5"
  for ((round = 0; round < 6; round++)); do
    conditions=ifGenerationMatch=${SLOT_GENERATION[i]}
    ((SLOT_GENERATION[i] == 0)) || conditions+="&ifMetagenerationMatch=${SLOT_METAGENERATION[i]}"
    upload_arguments "$SCRATCH_BUCKET" "$name" "$file" application/x-tar "$conditions"
    store "${UPLOAD[@]}" || return 1
    case $HTTP_STATUS in
      200)
        read_object_answer || return 1
        note_slot "$i"
        # Anything else arrived damaged and is overwritten.
        [[ $OBJECT_MD5 != "$md5" ]] || return 0
        ;;
      412) resolve_conflict "$i" || return 1 ;;
      *) return 1 ;;
    esac
    [[ $OBJECT_MD5 != "$md5" || ${SLOT_METAGENERATION[i]} != 1 ]] || return 0
  done
  return 1
}

# After a 412 on a slot: adopts what is there when it is ours. A fresh upload has metageneration 1; a higher one means
# that another attempt has fenced our bytes. While the claim is ours, an older attempt did, and we take the slot back.
resolve_conflict() {
  local i=$1
  object_url "$SCRATCH_BUCKET" "$FOLDER/${SLOTS[i]}"
  store GET "$REPLY?fields=$METADATA_FIELDS" || return 1
  OBJECT_MD5=
  if [[ $HTTP_STATUS == 200 ]]; then
    read_object_answer || return 1
    if [[ $OBJECT_METAGENERATION == 1 && -n $OBJECT_MD5 && " ${SLOT_SENT[i]} " == *" $OBJECT_MD5 "* ]]; then
      note_slot "$i"
      return 0
    fi
  fi
  check_claim || return 1
  fence_slot "$i"
}
