# quoin: one Makefile, no recursion. `make help` lists the targets.
# Variants: make V=asan|tsan|clang builds below build/<variant>/.

SHELL := /bin/sh
.DEFAULT_GOAL := all
V ?= release
BUILD := $(if $(filter release,$(V)),build,build/$(V))
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
PYTHON ?= python3
PREFIX ?= /usr/local

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
  -Wmissing-prototypes -Wvla -Wwrite-strings -Wformat=2 -Wswitch-enum -Wundef -Wcast-qual -fno-common
OPT := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LINK := -pie -Wl,-z,relro,-z,now
ifeq ($(V),asan)
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DARENA_DEBUG
LINK := -fsanitize=address,undefined
endif
ifeq ($(V),tsan)
OPT := -O1 -g -fsanitize=thread -fPIE
LINK := -fsanitize=thread -pie
endif
ifeq ($(V),clang)
CC := clang
endif
ifeq ($(V),fuzz)
CC := clang
OPT := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
LINK := -fsanitize=address,undefined
endif
ifdef DEV
WARN += -Werror
endif

# libcurl is not linked but loaded at the first request (src/net/curl_lib.c).
LIBS := yaml-0.1 libpcre2-8 libcrypto expat
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS) libcurl 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -ldl
VERSION := 0.1.0
CPPFLAGS += -Iinclude -D_POSIX_C_SOURCE=200809L -DQUOIN_VERSION='"$(VERSION)"' -include quoin/banned.h $(PKG_CFLAGS)
CFLAGS_ALL := -std=c11 $(WARN) $(OPT) $(CFLAGS)

