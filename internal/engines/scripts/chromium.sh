#!/usr/bin/env bash
# Chromium as Debian packages it, without a window, driven over its DevTools protocol.
#   chromium.sh install CACHE             install the Debian packages once; a second caller waits and finds them
#   chromium.sh run PORT PROFILE          become the browser: DevTools on PORT of 127.0.0.1, its data in PROFILE
set -euo pipefail

command=${1:?install or run}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >&2
}

install() {
  local place=${2:?the cache folder}
  mkdir -p "$place"
  exec 9>"$place/chromium.lock"
  flock 9
  command -v chromium >/dev/null && return
  command -v apt-get >/dev/null || { echo "chromium: needs a Debian system with apt-get" >&2; exit 1; }
  apt_install chromium fonts-dejavu-core || { as_root apt-get update -q >&2; apt_install chromium fonts-dejavu-core; }
  command -v chromium >/dev/null || { echo "chromium: the Debian package holds no chromium" >&2; exit 1; }
}

# It opens pages of the tests alone, which is why it may run without its sandbox, as root must.
run() {
  exec chromium --headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --force-color-profile=srgb --hide-scrollbars \
    --user-data-dir="${3:?a folder}" --remote-debugging-address=127.0.0.1 --remote-debugging-port="${2:?a port}" about:blank
}

case $command in
  install) install "$@" ;;
  run) run "$@" ;;
  *) echo "chromium: unknown command $command" >&2; exit 2 ;;
esac
