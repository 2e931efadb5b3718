# While the engine runs: ships checkpoints, and notices an engine that stalls, crawls or resumed in the wrong place.

# A machine that computes at less than this share of the planned speed is left, seen after so long.
SLOW_PERCENT=30
SLOW_AFTER_MS=300000
# How long before maxRunDuration an attempt ends itself, and how often progress is looked at.
RUN_MARGIN_MS=600000
PROGRESS_EVERY_MS=10000
# The adaptive interval stays within these, whatever a task has seen; before it has seen anything it believes in one
# preemption in 20 hours.
SHORTEST_ADAPTIVE_MS=300000
LONGEST_ADAPTIVE_MS=3600000
PRIOR_MS=72000000

# Wall milliseconds from now until the next checkpoint is to be shipped, in REPLY. $1: "first" or "next".
shipping_delay() {
  local interval=$INTERVAL_MS
  if [[ $POLICY == aligned ]]; then
    scaled "$interval"
    ((REPLY > 0)) || REPLY=1
    now_ms
    REPLY=$((REPLY - NOW % REPLY))
    return
  fi
  if [[ $POLICY == adaptive ]]; then
    adaptive_interval
    interval=$REPLY
  fi
  if [[ $1 == first && $FIRST_PHASE == random ]]; then
    random_up_to "$interval"
  else
    random_up_to "$JITTER_MS"
    REPLY=$((REPLY + interval))
  fi
  scaled "$REPLY"
}

# Young's interval sqrt(2 C M) ("A first order approximation to the optimum checkpoint interval", CACM 17(9), 1974)
# from what the task itself has seen: its earlier attempts, its computing time, and what the last checkpoint took.
adaptive_interval() {
  local mean root next
  mean=$(((PRIOR_MS + USEFUL_MS) / ATTEMPT))
  next=$((2 * LAST_SHIP_MS * mean))
  root=$((next > 0 ? next : 1))
  # Newton, from above.
  while ((next = (root + (2 * LAST_SHIP_MS * mean) / root) / 2, next < root)); do root=$next; done
  ((root >= SHORTEST_ADAPTIVE_MS)) || root=$SHORTEST_ADAPTIVE_MS
  ((root <= LONGEST_ADAPTIVE_MS)) || root=$LONGEST_ADAPTIVE_MS
  REPLY=$root
}

# Watches the engine until it has ended by itself. Leaves when asked to stop, or for a reason of its own.
watch_engine() {
  local poll ship_at progress_at look_at activity='' seen
  RESUME_SEEN=0
  RESUME_WRONG=0
  LAST_STEP=${RESTORED_STEP:-0}
  poll=$((INTERVAL_MS / 20))
  ((poll <= 5000)) || poll=5000
  scaled "$poll"
  poll=$((REPLY < 20 ? 20 : REPLY))
  shipping_delay first
  ship_at=$((ENGINE_STARTED_AT + REPLY))
  progress_at=$ENGINE_STARTED_AT
  look_at=$ENGINE_STARTED_AT
  while true; do
    nap_beside_engine "$poll"
    stop_if_asked
    if ! engine_runs; then
      engine_ended
      check_resumed
      return
    fi
    if ((RESUME_SEEN == 0)); then
      check_resumed
      if ((RESUME_WRONG)); then
        stop_engine KILL 1000
        return
      fi
    fi
    now_ms
    if [[ -n $SELF_END_AT ]] && ((NOW >= SELF_END_AT)); then
      wind_down 83 time 'the time limit of the attempt is near'
    fi
    if ((NOW >= look_at)); then
      scaled "$PROGRESS_EVERY_MS"
      look_at=$((NOW + REPLY))
      adapter_step
      seen=$REPLY
      [[ -z $seen ]] || LAST_STEP=$seen
      # An engine that tells no steps shows by its files that it lives.
      [[ -n $seen ]] || seen=$(stat -c '%n %s %Y' -- "$RUN"/* 2>/dev/null)
      if [[ $seen != "$activity" ]]; then
        activity=$seen
        progress_at=$NOW
      fi
      scaled "$STALL_MS"
      if ((NOW - progress_at >= REPLY)); then
        stop_engine KILL 1000
        wind_down 80 stalled "no progress since step $LAST_STEP: the engine stalled"
      fi
      check_speed
    fi
    [[ $POLICY != none ]] || continue
    # Nothing is shipped before the engine is known to have resumed: a start from zero would overwrite good work.
    if ((NOW >= ship_at && RESUME_SEEN)) && has_new_checkpoint taken; then
      ship_checkpoint 0
      shipping_delay next
      now_ms
      ship_at=$((NOW + REPLY))
    fi
  done
}

# Compares the step at which the engine says it resumed with the one that was restored: RESUME_SEEN, RESUME_WRONG.
check_resumed() {
  ((RESUME_SEEN == 0)) || return 0
  # Sets REPLY: the step, "" not known yet, "unknown" for an engine that never tells.
  adapter_resumed_step
  [[ -n $REPLY ]] || return 0
  RESUME_SEEN=1
  [[ -n $RESTORED_STEP && $REPLY != unknown && $REPLY != "$RESTORED_STEP" ]] || return 0
  RESUME_WRONG=1
  log "the engine began at step $REPLY, not at step $RESTORED_STEP that was restored"
}

# Leaves a machine that is far slower than planned: once for a task, because a plan can be wrong about all machines.
check_speed() {
  local elapsed computed planned expected
  ((SPEED_CHECKED == 0)) && [[ -n $EXPECTED_MS ]] || return 0
  scaled "$SLOW_AFTER_MS"
  elapsed=$((NOW - ENGINE_STARTED_AT))
  ((elapsed >= REPLY)) || return 0
  SPEED_CHECKED=1
  adapter_planned_steps
  planned=${REPLY:-0}
  scaled "$EXPECTED_MS"
  expected=$REPLY
  ((planned > 0 && expected > 0)) || return 0
  computed=$((LAST_STEP - ${RESTORED_STEP:-0}))
  # computed / elapsed < SLOW_PERCENT % of planned / expected
  ((computed * expected * 100 < SLOW_PERCENT * planned * elapsed)) || return 0
  count_ends 81
  if ((REPLY > 0)); then
    log "slow again: $computed of $planned steps in $elapsed ms; goes on"
    return 0
  fi
  wind_down 81 slow "far slower than planned: $computed of $planned steps in $elapsed ms, the whole was to take $expected ms"
}
