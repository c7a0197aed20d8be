#!/usr/bin/env bash
# Real Neo4j, Community edition, from Maven Central: the server's jars and what they need, nothing else.
#   neo4j.sh java CACHE VERSION          print the JDK that it would run on; fails where there is none
#   neo4j.sh install CACHE VERSION       put the jars into CACHE once; a second caller waits and finds them
#   neo4j.sh init CACHE VERSION DIR      set the first password, from NEO4J_PASSWORD; only before the first start
#   neo4j.sh run CACHE VERSION DIR       become the server; its configuration is DIR/conf/neo4j.conf
set -euo pipefail

dependency_plugin=3.6.1

command=${1:?java, install, init or run}
cache=${2:?the cache folder}
version=${3:?the version}
home=$cache/neo4j-$version

# 5.26 runs on Java 17 and 21, what came after it needs 21 or newer.
runs_on() {
  case $version in
    5.*) [ "$1" -eq 17 ] || [ "$1" -eq 21 ] ;;
    *) [ "$1" -ge 21 ] ;;
  esac
}

java_home() {
  local candidate major
  for candidate in "${NEO4J_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* "$HOME"/.sdkman/candidates/java/*; do
    [ -n "$candidate" ] && [ -x "$candidate/bin/java" ] || continue
    major=$("$candidate/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
    if runs_on "${major:-0}"; then
      echo "$candidate"
      return
    fi
  done
  echo "neo4j: no JDK that $version runs on (17 or 21 for 5.26, 21 or newer for the later ones); set NEO4J_JAVA_HOME" >&2
  return 1
}

install() {
  mkdir -p "$cache"
  exec 9>"$home.lock"
  flock 9
  [ -s "$home/complete" ] && return
  command -v mvn >/dev/null || { echo "neo4j: mvn is not installed" >&2; exit 1; }
  local work=$home.work
  rm -rf "$work"
  mkdir -p "$work"
  cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
  mvn -B -q -ntp --strict-checksums -f "$work/pom.xml" \
    "org.apache.maven.plugins:maven-dependency-plugin:$dependency_plugin:copy-dependencies" \
    -DincludeScope=runtime -DoutputDirectory="$work/server/lib" >"$work/mvn.log" 2>&1 || { tail -n 20 "$work/mvn.log" >&2; exit 1; }
  ls "$work"/server/lib/neo4j-bolt-*.jar >/dev/null || { echo "neo4j: Maven brought no Bolt server" >&2; exit 1; }
  rm -rf "$home"
  mv "$work/server" "$home"
  rm -rf "$work"
  echo "$version" >"$home/complete"
}

init() {
  local dir=${1:?the folder of the server} java
  java=$(java_home)
  NEO4J_HOME=$dir NEO4J_CONF=$dir/conf exec "$java/bin/java" -XX:TieredStopAtLevel=1 -cp "$home/lib/*" \
    org.neo4j.cli.AdminTool dbms set-initial-password "$NEO4J_PASSWORD"
}

run() {
  local dir=${1:?the folder of the server} java main=org.neo4j.server.CommunityEntryPoint
  java=$(java_home)
  # The entry point has another name since 2025; a jar holds the names of its files as plain text.
  if grep -qa org/neo4j/server/Neo4jCommunity.class "$home/lib/neo4j-$version.jar"; then main=org.neo4j.server.Neo4jCommunity; fi
  cd "$dir"
  exec "$java/bin/java" -Xms128m -Xmx512m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:TieredStopAtLevel=1 \
    --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
    -Dio.netty.tryReflectionSetAccessible=true -Dlog4j2.disable.jmx=true -Dfile.encoding=UTF-8 \
    -cp "$home/lib/*" "$main" --home-dir="$dir" --config-dir="$dir/conf"
}

case $command in
  java) java_home ;;
  install) install ;;
  init) init "${4:-}" ;;
  run) run "${4:-}" ;;
  *) echo "neo4j: unknown command $command" >&2; exit 2 ;;
esac
