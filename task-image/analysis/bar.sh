# The free energy of one leg from the dhdl.xvg files of its windows, by `gmx bar` (Bennett's acceptance ratio).
# What it is given and what it writes is in docs/results.md; the figures were seen with GROMACS 2022.5.

# What a file of GROMACS says of its window and its time axis, a line each: rows, first, last and step of the axis in
# ps, what is wrong with it, the line that names temperature and lambda.
# It is awk's program: the shell is to leave it alone.
# shellcheck disable=SC2016
AXIS_PROGRAM='
function fault(text) { if (problem == "") problem = text }
/^#/ { next }
/^@/ { if ($0 ~ /^@ *subtitle /) subtitle = $0; next }
NF == 0 || problem != "" { next }
$1 !~ /^-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$/ { fault("line " NR " has no time"); next }
rows == 0 { first = $1; columns = NF }
NF != columns { fault("line " NR " has " NF " columns, expected " columns); next }
rows > 0 {
  gap = $1 - last
  if (rows == 1) step = gap
  if (gap <= 0) { fault("time " $1 " ps follows " last " ps"); next }
  if (gap < 0.9 * step || gap > 1.1 * step) { fault("time " $1 " ps follows " last " ps, expected steps of " step " ps"); next }
}
{ last = $1; rows++ }
END {
  if (rows < 2) fault("fewer than two rows")
  printf "%d\n%s\n%s\n%.6g\n%s\n%s\n", rows, first, last, step, problem, subtitle
}'

# One decimal number, and nothing else.
BAR_NUMBER='^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$'

