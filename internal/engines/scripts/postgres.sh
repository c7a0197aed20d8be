#!/usr/bin/env bash
# PostgreSQL 15 as Debian packages it.
#   postgres.sh install CACHE         install the Debian package once; a second caller waits and finds it
#   postgres.sh init DIR PORT         make a cluster in DIR: TLS with a certificate of its own, scram, one superuser
#   postgres.sh run DIR               become the server
# The server refuses to run as root: then the account postgres of the package owns DIR. The superuser's password comes
# in the environment variable ADMIN_PASSWORD.
set -euo pipefail

command=${1:?install, init or run}
place=${2:?a folder}
bin=/usr/lib/postgresql/15/bin

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# RUNLEVEL=1 keeps the package from starting a service of its own.
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >&2
}

as_owner() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

install() {
  mkdir -p "$place"
  exec 9>"$place/postgres.lock"
  flock 9
  [ -x "$bin/initdb" ] && return
  command -v apt-get >/dev/null || { echo "postgres: needs a Debian system with apt-get" >&2; exit 1; }
  apt_install postgresql-15 openssl || { as_root apt-get update -q >&2; apt_install postgresql-15 openssl; }
  [ -x "$bin/initdb" ] || { echo "postgres: the Debian package holds no $bin/initdb" >&2; exit 1; }
}

init() {
  local port=${3:?a port}
  if [ "$(id -u)" = 0 ]; then chown postgres "$place"; fi
  cd "$place"
  printf '%s\n' "$ADMIN_PASSWORD" | as_owner tee "$place/first" >/dev/null
  as_owner "$bin/initdb" -D "$place/data" -U admin --pwfile="$place/first" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  rm -f "$place/first"
  as_owner openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$place/data/server.key" -out "$place/data/server.crt" 2>/dev/null
  as_owner chmod 600 "$place/data/server.key"
  as_owner tee -a "$place/data/postgresql.conf" >/dev/null <<X
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
ssl = on
password_encryption = scram-sha-256
fsync = off
max_connections = 100
shared_buffers = 32MB
max_parallel_workers = 0
jit = off
X
  as_owner tee "$place/data/pg_hba.conf" >/dev/null <<X
hostssl all all 127.0.0.1/32 scram-sha-256
X
}

# The kernel ends the server when the tests are killed: a change of user would make it forget that.
run() {
  cd "$place"
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig INT "$bin/postgres" -D "$place/data"
  fi
  exec "$bin/postgres" -D "$place/data"
}

case $command in
  install) install ;;
  init) init "$@" ;;
  run) run ;;
  *) echo "postgres: unknown command $command" >&2; exit 2 ;;
esac
