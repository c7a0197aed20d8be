#!/usr/bin/env bash
# Redis 7 as Debian packages it.
#   redis.sh install CACHE    install the Debian package once; a second caller waits and finds it
#   redis.sh run DIR CONFIG   become the server
set -euo pipefail

command=${1:?install or run}
place=${2:?a folder}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# RUNLEVEL=1 keeps the package from starting a service of its own.
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >&2
}

install() {
  mkdir -p "$place"
  exec 9>"$place/redis.lock"
  flock 9
  command -v redis-server >/dev/null && return
  command -v apt-get >/dev/null || { echo "redis: needs a Debian system with apt-get" >&2; exit 1; }
  apt_install redis-server || { as_root apt-get update -q >&2; apt_install redis-server; }
}

case $command in
  install) install ;;
  run) cd "$place" && exec redis-server "${3:?a configuration}" ;;
  *) echo "redis: unknown command $command" >&2; exit 2 ;;
esac
