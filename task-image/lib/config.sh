# The environment and the index row: what to do, by which rules. docs/tasks.md is the contract.

# Reads the variable $1 as seconds into the global $2 (milliseconds); empty or absent: $3.
seconds_variable() {
  local text=${!1:-}
  [[ -n $text ]] || text=$3
  if [[ -z $text ]]; then
    printf -v "$2" '%s' ''
    return
  fi
  thousandths "$text" || leave 2 configuration "$1 is \"$text\", expected seconds as a decimal number"
  printf -v "$2" '%s' "$REPLY"
}

LIST_WORD='^([]A-Za-z0-9_.~/*?[{}=:,+@-]|%[0-9A-F][1-9A-F]|%[1-9A-F]0)+$'

# The list in the variable $1, decoded, in ELEMENTS (src/plan/taskLists.ts writes it): words of plain characters and %XX;
# an empty element is a lone %.
list_variable() {
  local words word decoded
  local LC_ALL=C
  ELEMENTS=()
  read -rd '' -a words <<<"${!1:-}"
  for word in "${words[@]}"; do
    if [[ $word == % ]]; then
      ELEMENTS+=('')
      continue
    fi
    # A backslash among them would mean something to printf.
    [[ $word =~ $LIST_WORD ]] ||
      leave 2 configuration "$1 holds \"$word\", expected elements percent-encoded with spaces between"
    printf -v decoded '%b' "${word//%/\\x}"
    ELEMENTS+=("$decoded")
  done
}

word_variable() {
  local text=${!1:-$3} accepted
  for accepted in "${@:3}"; do
    if [[ $text == "$accepted" ]]; then
      printf -v "$2" '%s' "$text"
      return
    fi
  done
  leave 2 configuration "$1 is \"$text\", expected one of: ${*:3}"
}

whole_variable() {
  local text=${!1:-$3}
  [[ $text =~ ^[0-9]{1,9}$ ]] || leave 2 configuration "$1 is \"$text\", expected a whole number"
  printf -v "$2" '%s' $((10#$text))
}

read_environment() {
  local text=${FEPCAST_TIME_SCALE:-1}
  [[ $text =~ ^([0-9]{1,4})(\.([0-9]*))?$ ]] || leave 2 configuration "FEPCAST_TIME_SCALE is \"$text\", expected a number"
  local fraction=${BASH_REMATCH[3]:-}000000
  TIME_SCALE_PPM=$((10#${BASH_REMATCH[1]} * 1000000 + 10#${fraction:0:6}))

  whole_variable BATCH_TASK_INDEX TASK_INDEX ''
  whole_variable BATCH_TASK_RETRY_ATTEMPT RETRY_ATTEMPT 0
  whole_variable FEPCAST_INDEX_ROW_BYTES ROW_BYTES ''
  RUN_ID=${FEPCAST_RUN_ID:-}
  JOB_ID=${FEPCAST_JOB:-}
  IMAGE=${FEPCAST_IMAGE:-}
  ACCELERATOR=${FEPCAST_ACCELERATOR:-}
  STORE=${FEPCAST_STORAGE_ENDPOINT:-https://storage.googleapis.com}
  STORE=${STORE%/}
  METADATA=http://${GCE_METADATA_HOST:-metadata.google.internal}/computeMetadata/v1
  ADAPTER=${FEPCAST_ADAPTER:-}
  [[ $ADAPTER =~ ^[a-z][a-z0-9]*$ ]] || leave 2 configuration "FEPCAST_ADAPTER is \"$ADAPTER\", expected the name of an adapter"
  [[ ${FEPCAST_INDEX:-} =~ ^gs://([^/]+)/(.+)$ ]] ||
    leave 2 configuration "FEPCAST_INDEX is \"${FEPCAST_INDEX:-}\", expected gs://bucket/object"
  INDEX_BUCKET=${BASH_REMATCH[1]}
  INDEX_OBJECT=${BASH_REMATCH[2]}

  word_variable FEPCAST_CHECKPOINT_POLICY POLICY periodic none aligned adaptive
  word_variable FEPCAST_CHECKPOINT_FIRST_PHASE FIRST_PHASE random none
  word_variable FEPCAST_FLUSH_ON_NOTICE FLUSH 1 0
  word_variable FEPCAST_CANARY CANARY 0 1
  word_variable FEPCAST_RESTART_FROM_ZERO RESTART_FROM_ZERO 0 1
  seconds_variable FEPCAST_CHECKPOINT_INTERVAL_SECONDS INTERVAL_MS 600
  seconds_variable FEPCAST_CHECKPOINT_JITTER_SECONDS JITTER_MS 0
  seconds_variable FEPCAST_ENGINE_INTERVAL_SECONDS ENGINE_INTERVAL_MS 300
  seconds_variable FEPCAST_START_SPREAD_SECONDS SPREAD_MS 0
  seconds_variable FEPCAST_STALL_SECONDS STALL_MS 600
  seconds_variable FEPCAST_MAX_RUN_SECONDS MAX_RUN_MS ''
  seconds_variable FEPCAST_EXPECTED_SECONDS EXPECTED_MS ''
  # An engine that is to write at ship time writes as often as is shipped.
  ((ENGINE_INTERVAL_MS > 0)) || ENGINE_INTERVAL_MS=$INTERVAL_MS
  ((INTERVAL_MS > 0)) || INTERVAL_MS=1000
}

# One row of the index by one ranged read: task key digest scratchBucket resultsBucket input.
read_index_row() {
  local first=$((TASK_INDEX * ROW_BYTES)) row extra
  object_url "$INDEX_BUCKET" "$INDEX_OBJECT"
  need_answer "the index gs://$INDEX_BUCKET/$INDEX_OBJECT" GET "$REPLY?alt=media" \
    --header "Range: bytes=$first-$((first + ROW_BYTES - 1))"
  [[ $HTTP_STATUS == 206 || $HTTP_STATUS == 200 ]] ||
    leave 2 configuration "the index gs://$INDEX_BUCKET/$INDEX_OBJECT has no row $TASK_INDEX (status $HTTP_STATUS)"
  LC_ALL=C IFS= read -r row <"$HTTP_BODY"
  # A server that ignores ranges, or rows of another width, would give some other task's work.
  ((${#row} == ROW_BYTES - 1)) ||
    leave 2 configuration "row $TASK_INDEX of the index has ${#row} bytes before its line feed, expected $((ROW_BYTES - 1))"
  [[ $HTTP_STATUS == 206 ]] || ((first == 0)) ||
    leave 2 configuration "the store answered a ranged read of the index with the whole object"
  read -r TASK KEY DIGEST SCRATCH_BUCKET RESULTS_BUCKET INPUT extra <<<"$row"
  [[ $TASK =~ ^[0-9]{1,9}$ && $KEY == */*/*/* && $KEY != */*/*/*/* && $DIGEST =~ ^[0-9a-f]{64}$ && -z $extra &&
    $SCRATCH_BUCKET$RESULTS_BUCKET =~ ^[a-z0-9._-]+$ && $INPUT =~ ^(-|[0-9a-f]{64})$ ]] ||
    leave 2 configuration "row $TASK_INDEX of the index is \"$row\", expected: task key digest scratchBucket resultsBucket input"
  FOLDER=tasks/$KEY/$DIGEST
}
