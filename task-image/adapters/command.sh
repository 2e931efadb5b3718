# Any program that can go on from its own files: FEPCAST_COMMAND and what docs/tasks.md says about its files.

adapter_prepare() {
  INPUT_NAME=input
  STOP_SIGNAL=${FEPCAST_STOP_SIGNAL:-TERM}
  [[ $STOP_SIGNAL == TERM || $STOP_SIGNAL == INT || $STOP_SIGNAL == USR1 ]] ||
    leave 2 configuration "FEPCAST_STOP_SIGNAL is \"$STOP_SIGNAL\", expected TERM, INT or USR1"
  list_variable FEPCAST_COMMAND
  COMMAND_ARGV=("${ELEMENTS[@]}")
  ((${#COMMAND_ARGV[@]} > 0)) || leave 2 configuration 'FEPCAST_COMMAND is empty, expected a program and its arguments'
  command -v -- "${COMMAND_ARGV[0]}" >/dev/null ||
    leave 2 configuration "the image has no command \"${COMMAND_ARGV[0]}\""
  command_patterns FEPCAST_CHECKPOINT_FILES
  COMMAND_CHECKPOINTS=("${PATTERNS[@]}")
  command_patterns FEPCAST_OUTPUTS
  COMMAND_OUTPUTS=("${PATTERNS[@]}")
  ((${#COMMAND_OUTPUTS[@]} > 0)) || leave 2 configuration 'FEPCAST_OUTPUTS is empty, expected the globs of the result'
  # The last step reported before the newest checkpoint appeared: what that checkpoint holds at least.
  COMMAND_STEP_BEFORE=0
}

# The list in the variable $1 in PATTERNS: globs below the run folder.
command_patterns() {
  local pattern
  list_variable "$1"
  PATTERNS=("${ELEMENTS[@]}")
  for pattern in "${PATTERNS[@]}"; do
    [[ -n $pattern && $pattern != /* && /$pattern/ != */../* ]] ||
      leave 2 configuration "$1 has \"$pattern\", expected a path below the folder that the command runs in"
  done
}

# The files that the globs in "$@" match, in that order and each once, in MATCHES. A glob is never evaluated.
command_matches() {
  local pattern name
  local -A seen=()
  MATCHES=()
  for pattern in "$@"; do
    while IFS= read -r name; do
      [[ -n $name && -f $RUN/$name && -z ${seen[$name]:-} ]] || continue
      seen[$name]=1
      MATCHES+=("$name")
    done < <(cd -- "$RUN" && compgen -G "$pattern")
  done
}

adapter_engine() {
  ENGINE_ARGV=("${COMMAND_ARGV[@]}")
  COMMAND_STEP_BEFORE=${RESTORED_STEP:-0}
}

# The newest file that the first glob matches.
adapter_checkpoint_file() {
  local name
  REPLY=
  ((${#COMMAND_CHECKPOINTS[@]} > 0)) || return 0
  command_matches "${COMMAND_CHECKPOINTS[0]}"
  for name in "${MATCHES[@]}"; do
    if [[ -z $REPLY || $RUN/$name -nt $RUN/$REPLY ]]; then REPLY=$name; fi
  done
}

adapter_files() {
  local patterns=("${COMMAND_CHECKPOINTS[@]}")
  if (($1)); then patterns+=("${COMMAND_OUTPUTS[@]}"); fi
  command_matches "${patterns[@]}"
  FILES=("${MATCHES[@]}")
  # How far it came is a part of the finished state: an attempt that only publishes it tells the steps by that.
  if (($1)) && [[ -n ${FEPCAST_PROGRESS_FILE:-} && -f $RUN/$FEPCAST_PROGRESS_FILE ]] &&
    [[ " ${FILES[*]} " != *" $FEPCAST_PROGRESS_FILE "* ]]; then
    FILES+=("$FEPCAST_PROGRESS_FILE")
  fi
}

# FEPCAST_PROGRESS_FILE holds "step [of]".
command_progress() {
  COMMAND_STEP=
  COMMAND_OF=
  [[ -n ${FEPCAST_PROGRESS_FILE:-} && -r $RUN/$FEPCAST_PROGRESS_FILE ]] || return 0
  read -r COMMAND_STEP COMMAND_OF _ <"$RUN/$FEPCAST_PROGRESS_FILE"
  [[ $COMMAND_STEP =~ ^[0-9]{1,17}$ ]] || COMMAND_STEP=
  [[ $COMMAND_OF =~ ^[0-9]{1,17}$ ]] || COMMAND_OF=
}

adapter_step() {
  command_progress
  local step=$COMMAND_STEP
  # Read first, then looked whether a checkpoint has come meanwhile: the next one holds at least this step.
  if [[ -n $step ]] && ! has_new_checkpoint taken; then COMMAND_STEP_BEFORE=$step; fi
  REPLY=$step
}

# What was reported before the checkpoint came is at most what it holds.
adapter_checkpoint_step() {
  local held=$COMMAND_STEP_BEFORE
  adapter_step
  REPLY=$held
}

# A program that reports its progress is believed to have resumed when it reports at least the restored step.
adapter_resumed_step() {
  REPLY=unknown
  [[ -n ${FEPCAST_PROGRESS_FILE:-} && -n $RESTORED_STEP ]] || return 0
  REPLY=
  [[ $RUN/$FEPCAST_PROGRESS_FILE -nt $WORK/engine.pid ]] || return 0
  command_progress
  [[ -n $COMMAND_STEP ]] || return 0
  if ((COMMAND_STEP >= RESTORED_STEP)); then REPLY=$RESTORED_STEP; else REPLY=$COMMAND_STEP; fi
}

adapter_planned_steps() {
  command_progress
  REPLY=${COMMAND_OF:-$COMMAND_STEP}
}

adapter_is_done() {
  (($1 == 0)) && [[ -z ${FEPCAST_DONE_FILE:-} || -e $RUN/$FEPCAST_DONE_FILE ]]
}

adapter_outputs() {
  local pattern
  for pattern in "${COMMAND_OUTPUTS[@]}"; do
    command_matches "$pattern"
    ((${#MATCHES[@]} > 0)) || leave 2 configuration "the command is done, but nothing matches its output \"$pattern\""
  done
  command_matches "${COMMAND_OUTPUTS[@]}"
  OUTPUTS=("${MATCHES[@]}")
}

adapter_science() {
  json_escaped "${COMMAND_ARGV[0]##*/}"
  printf '"engine":"%s"' "$REPLY"
}
