# Scambio. `make run` starts a demonstration server, `make check` tests everything; see README.
#
# Every .c below the folders of MODULES is compiled; nothing is listed by hand. VARIANT is a folder below build/:
# release (what is installed), asan (AddressSanitizer and UBSan, for the tests), fuzz (clang's libFuzzer).

MODULES  := core formats store directory dav syncml mailcore clients server
VERSION  := 0.1.0
PREFIX   ?= /usr
DESTDIR  ?=
CC       := gcc
CLANG    := clang
VARIANT  ?= release
BUILD    := build/$(VARIANT)
CCACHE   := $(shell command -v ccache 2>/dev/null)

PKGS     := libmicrohttpd sqlite3 libxml-2.0 libargon2 libutf8proc libidn2 libzstd jansson libssl libcrypto gnutls libseccomp zlib libqrencode
PKG_C     = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_L     = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -linih -lresolv -lunbound -lpthread

WARN     := -Wall -Wextra -Werror -Wshadow -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wcast-align=strict -Wwrite-strings \
            -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wredundant-decls -Wimplicit-fallthrough \
            -Wswitch-enum -Wno-missing-field-initializers
BASE     := -std=gnu17 -D_GNU_SOURCE -I. -DSCAMBIO_VERSION='"$(VERSION)"' -fstack-protector-strong -fno-strict-aliasing
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -fPIE
OPT_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DSCAMBIO_SANITIZE
LNK_release := -pie -Wl,-z,relro,-z,now
LNK_asan    := -fsanitize=address,undefined
CFLAGS    = $(BASE) $(WARN) $(OPT_$(VARIANT)) $(PKG_C) -MMD -MP
LDFLAGS   = $(LNK_$(VARIANT))

