# The commands of this repository. Each sets itself up from nothing but Python 3.13.
SHELL := /bin/bash
PY := .venv/bin/python
CODE := function_app.py shared cli lab samples tests

.PHONY: help demo run test prove bench check check-infra lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

.venv/.ready: requirements-dev.txt .python-version scripts/setup
	@scripts/setup

demo: .venv/.ready ## a hundred days of three accounts in a hundred seconds, with three incidents
	@$(PY) -m lab.demo

run: .venv/.ready ## the function app and the emulated Azure, staying up for you to poke
	@$(PY) -m lab.demo.stay

test: .venv/.ready ## all tests, with coverage
	@$(PY) -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered $(ARGS)

prove: .venv/.ready ## the long proofs: every history, every call, random lives, fuzzed inputs
	@$(PY) -m lab.prove

bench: .venv/.ready ## what it costs: start-up, turns, ticks over a fleet; as ratios
	@$(PY) -m lab.bench

check: .venv/.ready ## lint, strict types, import rules, and the templates and workflows
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m ruff format --check --quiet $(CODE)
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@scripts/check_infra

check-infra: .venv/.ready ## the templates, queries and workflows, by tools of other makers
	@scripts/check_infra

lock: ## pin requirements*.in with hashes (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.13 --no-header --no-emit-index-url --no-emit-find-links requirements-infra.in -o requirements-infra.txt

clean: ## forget everything that was made
	rm -rf .venv .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
