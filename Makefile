# MCP Transport for Django. `make run` needs Python 3.11+ and make, `make test` also what `make deps` installs.

PORT ?= 8000
HOST ?= 127.0.0.1
VENV ?= .venv
# processes that run tests side by side; many tests wait for a server more than they work
JOBS ?= 3
# the newest Python on the path that is new enough
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip install --disable-pip-version-check
CODE := mcp_transport mcpsite tools benchmarks

.PHONY: help run test docs fuzz fuzz-atheris mutations deps lint conformance-server conformance clients cluster clients-more benchmark kill-test admin-scale admin-hosts faults clean

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22

run: $(VENV)/site.stamp  ## Install, prepare and serve the demo on 127.0.0.1:8000 (PORT=...)
	@exec $(MANAGE) runsite --host $(HOST) --port $(PORT)

test: $(VENV)/test.stamp  ## Install what the tests need and run them (JOBS=3 side by side)
	$(BIN)/python -m pytest $(or $(ARGS),-n $(JOBS))

docs: $(VENV)/docs.stamp  ## Make a site of the documentation in var/docs; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs var/docs
	@echo "var/docs/index.html"

fuzz: $(VENV)/test.stamp  ## Hard input over every transport (REQUESTS=10000 each, or SECONDS=600 each)
	MCP_FUZZ_REQUESTS=$(or $(REQUESTS),10000) MCP_FUZZ_SECONDS=$(or $(SECONDS),0) \
	$(BIN)/python -m pytest tests/fuzz -n $(JOBS) --durations=4 $(ARGS)

fuzz-atheris: $(VENV)/test.stamp  ## Coverage-guided nonsense for the decoders (SECONDS=60 each)
	@$(PIP) --quiet "atheris>=3" || { echo "atheris cannot be installed for this Python"; exit 1; }
	$(BIN)/python scripts/fuzz_decoders.py $(or $(SECONDS),60)

mutations: $(VENV)/test.stamp  ## Break the code on purpose; the tests of the requirements have to notice
	$(BIN)/python scripts/mutation_check.py $(ARGS)

deps:  ## Install the Debian and Node parts that continuous integration uses
	PYTHON=$(PYTHON) scripts/deps.sh

lint: $(VENV)/lint.stamp  ## Linters, formatting, layers, types, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy $(CODE) tests
	$(MANAGE) makemigrations --check --dry-run

conformance-server: export MCP_EXTRA_APPS := tools.conformance
conformance-server: export VAR_DIR := var/conformance
conformance-server: $(VENV)/site.stamp  ## Serve the conformance fixtures at /mcp/conformance (PORT=...)
	@exec $(MANAGE) runsite --host $(HOST) --port $(PORT) --open conformance

conformance: $(VENV)/site.stamp  ## Start that server, run the official suite at every revision
	@PYTHON=$(BIN)/python $(BIN)/python scripts/with_site.py --open conformance scripts/conformance_every_revision.sh {endpoint}

clients: $(VENV)/site.stamp  ## Start the demo, call it with real clients of every kind
	@MCP_WEBSOCKET_QUERY_TICKETS=on $(BIN)/python scripts/with_site.py $(BIN)/python scripts/clients/run.py {endpoint}

cluster: $(VENV)/test.stamp  ## The same over two worker processes on PostgreSQL behind nginx (BUS=database, redis or nchan)
	@PYTHON=$(BIN)/python scripts/cluster.sh $(or $(BUS),database redis)

clients-more: $(VENV)/site.stamp  ## The same with clients that are built on those; they take minutes to install
	@$(BIN)/python scripts/with_site.py $(BIN)/python scripts/clients/built_on.py {endpoint}

benchmark: $(VENV)/site.stamp  ## Measure ours beside bare ASGI and other servers (ARGS=--quick)
	@$(BIN)/python -m benchmarks.run $(ARGS)

kill-test: $(VENV)/test.stamp  ## Kill a server 100 times under load, on SQLite and PostgreSQL; count lost rows
	@$(BIN)/python -m tests.load.kills $(ARGS)
	@$(BIN)/python -m tests.load.kills --database postgresql $(ARGS)

admin-scale: $(VENV)/test.stamp  ## Time the admin's pages over a million calls, on SQLite and PostgreSQL
	@$(BIN)/python -m tests.load.admin_scale $(ARGS)
	@$(BIN)/python -m tests.load.admin_scale --database postgresql $(ARGS)

admin-hosts: $(VENV)/test.stamp  ## Open the admin's pages inside other themes and under Django 6.0 (ARGS=unfold)
	@$(BIN)/python -m tests.browser.hosts $(ARGS)

faults: $(VENV)/test.stamp  ## Inject every fault in full and write docs/topics/faults.md (half an hour)
	@$(BIN)/python -m tests.faults.report $(ARGS)

clean:  ## Remove the environment and caches; the database in var/ stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache var/cache

$(VENV)/pip.stamp:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found"; exit 1; }
	@echo "[1/2] making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing: apt-get install python3-venv"; exit 1; }
	@$(PIP) --quiet "pip>=25.1"
	@touch $@

$(VENV)/site.stamp: requirements.txt pyproject.toml | $(VENV)/pip.stamp
	@echo "[2/2] installing the site's packages"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/site.stamp
	@echo "installing the packages of the tests"
	@$(PIP) --group test
	@touch $@

$(VENV)/docs.stamp: pyproject.toml $(VENV)/site.stamp
	@echo "installing what the documentation is made with"
	@$(PIP) --group docs
	@touch $@

$(VENV)/lint.stamp: pyproject.toml $(VENV)/test.stamp
	@echo "installing the linters"
	@$(PIP) --group lint
	@touch $@
