#!/usr/bin/env bash
# ClickHouse as Debian packages it (18.16): an old server to be polite to.
#   clickhouse-old.sh install CACHE        install the Debian package once; a second caller waits and finds it
#   clickhouse-old.sh run CACHE CONFIG     become the server; paths, ports and users are in CONFIG
set -euo pipefail

command=${1:?install or run}
home=${2:?the cache folder}
binary=/usr/sbin/clickhouse-server

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# RUNLEVEL=1 keeps the package from starting a service of its own.
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >&2
}

install() {
  mkdir -p "$home"
  exec 9>"$home/clickhouse-old.lock"
  flock 9
  [ -x "$binary" ] && return
  command -v apt-get >/dev/null || { echo "clickhouse-old: needs a Debian system with apt-get" >&2; exit 1; }
  apt_install clickhouse-server || { as_root apt-get update -q >&2; apt_install clickhouse-server; }
  [ -x "$binary" ] || { echo "clickhouse-old: the Debian package holds no $binary" >&2; exit 1; }
}

case $command in
  install) install ;;
  run) exec "$binary" --config-file="${3:?the config file}" ;;
  *) echo "clickhouse-old: unknown command $command" >&2; exit 2 ;;
esac