PHASES := base syntax lang schema graph state net cloud plan apply
LIB_SRC := $(sort $(foreach p,$(PHASES),$(wildcard src/$(p)/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_SRC := $(sort $(wildcard src/cli/*.c))
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB := $(BUILD)/libquoin.a
EMBED := $(BUILD)/qn-embed
BLOBS := $(foreach b,schema wire defs modules,$(BUILD)/blob/$(b).bin)
BLOB_OBJ := $(BUILD)/blob/blobs.o

AWS := modules/providers/aws
SCHEMA_IN := $(sort $(wildcard $(AWS)/*/schema.json))
WIRE_IN := $(sort $(wildcard $(AWS)/*/wire.json))
DEFS_IN := $(sort $(filter-out %/schema.json %/wire.json,$(wildcard $(AWS)/*/*.yaml)))
MODULES_IN := $(sort $(wildcard modules/*/*.yaml))

.PHONY: all help
all: $(BUILD)/quoin ## build build/quoin

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@echo '  AR $@'; $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC $<'; $(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The tool that turns modules/ into the tables embedded in the binary; it checks them on the way.
$(EMBED): $(BUILD)/src/embed/embed.o $(LIB)
	@echo '  LD $@'; $(CC) $(LINK) -o $@ $< $(LIB) $(PKG_LIBS) $(LDFLAGS) -lm

$(BUILD)/blob/schema.bin: $(EMBED) $(SCHEMA_IN)
	@mkdir -p $(@D)
	@echo '  EMBED $@'; $(EMBED) schema $@ $(SCHEMA_IN)
$(BUILD)/blob/wire.bin: $(EMBED) $(WIRE_IN)
	@mkdir -p $(@D)
	@echo '  EMBED $@'; $(EMBED) wire $@ $(WIRE_IN)
$(BUILD)/blob/defs.bin: $(EMBED) $(DEFS_IN) $(BUILD)/blob/schema.bin $(BUILD)/blob/wire.bin
	@echo '  EMBED $@'; $(EMBED) defs $@ $(BUILD)/blob/schema.bin $(BUILD)/blob/wire.bin $(DEFS_IN)
$(BUILD)/blob/modules.bin: $(EMBED) $(MODULES_IN)
	@mkdir -p $(@D)
	@echo '  EMBED $@'; $(EMBED) modules $@ $(MODULES_IN)
$(BLOB_OBJ): src/embed/blobs.S $(BLOBS)
	$(CC) -Wa,-I$(BUILD)/blob -c -o $@ $<

$(BUILD)/quoin: $(CLI_OBJ) $(BUILD)/src/embed/blobs.o $(BLOB_OBJ) $(LIB)
	@echo '  LD $@'; $(CC) $(LINK) -o $@ $^ $(PKG_LIBS) $(LDFLAGS) -lm

# ---- tests ---------------------------------------------------------------
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
T ?=
.PHONY: unit
$(BUILD)/unit/%: tests/unit/%.c $(wildcard tests/unit/*.h) $(LIB) $(BUILD)/src/embed/blobs.o $(BLOB_OBJ)
	@mkdir -p $(@D)
	@echo '  CC $<'; $(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS_ALL) $(LINK) -o $@ $< $(BUILD)/src/embed/blobs.o $(BLOB_OBJ) $(LIB) $(PKG_LIBS) $(LDFLAGS) -lm
unit: $(if $(T),$(BUILD)/unit/test_$(T),$(UNIT_BIN)) ## unit tests (T=name for one)
	@sh tests/unit/run.sh $^

# Our signatures against botocore's signers.
.PHONY: sigv4
$(BUILD)/sign_driver: tests/sigv4/sign_driver.c $(LIB)
	@echo '  CC $<'; $(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LINK) -o $@ $< $(LIB) $(PKG_LIBS) $(LDFLAGS) -lm
sigv4: $(BUILD)/sign_driver ## SigV4 compared with botocore, stage by stage
	@SIGN_DRIVER=$(CURDIR)/$(BUILD)/sign_driver "$$(sh tests/venv.sh)" -m pytest -q tests/sigv4
# Calls of the cloud client through the gate.
.PHONY: client
$(BUILD)/call_driver: tests/cloud/call_driver.c $(LIB) $(BUILD)/src/embed/blobs.o $(BLOB_OBJ)
	@echo '  CC $<'; $(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LINK) -o $@ $< $(BUILD)/src/embed/blobs.o $(BLOB_OBJ) $(LIB) $(PKG_LIBS) $(LDFLAGS) -lm
client: $(BUILD)/call_driver ## calls of the cloud client through the gate
	@CALL_DRIVER=$(CURDIR)/$(BUILD)/call_driver "$$(sh tests/venv.sh)" -m pytest -q tests/cloud

# Our serialisers and parsers against botocore's, over every operation of the wire models.
.PHONY: wire
$(BUILD)/wire_driver: tests/wire/wire_driver.c $(LIB)
	@echo '  CC $<'; $(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LINK) -o $@ $< $(LIB) $(PKG_LIBS) $(LDFLAGS) -lm
wire: $(BUILD)/wire_driver ## wire protocols compared with botocore, operation by operation
	@WIRE_DRIVER=$(CURDIR)/$(BUILD)/wire_driver "$$(sh tests/venv.sh)" -m pytest -q tests/wire

# ---- everything ------------------------------------------------------------
.PHONY: test check-all lint format asan tsan fuzz crash bench demo emulator deps install dist release
deps: ## install what building and testing need
	@sh .ci/deps
test: ## all tests; the last line says "N passed, N failed" (STAGES="unit cli" for some)
	@$(PYTHON) tests/run.py $(STAGES)
lint: ## house rules, include direction, formatting
	@$(PYTHON) tests/lint/lint.py
	@sh tests/lint/format.sh check
format: ## format all C files
	@sh tests/lint/format.sh write
asan: ## everything under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(PYTHON) tests/run.py asan-build asan-unit asan
tsan: ## unit tests under ThreadSanitizer
	@$(MAKE) --no-print-directory V=tsan unit
crash: ## SIGKILL at every point of the example's life
	@sh tests/venv.sh >/dev/null; QUOIN_CRASH=all build/venv/bin/python -m pytest -q -n 2 tests/crash
# The cloud of the benchmarks; memmem is GNU's.
$(BUILD)/bench_cloud: tests/bench/cloud.c
	@mkdir -p $(@D)
	@echo '  CC $<'; $(CC) $(CPPFLAGS) -D_GNU_SOURCE $(CFLAGS_ALL) $(LINK) -o $@ $<
bench: all $(BUILD)/bench_cloud ## benchmarks (CASES="large" or names for some)
	@"$$(sh tests/venv.sh)" tests/bench/bench.py $(CASES)
emulator: ## start the emulator behind the gate and print how to use it
	@"$$(sh tests/venv.sh)" -m tests.gate
demo: all ## the whole life of a production environment in the sandbox
	@sh tests/demo.sh
check-all: test ## tests, then clang, TSan, valgrind and longer fuzzing
	@$(MAKE) --no-print-directory V=clang DEV=1 all unit
	@$(MAKE) --no-print-directory tsan
	@sh tests/unit/valgrind.sh
	@$(MAKE) --no-print-directory fuzz SECONDS=60
	@$(MAKE) --no-print-directory crash

# Fuzz targets: clang with libFuzzer; findings stay in build/fuzz/NAME/.
SECONDS ?= 60
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/%)
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libquoin.a build/fuzz/src/embed/blobs.o build/fuzz/blob/blobs.o
	@echo '  FUZZ $<'; clang $(CPPFLAGS) -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -o $@ $^ $(PKG_LIBS) -lm
fuzz: ## fuzz every target for SECONDS
	@$(MAKE) --no-print-directory -s -j2 V=fuzz build/fuzz/libquoin.a build/fuzz/src/embed/blobs.o build/fuzz/blob/blobs.o
	@$(MAKE) --no-print-directory -s -j2 $(FUZZ_BIN)
	@sh tests/fuzz/run.sh $(SECONDS) $(FUZZ_BIN)

install: all ## install the binary and the licence below PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/quoin
	install -m 755 build/quoin $(DESTDIR)$(PREFIX)/bin/quoin
	install -m 644 LICENSE README.md $(DESTDIR)$(PREFIX)/share/doc/quoin
dist: ## a source archive, build/quoin-VERSION.tar.gz
	@mkdir -p build
	git archive --format=tar.gz --prefix=quoin-$(VERSION)/ -o build/quoin-$(VERSION).tar.gz HEAD
release: all ## a stripped binary, build/quoin-VERSION
	strip -o build/quoin-$(VERSION) build/quoin
	@ls -l build/quoin-$(VERSION)

.PHONY: clean
clean: ## remove what was built (the virtual environment stays)
	rm -rf build/src build/unit build/blob build/quoin build/libquoin.a build/qn-embed build/bench_cloud build/asan build/tsan build/clang build/fuzz

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "  %-14s %s\n", $$1, $$2}'

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(BUILD)/src/embed/embed.d $(BUILD)/src/embed/blobs.d
