# The engine as a process. It runs in the background from start to end: a shell that waits in the foreground would
# answer a signal only afterwards, and as process 1 of a container it gets no default answers at all.

start_engine() {
  adapter_engine
  FEPCAST_RESTORED_STEP=${RESTORED_STEP:-0}
  export FEPCAST_RESTORED_STEP
  # Background processes of a shell without job control ignore SIGINT; an engine may want it.
  (
    cd -- "$RUN" || exit 127
    trap - INT QUIT
    exec "${ENGINE_ARGV[@]}"
  ) >"$WORK/engine.out" 2>&1 </dev/null &
  ENGINE_PID=$!
  now_ms
  ENGINE_STARTED_AT=$NOW
  ENGINE_MS=0
  process_start "$ENGINE_PID"
  ENGINE_TICKS=$REPLY
  printf '%s %s\n' "$ENGINE_PID" "$ENGINE_TICKS" >"$WORK/engine.pid"
}

# Whether the engine still runs. `wait -n` does not tell for sure: what ended while some other command ran may count as
# told already, and is then passed over.
engine_runs() {
  process_start "$ENGINE_PID" && [[ $REPLY == "$ENGINE_TICKS" ]]
}

# Sleeps $1 milliseconds, or less when the engine ends or a signal comes.
nap_beside_engine() {
  local nap_pid
  seconds_of "$1"
  sleep "$REPLY" &
  nap_pid=$!
  WAITING_FOR=$nap_pid
  # A signal after the line above kills the nap, one before it is seen here.
  [[ -n $STOP_REASON && -z $CRITICAL ]] || wait -n "$ENGINE_PID" "$nap_pid" 2>/dev/null
  WAITING_FOR=
  kill "$nap_pid" 2>/dev/null
}

# When the process $1 began, in the kernel's ticks, in REPLY: with the pid it names a process for good. Returns 1 where
# there is none, or one that has ended and that nobody has asked after.
process_start() {
  local line fields
  REPLY=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }"
  REPLY=${fields[19]:-}
  [[ ${fields[0]} != Z ]]
}

# The engine has ended.
engine_ended() {
  # The shell would report a killed child in words of its own.
  wait "$ENGINE_PID" 2>/dev/null
  ENGINE_STATUS=$?
  ENGINE_PID=
  now_ms
  ENGINE_MS=$((NOW - ENGINE_STARTED_AT))
  COMPUTE_MS=$((COMPUTE_MS + ENGINE_MS))
}

# Asks the engine to stop, with the signal $1, and kills it after $2 milliseconds.
stop_engine() {
  local patience_ends
  [[ -n $ENGINE_PID ]] || return 0
  kill "-$1" "$ENGINE_PID" 2>/dev/null
  now_ms
  patience_ends=$((NOW + $2))
  while engine_runs; do
    now_ms
    ((NOW < patience_ends)) || kill -KILL "$ENGINE_PID" 2>/dev/null
    nap_beside_engine 50
  done
  engine_ended
}

# Kills what earlier tasks left on this machine, and empties the work folder.
clean_machine() {
  local pid start
  (umask 077 && mkdir -p -- "$WORK") || leave 2 configuration "the work folder $WORK cannot be made"
  if { read -r pid start <"$WORK/owner"; } 2>/dev/null && process_start "$pid" && [[ $REPLY == "$start" && $pid != "$$" ]]; then
    KEEP_WORK=1
    leave 2 configuration "the work folder $WORK is in use by process $pid"
  fi
  if { read -r pid start <"$WORK/engine.pid"; } 2>/dev/null && process_start "$pid" && [[ $REPLY == "$start" ]]; then
    log "an engine of an earlier task (process $pid) still runs and is killed"
    kill -KILL "$pid"
  fi
  rm -rf -- "${WORK:?}"/* || leave 74 disk "the work folder $WORK cannot be emptied"
  process_start "$$"
  printf '%s %s\n' "$$" "$REPLY" >"$WORK/owner" || leave 74 disk "the work folder $WORK cannot be written"
}
