#!/usr/bin/env bash
# The analysis of one leg on this machine: local.sh FOLDER. The folder holds the request as the file `request` (its first
# line counts) and the files of the windows as 0.xvg, 1.xvg, ...; the report is written there as bar.json.
# shellcheck source-path=SCRIPTDIR
set -uo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../lib/base.sh
source "$here/lib/base.sh"
# shellcheck source=bar.sh
source "$here/analysis/bar.sh"

# What base.sh shares with parts that are not needed here; `await` reads them.
export WAITING_FOR='' STOP_REASON='' CRITICAL=''

folder=${1:?the folder of the leg}
if ! command -v gmx >/dev/null; then
  log 'there is no gmx on the PATH'
  exit 2
fi
head=
IFS= read -r head <"$folder/request"
if ! read_bar_head "$head"; then
  log "$folder/request is not a request for an analysis"
  exit 2
fi
write_bar_report "$folder" "$BAR_KEY" "$BAR_DIGEST" "$BAR_COUNT" "$BAR_BEGIN" "$BAR_T"