# Text -> a JSON number or null, in REPLY.
json_number() {
  REPLY=null
  [[ $1 =~ $BAR_NUMBER ]] && REPLY=${1#+}
  # JSON wants a digit on both sides of the point.
  REPLY=${REPLY/%./.0}
}

# Reads the file $1 and appends what it tells to BAR_WINDOWS; the first fault of all files goes into BAR_MESSAGE.
read_axis() {
  local file=$1 position=$2 rows first last step problem subtitle line temperature=null state=null lambda='' part
  local facts=$file.facts
  LC_ALL=C awk "$AXIS_PROGRAM" "$file" >"$facts" &
  await $!
  {
    read -r rows && read -r first && read -r last && read -r step && IFS= read -r problem && IFS= read -r subtitle
  } <"$facts" || problem='the file cannot be read'
  line=${subtitle:-}
  if [[ $line =~ T\ =\ ([0-9.]+)\ \(K\) ]]; then
    json_number "${BASH_REMATCH[1]}"
    temperature=$REPLY
  fi
  [[ $line =~ state\ ([0-9]{1,6}): ]] && state=$((10#${BASH_REMATCH[1]}))
  # "(coul-lambda, vdw-lambda) = (0.0000, 0.5000)", or "fep-lambda = 0.5000"
  if [[ $line =~ \ =\ \(?([-0-9.,\ ]+)\)?\"?[[:space:]]*$ ]]; then
    for part in ${BASH_REMATCH[1]//,/ }; do
      json_number "$part"
      lambda+="${lambda:+,}$REPLY"
    done
  fi
  [[ -n $problem || -n $lambda ]] || problem='the file does not name its lambda'
  if [[ -z $problem && -n ${BAR_SEEN[$lambda]:-} ]]; then
    problem="the same lambda as file ${BAR_SEEN[$lambda]}: ($lambda)"
  fi
  [[ -z $lambda ]] || BAR_SEEN[$lambda]=${BAR_SEEN[$lambda]:-$position}
  [[ -z $problem || -n $BAR_MESSAGE ]] || BAR_MESSAGE="file $position: $problem"
  # Only a temperature that is the same everywhere can be that of the leg.
  if [[ -z $BAR_TEMPERATURE ]]; then BAR_TEMPERATURE=$temperature; fi
  if [[ $temperature != "$BAR_TEMPERATURE" && -z $BAR_MESSAGE ]]; then
    BAR_MESSAGE="file $position: temperature $temperature K, expected $BAR_TEMPERATURE K"
  fi
  json_escaped "$problem"
  problem=null
  [[ -z $REPLY ]] || problem="\"$REPLY\""
  json_number "${first:-}"
  first=$REPLY
  json_number "${last:-}"
  last=$REPLY
  json_number "${step:-}"
  BAR_WINDOWS+="${BAR_WINDOWS:+,
    }{\"rows\":$((10#0${rows:-0})),\"firstPs\":$first,\"lastPs\":$last,\"stepPs\":$REPLY,\"problem\":$problem,"
  BAR_WINDOWS+="\"temperature\":$temperature,\"state\":$state,\"lambda\":[$lambda]}"
}

# Runs gmx bar in the folder $1 over its files 0.xvg ... and reads its final results.
run_bar() {
  local folder=$1 count=$2 begin=$3 line kind dg files=() i
  for ((i = 0; i < count; i++)); do files+=("$i.xvg"); done
  (
    cd -- "$folder" || exit 127
    exec gmx -quiet -nobackup bar -f "${files[@]}" -b "$begin" -temp "$BAR_TEMPERATURE" -prec 4
  ) >"$folder/bar.out" 2>"$folder/bar.err" </dev/null &
  if ! await $!; then
    BAR_MESSAGE='gmx bar failed'
    line=$(grep -A 3 -m 1 -E '^(Fatal error|Error in user input|Inconsistency)' "$folder/bar.err" | tail -n +2 | tr '\n' ' ')
    [[ -z $line ]] || BAR_MESSAGE+=": ${line:0:200}"
    return
  fi
  while IFS= read -r line; do
    if [[ $line == *'violate the Second Law'* ]]; then BAR_UNDERSAMPLED=true; fi
    # "point      0 -      1,   DG  0.1181 +/-  0.1037"
    [[ $line =~ ^(point|total)\ +([0-9.]+)\ +-\ +([0-9.]+),\ +DG\ +([^ ]+)\ +\+/-\ +([^ ]+) ]] || continue
    kind=${BASH_REMATCH[1]}
    local from=${BASH_REMATCH[2]} to=${BASH_REMATCH[3]} error=${BASH_REMATCH[5]}
    json_number "${BASH_REMATCH[4]}"
    dg=$REPLY
    json_number "$error"
    error=$REPLY
    json_number "$from"
    from=$REPLY
    json_number "$to"
    line="{\"from\":$from,\"to\":$REPLY,\"dG\":$dg,\"error\":$error}"
    if [[ $kind == total ]]; then BAR_TOTAL=$line; else BAR_POINTS+="${BAR_POINTS:+,
    }$line"; fi
  done <"$folder/bar.out"
  [[ $BAR_TOTAL != null ]] || BAR_MESSAGE='gmx bar gave no total'
}

# The report in the folder $1, as bar.json: FOLDER KEY DIGEST COUNT BEGIN TEMPERATURE ("-": that of the files).
write_bar_report() {
  local folder=$1 key=$2 digest=$3 count=$4 begin=$5 version i message=null
  BAR_TEMPERATURE=${6#-}
  BAR_MESSAGE=
  BAR_WINDOWS=
  BAR_POINTS=
  BAR_TOTAL=null
  BAR_UNDERSAMPLED=false
  declare -gA BAR_SEEN=()
  for ((i = 0; i < count; i++)); do read_axis "$folder/$i.xvg" "$i"; done
  json_number "$BAR_TEMPERATURE"
  [[ $REPLY != null || -n $BAR_MESSAGE ]] || BAR_MESSAGE='no file names its temperature'
  # Energies with a hole or a double part in them would give a number, and a wrong one.
  if [[ -z $BAR_MESSAGE ]]; then run_bar "$folder" "$count" "$begin"; fi
  version=$(gmx -quiet --version 2>/dev/null | sed -n 's/^GROMACS version: *//p')
  json_escaped "$version"
  version=$REPLY
  json_number "$BAR_TEMPERATURE"
  local temperature=$REPLY
  json_escaped "$key"
  key=$REPLY
  if [[ -n $BAR_MESSAGE ]]; then
    json_escaped "$BAR_MESSAGE"
    message="\"$REPLY\""
  fi
  cat >"$folder/bar.json" <<END
{
  "version": 1,
  "key": "$key",
  "digest": "$digest",
  "method": "BAR",
  "engine": "gromacs $version",
  "beginPs": $begin,
  "temperature": $temperature,
  "message": $message,
  "undersampled": $BAR_UNDERSAMPLED,
  "total": $BAR_TOTAL,
  "points": [
    $BAR_POINTS
  ],
  "windows": [
    $BAR_WINDOWS
  ]
}
END
}

# The head of a request, "bar KEY DIGEST BUCKET COUNT BEGIN TEMPERATURE", in the BAR_ variables. Returns 1 for others.
read_bar_head() {
  local kind extra
  read -r kind BAR_KEY BAR_DIGEST BAR_BUCKET BAR_COUNT BAR_BEGIN BAR_T extra <<<"$1"
  [[ $kind == bar && -z $extra && $BAR_KEY == */*/* && $BAR_KEY != */*/*/* && $BAR_DIGEST =~ ^[0-9a-f]{64}$ &&
    $BAR_BUCKET =~ ^[a-z0-9._-]+$ && $BAR_COUNT =~ ^[1-9][0-9]{0,3}$ && $BAR_BEGIN =~ ^[0-9]+(\.[0-9]+)?$ &&
    $BAR_T =~ ^(-|[0-9]+(\.[0-9]+)?)$ ]]
}

# A task of the analysis job: the block of its leg, the files that it names, the report.
analyse() {
  local lines i sha object
  now_ms
  trap 'asked_to_stop signal' TERM INT HUP
  trap clean_up EXIT
  prepare_folders
  read_environment
  command -v gmx >/dev/null || leave 2 configuration 'the image has no gmx on its PATH'
  read_block lines
  if ! read_bar_head "${lines[0]}" || ((${#lines[@]} <= BAR_COUNT)); then
    leave 2 configuration "block $TASK_INDEX of the index is not a request for an analysis"
  fi
  FOLDER=analysis/$BAR_KEY/$BAR_DIGEST
  need_object "$BAR_BUCKET" "$FOLDER/bar.json"
  [[ $HTTP_STATUS != 200 ]] || leave 0 complete 'the analysis is there already'
  for ((i = 0; i < BAR_COUNT; i++)); do
    read -r sha object <<<"${lines[i + 1]}"
    fetch_file "$RUN/$i.xvg" "$sha" "$object"
  done
  write_bar_report "$RUN" "$BAR_KEY" "$BAR_DIGEST" "$BAR_COUNT" "$BAR_BEGIN" "$BAR_T" ||
    leave 74 disk 'disk full: the report could not be written'
  stop_if_asked
  upload_arguments "$BAR_BUCKET" "$FOLDER/bar.json" "$RUN/bar.json" application/json ifGenerationMatch=0
  need_answer 'the report' "${UPLOAD[@]}"
  # 412: another attempt at the same work was faster.
  [[ $HTTP_STATUS == 200 || $HTTP_STATUS == 412 ]] || leave 77 store "the report was refused (status $HTTP_STATUS)"
  leave 0 'done' "the free energy of $BAR_KEY is reported"
}

# The block of this task by one ranged read: lines, padded with spaces to FEPCAST_INDEX_ROW_BYTES. Into the array $1.
read_block() {
  local first=$((TASK_INDEX * ROW_BYTES)) bytes
  object_url "$INDEX_BUCKET" "$INDEX_OBJECT"
  need_answer "the index gs://$INDEX_BUCKET/$INDEX_OBJECT" GET "$REPLY?alt=media" \
    --header "Range: bytes=$first-$((first + ROW_BYTES - 1))"
  bytes=$(stat -c %s -- "$HTTP_BODY")
  if [[ $HTTP_STATUS != 20[06] ]] || ((bytes != ROW_BYTES)); then
    leave 2 configuration "the index gs://$INDEX_BUCKET/$INDEX_OBJECT has no block $TASK_INDEX (status $HTTP_STATUS)"
  fi
  mapfile -t "$1" <"$HTTP_BODY"
}

# An output by its content; what is not what its digest says is fetched once more: FILE SHA256 OBJECT.
fetch_file() {
  local file=$1 sha=$2 object=$3 round
  for round in 1 2; do
    object_url "$BAR_BUCKET" "$object"
    RECEIVE_AS=$file need_answer "gs://$BAR_BUCKET/$object" GET "$REPLY?alt=media"
    [[ $HTTP_STATUS == 200 ]] || leave 72 input "gs://$BAR_BUCKET/$object does not exist"
    if sha256_of "$file" && [[ $REPLY == "$sha" ]]; then return; fi
    log "$object arrived with another digest (try $round)"
  done
  leave 72 input "gs://$BAR_BUCKET/$object is not what its result says"
}
