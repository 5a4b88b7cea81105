# make [MODE=debug|release|asan|tsan|cov|fuzz] [V=1]      see `make help`
MODE   ?= release
PREFIX ?= /usr/local
BASH_COMPLETIONS := share/bash-completion/completions
ZSH_COMPLETIONS  := share/zsh/site-functions
B      := build/$(MODE)
Q      := $(if $(V),,@)
say     = $(if $(V),@:,@printf '  %-5s %s\n')

# --- architecture -----------------------------------------------------------
# A directory is a module.  DEPS names every module it may include, and the
# order it links in; `make layers` fails on an include this table forbids.
# PKGS names the libraries that a module needs, by their pkg-config names.
DEPS_injector/base     :=
DEPS_injector/event    := injector/base
DEPS_injector/ring     := injector/event injector/base
DEPS_injector/proc     := injector/event injector/base
DEPS_injector/report   := injector/proc injector/ring injector/event injector/base
DEPS_injector/install  := injector/base
DEPS_injector/launch   := injector/install injector/ring injector/event injector/base
DEPS_injector/preload  := injector/ring injector/event injector/base
DEPS_injector/agent    := injector/report injector/proc injector/ring injector/event injector/base
DEPS_webhook/policy    := injector/base
DEPS_webhook/mutate    := webhook/policy injector/base
DEPS_webhook/ecs       := webhook/mutate webhook/policy injector/base
DEPS_webhook/manifest  := webhook/mutate webhook/policy injector/base
DEPS_webhook/cert      := injector/base
DEPS_webhook/http      := injector/base
DEPS_webhook/kube      := webhook/http injector/base
DEPS_webhook/registry  := webhook/kube webhook/http injector/base
DEPS_webhook/kubeconfig := webhook/manifest webhook/mutate webhook/policy webhook/kube webhook/http injector/base
DEPS_webhook/admit     := webhook/mutate webhook/policy webhook/kube webhook/registry webhook/http webhook/cert injector/base
DEPS_webhook/ctl       := webhook/kubeconfig webhook/kube webhook/http webhook/ecs webhook/manifest webhook/mutate webhook/policy injector/base

PKGS_webhook/policy    := yaml-0.1 json-c
PKGS_webhook/mutate    := json-c
PKGS_webhook/ecs       := json-c
PKGS_webhook/manifest  := yaml-0.1 json-c
PKGS_webhook/cert      := libcrypto
PKGS_webhook/http      := libcurl
PKGS_webhook/kube      := json-c
PKGS_webhook/registry  := json-c libcrypto
PKGS_webhook/kubeconfig := json-c
PKGS_webhook/admit     := libmicrohttpd gnutls json-c

# Programs, named as users know them.  The payload's are static: they run in
# images that may have no C library.
NAME_injector/launch   := farguard
NAME_injector/agent    := farguard-agent
NAME_webhook/admit     := farguard-webhook
NAME_webhook/ctl       := farguardctl
STATIC_MODULES         := injector/launch injector/agent

# Which module a fuzz target tests: tests/fuzz/fuzz_<x>.c, corpus in tests/fuzz/corpus/<x>/.
-include tests/fuzz/targets.mk

