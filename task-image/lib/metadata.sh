# The metadata server: access token, name of the VM, notice of preemption.

# GET of a path there; the answer in $HTTP_BODY. Never through a proxy, and without the store's token.
metadata_get() {
  curl -q --silent --globoff --noproxy '*' --header 'Metadata-Flavor: Google' --connect-timeout 5 --max-time 20 \
    --output "$HTTP_BODY" --write-out '%{http_code}' "$METADATA/$1" >"$PRIVATE/status" 2>/dev/null &
  await $!
  HTTP_STATUS=000
  read -r HTTP_STATUS <"$PRIVATE/status"
  [[ $HTTP_STATUS == 200 ]]
}

# Makes sure that $TOKEN_FILE holds a token that lives for 5 more minutes, as far as the metadata server has one. The
# token is in a file that only this user can read and that curl reads: never in an argument, never in a line of the log.
fresh_token() {
  local text
  now_ms
  ((TOKEN_EXPIRES_AT - NOW < 300000)) || return 0
  metadata_get instance/service-accounts/default/token || return 1
  text=$(<"$HTTP_BODY")
  rm -f -- "$HTTP_BODY"
  json_member "$text" expires_in || return 1
  local lives=${REPLY%%.*}
  json_member "$text" access_token || return 1
  [[ $REPLY =~ ^[A-Za-z0-9._~+/=-]+$ && $lives =~ ^[0-9]{1,9}$ ]] || return 1
  (umask 077 && printf 'header = "Authorization: Bearer %s"\n' "$REPLY" >"$TOKEN_FILE") || return 1
  TOKEN_EXPIRES_AT=$((NOW + lives * 1000))
}

read_vm_name() {
  VM=unknown
  ZONE=unknown
  if metadata_get instance/name; then IFS= read -r VM <"$HTTP_BODY"; fi
  if metadata_get instance/zone; then IFS= read -r ZONE <"$HTTP_BODY"; fi
  ZONE=${ZONE##*/}
}

# Whether Compute Engine is taking the VM away.
is_preempted() {
  metadata_get instance/preempted && [[ $(<"$HTTP_BODY") == TRUE ]]
}

# In the background: waits for the notice of preemption by long poll, then sends this shell USR1. A SIGTERM usually
# comes too; neither is promised to a container.
watch_for_notice() {
  (
    poll=
    trap 'kill "$poll" 2>/dev/null; exit 0' TERM
    etag=0
    while true; do
      curl -q --silent --globoff --noproxy '*' --header 'Metadata-Flavor: Google' --connect-timeout 5 --max-time 90 \
        --output "$PRIVATE/notice" --dump-header "$PRIVATE/notice-headers" \
        "$METADATA/instance/preempted?wait_for_change=true&timeout_sec=60&last_etag=${etag:-0}" 2>/dev/null &
      poll=$!
      if wait "$poll"; then
        if [[ $(<"$PRIVATE/notice") == TRUE ]]; then
          # More than once: bash 5.2 can lose a signal that comes while it reads a command substitution.
          while kill -USR1 "$$" 2>/dev/null; do
            sleep 1 &
            poll=$!
            wait "$poll"
          done
          exit 0
        fi
        known=$etag
        etag=$(sed -n 's/^[Ee][Tt]ag: *\([A-Za-z0-9]*\).*/\1/p' "$PRIVATE/notice-headers")
        [[ -z $etag || $etag == "$known" ]] || continue
      fi
      # Where the server does not answer, or does not hold its answer back.
      sleep 1 &
      poll=$!
      wait "$poll"
    done
  ) >/dev/null 2>&1 &
  NOTICE_PID=$!
}
