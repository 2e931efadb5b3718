#!/usr/bin/env bash
# Writes the entrypoint, its parts and the adapters as one file to stdout: all that an image of your own needs.
#   task-image/bundle.sh > fepcast-task
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# An adapter in the bundle is a function that defines the adapter's functions.
adapters() {
  local adapter name
  for adapter in "$here"/adapters/*.sh; do
    name=${adapter##*/}
    printf 'load_adapter_%s() {\n' "${name%.sh}"
    cat -- "$adapter"
    printf '}\n\n'
  done
}

within_parts=
while IFS= read -r line; do
  case $within_parts$line in
    '# --- parts') within_parts=1 ;;
    '1# --- parts') within_parts= ;;
    1source*/lib/* | 1source*/analysis/*)
      part=${line#*HERE/}
      cat -- "$here/${part%?}"
      echo
      ;;
    1* | '# shellcheck source-path='*) ;;
    '# --- adapters'*) adapters ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$here/entrypoint.sh"
