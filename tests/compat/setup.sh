#!/usr/bin/env bash
# Installs and builds what the compatibility tests need on Debian 12, outside the checkout:
#
#   ${XDG_CACHE_HOME:-~/.cache}/barnabas-test/
#     venv/            Python clients and pytest            requirements.txt
#     kafka-VERSION/   Apache Kafka's jars                  programs/java/pom.xml
#     java-VERSION/    the Java programs                    programs/java
#     plugins-VERSION/ what a Kafka of ours is given        programs/kafka
#     kafkajs/         Node modules                         programs/kafkajs/package-lock.json
#     bin/             the Go and C++ programs              programs/go, programs/librdkafka, examples/go
#     examples-cpp/    the C++ example                      examples/cpp
#
# Run it as often as you like: a step whose inputs have not changed is skipped. Debian packages are
# those of tools/packages.txt; they are installed only when some are missing, which needs root or sudo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/barnabas-test"
kafka_versions=(4.3.1 3.9.2)
mkdir -p "$cache/bin" "$cache/stamps"

# One setup at a time: suites that share the cache may start together.
exec 9>"$cache/lock"
flock 9

# step NAME INPUT...: true when the step is to be done, because an input changed since done NAME.
# Inputs count by what they hold, not where they lie: another checkout finds everything done.
step() {
  local name=$1 sum
  shift
  sum=$(find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum)
  pending="$sum"
  [[ "$(cat "$cache/stamps/$name" 2>/dev/null)" != "$sum" ]] || return 1
  echo "setup: $name"
}

done_with() { echo "$pending" >"$cache/stamps/$1"; }

"$repository/tools/install" test

if step python "$here/requirements.txt"; then
  [[ -x "$cache/venv/bin/python" ]] || python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
  done_with python
fi

for version in "${kafka_versions[@]}"; do
  if step "kafka-$version" "$here/programs/java/pom.xml"; then
    rm -rf "$cache/kafka-$version.new"
    mvn --batch-mode --quiet --file "$here/programs/java/pom.xml" dependency:copy-dependencies \
      -Dkafka.version="$version" -DoutputDirectory="$cache/kafka-$version.new"
    rm -rf "$cache/kafka-$version"
    mv "$cache/kafka-$version.new" "$cache/kafka-$version"
    done_with "kafka-$version"
  fi
  if step "java-$version" "$here/programs/java"; then
    javac -d "$cache/java-$version" -cp "$cache/kafka-$version/*" "$here"/programs/java/*.java
    done_with "java-$version"
  fi
  if step "plugins-$version" "$here/programs/kafka/TelemetryReceiver.java" "$here/programs/java/pom.xml"; then
    javac -Xlint:-removal -d "$cache/plugins-$version" -cp "$cache/kafka-$version/kafka-clients-$version.jar" \
      "$here/programs/kafka/TelemetryReceiver.java"
    done_with "plugins-$version"
  fi
done

if step kafkajs "$here/programs/kafkajs/package-lock.json"; then
  mkdir -p "$cache/kafkajs"
  cp "$here"/programs/kafkajs/package*.json "$cache/kafkajs/"
  (cd "$cache/kafkajs" && npm ci --ignore-scripts --no-audit --no-fund --silent)
  done_with kafkajs
fi

# Go 1.21 or newer; an older one than go.mod names fetches the one it needs.
if step go "$here/programs/go"; then
  (cd "$here/programs/go" && go build -o "$cache/bin/" ./franz ./kafkago)
  done_with go
fi
if step examples-go "$repository/examples/go"; then
  for program in producer consumer; do
    (cd "$repository/examples/go" && go build -o "$cache/bin/example-go-$program" "./$program")
  done
  done_with examples-go
fi

if step librdkafka "$here/programs/librdkafka"; then
  # shellcheck disable=SC2046  # words are wanted
  g++ -std=c++20 -O1 -Wall -Wextra "$here/programs/librdkafka/compat.cpp" -o "$cache/bin/librdkafka" \
    $(pkg-config --cflags --libs rdkafka libcrypto) -pthread
  done_with librdkafka
fi
if step examples-cpp "$repository/examples/cpp"; then
  cmake --fresh -S "$repository/examples/cpp" -B "$cache/examples-cpp" >/dev/null
  cmake --build "$cache/examples-cpp" >/dev/null
  done_with examples-cpp
fi
