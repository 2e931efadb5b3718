# The claim: whoever's start line is the last one holds the task. Lines of JSON; never rewritten, only appended to.

# Reads the claim: CLAIM_TEXT and CLAIM_GENERATION ("0": there is none).
read_claim() {
  object_url "$SCRATCH_BUCKET" "$FOLDER/claim"
  need_answer 'the claim' GET "$REPLY?alt=media"
  if [[ $HTTP_STATUS == 404 ]]; then
    CLAIM_TEXT=
    CLAIM_GENERATION=0
    return
  fi
  take_claim_answer || leave 77 store 'the claim: an answer without its generation'
}

take_claim_answer() {
  CLAIM_GENERATION=$(sed -n 's/^[Xx]-[Gg]oog-[Gg]eneration: *\([0-9]*\).*/\1/p' "$HTTP_HEADERS")
  CLAIM_TEXT=$(<"$HTTP_BODY")
  [[ -n $CLAIM_GENERATION ]]
}

# Whether the last start line of CLAIM_TEXT is this attempt's.
claim_is_ours() {
  local line last=
  while IFS= read -r line; do
    if [[ $line =~ \"kind\"[[:space:]]*:[[:space:]]*\"start\" ]]; then last=$line; fi
  done <<<"$CLAIM_TEXT"
  json_member "$last" id && [[ $REPLY == "$ATTEMPT_ID" ]]
}

# Writes CLAIM_TEXT with the line $1 appended, on the condition of CLAIM_GENERATION. Returns 1 when that failed.
append_to_claim() {
  local text=$CLAIM_TEXT
  [[ -z $text ]] || text+=$'\n'
  text+=$1
  printf '%s\n' "$text" >"$PRIVATE/claim" || return 1
  upload_arguments "$SCRATCH_BUCKET" "$FOLDER/claim" "$PRIVATE/claim" application/x-ndjson \
    "ifGenerationMatch=$CLAIM_GENERATION"
  store "${UPLOAD[@]}" || return 1
  [[ $HTTP_STATUS == 200 ]] && read_object_answer || return 1
  CLAIM_TEXT=$text
  CLAIM_GENERATION=$OBJECT_GENERATION
}

take_claim() {
  local line round
  for ((round = 0; round < 20; round++)); do
    read_claim
    # The answer to our write may have been lost.
    if claim_is_ours; then
      HOLDING=1
      return
    fi
    ATTEMPT=1
    while IFS= read -r line; do
      if [[ $line =~ \"kind\"[[:space:]]*:[[:space:]]*\"start\" ]]; then ATTEMPT=$((ATTEMPT + 1)); fi
    done <<<"$CLAIM_TEXT"
    start_line
    if append_to_claim "$REPLY"; then
      HOLDING=1
      return
    fi
    case $HTTP_STATUS in
      412) ;;
      404) leave 2 configuration "the bucket gs://$SCRATCH_BUCKET does not exist" ;;
      401 | 403) leave 2 configuration "the claim: the service account may not write to gs://$SCRATCH_BUCKET" ;;
      *) leave 77 store "the claim: no success after all tries (last status $HTTP_STATUS)" ;;
    esac
    random_up_to 1000
    scaled "$REPLY"
    nap "$REPLY"
  done
  leave 77 store 'the claim: others rewrote it all the time'
}

# Leaves (75) unless the claim is still ours. Returns 1 where the store does not tell.
check_claim() {
  object_url "$SCRATCH_BUCKET" "$FOLDER/claim"
  store GET "$REPLY?alt=media" || return 1
  [[ $HTTP_STATUS == 200 ]] && take_claim_answer || return 1
  claim_is_ours || fenced
}

fenced() {
  HOLDING=
  leave 75 fenced 'a newer attempt holds the task'
}

# The end line, if it can still be written. An answer that was lost is recognised by the line.
end_claim() {
  local line=$1 round
  [[ -n $HOLDING ]] || return 0
  for ((round = 0; round < 3; round++)); do
    append_to_claim "$line" && return 0
    [[ $HTTP_STATUS == 412 ]] || return 1
    object_url "$SCRATCH_BUCKET" "$FOLDER/claim"
    store GET "$REPLY?alt=media" && [[ $HTTP_STATUS == 200 ]] && take_claim_answer && claim_is_ours || return 1
    [[ $CLAIM_TEXT != *"$line"* ]] || return 0
  done
  return 1
}

# How many end lines of the claim have the exit code $1 (and step $2, where given), in REPLY.
count_ends() {
  local line count=0
  while IFS= read -r line; do
    [[ $line =~ \"kind\"[[:space:]]*:[[:space:]]*\"end\" ]] || continue
    json_member "$line" exit
    [[ $REPLY == "$1" ]] || continue
    json_member "$line" step
    [[ $# == 1 || $REPLY == "$2" ]] || continue
    count=$((count + 1))
  done <<<"$CLAIM_TEXT"
  REPLY=$count
}
