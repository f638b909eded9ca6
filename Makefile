# penstock. `make help` lists the targets.
#
# MODE is how to compile: release, debug, asan, cov or fuzz. Everything that
# is built goes to B, one folder per mode. PENSTOCK_DEPS is where
# docker/install-deps puts what is not a system package.

MODE ?= release
B ?= build/$(MODE)
PENSTOCK_DEPS ?= build/deps
DEPS := $(abspath $(PENSTOCK_DEPS))
export PENSTOCK_DEPS := $(DEPS)
export PENSTOCK_BUILD := $(abspath $(B))

ifeq ($(origin CC),default)
CC := gcc
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# The oldest clang that is installed: the formatter's output depends on it.
CLANG_VERSION := $(firstword $(foreach v,14 15 16 17 18 19 20 21,\
	$(if $(shell command -v clang-tidy-$v),$v)) 14)
CLANG := clang-$(CLANG_VERSION)
PYTHON := $(DEPS)/venv/bin/python

.PHONY: all docs chain-bench check mutants integration conformance test deps lint \
	layers headers sizes \
	format tidy cppcheck reformat asan cov bench demo sbom soak clean help
.DELETE_ON_ERROR:

all:

# ---- Flags ----------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion \
	-Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wformat=2 -Wundef -Wcast-align \
	-Wcast-qual -Wwrite-strings -Wimplicit-fallthrough \
	-Wnull-dereference -Wdouble-promotion
WARN_GCC := -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wjump-misses-init -Warith-conversion
# What Criterion's macros do not keep to.
WARN_TESTS := -Wno-cast-qual -Wno-write-strings -Wno-pedantic \
	-Wno-missing-prototypes -Wno-conversion -Wno-sign-conversion \
	-Wno-arith-conversion -Wno-null-dereference

HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer

OPT_release := -O2 -g -D_FORTIFY_SOURCE=3 $(HARDEN)
OPT_debug := -O0 -g3
OPT_asan := -O1 -g3 $(SANITIZE)
OPT_cov := -O0 -g --coverage -fprofile-update=atomic
OPT_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LINK_release := -Wl,-z,relro,-z,now
LINK_asan := $(SANITIZE)
LINK_cov := --coverage
LINK_fuzz := -fsanitize=fuzzer,address,undefined

# clang does not take uthash's comments for what they say; gcc does.
ifneq ($(findstring clang,$(CC)),)
WARN_GCC := -Wno-implicit-fallthrough
WARN_TESTS := $(filter-out -Wno-arith-conversion,$(WARN_TESTS))
endif

BANNED := $(addprefix -include ,$(wildcard core/base/banned.h))
BASE := -std=c17 -D_GNU_SOURCE $(OPT_$(MODE)) $(WARN) $(WARN_GCC) -MMD -MP
LDFLAGS := $(LINK_$(MODE))
# What plugins are not linked with.
PROGRAM_cov := -Wl,--wrap=_exit
LINK_PROGRAM = $(CC) $(LDFLAGS) $(PROGRAM_$(MODE))

# ---- Libraries ------------------------------------------------------------

PKG_CONFIG := PKG_CONFIG_PATH=$(DEPS)/librdkafka/lib/pkgconfig pkg-config
pkg_cflags = $(if $(strip $1),$(patsubst -I%,-isystem %,$(shell \
	$(PKG_CONFIG) --cflags $1)))
pkg_libs = $(if $(strip $1),$(shell $(PKG_CONFIG) --libs $1))

HAVE_LIBS := $(shell $(PKG_CONFIG) --exists rdkafka jansson \
	2>/dev/null && echo yes)
ifeq ($(HAVE_LIBS),)
ifneq ($(filter-out clean help deps test demo,$(or $(MAKECMDGOALS),all)),)
$(error libraries are missing: run docker/install-deps build)
endif
endif

# librdkafka of our own is linked in, so that penstock is one file.
RDKAFKA_A := $(wildcard $(DEPS)/librdkafka/lib/librdkafka.a)
ifneq ($(RDKAFKA_A),)
RDKAFKA_LIBS := $(RDKAFKA_A) $(call pkg_libs,$(shell $(PKG_CONFIG) \
	--print-requires-private rdkafka)) -lm -ldl -lpthread -lrt
else
RDKAFKA_LIBS = $(call pkg_libs,rdkafka)
endif

