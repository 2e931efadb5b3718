# The object store's JSON API through curl: one request, and the loop that bears what a busy store answers.
# docs.cloud.google.com/storage/docs/json_api and docs.cloud.google.com/storage/docs/retry-strategy.

STORE_TRIES=10
BACKOFF_BASE_MS=1000
BACKOFF_CAP_MS=32000
# All tries of one call together; and one try.
STORE_PATIENCE_MS=300000
REQUEST_MAX_MS=300000
METADATA_FIELDS=generation,metageneration,md5Hash,size,metadata

# URL of an object in REPLY.
object_url() {
  local bucket
  url_encoded "$1"
  bucket=$REPLY
  url_encoded "$2"
  REPLY=$STORE/storage/v1/b/$bucket/o/$REPLY
}

# One request: METHOD URL [curl options]. The status in HTTP_STATUS (000: no whole answer), the body in $HTTP_BODY or
# in the file that RECEIVE_AS names, the headers in $HTTP_HEADERS.
request() {
  local method=$1 url=$2 to=${RECEIVE_AS:-$HTTP_BODY} allowed=$REQUEST_MAX_MS status
  shift 2
  if [[ -n $DEADLINE ]]; then
    now_ms
    allowed=$((DEADLINE - NOW < allowed ? DEADLINE - NOW : allowed))
    ((allowed > 500)) || allowed=500
  fi
  seconds_of "$allowed"
  : >"$HTTP_HEADERS"
  curl -q --silent --globoff --config "$TOKEN_FILE" --request "$method" --header 'Expect:' \
    --connect-timeout 10 --speed-limit 1024 --speed-time 60 --max-time "$REPLY" \
    --output "$to" --dump-header "$HTTP_HEADERS" --write-out '%{http_code}' "$@" "$url" \
    >"$PRIVATE/status" 2>/dev/null &
  await $!
  status=$?
  HTTP_STATUS=000
  read -r HTTP_STATUS <"$PRIVATE/status"
  # 23: curl could not write what it received.
  if ((status == 23)) && disk_is_full; then leave 74 disk "disk full while receiving"; fi
  ((status == 0)) || HTTP_STATUS=000
}

# A request with tries. Returns 0 with an answer that means something to the caller (2xx, 404, 412, 416) in HTTP_STATUS,
# 1 when the tries are spent or the store will not have it. Leaves (76) when asked to stop.
store() {
  local try=0 begun pause
  now_ms
  begun=$NOW
  while true; do
    stop_if_asked
    if fresh_token; then request "$@"; else HTTP_STATUS=000; fi
    case $HTTP_STATUS in
      2?? | 404 | 412 | 416) return 0 ;;
      401)
        TOKEN_EXPIRES_AT=0
        count_retry
        try=$((try + 1))
        # Once at once, with a new token.
        ((try == 1)) && continue
        ;;
      403) [[ $(<"$HTTP_BODY") == *[rR]ateLimitExceeded* ]] || return 1 ;&
      000 | 408 | 429 | 5??)
        stop_if_asked
        count_retry
        try=$((try + 1))
        ;;
      *) return 1 ;;
    esac
    ((try < STORE_TRIES)) || return 1
    backoff_ms "$try"
    pause=$REPLY
    now_ms
    ((NOW + pause - begun < STORE_PATIENCE_MS)) || return 1
    [[ -z $DEADLINE ]] || ((NOW + pause < DEADLINE)) || return 1
    nap "$pause"
  done
}

# Full jitter: U(0, min(cap, base x 2^(n-1))) after the n-th try, wall milliseconds in REPLY; never before the time that
# a Retry-After names. Within the notice of a preemption the cap is 2 s.
backoff_ms() {
  local n=$1 cap=$BACKOFF_CAP_MS limit after
  [[ -z $STOP_REASON ]] || cap=2000
  limit=$((BACKOFF_BASE_MS << (n - 1 < 10 ? n - 1 : 10)))
  ((limit < cap)) || limit=$cap
  random_up_to "$limit"
  local wait=$REPLY
  after=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,4\}\)[[:space:]]*$/\1/p' "$HTTP_HEADERS")
  if [[ -n $after ]]; then
    random_up_to "$BACKOFF_BASE_MS"
    after=$((10#$after * 1000))
    wait=$(((wait > after ? wait : after) + REPLY))
  fi
  scaled "$wait"
}

count_retry() {
  local status=${HTTP_STATUS#000}
  status=${status:-0}
  RETRIES["$status"]=$((${RETRIES["$status"]:-0} + 1))
}

# A request without whose answer there is no going on: WHAT METHOD URL [curl options].
need_answer() {
  local what=$1
  shift
  store "$@" && return
  case $HTTP_STATUS in
    401 | 403) leave 2 configuration "$what: the service account may not (status $HTTP_STATUS)" ;;
    000 | 408 | 429 | 5??) leave 77 store "$what: no success after all tries (last status $HTTP_STATUS)" ;;
    *) leave 2 configuration "$what: refused with status $HTTP_STATUS" ;;
  esac
}

# Uploads FILE as bucket/object: BUCKET OBJECT FILE TYPE CONDITIONS. Streams; the answer is the object's metadata.
upload_arguments() {
  local bucket name
  url_encoded "$1"
  bucket=$REPLY
  url_encoded "$2"
  name=$REPLY
  UPLOAD=(POST "$STORE/upload/storage/v1/b/$bucket/o?uploadType=media&name=$name&fields=$METADATA_FIELDS&$5"
    --upload-file "$3" --header "Content-Type: $4")
}

# Generation, metageneration, md5 and size of the object in the last answer.
read_object_answer() {
  local text
  text=$(<"$HTTP_BODY")
  json_member "$text" generation || return 1
  OBJECT_GENERATION=$REPLY
  json_member "$text" metageneration || return 1
  OBJECT_METAGENERATION=$REPLY
  json_member "$text" md5Hash || REPLY=
  OBJECT_MD5=$REPLY
  json_member "$text" size || REPLY=0
  OBJECT_SIZE=$REPLY
  json_member "$text" fepcast-holder || REPLY=
  OBJECT_HOLDER=$REPLY
}

# GET of an object's metadata: BUCKET OBJECT. HTTP_STATUS is 200 or 404.
need_object() {
  object_url "$1" "$2"
  need_answer "gs://$1/$2" GET "$REPLY?fields=$METADATA_FIELDS"
  [[ $HTTP_STATUS == 404 ]] || read_object_answer ||
    leave 77 store "gs://$1/$2: an answer that cannot be read"
}
