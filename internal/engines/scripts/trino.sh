#!/usr/bin/env bash
# Real Trino, a single node, from Maven Central.
#   trino.sh install CACHE      put the server into CACHE once; a second caller waits and finds it
#   trino.sh run CACHE DIR      become the server; its configuration is in DIR/etc
set -euo pipefail

# Pinned: the last version whose server archive is on Maven Central.
version=476
plugins="trino-tpch trino-memory trino-hive"
dependency_plugin=3.6.1

command=${1:?install or run}
cache=${2:?the cache folder}
home=$cache/trino-$version

# Trino 476 needs Java 24 or newer.
java_home() {
  local candidate major
  for candidate in "${TRINO_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* "$HOME"/.sdkman/candidates/java/*; do
    [ -n "$candidate" ] && [ -x "$candidate/bin/java" ] || continue
    major=$("$candidate/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
    if [ "${major:-0}" -ge 24 ]; then
      echo "$candidate"
      return
    fi
  done
  echo "trino: no JDK of version 24 or newer; set TRINO_JAVA_HOME" >&2
  return 1
}

install() {
  mkdir -p "$cache"
  exec 9>"$cache/trino-$version.lock"
  flock 9
  [ -s "$home/complete" ] && return
  command -v mvn >/dev/null || { echo "trino: mvn is not installed" >&2; exit 1; }
  local java work items plugin
  java=$(java_home)
  work=$cache/trino-$version.work
  rm -rf "$work"
  mkdir -p "$work"
  items="<artifactItem><groupId>io.trino</groupId><artifactId>trino-server-core</artifactId><version>$version</version><type>tar.gz</type></artifactItem>"
  for plugin in $plugins; do
    items="$items<artifactItem><groupId>io.trino</groupId><artifactId>$plugin</artifactId><version>$version</version><type>zip</type></artifactItem>"
  done
  cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>$dependency_plugin</version>
    <configuration><outputDirectory>\${basedir}/fetched</outputDirectory><artifactItems>$items</artifactItems></configuration>
  </plugin></plugins></build>
</project>
POM
  mvn -B -q -ntp -f "$work/pom.xml" dependency:copy >"$work/mvn.log" 2>&1 || { tail -n 20 "$work/mvn.log" >&2; exit 1; }
  # Not by Maven's own unpacking: the archive holds hard links, of which that makes empty files.
  tar xzf "$work/fetched/trino-server-core-$version.tar.gz" -C "$work"
  for plugin in $plugins; do
    (cd "$work" && "$java/bin/jar" xf "fetched/$plugin-$version.zip")
    rm -rf "$work/trino-server-core-$version/plugin/${plugin#trino-}"
    mv "$work/$plugin-$version" "$work/trino-server-core-$version/plugin/${plugin#trino-}"
  done
  rm -rf "$home"
  mv "$work/trino-server-core-$version" "$home"
  rm -rf "$work"
  echo "$version" >"$home/complete"
}

run() {
  local java dir
  java=$(java_home)
  dir=${3:?the folder of the server}
  cd "$dir"
  exec "$java/bin/java" -Xmx1500M -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError -XX:ReservedCodeCacheSize=256M \
    -XX:TieredStopAtLevel=1 -XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$cache/trino-$version.jsa" -Xshare:auto \
    -Xlog:cds=off -Xlog:cds+dynamic=off -Djdk.attach.allowAttachSelf=true -Djdk.nio.maxCachedBufferSize=2000000 \
    -Dfile.encoding=UTF-8 -XX:+EnableDynamicAgentLoading --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -cp "$home/lib/*" -Dconfig=etc/config.properties -Dlog.levels-file=etc/log.properties io.trino.server.TrinoServer
}

case $command in
  install) install ;;
  run) run "$@" ;;
  *) echo "trino: unknown command $command" >&2; exit 2 ;;
esac
