# Two commands matter: `make demo` and `make test`. All they do can be done by hand with cargo and cmake: CONTRIBUTING.md.
# CMAKE_FLAGS reaches cmake (CMAKE_FLAGS=-DHTTPCLIENT_BUNDLED_CURL=OFF), BUILD is the build folder.

BUILD       ?= build
PREFIX      ?= /usr/local
CMAKE_FLAGS ?=
JOBS        ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

parts     = -DHTTPCLIENT_BUILD_TESTS=$(1) -DHTTPCLIENT_BUILD_EXAMPLES=$(2)
configure = cmake -S . -B $(BUILD) $(parts) $(CMAKE_FLAGS) >$(BUILD)/configure.log || { cat $(BUILD)/configure.log; exit 1; }
build     = env -u MAKELEVEL cmake --build $(BUILD) --parallel $(JOBS)

.PHONY: all demo test stress simulate bench call_graph header symbols lint install clean tests-configured bootstrap
.NOTPARALLEL:
unexport MAKEFLAGS

all: bootstrap
	@$(call configure,OFF,OFF)
	$(build)

demo: bootstrap
	@$(call configure,OFF,ON)
	$(build) --target example_quickstart --target httpclient_testserver
	@echo
	@$(BUILD)/bin/testserver run -- $(BUILD)/examples-c/quickstart {url} {refused}

test: tests-configured
	$(build)
	@status=0; set -x; \
	$(build) --target httpclient_cargo_test || status=1; \
	ctest --test-dir $(BUILD) --parallel $(JOBS) --output-on-failure --no-tests=error || status=1; \
	set +x; exit $$status

# A million calls among closes, frees, cancels and faults; CALLS and SEED for others.
CALLS ?= 1000000
SEED  ?=
stress: tests-configured
	$(build) --target test_c_stress --target httpclient_testserver
	HTTPC_STRESS_CALLS=$(CALLS) $(if $(SEED),HTTPC_STRESS_SEED=$(SEED)) \
	$(BUILD)/bin/testserver run --lifetime 3600 -- $(BUILD)/tests/test_c_stress

# Random calls and servers under virtual time: SEEDS runs, or the one of SEED with all that happens in it.
SEEDS ?= 10000
simulate: tests-configured
	HTTPC_SIMULATE_SEEDS=$(SEEDS) HTTPC_SIMULATE_SEED=$(SEED) $(build) --target httpclient_cargo_simulate

# One table of ratios against raw libcurl and peers, on nginx; ROWS="instructions TLS" for some of it.
bench: all
	@scripts/bootstrap --bench
	@python3 benches/run.py --build $(BUILD) $(ROWS)

# What the linker lays out libcurl's functions by: after a new libcurl.
call_graph: all
	@scripts/bootstrap --bench
	@python3 benches/call_graph.py --build $(BUILD)

# Writes include/httpclient.h anew from the sources.
header: tests-configured
	UPDATE_HEADER=1 $(build) --target httpclient_cargo_header

# Writes abi/symbols.txt anew from the header, and checks the libraries against it.
symbols: header
	$(build)
	UPDATE_SYMBOLS=1 ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -R '^abi\.symbols$$'
	$(build)
	ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -L abi

lint: tests-configured
	cargo fmt --all --check
	$(build) --target httpclient_cargo_clippy

# Installs what `make` or `make test` has built.
install:
	@test -f $(BUILD)/lib/libhttpclient.a || { echo "nothing built yet: run make first" >&2; exit 1; }
	cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf $(BUILD)

tests-configured: bootstrap
	@$(call configure,ON,ON)

bootstrap:
	@scripts/bootstrap
	@mkdir -p $(BUILD)
