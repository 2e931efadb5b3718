# The stub engine of the tests (test/stub-engine.sh), as the smallest example of an adapter.

adapter_prepare() {
  INPUT_NAME=stub.input
  STOP_SIGNAL=TERM
  [[ -r ${STUB_ENGINE:-} ]] || leave 2 configuration "STUB_ENGINE is \"${STUB_ENGINE:-}\", expected the path of the stub engine"
}

adapter_engine() {
  ENGINE_ARGV=(bash "$STUB_ENGINE")
}

adapter_checkpoint_file() {
  REPLY=
  if [[ -s $RUN/stub.cpt ]]; then REPLY=stub.cpt; fi
}

adapter_files() {
  local name
  FILES=()
  for name in stub.cpt stub.log stub.dat stub.done; do
    if [[ -f $RUN/$name ]]; then FILES+=("$name"); fi
  done
}

adapter_step() {
  REPLY=$(tail -n 1 -- "$RUN/stub.log" 2>/dev/null | sed -n 's/^step \([0-9]*\) .*/\1/p')
  REPLY=${REPLY:-0}
}

adapter_checkpoint_step() {
  read -r REPLY _ <"$1/stub.cpt"
}

adapter_resumed_step() {
  REPLY=$(sed -n '/^from step \([0-9]*\)$/{s//\1/p;q;}' "$WORK/engine.out")
}

adapter_planned_steps() {
  REPLY=${STUB_STEPS:-0}
}

adapter_is_done() {
  (($1 == 0)) && [[ -s $RUN/stub.done ]]
}

adapter_outputs() {
  OUTPUTS=(stub.dat stub.done)
}

adapter_science() {
  printf '"engine":"stub"'
}
