# The commands of this repository. Each sets itself up the first time it runs; only Python 3.13 must be there.
SHELL := /bin/bash
PY := .venv/bin/python
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))  # one more than processors: many tests wait
CODE := function_app.py shared cli lab clients samples tests

.PHONY: help demo run test test-long coverage test-tools prove bench check check-infra audit lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

.venv/.ready: requirements-dev.txt .python-version scripts/setup
	@scripts/setup

demo: .venv/.ready ## three accounts over a hundred days in a hundred seconds, with three incidents
	@$(PY) -m lab.demo

run: .venv/.ready ## the function app and the emulated Azure, running until you stop them
	@$(PY) -m lab.demo.stay

test: .venv/.ready ## all tests that are not long; with ARGS="tests/turns" all tests of that folder
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/tools $(if $(findstring tests/,$(ARGS)),,-m "not long") $(ARGS)

test-long: .venv/.ready ## the long tests, which go through every call and every history, or wait for other programs
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/tools -m long $(ARGS)

coverage: .venv/.ready ## both kinds of tests, and which lines of the code they run; takes longer
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/tools --cov --cov-report=term:skip-covered $(ARGS)

test-tools: .venv/.ready ## tests with the released Azure CLI and a real browser, which it installs (tests/tools)
	@scripts/test_tools $(ARGS)

prove: .venv/.ready ## the long proofs: every history, every call, random lives, fuzzed inputs, mutants
	@$(PY) -m lab.prove

bench: .venv/.ready ## measure start-up, turns and ticks, and fleets and leaks with Azure's limits (ARGS=--full: an hour)
	@$(PY) -m lab.bench
	@$(PY) -m lab.bench.fleets $(ARGS)

check: .venv/.ready ## lint, strict types, import rules, templates and workflows
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m ruff format --check --quiet $(CODE)
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@scripts/check_infra

check-infra: .venv/.ready ## templates, queries and workflows only, with public tools
	@scripts/check_infra

audit: ## ask whether an advisory names a pinned package (needs the package index)
	@scripts/audit

lock: ## pin requirements*.in with hashes (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements-infra.in -o requirements-infra.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements-audit.in -o requirements-audit.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements-tools.in -o requirements-tools.txt

clean: ## delete everything that these commands made
	rm -rf .venv .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
