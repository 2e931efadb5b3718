# Every way out, and what is saved on the way.

# Compute Engine gives a Spot VM 30 s; what we do with the notice must fit.
NOTICE_MS=25000
# An engine that does not answer its stop signal in this time is killed.
STOP_GRACE_MS=10000
# An attempt that ends by its own choice has more time than one that is told to.
OWN_END_MS=120000
# A machine that cannot run the engine is not given the next task at once.
HOST_FAULT_PAUSE_MS=300000

# The trap. It ends what the main line waits for and asks the engine to stop; the main line does the rest.
asked_to_stop() {
  local NOW REPLY
  [[ -z $STOP_REASON ]] || return 0
  STOP_REASON=$1
  now_ms
  DEADLINE=$((NOW + NOTICE_MS))
  if [[ -n $CRITICAL ]]; then return 0; fi
  if [[ -n $ENGINE_PID ]]; then kill "-$STOP_SIGNAL" "$ENGINE_PID" 2>/dev/null; fi
  if [[ -n $WAITING_FOR ]]; then kill "$WAITING_FOR" 2>/dev/null; fi
}

stop_if_asked() {
  [[ -n $STOP_REASON && -z $CRITICAL ]] || return 0
  wind_down 76 "$STOP_REASON" 'stopped from outside'
}

# Stops the engine, ships its last checkpoint and leaves: CODE REASON MESSAGE.
wind_down() {
  local code=$1 reason=$2 message=$3
  CRITICAL=1
  now_ms
  [[ -n $DEADLINE ]] || DEADLINE=$((NOW + OWN_END_MS))
  if [[ -n $ENGINE_STARTED_AT ]]; then
    stop_engine "$STOP_SIGNAL" "$STOP_GRACE_MS"
    ((RESUME_SEEN)) || check_resumed
    # It may have finished before the signal reached it.
    if [[ -n $STOP_REASON && -n $HOLDING ]] && adapter_is_done "$ENGINE_STATUS" && ((RESUME_WRONG == 0)); then publish; fi
    adapter_step
    LAST_STEP=${REPLY:-$LAST_STEP}
    if wants_last_checkpoint "$code" && has_new_checkpoint shipped; then
      if ship_checkpoint 0; then message+=", checkpoint of step $SYNCED_STEP shipped"; fi
    fi
    # What the engine computed after its last progress report is known from the checkpoint.
    ((LAST_STEP >= SYNCED_STEP)) || LAST_STEP=$SYNCED_STEP
  fi
  if [[ $reason == signal ]] && is_preempted; then reason=preempted; fi
  leave "$code" "$reason" "$message"
}

wants_last_checkpoint() {
  [[ $POLICY != none && $1 != 74 ]] && ((RESUME_SEEN && RESUME_WRONG == 0)) || return 1
  [[ $1 != 76 ]] || ((FLUSH))
}

# The only way out: CODE REASON MESSAGE. Writes the end line of the claim where the task is held.
leave() {
  local code=$1
  # A failure on the way out changes nothing.
  [[ -z $LEAVING ]] || exit "$LEAVING"
  LEAVING=$code
  CRITICAL=1
  if ((code == 0)); then log "$3"; else log "exit $code: $3"; fi
  if [[ -n $ENGINE_PID ]]; then stop_engine KILL 1000; fi
  if [[ -n $HOLDING ]]; then
    now_ms
    [[ -n $DEADLINE ]] || DEADLINE=$((NOW + OWN_END_MS))
    if [[ -z $END_LINE ]]; then
      end_line "$code" "$2"
      END_LINE=$REPLY
    fi
    end_claim "$END_LINE" || log 'the end could not be written to the claim'
  fi
  if ((CANARY)); then
    now_ms
    [[ -n $DEADLINE ]] || DEADLINE=$((NOW + OWN_END_MS))
    report_canary "$3"
  fi
  if ((code == 82)); then
    CRITICAL=
    scaled "$HOST_FAULT_PAUSE_MS"
    nap "$REPLY"
  fi
  exit "$code"
}

# What the shell does last, however it ends.
clean_up() {
  if [[ -n $NOTICE_PID ]]; then kill "$NOTICE_PID" 2>/dev/null; fi
  if [[ -n $WORK && -z $KEEP_WORK ]]; then rm -rf -- "${WORK:?}"/*; fi
}