SRC      := $(foreach m,$(MODULES),$(sort $(wildcard $(m)/*.c $(m)/*/*.c)))
LIB_SRC  := $(filter-out server/main.c,$(SRC))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/schemas/embed.o
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT     := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
SQL      := $(wildcard schemas/* clients/phones/*)

.DEFAULT_GOAL := scambio
.PHONY: run check check-unit check-long bench lint install deps deps-test unit clean fuzz crash simulation

scambio: $(BUILD)/scambio
	@cp -f $< $@

$(BUILD)/scambio: $(BUILD)/server/main.o $(BUILD)/libscambio.a
	$(CC) $(LDFLAGS) -o $@ $^ $(PKG_L)

$(BUILD)/libscambio.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/schemas/embed.o: schemas/embed.S $(SQL)
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

# ---- unit tests: one program a file, all against the whole library ----
$(BUILD)/unit/%: tests/unit/%.c tests/unit/test.h $(BUILD)/libscambio.a
	@mkdir -p $(@D)
	$(CCACHE) $(CC) $(CFLAGS) $(CFLAGS_$*) -MF $@.d -c -o $@.o $<
	$(CC) $(LDFLAGS) -o $@ $@.o $(BUILD)/libscambio.a $(PKG_L) -lcmocka $(EXTRA_$*)
EXTRA_test_fold_oracle := -licuuc
EXTRA_test_ical_oracle := -lical
EXTRA_test_sml_oracle  := -lwbxml2
CFLAGS_test_sml_oracle := -isystem /usr/include/libwbxml-1.0/wbxml

unit: $(UNIT)
check-unit:
	@$(MAKE) --no-print-directory -j"$$(nproc)" VARIANT=asan unit
	@tests/run-unit --changed build/asan/unit

# ---- fuzzing: clang builds its own objects; `make fuzz` builds all targets ----
FUZZ_FLAGS := $(BASE) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -DSCAMBIO_SANITIZE -w
FUZZ_OBJ   := $(LIB_SRC:%.c=build/fuzz/%.o) build/fuzz/schemas/embed.o
FUZZ       := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CCACHE) $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(PKG_C) -MMD -MP -c -o $@ $<
build/fuzz/schemas/embed.o: schemas/embed.S $(SQL)
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<
build/fuzz/libscambio.a: $(FUZZ_OBJ)
	@rm -f $@
	@ar rcs $@ $^
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libscambio.a
	$(CCACHE) $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< build/fuzz/libscambio.a $(PKG_C) $(PKG_L)
fuzz: $(FUZZ)

# ---- crash tests: the load runs the release build below the recording layer, the check is sanitized ----
build/crash/record.so: tests/crash/record.c tests/crash/trace.h
	@mkdir -p $(@D)
	$(CC) $(BASE) $(WARN) -O2 -g -fPIC -shared -o $@ $<
build/crash/load: tests/crash/load.c $(BUILD)/libscambio.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(LDFLAGS) -o $@ $^ $(PKG_L)
build/crash/check: $(wildcard tests/crash/*.h) tests/crash/check.c tests/crash/disk.c tests/crash/model.c $(BUILD)/libscambio.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(LDFLAGS) -o $@ $(filter-out %.h,$^) $(PKG_L)
crash:
	@$(MAKE) --no-print-directory VARIANT=release build/crash/record.so build/crash/load
	@$(MAKE) --no-print-directory VARIANT=asan build/crash/check

# ---- the simulation of phones: whole programs again, so that it can be killed ----
SIM_SRC := $(wildcard tests/simulation/*.c)
$(BUILD)/simulation/phones: $(SIM_SRC) $(wildcard tests/simulation/*.h) tests/unit/dav_engine.h $(BUILD)/libscambio.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(LDFLAGS) -o $@ $(SIM_SRC) $(BUILD)/libscambio.a $(PKG_L)
simulation:
	@$(MAKE) --no-print-directory VARIANT=release build/release/simulation/phones
	@$(MAKE) --no-print-directory VARIANT=asan build/asan/simulation/phones

# ---- everything: `make check` on a fresh machine installs what it needs first ----
deps:
	@tests/install-packages build
deps-test:
	@tests/install-packages build test
check: deps-test
	@tests/check
# The long runs, by hand: hours. TIME= seconds of new fuzzing over all targets; SEEDS= of the simulation of phones.
TIME ?= 3600
KILLS ?= 1000
POWER_CUT_IMAGES ?= 20000
SEEDS ?= 100000
check-long: deps-test
	@tests/check build
	KILLS=$(KILLS) tests/crash/test_kill.py
	POWER_CUT_IMAGES=$(POWER_CUT_IMAGES) tests/crash/test_power_cut.py
	SEEDS=$(SEEDS) FIRST=1000000 tests/simulation/run
	$(MAKE) --no-print-directory -j2 fuzz
	tests/fuzz/run $(TIME)

# ---- benchmarks beside the peers ----
build/bench/%: tests/bench/%.c $(BUILD)/libscambio.a
	@mkdir -p $(@D)
	$(CC) $(BASE) $(WARN) -O2 -g $(PKG_C) -o $@ $< $(BUILD)/libscambio.a $(PKG_L)
bench:
	@tests/install-packages build test bench
	@$(MAKE) --no-print-directory scambio build/bench/load build/bench/bare
	@tests/bench/run.py $(PARTS)

# ---- to try it, and to keep it ----
run: deps
	@$(MAKE) --no-print-directory -s scambio
	@exec scripts/demo

install: scambio
	install -D -m 755 scambio $(DESTDIR)$(PREFIX)/bin/scambio
	install -D -m 644 doc/man/scambio.1 $(DESTDIR)$(PREFIX)/share/man/man1/scambio.1
	install -D -m 644 doc/man/scambio.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/scambio.conf.5
	install -D -m 644 etc/scambio.conf $(DESTDIR)$(PREFIX)/share/doc/scambio/scambio.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/scambio/schemas $(wildcard schemas/*.sql)
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	sed 's|/usr/bin/|$(PREFIX)/bin/|' etc/scambio.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/scambio.service
	install -m 644 etc/scambio.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/scambio.conf
	[ -e $(DESTDIR)/etc/scambio/scambio.conf ] || install -D -m 640 etc/scambio.conf $(DESTDIR)/etc/scambio/scambio.conf

lint: # the static checks; tests/lint/run PART... runs some
	@tests/lint/run

clean:
	rm -rf build scambio

-include $(shell find build -name '*.d' 2>/dev/null)