MODULES := $(patsubst DEPS_%,%,$(filter DEPS_%,$(.VARIABLES)))
PROGS   := $(patsubst %/main.c,%,$(wildcard $(addsuffix /main.c,$(MODULES))))
SHARED  := injector/preload
TESTS   := $(wildcard tests/unit/*/*/*_test.c)
FUZZERS := $(wildcard tests/fuzz/fuzz_*.c)
HEADERS := $(wildcard $(addsuffix /*.h,$(MODULES)) tests/*.h)
LIBRARY := $B/lib/libfarguard.so

# --- toolchain --------------------------------------------------------------
PKG    ?= pkg-config
WARN   := -Wall -Wextra -Werror -Wshadow -Wvla -Wundef -Wformat=2 -Wswitch-enum \
          -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough -Wcast-qual
HARDEN := -fstack-protector-strong -fvisibility=hidden -fno-common
OPT_debug   := -O0 -g3
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_tsan    := -O1 -g -fsanitize=thread
OPT_cov     := -O0 -g --coverage
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
$(if $(OPT_$(MODE)),,$(error MODE=$(MODE) is not one of debug release asan tsan cov fuzz))
CFLAGS_ALL  := -std=gnu17 -D_GNU_SOURCE -I. $(OPT_$(MODE)) $(WARN) $(HARDEN) $(CFLAGS)
LDFLAGS_ALL := $(OPT_$(MODE)) -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections $(LDFLAGS)
# Loaded into every program of a container: no C library, no sanitizer, no stack
# protector (its canary is the C library's), the same code in every mode.
CFLAGS_preload  := -std=gnu17 -D_GNU_SOURCE -I. -O2 -g $(WARN) -fvisibility=hidden -fno-common -fPIC \
          -ffreestanding -fno-stack-protector -fno-builtin -fcf-protection=none -fomit-frame-pointer \
          -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns
ifneq ($(findstring clang,$(CC)),)
CFLAGS_preload  := $(filter-out -fno-tree-loop-distribute-patterns,$(CFLAGS_preload))
endif
LDFLAGS_preload := -shared -nostdlib -Wl,-z,noseparate-code,-z,norelro,-z,now,-z,noexecstack -Wl,--hash-style=both \
          -Wl,--build-id=none -Wl,-soname,libfarguard.so

module_of = $(patsubst tests/unit/%,%,$(patsubst %/,%,$(dir $1)))
pkgs_of   = $(sort $(foreach m,$1 $(DEPS_$1),$(PKGS_$m)))
cflags_of = $(if $(call pkgs_of,$1),$(shell $(PKG) --cflags $(call pkgs_of,$1)))
libs_of   = $(if $(call pkgs_of,$1),$(shell $(PKG) --libs $(call pkgs_of,$1)) -lm)
static_of = $(if $(filter $1,$(STATIC_MODULES)),$(if $(filter release debug,$(MODE)),-static))

objs = $(patsubst %.c,$B/%.o,$(filter-out %/main.c,$(wildcard $1/*.c)))
lib  = $B/lib/$(subst /,-,$1).a
libs = $(foreach m,$1,$(call lib,$m))
with_deps = $1 $(DEPS_$1)

.PHONY: all check check-programs fuzz fuzz-programs fuzz-long layers headers tidy names analyze shell lint fmt compdb clean help \
        install install-files demo test soak chaos twins bench cases FORCE
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
all: $(foreach p,$(PROGS),$B/bin/$(NAME_$p)) $(LIBRARY)

# --- compile: one rule; recompiles when a header or a flag changes ----------
$B/injector/preload/%.o: injector/preload/%.c $B/.flags
	@mkdir -p $(@D)
	$(say) CC $<
	$Q$(CC) $(CFLAGS_preload) -MMD -MP -c $< -o $@

$B/%.o: %.c $B/.flags
	@mkdir -p $(@D)
	$(say) CC $<
	$Q$(CC) $(CFLAGS_ALL) $(call cflags_of,$(call module_of,$<)) $(EXTRA_CFLAGS_$(<F)) -MMD -MP -c $< -o $@

$B/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS_ALL) $(CFLAGS_preload)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL) $(CFLAGS_preload)' > $@

define module_rules
$(call lib,$1): $(call objs,$1) $1
	@mkdir -p $$(@D)
	$$(say) AR $$@
	$$Qrm -f $$@ && $$(AR) rcs $$@ $$(filter %.o,$$^)
endef
define prog_rules
$B/bin/$(NAME_$1): $B/$1/main.o $(call libs,$(call with_deps,$1))
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$Q$$(CC) $$(LDFLAGS_ALL) $$(call static_of,$1) $$^ $$(call libs_of,$1) -o $$@
endef
$(foreach m,$(filter-out $(SHARED),$(MODULES)),$(eval $(call module_rules,$m)))
$(foreach p,$(PROGS),$(eval $(call prog_rules,$p)))

$(LIBRARY): $(call objs,injector/preload) injector/preload/preload.map
	@mkdir -p $(@D)
	$(say) LD $@
	$Q$(CC) $(LDFLAGS_preload) -Wl,--version-script=injector/preload/preload.map $(filter %.o,$^) -o $@

# --- tests: tests/unit/<module>/<file>_test.c  ->  one TAP program each ------
define test_rules
$B/$(1:.c=): $B/$(1:.c=.o) $B/tests/harness.o $(call libs,$(filter-out $(SHARED),$(call with_deps,$(call module_of,$1))))
	$$(say) LD $$@
	$$Q$$(CC) $$(LDFLAGS_ALL) $$^ $$(call libs_of,$(call module_of,$1)) -lcmocka -o $$@
endef
$(foreach t,$(TESTS),$(eval $(call test_rules,$t)))

fuzz_name = $(patsubst tests/fuzz/fuzz_%.c,%,$1)
define fuzz_rules
EXTRA_CFLAGS_fuzz_$1.c := $$(call cflags_of,$(FUZZ_$1))
$B/tests/fuzz/replay_$1: $B/tests/fuzz/fuzz_$1.o $B/tests/fuzz/replay.o $(call libs,$(call with_deps,$(FUZZ_$1)))
	$$(say) LD $$@
	$$Q$$(CC) $$(LDFLAGS_ALL) $$^ $$(call libs_of,$(FUZZ_$1)) -o $$@
$B/tests/fuzz/fuzz_$1: $B/tests/fuzz/fuzz_$1.o $(call libs,$(call with_deps,$(FUZZ_$1)))
	$$(say) LD $$@
	$$Q$$(CC) $$(LDFLAGS_ALL) -fsanitize=fuzzer $$^ $$(call libs_of,$(FUZZ_$1)) -o $$@
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rules,$(call fuzz_name,$f))))

# tests/bench/review.c measures the webhook's own code, so it links its modules.
$B/tests/bench/review: $B/tests/bench/review.o $(call libs,$(call with_deps,webhook/mutate))
	$(say) LD $@
	$Q$(CC) $(LDFLAGS_ALL) $^ $(call libs_of,webhook/mutate) -o $@
EXTRA_CFLAGS_review.c := $(call cflags_of,webhook/mutate)

# tests/case/registry_test.py asks by it; the clock is its own.
ASKER := $B/tests/case/registry/asker
$(ASKER): $(ASKER).o $(call libs,$(call with_deps,webhook/registry))
	$(say) LD $@
	$Q$(CC) $(LDFLAGS_ALL) -Wl,--wrap=clock_gettime $^ $(call libs_of,webhook/registry) -o $@
EXTRA_CFLAGS_asker.c := $(call cflags_of,webhook/registry)

# The library has no sanitizer's code in it: it is the same in those modes.
TRACE := $(if $(filter asan tsan,$(MODE)),,tests/trace/run.py)

# Threads has farguard-webhook, and a ring has writers in other processes: elsewhere that sanitizer has nothing to find.
THREADED := $(call with_deps,webhook/admit) injector/ring
CHECKED  := $(if $(filter tsan,$(MODE)),$(filter $(THREADED:%=tests/unit/%/%),$(TESTS)),$(TESTS))
REPLAYS  := $(if $(filter tsan,$(MODE)),,$(foreach f,$(FUZZERS),$B/tests/fuzz/replay_$(call fuzz_name,$f)))

# Unit tests and the fuzzers' corpora; then the data-driven cases on the programs of this mode.
check-programs: $(CHECKED:%.c=$B/%) $(REPLAYS) $(ASKER) all
check: check-programs
	$Qhack/run-tests.sh --side-by-side $(CHECKED:%.c=$B/%) $(REPLAYS)
	$QFARGUARD_BUILD=$B hack/run-tests.sh --mode $(MODE) $(wildcard tests/case/run.py $(TRACE))

# With -j several at a time: what one finds does not depend on the others.
FUZZ_SECONDS ?= 10
FUZZ ?= $(foreach f,$(FUZZERS),$(call fuzz_name,$f))
fuzz-programs:
	$Q$(MAKE) --no-print-directory MODE=fuzz CC=clang $(FUZZ:%=build/fuzz/tests/fuzz/fuzz_%)
fuzz: fuzz-programs
	$Q$(MAKE) --no-print-directory --output-sync=target $(FUZZ:%=fuzz-one-%)
fuzz-one-%:
	@echo "fuzz: $* for $(FUZZ_SECONDS) s"; mkdir -p build/corpus/$*
	$Qbuild/fuzz/tests/fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -verbosity=0 \
	  -artifact_prefix=build/corpus/$*- build/corpus/$* tests/fuzz/corpus/$*
fuzz-long:
	$Q$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=600

# --- shape: things a reader should never have to check by eye ----------------
layers:
	$Qhack/layers.sh $(foreach m,$(MODULES),'$m:$(DEPS_$m)')
headers: $(HEADERS:%.h=$B/%.h.ok)
$B/%.h.ok: %.h $B/.flags
	@mkdir -p $(@D)
	$(say) HDR $<
	$Q$(CC) $(CFLAGS_ALL) $(call cflags_of,$(call module_of,$<)) -x c -fsyntax-only -include $< /dev/null && touch $@
tidy:
	$Qhack/tidy.sh
	$Qclang-format --dry-run -Werror $$(find webhook injector tests hack -name '*.[ch]')
names:
	$Qhack/names.py
shell:
	$Qshellcheck -x $$(find hack tests .ci -type f \( -name '*.sh' -o -path .ci/run \))
analyze: $(foreach m,$(MODULES),$(patsubst %.c,build/analyze/%.ok,$(wildcard $m/*.c)))
build/analyze/%.ok: %.c $(HEADERS)
	@mkdir -p $(@D)
	$(say) SCAN $<
	$Qgcc -fanalyzer -O1 $(filter-out -O% -D_FORTIFY_SOURCE=2,$(CFLAGS_ALL)) $(call cflags_of,$(call module_of,$<)) -c $< -o /dev/null && touch $@
lint: layers headers tidy names shell analyze
fmt:
	clang-format -i $$(find webhook injector tests hack -name '*.[ch]')
compdb:
	$Q$(MAKE) -nB V=1 CC=clang all $(TESTS:%.c=$B/%) | hack/compdb.awk -v dir="$(CURDIR)" > compile_commands.json

# --- the main jobs ------------------------------------------------------------
install: all
	$Q$(MAKE) --no-print-directory install-files
# kubectl finds plugins, and who completes them, by these names.
install-files:
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/farguard share/man/man1 share/man/man8 $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS))
	install -m 0755 $(foreach p,$(PROGS),$B/bin/$(NAME_$p)) $(DESTDIR)$(PREFIX)/bin
	ln -sf farguardctl $(DESTDIR)$(PREFIX)/bin/kubectl-farguard
	ln -sf farguardctl $(DESTDIR)$(PREFIX)/bin/kubectl_complete-farguard
	install -m 0755 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/farguard
	install -m 0644 $(wildcard $(addsuffix /*.1,$(MODULES))) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 0644 $(wildcard $(addsuffix /*.8,$(MODULES))) $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 0644 webhook/ctl/farguardctl.bash $(DESTDIR)$(PREFIX)/$(BASH_COMPLETIONS)/farguardctl
	install -m 0644 webhook/ctl/_farguardctl $(DESTDIR)$(PREFIX)/$(ZSH_COMPLETIONS)
demo:
	$Qhack/deps.sh install
	$Qhack/demo.sh
test:
	$Qhack/deps.sh install
	$Qhack/test.sh
bench:
	$Qhack/deps.sh install
	$Q$(MAKE) --no-print-directory MODE=release all
	$Qtests/bench/run.sh
soak:
	$Qtests/e2e/soak.sh
chaos: all
	$QCHAOS_PODS=$${CHAOS_PODS:-3000} FARGUARD_BUILD=$B tests/case/chaos_test.py
	$QCHAOS_PODS=$${CHAOS_PODS:-3000} tests/e2e/run.sh chaos
twins:
	$QTWINS=all TWINS_WRITE=1 tests/e2e/run.sh matrix
clean:
	rm -rf $(filter-out build/cluster,$(wildcard build/*)) compile_commands.json

help:
	@echo 'farguard: guards Kubernetes pods on AWS Fargate from inside the pod'
	@echo
	@echo '  make            build into $B/{bin,lib}'
	@echo '  make demo       a real Kubernetes on this machine, Farguard in it, and what it sees (root)'
	@echo '  make test       everything: lint, gcc and clang, sanitizers, cases, chart, end to end (root)'
	@echo '  make check      unit tests, cases and fuzz corpora in this MODE'
	@echo '  make lint       layers, headers, limits, names, formatting, shellcheck, -fanalyzer'
	@echo '  make fmt        format the C code       make compdb   compile_commands.json'
	@echo '  make bench      what it costs, bare and guarded side by side in one run'
	@echo '  make fuzz       each parser for FUZZ_SECONDS=10     make fuzz-long  for ten minutes;'
	@echo '                  FUZZ="ring peer spool" chooses'
	@echo '  make soak       an hour of pods coming and going'
	@echo '  make chaos      3,000 pod starts (CHAOS_PODS=) while Farguard in them is killed, each beside a bare twin (root)'
	@echo '  make twins      every sample image as every kind of workload, guarded beside bare; writes injector/COVERAGE.md (root)'
	@echo '  make install    into DESTDIR= PREFIX=/usr/local'
	@echo '  make clean      remove what was built (build/cluster, slow to make, stays)'
	@echo
	@echo '  MODE=$(MODE) (debug release asan tsan cov fuzz), CC=$(CC), V=1 shows commands'

-include $(shell find $B -name '*.d' 2>/dev/null)
