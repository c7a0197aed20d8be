#!/usr/bin/env bash
# Puts pinned packages into a folder once; a second caller waits and finds them.
#   install.sh node FOLDER PACKAGE@VERSION...       from npm
#   install.sh python FOLDER PACKAGE==VERSION...    from PyPI, into a virtual environment
set -euo pipefail

kind=${1:?node or python}
home=${2:?the folder}
shift 2

exec 9>"$home/lock"
flock 9
[ -s "$home/complete" ] && exit

need() { command -v "$1" >/dev/null || { echo "install: $1 is not installed" >&2; exit 1; }; }

case $kind in
  node)
    need npm
    npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$home" "$@" >&2
    ;;
  python)
    need python3
    python3 -m venv "$home/venv" >&2
    "$home/venv/bin/pip" install --quiet --only-binary :all: "$@" >&2
    ;;
  *) echo "install: unknown kind $kind" >&2; exit 2 ;;
esac
printf '%s\n' "$@" >"$home/complete"
