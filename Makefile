# make run      a broker on localhost:9092, data in ./data; Ctrl-C stops it. ARGS="--set num.partitions=3" sets more
# make build    build/release/barnabas
# make package  build/package/barnabas_VERSION_ARCH.deb of the release build
# make test     every suite against the release build; the last line counts
# make check    formats, arrows between rooms, sanitizers, fuzz corpora; QUICK=1: what takes less than two minutes
# make format   clang-format on all C++
# make clean    removes build/
#
# Each installs the Debian packages it needs (tools/packages.txt) and does so quickly when they are there.

.PHONY: help run build package test check format clean
.DEFAULT_GOAL := help

help:
	@sed -n '/^# make/s/^# //p' Makefile

build/release/build.ninja: | packages-build
	@cmake --preset release >/dev/null

.PHONY: packages-build packages-package packages-check packages-test
packages-build:
	@tools/install build
packages-check:
	@tools/install build check test
packages-package:
	@tools/install build package
packages-test:
	@tools/install build package test

build: build/release/build.ninja
	@ninja -C build/release barnabas

package: packages-package build
	@tools/package $(ARGS)

run: build
	@tools/run $(ARGS)

test: packages-test build/release/build.ninja
	@tests/compat/setup.sh
	@ninja -C build/release all codec_echo batch_dump log_tool
	@tools/test $(ARGS)

check: packages-check
	@tools/check $(if $(QUICK),--quick) $(ARGS)

format: packages-check
	@find src tests examples -name '*.h' -o -name '*.cpp' | xargs clang-format-19 -i

clean:
	rm -rf build
