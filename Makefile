# SPDX-License-Identifier: MIT
# A thin face for meson: see CONTRIBUTING.md for what to run after which change.
PREFIX ?= /usr/local
DESTDIR ?=
release = build/release
check = build/check
fuzz = build/fuzz
FUZZ_SECONDS ?= 180
sources = $(shell find src test bench -name '*.[ch]' -not -path 'test/offline/*')

all: build/fettle

build/fettle: always
	@tools/need build
	@mkdir -p build
	@test -f $(release)/build.ninja || meson setup $(release) --buildtype=release \
		-Doptimization=2 -Db_lto=true >build/setup.log 2>&1 || { cat build/setup.log; exit 1; }
	@ninja --quiet -C $(release)
	@ln -f $(release)/fettle build/fettle 2>/dev/null || cp $(release)/fettle build/fettle

demo:
	@tools/need build run
	@$(MAKE) --no-print-directory all
	@tools/demo build/fettle

check:
	@tools/need build run check
	@tools/check-build $(check)
	@/usr/bin/python3 test/run $(check)

bench:
	@tools/need build run bench
	@$(MAKE) --no-print-directory all
	@meson configure $(release) -Dbenches=true
	@ninja --quiet -C $(release)
	@/usr/bin/python3 bench/run $(release)

fuzz:
	@tools/need build fuzz
	@test -f $(fuzz)/build.ninja || CC=clang meson setup $(fuzz) -Dtests=true -Dfuzzer=true \
		-Dstatic_libraries=false -Db_sanitize=address,undefined -Db_lundef=false \
		-Dbuildtype=debugoptimized
	@ninja --quiet -C $(fuzz)
	@test/fuzz/run $(fuzz) $(FUZZ_SECONDS)

install: all
	install -D -s -m 755 build/fettle $(DESTDIR)$(PREFIX)/bin/fettle
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	build/fettle help --man >$(DESTDIR)$(PREFIX)/share/man/man1/fettle.1

fmt:
	@tools/need fmt
	clang-format -i $(sources)

tidy:
	@tools/need build tidy
	@$(MAKE) --no-print-directory all
	clang-tidy --quiet -p $(release) $(filter src/%.c,$(sources))

clean:
	rm -rf build

always:

.PHONY: all demo check bench fuzz install fmt tidy clean always
