# Two commands matter: `make run` and `make test`. Both set up .venv first, which is quick the second time.

SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup run test lint audit lock bench flowbench pullbench reportbench constraintbench jira820 duckdb122 fuzz tables dev dashboard mutationbench crashbench auditbench

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 8

setup: $(INSTALLED) ## make .venv with the flow command in it

run: $(INSTALLED) ## build and publish the tables of a simulated company
	$(BIN)/flow run --sandbox

test: $(INSTALLED) ## run all tests
	$(BIN)/python -m pytest -n 2

lint: $(INSTALLED) ## check style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

audit: $(INSTALLED) ## look for known vulnerabilities in the locked dependencies
	@.ci/audit

dev: $(INSTALLED) ## show the graph at http://localhost:3000
	mkdir -p .state/dagster
	DAGSTER_HOME=$(CURDIR) $(BIN)/dagster dev

dashboard: $(INSTALLED) ## show data/ in Apache Superset at http://localhost:8088
	bash pipelines/bi/superset.sh

tables: $(INSTALLED) ## write transforms/TABLES.md from the declarations
	$(BIN)/python -m pipelines.tables_md

bench: $(INSTALLED) ## measure the interval pass against other ways to do it
	$(BIN)/python -m benchmarks.intervals

flowbench: $(INSTALLED) ## measure all interval tables and the cumulative flow at 10M changes over ten years
	$(BIN)/python -m benchmarks.ten_years

pullbench: $(INSTALLED) ## measure requests, throughput and memory of an extraction
	$(BIN)/python -m benchmarks.extraction

jira820: .state/jira820/.installed ## set up an independent Jira emulator, in an environment of its own, for its smoke test

.state/jira820/.installed: tests/pipelines/jira/jira820.lock
	$(PYTHON) -m venv .state/jira820
	.state/jira820/bin/python -m pip install --quiet --no-deps --require-hashes -r tests/pipelines/jira/jira820.lock
	@touch $@

duckdb122: .state/duckdb122/.installed ## set up the oldest DuckDB driver that has to open the tables, in an environment of its own

.state/duckdb122/.installed: tests/pipelines/duckdb122.lock
	$(PYTHON) -m venv .state/duckdb122
	.state/duckdb122/bin/python -m pip install --quiet --no-deps --require-hashes -r tests/pipelines/duckdb122.lock
	@touch $@

constraintbench: $(INSTALLED) ## measure how often the named constraint is right (an hour)
	$(BIN)/python -m benchmarks.constraint_accuracy --seeds reported --processes 2 --keep .state/constraintbench

reportbench: $(INSTALLED) ## measure size and opening of the report of 5,000 to 200,000 issues
	$(BIN)/python -m benchmarks.report

crashbench: $(INSTALLED) ## kill 200 runs at random instants and look whether all is whole and repaired (an hour or two)
	$(BIN)/python -m benchmarks.crashes --kills 200

auditbench: $(INSTALLED) ## measure the audit's share of a run of a million changes, and its growth up to 50M rows (half an hour)
	$(BIN)/python -m benchmarks.audit_cost

ROUNDS ?= 40
fuzz: $(INSTALLED) ## try 40,000 fault schedules and lives of random sites, 1,000 in each of ROUNDS=40 rounds (hours)
	@for round in $$(seq $(ROUNDS)); do echo "round $$round of $(ROUNDS)"; FUZZ_EXAMPLES=250 \
	  $(BIN)/python -m pytest -q -n 4 --timeout 0 tests/pipelines/jira/test_*s_property.py || exit 1; done

mutationbench: $(INSTALLED) ## plant a hundred defects one by one and ask who names them; build 200 times without one (an hour)
	$(BIN)/python -m benchmarks.audit_mutations

lock: $(INSTALLED) ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --all-extras --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --output-file pipelines/bi/superset.lock pipelines/bi/superset.txt

# Exact versions with hashes. uv is faster and compiles; where it cannot be had or knows no certificate, pip does the same.
$(INSTALLED): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet $(UV) && \
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode requirements.lock && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . || { \
	  echo "uv did not do it; pip takes a few minutes longer." && \
	  $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --no-deps --editable . && \
	  $(BIN)/python -m compileall -q .venv/lib ; \
	}
	@touch $@
