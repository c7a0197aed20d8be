#!/usr/bin/env bash
# Real ClickHouse from the npm package that carries the engine as a shared library.
#   clickhouse.sh install CACHE            put the library into CACHE once; a second caller waits and finds it
#   clickhouse.sh run CACHE CONFIG DATA    become the server; ports and users are in CONFIG
set -euo pipefail

# Pinned: npm's "latest" is older and cannot open the native port.
package=@chdb/lib-linux-x64-gnu
version=26.7.3-stable.1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=${1:?install or run}
home=${2:?the cache folder}/clickhouse-$version
library=$home/node_modules/$package/libchdb.so

install() {
  mkdir -p "$home"
  exec 9>"$home/lock"
  flock 9
  [ -s "$home/complete" ] && return
  command -v python3 >/dev/null || { echo "clickhouse: python3 is not installed" >&2; exit 1; }
  command -v npm >/dev/null || { echo "clickhouse: npm is not installed" >&2; exit 1; }
  npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$home" "$package@$version" >&2
  [ -s "$library" ] || { echo "clickhouse: $package@$version holds no libchdb.so" >&2; exit 1; }
  echo "$version" >"$home/complete"
}

case $command in
  install) install ;;
  run) exec python3 "$here/clickhouse_server.py" "$library" "${3:?the config file}" "${4:?the data folder}" ;;
  *) echo "clickhouse: unknown command $command" >&2; exit 2 ;;
esac
