# Time, waiting, chance, text: what every other part uses.

# Milliseconds since the epoch. EPOCHREALTIME has six decimals in every locale, but not always a point.
now_ms() {
  NOW=$((${EPOCHREALTIME//[!0-9]/} / 1000))
}

# One line on stderr. Control characters are dropped, so that no name can forge a line.
log() {
  local text=$*
  printf 'fepcast-task: %s\n' "${text//[[:cntrl:]]/ }" >&2
}

# Decimal text -> whole thousandths, in REPLY: "0.5" -> 500. Returns 1 for anything else.
thousandths() {
  [[ $1 =~ ^([0-9]{1,9})(\.([0-9]*))?$ ]] || return 1
  local fraction=${BASH_REMATCH[3]:-}000
  REPLY=$((10#${BASH_REMATCH[1]} * 1000 + 10#${fraction:0:3}))
}

# Milliseconds -> seconds with three decimals, in REPLY.
seconds_of() {
  local ms=$1
  printf -v REPLY '%d.%03d' $((ms / 1000)) $((ms % 1000))
}

# A whole number 0 .. $1 in REPLY.
random_up_to() {
  REPLY=$((SRANDOM % ($1 + 1)))
}

# $1 milliseconds of the plan as milliseconds of wall time, in REPLY.
scaled() {
  REPLY=$(($1 * TIME_SCALE_PPM / 1000000))
}

# Waits for the background process $1 and returns its status. A signal that asks to stop ends the process early,
# unless CRITICAL is set: a trap runs only between commands, so nothing long may run in the foreground.
await() {
  local status
  WAITING_FOR=$1
  if [[ -n $STOP_REASON && -z $CRITICAL ]]; then kill "$1" 2>/dev/null; fi
  wait "$1"
  status=$?
  # A trapped signal ends `wait`, not the process.
  while ((status > 128)) && kill -0 "$1" 2>/dev/null; do
    wait "$1"
    status=$?
  done
  WAITING_FOR=
  return "$status"
}

# Sleeps $1 milliseconds of wall time, or less when asked to stop.
nap() {
  local ms=$1
  ((ms > 0)) || return 0
  seconds_of "$ms"
  sleep "$REPLY" &
  await $!
}

# Text -> the inside of a JSON string, in REPLY.
json_escaped() {
  local text=$1 result='' character code i
  if [[ $text != *[!\ -~]* && $text != *[\"\\]* ]]; then
    REPLY=$text
    return
  fi
  local LC_ALL=C
  for ((i = 0; i < ${#text}; i++)); do
    character=${text:i:1}
    case $character in
      '"' | \\) result+=\\$character ;;
      [[:cntrl:]])
        printf -v code '\\u%04x' "'$character"
        result+=$code
        ;;
      *) result+=$character ;;
    esac
  done
  REPLY=$result
}

# Any bytes -> one segment of a URL, in REPLY: everything but unreserved characters is percent-encoded, "/" too.
url_encoded() {
  local LC_ALL=C text=$1 result='' character code i
  for ((i = 0; i < ${#text}; i++)); do
    character=${text:i:1}
    case $character in
      [A-Za-z0-9._~-]) result+=$character ;;
      *)
        printf -v code '%d' "'$character"
        printf -v code '%%%02X' $((code & 255))
        result+=$code
        ;;
    esac
  done
  REPLY=$result
}

# The value of the member $2 (a string or a number) of the JSON text $1, in REPLY. Returns 1 where there is none. Meant
# for the flat answers of the services: names inside quoted values cannot match, because their quotes are escaped.
json_member() {
  local pattern="\"$2\"[[:space:]]*:[[:space:]]*(\"([^\"\\\\]*)\"|-?[0-9.]+)"
  REPLY=
  [[ $1 =~ $pattern ]] || return 1
  REPLY=${BASH_REMATCH[2]:-${BASH_REMATCH[1]}}
  [[ $REPLY != '""' ]] || REPLY=
}

sha256_of() {
  local line
  line=$(sha256sum -b <"$1") || return 1
  REPLY=${line%% *}
}

# The md5 of a file as the store writes it: base64 of the 16 bytes.
md5_base64() {
  local line bytes
  line=$(md5sum -b <"$1") || return 1
  line=${line%% *}
  bytes=
  while [[ -n $line ]]; do
    bytes+="\\x${line:0:2}"
    line=${line:2}
  done
  REPLY=$(printf '%b' "$bytes" | base64)
}

# Whether the work folder's disk takes another MiB.
disk_is_full() {
  local probe=$WORK/probe full=0
  head -c 1048576 /dev/zero >"$probe" 2>/dev/null || full=1
  rm -f -- "$probe"
  ((full))
}
