# Broadcaster's commands; `make` alone lists them. Every target sets up what it needs and may be repeated.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PACKAGES := contracts infra/chassis infra/local-kafka infra/stack listener-svc publisher-svc clients/python
SOURCES := contracts/src infra/chassis/src infra/local-kafka/src infra/stack/src listener-svc/src publisher-svc/src clients/python/src
TESTED := contracts/tests infra/chassis/tests infra/local-kafka/tests infra/stack/tests listener-svc/tests publisher-svc/tests clients/python/tests tests
PYTEST_ARGS ?=

.PHONY: help setup run stop docker-run docker-stop demo test test-unit chaos bench check fmt generated lock clean wipe

help: ## list the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*?## "}; {printf "  make %-11s %s\n", $$1, $$2}'

setup: $(STAMP) ## prepare the environment in .venv (done by every other target too)

$(STAMP): requirements.lock $(PACKAGES:%=%/pyproject.toml)
	@PYTHON="$(PYTHON)" infra/setup.sh $(VENV) $(PACKAGES)
	@touch $@

run: $(STAMP) ## start Kafka, the listener and the publisher; says what to try next
	@exec $(BIN)/broadcaster-stack run

stop: $(STAMP) ## end what make run started; records stay
	@$(BIN)/broadcaster-stack stop

docker-run: ## the same in containers, with two publishers: docker compose; Ctrl-C ends it
	@echo 'Subscribe at ws://localhost:8081/websocket and 8082, publish at ws://localhost:8080/websocket (user:pwd)'
	@infra/compose.sh up --build

docker-stop: ## end what make docker-run started; records stay
	@infra/compose.sh down

demo: $(STAMP) ## show a producer and two subscribers against a running Broadcaster
	@BROADCASTER_USER=$${BROADCASTER_USER:-user} BROADCASTER_PASSWORD=$${BROADCASTER_PASSWORD:-pwd} $(BIN)/broadcaster demo

test: $(STAMP) ## all tests: unit, contract, integration on a real Kafka, the system as a whole
	@$(BIN)/pytest $(PYTEST_ARGS)

test-unit: $(STAMP) ## only the tests that do no I/O
	@$(BIN)/pytest -m "not kafka and not system and not docker" $(PYTEST_ARGS)

chaos: $(STAMP) ## the faults, each under load, as a table (bounded, some minutes)
	@cd tests && ../$(BIN)/python -m chaos $(CHAOS_ARGS)

bench: $(STAMP) ## measure against limit, naive and targets; writes docs/benchmarks (bounded, about 20 minutes)
	@cd tests && ../$(BIN)/python -m bench $(BENCH_ARGS)

check: $(STAMP) ## what CI checks: format, lint, types, walls, contract files, docs links
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	infra/checks/types.sh $(BIN)/mypy $(SOURCES) infra/checks -- $(TESTED)
	$(BIN)/lint-imports --no-logo
	$(BIN)/contracts check contracts
	$(BIN)/python infra/checks/generated.py --check
	$(BIN)/python infra/checks/docs_links.py README.md CHANGELOG.md CONTRIBUTING.md docs contracts infra clients
	$(BIN)/python infra/checks/settings_table.py --check
	$(BIN)/python infra/checks/invariants.py
	$(BIN)/shellcheck infra/*.sh infra/checks/*.sh .ci/run
	$(BIN)/hadolint infra/docker/Dockerfile
	infra/checks/unwanted.sh

fmt: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generated: $(STAMP) ## write the AsyncAPI and OpenAPI documents anew
	$(BIN)/python infra/checks/generated.py

lock: $(STAMP) ## resolve requirements.lock anew, with hashes
	infra/lock.sh $(BIN)/uv

clean: ## remove caches and the environment; records stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

wipe: $(STAMP) ## delete the records of the local Kafka
	@$(BIN)/local-kafka wipe --data-dir $${BROADCASTER_DATA_DIR:-.data}/kafka
