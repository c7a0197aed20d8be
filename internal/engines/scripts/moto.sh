#!/usr/bin/env bash
# moto: Athena, S3, STS, Secrets Manager and Redshift of AWS in one process, as its package has them.
#   moto.sh install CACHE         put it into CACHE once; a second caller waits and finds it
#   moto.sh run CACHE PORT        become the server
set -euo pipefail

version=5.2.5

command=${1:?install or run}
home=${2:?the cache folder}/moto-$version
server=$home/venv/bin/moto_server

install() {
  mkdir -p "$home"
  exec 9>"$home/lock"
  flock 9
  [ -s "$home/complete" ] && return
  command -v python3 >/dev/null || { echo "moto: python3 is not installed" >&2; exit 1; }
  rm -rf "$home/venv"
  python3 -m venv "$home/venv" || { echo "moto: python3 cannot make a virtual environment: install python3-venv" >&2; exit 1; }
  "$home/venv/bin/pip" install --quiet --disable-pip-version-check \
    "moto[athena,s3,secretsmanager,redshift,sts]==$version" flask flask-cors >&2
  [ -x "$server" ] || { echo "moto: the package of version $version holds no moto_server" >&2; exit 1; }
  echo "$version" >"$home/complete"
}

case $command in
  install) install ;;
  run) exec "$server" -H 127.0.0.1 -p "${3:?a port}" ;;
  *) echo "moto: unknown command $command" >&2; exit 2 ;;
esac
