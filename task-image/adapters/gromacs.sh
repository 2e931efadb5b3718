# GROMACS: one lambda window with mdrun, in append mode. The input is the run input file (.tpr).
# What is assumed of mdrun's files was measured with GROMACS 2022.5.

adapter_prepare() {
  INPUT_NAME=window.tpr
  STOP_SIGNAL=TERM
  command -v gmx >/dev/null || leave 2 configuration 'the image has no gmx on its PATH'
}

# FEPCAST_GROMACS_ARGS, a list, replaces how threads and devices are used.
adapter_engine() {
  [[ $INPUT != - ]] || leave 2 configuration 'the gromacs adapter needs an input (a .tpr file)'
  scaled "$ENGINE_INTERVAL_MS"
  # mdrun takes minutes, with fractions.
  local micro=$((REPLY * 1000 / 60)) minutes arguments
  printf -v minutes '%d.%06d' $((micro / 1000000)) $((micro % 1000000))
  if [[ -n ${FEPCAST_GROMACS_ARGS:-} ]]; then
    list_variable FEPCAST_GROMACS_ARGS
    arguments=("${ELEMENTS[@]}")
  elif [[ -n $ACCELERATOR ]]; then
    # No silent fallback: with "-nb gpu" mdrun refuses to start without a usable GPU.
    arguments=(-ntmpi 1 -nb gpu)
  else
    # One core, and the same digits wherever the same build runs.
    arguments=(-nt 1 -pin off -reprod)
  fi
  ENGINE_ARGV=(gmx -quiet mdrun -s window.tpr -deffnm state -dhdl dhdl.xvg -cpt "$minutes" "${arguments[@]}")
  # With "-append" mdrun refuses to begin at zero when the checkpoint is missing; with "-cpi" alone it does so silently.
  if [[ -s $RUN/state.cpt ]]; then ENGINE_ARGV+=(-cpi state.cpt -append); fi
}

# Only this one: mdrun writes a new file and renames it, while state_prev.cpt may be torn.
adapter_checkpoint_file() {
  REPLY=
  if [[ -s $RUN/state.cpt ]]; then REPLY=state.cpt; fi
}

# mdrun goes on only with every file that it appends to.
adapter_files() {
  local file name
  FILES=()
  if [[ -s $RUN/state.cpt ]]; then FILES+=(state.cpt); fi
  for file in "$RUN"/dhdl.xvg "$RUN"/state.* "$RUN"/state_*.xvg; do
    name=${file##*/}
    [[ -f $file && $name != state.cpt && $name != state.tpr ]] && FILES+=("$name")
  done
}

# From the log (written every nstlog steps and at checkpoints) and from dhdl.xvg, whose last line may be torn.
adapter_step() {
  local last from_log from_dhdl=0 step_time line
  REPLY=
  [[ -s $RUN/state.log ]] || return 0
  last=$(tail -c 8192 -- "$RUN/state.log" | sed -n \
    -e 's/^Writing checkpoint, step \([0-9]*\) .*/\1/p' -e '/^ *Step  *Time$/{n;s/^ *\([0-9][0-9]*\) .*/\1/p;}' | tail -n 1)
  from_log=${last:-0}
  if step_time=$(sed -n '/^ *dt  *= /{s/.*= *//p;q;}' "$RUN/state.log") && [[ $step_time =~ ^0\.([0-9]{1,9})$ ]]; then
    local digits=${BASH_REMATCH[1]}000000000
    step_time=$((10#${digits:0:9}))
    line=$(tail -c 8192 -- "$RUN/dhdl.xvg" 2>/dev/null | tail -n 2 | head -n 1)
    if [[ $line =~ ^([0-9]{1,8})\.([0-9]{1,9}) ]] && ((step_time > 0)); then
      digits=${BASH_REMATCH[2]}000000000
      from_dhdl=$(((10#${BASH_REMATCH[1]} * 1000000000 + 10#${digits:0:9}) / step_time))
    fi
  fi
  REPLY=$((from_log > from_dhdl ? from_log : from_dhdl))
}

adapter_checkpoint_step() {
  REPLY=$(gmx -quiet dump -cp "$1/state.cpt" 2>/dev/null | sed -n '/^step = /{s///p;q;}')
}

adapter_resumed_step() {
  local line
  REPLY=
  line=$(sed -n '/^[0-9][0-9]* steps, /{p;q;}' "$WORK/engine.out")
  if [[ $line =~ continuing\ from\ step\ ([0-9]+) ]]; then
    REPLY=${BASH_REMATCH[1]}
  elif [[ -n $line ]]; then
    REPLY=0
  fi
}

adapter_planned_steps() {
  gromacs_setting nsteps
}

# mdrun exits with 0 at a time limit too; the final coordinates are written only at the last step.
adapter_is_done() {
  (($1 == 0)) && [[ -s $RUN/state.gro ]]
}

adapter_outputs() {
  OUTPUTS=(dhdl.xvg state.gro state.log state.edr)
}

adapter_science() {
  local version seed lambda temperature step_time ns_per_day nsteps
  gromacs_setting nsteps && nsteps=$REPLY
  gromacs_setting ld-seed && seed=$REPLY
  gromacs_setting init-lambda-state && lambda=$REPLY
  gromacs_setting dt && step_time=$REPLY
  temperature=$(sed -n '/^ *ref-t: /{s/^ *ref-t: *\([0-9.]*\).*/\1/p;q;}' "$RUN/state.log")
  version=$(sed -n '/^GROMACS version: /{s/^GROMACS version: *//p;q;}' "$RUN/state.log")
  ns_per_day=$(sed -n 's/^Performance: *\([0-9.]*\) .*/\1/p' "$RUN/state.log" | tail -n 1)
  json_escaped "$version"
  printf '"engine":"gromacs","version":"%s","nsPerDay":%s,"nsteps":%s,"seed":%s,"lambda":%s,"temperature":%s,"dtPs":%s' \
    "$REPLY" "${ns_per_day:-null}" "${nsteps:-null}" "${seed:-null}" "${lambda:-null}" "${temperature:-null}" "${step_time:-null}"
}

# A setting as the log prints it, in REPLY; empty where it is not there or not a number.
gromacs_setting() {
  REPLY=$(sed -n "/^ *$1  *= /{s/.*= *//p;q;}" "$RUN/state.log" 2>/dev/null)
  [[ $REPLY =~ ^-?[0-9]+(\.[0-9]+)?$ ]] || REPLY=
}