CORE_PKGS := jansson libmicrohttpd gnutls libuv libpcre2-8 libcurl \
	libcrypto zlib
ifneq ($(HAVE_LIBS),)
CORE_CFLAGS := $(call pkg_cflags,rdkafka $(CORE_PKGS))
CORE_LIBS := $(RDKAFKA_LIBS) $(call pkg_libs,$(CORE_PKGS)) -lcrypt -ldl \
	-lpthread
endif

# What most processes never need: loaded when it is called (core/lazy).
LAZY := crypt crypto curl gnutls microhttpd pcre2-8 sasl2 ssl uv zstd

# One row for each plugin that needs a library (pkg-config names).
PKGS_postgres := libpq
PKGS_http := libcurl
PKGS_s3 := libcurl expat zlib libzstd libcrypto
PKGS_registry := libcurl jansson
PKGS_transforms := libpcre2-8
PKGS_predicates := libpcre2-8
PKGS_providers := libpcre2-8
PKGS_vault := libcurl jansson
PKGS_mirror := rdkafka
# of plugins/lib, to compile it
PKGS_lib := libcurl

# Code that several plugins are linked with, each with a copy of its own:
# plugins/lib/<folder>.
LIBS_json := jsontext
LIBS_registry := jsontext pause reach
LIBS_transforms := jsontext
LIBS_file := assignment
LIBS_http := assignment linger pause reach
LIBS_s3 := assignment linger pause reach
LIBS_vault := reach
SHARED_SRC := $(wildcard plugins/lib/*/*.c)
shared_src = $(foreach l,$(LIBS_$1),$(wildcard plugins/lib/$l/*.c))

# of connectors/x/file.c or plugins/x/file.c
plugin_cflags = $(call pkg_cflags,$(PKGS_$(word 2,$(subst /, ,$1))))
# of tests/connectors/x/file.c, which looks inside
inside_cflags = $(call pkg_cflags,$(PKGS_$(word 3,$(subst /, ,$1))))

# ---- Sources --------------------------------------------------------------

CORE_SRC := $(shell find core -name '*.c' 2>/dev/null)
PLUGIN_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard connectors/*/*.c \
	plugins/*/*.c))))
PLUGIN_SRC := $(foreach d,$(PLUGIN_DIRS),$(wildcard $d/*.c)) $(SHARED_SRC)
FIXTURE_SRC := $(wildcard tests/fixtures/*.c)
TEST_SRC := $(filter-out tests/live/%,$(wildcard tests/*/test_*.c))
# Those that need servers: tests/integration/test_live.py runs them.
LIVE_SRC := $(wildcard tests/live/test_*.c)
# How a process that ends by _exit keeps its coverage; in every program.
COV_SRC := $(if $(filter cov,$(MODE)),tests/support/cov.c)
# What several of them use: the host that drives a plugin, servers, …
HELPER_SRC := $(filter-out $(TEST_SRC),$(wildcard $(addsuffix /*.c,\
	$(addprefix tests/,connectors http plugins task worker))))
# The cluster's simulator: its program and all that it is linked with.
SIM_SRC := $(filter-out $(TEST_SRC),$(wildcard tests/cluster/*.c)) \
	$(wildcard core/cluster/*.c) $(addprefix core/base/,arena.c clock.c \
	xalloc.c)
# In every binary of tests.
RUNNER_SRC := tests/support/runner.c
# Tests of the fence make older kernels of the one there is.
KERNEL_SRC := tests/support/landlock.c
# Tests of what is inside a plugin are linked with that plugin's objects.
INSIDE_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard \
	tests/connectors/*/test_*.c tests/plugins/*/test_*.c))))
INSIDE_SRC := $(foreach d,$(INSIDE_DIRS),$(wildcard $d/test_*.c))
FLOOR_SRC := $(wildcard tests/bench/floor_*.c)
# A plugin in a process of its own, for tests against real servers.
DRIVE_SRC := $(wildcard tests/drive/*.c) tests/connectors/host.c
# Records through the real plugins, beside Kafka Connect's own classes.
CONFORM_SRC := tests/conformance/conform.c
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
HEADERS := $(shell find core connectors plugins -name '*.h' 2>/dev/null)

obj = $(patsubst %.c,$(B)/obj/%.o,$1)
PLUGINS := $(foreach d,$(PLUGIN_DIRS),$(B)/plugins/$(notdir $d).so)
FIXTURES := $(patsubst tests/fixtures/%.c,$(B)/fixtures/%.so,$(FIXTURE_SRC))
CHECKS := $(if $(TEST_SRC),$(B)/check) \
	$(foreach d,$(INSIDE_DIRS),$(B)/check-$(notdir $d))
FLOORS := $(patsubst tests/bench/floor_%.c,$(B)/floors/%,$(FLOOR_SRC))
CORE_OBJ := $(call obj,$(filter-out core/main.c core/lazy/%,$(CORE_SRC)) \
	$(COV_SRC))
PENSTOCK_OBJ := $(call obj,$(CORE_SRC) $(COV_SRC))

# What only pattern rules lead to is kept; all else that is missing is built,
# whatever it is for.
.SECONDARY: $(call obj,$(FIXTURE_SRC) $(FLOOR_SRC) $(FUZZ_SRC) \
	tests/fuzz/replay.c)

all: $(if $(wildcard core/main.c),$(B)/penstock) $(PLUGINS)

# ---- Building -------------------------------------------------------------

$(B)/obj/core/%.o: core/%.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(BASE) $(BANNED) -Icore -Icore/include $(CORE_CFLAGS) -c -o $@ $<

$(B)/obj/connectors/%.o: connectors/%.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(BASE) $(BANNED) -fPIC -fvisibility=hidden -Icore/include \
		-Iplugins/lib $(call plugin_cflags,$<) -c -o $@ $<
$(B)/obj/plugins/%.o: plugins/%.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(BASE) $(BANNED) -fPIC -fvisibility=hidden -Icore/include \
		-Iplugins/lib $(call plugin_cflags,$<) -c -o $@ $<

$(B)/obj/tests/fixtures/%.o: tests/fixtures/%.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(BASE) -fPIC -fvisibility=hidden -Icore/include -c -o $@ $<

$(B)/obj/tests/bench/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(BASE) -I. -Icore -Icore/include \
		$(call pkg_cflags,rdkafka libpq libcurl) -c -o $@ $<

$(B)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(BASE) $(WARN_TESTS) -DBUILD='"$(PENSTOCK_BUILD)"' \
		-DTESTS='"$(CURDIR)/tests"' -I. -Icore -Icore/include \
		-Iplugins/lib $(CORE_CFLAGS) $(call inside_cflags,$<) -c -o $@ $<

# The two that call others: what they and plugins trust is one file. What the
# worker's children and providers follow paths with, too.
$(B)/obj/core/http/%.o $(B)/obj/core/cli/%.o $(B)/obj/core/child/%.o: \
	BASE += -Iplugins/lib
$(B)/obj/core/lazy/lazy.o: $(B)/lazy/lazy.def
$(B)/obj/core/lazy/%.o: BASE += -fvisibility=hidden -I$(B)/lazy
$(B)/lazy/lazy.def: core/lazy/rows $(filter-out %/lazy.o,$(PENSTOCK_OBJ)) \
		$(RDKAFKA_A)
	@mkdir -p $(@D)
	@CC='$(CC)' $^ -- $(LAZY) >$@

$(B)/obj/tests/lazy/%.o: BASE += -Itests/lazy

# Another librdkafka is linked in anew, wherever this one is.
$(B)/obj/core/kafka/conf.o: $(RDKAFKA_A)

$(B)/penstock: $(PENSTOCK_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(filter-out $(LAZY:%=-l%),$(CORE_LIBS))

# plugin FOLDER: the folder's objects are one shared object
define plugin
$(B)/plugins/$(notdir $1).so: $(call obj,$(wildcard $1/*.c) \
		$(call shared_src,$(notdir $1)))
	@mkdir -p $$(@D)
	@echo link $$@
	@$$(CC) -shared $$(LDFLAGS) -o $$@ $$^ \
		$$(call pkg_libs,$$(PKGS_$(notdir $1)))
endef
$(foreach d,$(PLUGIN_DIRS),$(eval $(call plugin,$d)))

$(B)/fixtures/%.so: $(B)/obj/tests/fixtures/%.o
	@mkdir -p $(@D)
	@echo link $@
	@$(CC) -shared $(LDFLAGS) -o $@ $<

# A wall clock that tests move and a kernel of an older Landlock, for
# LD_PRELOAD: of no sanitizer's.
PRELOADS := $(B)/clock.so $(B)/landlock.so
$(PRELOADS): $(B)/%.so: tests/support/%.c
	@mkdir -p $(@D)
	@echo link $@
	@$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $<

$(B)/drive: $(call obj,$(DRIVE_SRC)) $(CORE_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(CORE_LIBS)

$(B)/conform: $(call obj,$(CONFORM_SRC)) $(CORE_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(CORE_LIBS)

$(B)/floors/%: $(B)/obj/tests/bench/floor_%.o
	@mkdir -p $(@D)
	@echo link $@
	@$(CC) $(LDFLAGS) -o $@ $^ $(RDKAFKA_LIBS) $(call pkg_libs,libpq libcurl)

$(B)/simulate: $(call obj,$(SIM_SRC))
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^

$(B)/check: $(call obj,$(TEST_SRC) $(HELPER_SRC) $(RUNNER_SRC) $(KERNEL_SRC)) \
		$(CORE_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ -lcriterion $(CORE_LIBS)

$(B)/check-live: $(call obj,$(LIVE_SRC) $(HELPER_SRC) $(RUNNER_SRC)) $(CORE_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ -lcriterion $(CORE_LIBS)

# inside FOLDER: its tests, the objects of the plugin of that name, and core
define inside
$(B)/check-$(notdir $1): $(call obj,$(RUNNER_SRC) $(wildcard $1/test_*.c) \
	tests/connectors/host.c tests/connectors/stub.c \
	$(wildcard $(patsubst tests/%,%,$1)/*.c) \
	$(call shared_src,$(notdir $1))) $(CORE_OBJ)
	@echo link $$@
	@$$(LINK_PROGRAM) -o $$@ $$^ -lcriterion $$(CORE_LIBS) \
		$$(call pkg_libs,$$(PKGS_$(notdir $1)))
endef
$(foreach d,$(INSIDE_DIRS),$(eval $(call inside,$d)))

-include $(patsubst %.o,%.d,$(call obj,$(CORE_SRC) $(PLUGIN_SRC) \
	$(FIXTURE_SRC) $(TEST_SRC) $(LIVE_SRC) $(HELPER_SRC) $(RUNNER_SRC) \
	$(INSIDE_SRC) $(FLOOR_SRC) $(FUZZ_SRC) tests/fuzz/replay.c \
	$(DRIVE_SRC) $(CONFORM_SRC) $(SIM_SRC)))

# ---- Tests ----------------------------------------------------------------

# Schedules of the cluster's simulator; a sanitizer's are slow.
SCHEDULES_asan := 5000
SCHEDULES_cov := 5000
SCHEDULES ?= $(or $(SCHEDULES_$(MODE)),100000)

# make check FILTER='ack/*' runs these, no simulations and no corpora.
FUZZ_TARGETS := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
check: all $(CHECKS) $(FIXTURES) $(B)/simulate $(FUZZ_TARGETS:%=$(B)/replay/%)
	@mkdir -p $(B)/tmp
	@tests/support/run-checks $(B) $(CHECKS)
	@$(if $(FILTER),,tests/cluster/run-simulations $(B) $(SCHEDULES))
	@$(if $(FILTER),,tests/fuzz/run-corpora $(B) $(FUZZ_TARGETS))

# Each rule of the cluster is broken on purpose: the simulator has to tell.
mutants: $(B)/simulate
	@tests/cluster/run-mutants $(B) $(SCHEDULES) $(SIM_SRC)

# Also what pytest itself writes is in the build folder.
PYTEST = $(PYTHON) -m pytest -q --basetemp=$(B)/pytest

# make integration TESTS=tests/integration/test_file.py
TESTS ?= tests/integration tests/conformance
integration: all $(FIXTURES) $(B)/drive $(B)/conform $(B)/check-live \
		$(PRELOADS)
	@mkdir -p $(B)/tmp
	@$(PYTEST) -m 'not soak' --junitxml=$(B)/integration.xml \
		$(PYTEST_ARGS) $(TESTS)

# penstock and a real Kafka Connect, side by side.
conformance:
	@$(MAKE) -s integration TESTS=tests/conformance

# KEEP=1 leaves all running. DEMO_SECONDS is how long the shop is open.
demo:
	@docker/install-deps build test
	@echo 'Building'
	@$(MAKE) -s all
	@$(PYTHON) tests/demo/run

soak: all $(FIXTURES) $(B)/drive $(B)/check-live $(PRELOADS)
	@mkdir -p $(B)/tmp
	$(PYTEST) -m soak $(PYTEST_ARGS) $(TESTS)

# Unit and integration tests on whatever is missing now and installed first.
test:
	docker/install-deps build test
	tests/support/run-all $(MAKE)

deps:
	docker/install-deps

asan:
	$(MAKE) MODE=asan check
	$(MAKE) MODE=asan integration

COV_FLOOR ?= 80
cov:
	$(MAKE) MODE=cov check
	$(MAKE) MODE=cov integration
	gcovr -r . --object-directory build/cov -f core -s \
		--fail-under-line $(COV_FLOOR)

# The reference pages, from the key tables.
docs: all
	docs/generate $(B)/penstock $(B)/plugins docs/reference

# What a release consists of: build/release/penstock.spdx.json
sbom: all
	docker/sbom $(B) $(B)/penstock.spdx.json

# make json-bench: ns per record of encoding and decoding
json-bench: $(B)/json_bench $(B)/plugins/json.so $(B)/plugins/registry.so
	$(B)/json_bench $(B)/plugins/json.so $(B)/plugins/registry.so

# make chain-bench: ns per record of chains of 0, 1 and 3 transforms
chain-bench: $(B)/chain_bench all
	$(B)/chain_bench

$(B)/obj/tests/bench/chain_bench.o: BASE += -DBUILD='"$(PENSTOCK_BUILD)"' \
	$(CORE_CFLAGS)
$(B)/chain_bench: $(B)/obj/tests/bench/chain_bench.o $(CORE_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(CORE_LIBS)

$(B)/json_bench: $(B)/obj/tests/bench/json_bench.o \
		$(B)/obj/tests/connectors/stub.o $(CORE_OBJ)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(CORE_LIBS)

bench: all $(FLOORS) json-bench chain-bench
	tests/bench/run $(BENCH_ARGS)

# fuzz-x runs tests/fuzz/fuzz_x.c over its corpus in tests/data/fuzz/x. Code
# of a plugin comes in by including its .c file. What was freed is held back
# for a while: less of it than by default, or that alone is over the limit.
SECONDS ?= 30
FUZZ := $(FUZZ_TARGETS:%=fuzz-%)
.PHONY: $(FUZZ)
$(FUZZ): fuzz-%:
	$(MAKE) MODE=fuzz CC=$(CLANG) build/fuzz/run/$*
	@mkdir -p build/fuzz/found/$*
	ASAN_OPTIONS=quarantine_size_mb=32 \
	    build/fuzz/run/$* -max_total_time=$(SECONDS) -timeout=5 \
		-rss_limit_mb=512 -max_len=65536 -use_value_profile=1 \
		-artifact_prefix=build/fuzz/found/ build/fuzz/found/$* \
		$(wildcard tests/data/fuzz/$*)

# Targets that are linked with a plugin's objects.
fuzzed = $(foreach t,$1,$(B)/run/$t $(B)/replay/$t)
$(call fuzzed,json letter): $(call obj,$(wildcard plugins/json/*.c) \
	$(call shared_src,json))
$(call fuzzed,condition date): $(call obj,$(wildcard plugins/transforms/*.c) \
	$(call shared_src,transforms))
$(call fuzzed,header primitive): $(call obj,$(wildcard plugins/primitive/*.c))
$(call fuzzed,avro jschema proto frame): $(call obj,$(wildcard plugins/registry/*.c) \
	$(call shared_src,registry))
FUZZ_LIBS_answer := -lexpat
$(B)/obj/tests/fuzz/fuzz_row.o: BASE += $(call pkg_cflags,libpq)
$(B)/obj/tests/fuzz/fuzz_date.o: BASE += -Wno-format-nonliteral

$(B)/run/%: $(B)/obj/tests/fuzz/fuzz_%.o $(CORE_OBJ)
	@mkdir -p $(@D)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(CORE_LIBS) $(FUZZ_LIBS_$*)

# The same over its corpus alone, in every mode.
$(B)/replay/%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/replay.o \
		$(CORE_OBJ)
	@mkdir -p $(@D)
	@echo link $@
	@$(LINK_PROGRAM) -o $@ $^ $(CORE_LIBS) $(FUZZ_LIBS_$*)

# ---- Lint -----------------------------------------------------------------

LINT := tests/support/lint
LINT_SRC := $(CORE_SRC) $(PLUGIN_SRC)
FORMAT_SRC := $(LINT_SRC) $(HEADERS) $(shell find tests -name '*.[ch]' \
	2>/dev/null)

lint: layers headers sizes format tidy cppcheck

layers:
	@echo $@
	@$(LINT)/layers $(LINT_SRC) $(HEADERS)

sizes:
	@echo $@
	@$(LINT)/sizes $(FORMAT_SRC)

format:
	@echo $@
	@clang-format-$(CLANG_VERSION) --dry-run -Werror $(FORMAT_SRC)

reformat:
	clang-format-$(CLANG_VERSION) -i $(FORMAT_SRC)

headers: $(patsubst %,$(B)/headers/%.ok,$(HEADERS))
$(B)/headers/core/%.ok: LIBS_CFLAGS = -Icore $(CORE_CFLAGS)
$(B)/headers/%.ok: LIBS_CFLAGS = -Iplugins/lib $(call plugin_cflags,$*)
$(B)/headers/%.ok: % $(HEADERS)
	@mkdir -p $(@D)
	@echo alone $<
	@$(CC) $(filter-out -MMD -MP,$(BASE)) -fsyntax-only -x c -Icore/include \
		$(LIBS_CFLAGS) $<
	@touch $@

# A file is looked at again when its object was rebuilt.
# TIDY_FILES: only those. Nine tenths of the time go into the analyzer's walk
# over a function's paths, which ends after so many states: a third of what
# clang has by default. ANALYZER_STATES=225000 is that, and takes 3 times as long.
ANALYZER_STATES := 75000
tidy: $(patsubst %.c,$(B)/tidy/%.ok,$(or $(TIDY_FILES),$(LINT_SRC)))
$(B)/tidy/core/%.ok: LIBS_CFLAGS = -Icore -I$(B)/lazy -Iplugins/lib \
	$(CORE_CFLAGS)
$(B)/tidy/%.ok: LIBS_CFLAGS = -Iplugins/lib $(call plugin_cflags,$*)
$(B)/tidy/%.ok: %.c $(B)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	@echo tidy $<
	@clang-tidy-$(CLANG_VERSION) --quiet $< -- -std=c17 -D_GNU_SOURCE \
		-Xclang -analyzer-config -Xclang max-nodes=$(ANALYZER_STATES) \
		-Icore/include $(LIBS_CFLAGS) 2>$@.log || { cat $@.log; false; }
	@touch $@

CPPCHECK := --std=c11 --quiet --error-exitcode=1 --inline-suppr \
	--enable=warning,performance,portability -j$(shell nproc) \
	--suppressions-list=$(LINT)/cppcheck.suppress \
	--include=$(LINT)/cppcheck.h
cppcheck:
	@echo $@
	@mkdir -p $(B)/cppcheck
	@cppcheck $(CPPCHECK) --cppcheck-build-dir=$(B)/cppcheck -Icore \
		-Icore/include $(LINT_SRC)

# ---- The rest -------------------------------------------------------------

clean:
	rm -rf $(filter-out build/deps,$(wildcard build/*))

help:
	@echo 'make              build/release/penstock and plugins/*.so'
	@echo 'make demo         a whole pipeline on real servers; KEEP=1'
	@echo 'make check        unit tests; FILTER=ack/* runs some'
	@echo 'make mutants      the simulator finds each rule that is broken'
	@echo 'make integration  tests on real servers; TESTS=FILE runs some'
	@echo 'make conformance  penstock and a real Kafka Connect, side by side'
	@echo 'make test         installs what is missing, then both'
	@echo 'make lint         layers headers sizes format tidy cppcheck'
	@echo 'make docs         docs/reference from the key tables'
	@echo 'make sbom         build/release/penstock.spdx.json, its parts'
	@echo 'make reformat     lets clang-format have its way'
	@echo 'make asan         all tests under ASan and UBSan, leaks fail'
	@echo 'make cov          all tests, line coverage of core'
	@echo 'make fuzz-X       $(FUZZ); SECONDS=30'
	@echo 'make bench        floors and penstock, tests/bench/RESULTS.md'
	@echo 'make soak         the tests that take long'
	@echo 'make deps         docker/install-deps: all that is needed'
	@echo 'make clean        removes build, but not build/deps'
