# `make demo` and `make test` build everything they need; the rest is for people who change things.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup cometbft demo test long check bench mutants peers torture docs wheel portable lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
EXTENSION := $(VENV)/.extension

# Under another HOME, rustup's cargo no longer knows which Rust it stands for.
RUSTUP_HOME_BESIDE_CARGO := $(shell tools/toolchain.sh rustup-home)
ifneq ($(RUSTUP_HOME_BESIDE_CARGO),)
export RUSTUP_HOME := $(RUSTUP_HOME_BESIDE_CARGO)
endif

RUST_SOURCES := Cargo.toml Cargo.lock pyproject.toml rustfmt.toml $(wildcard .cargo/config.toml) $(shell find rust -name '*.rs' -o -name Cargo.toml)

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(DEPENDENCIES) $(EXTENSION) ## build .venv with locked packages and the native core

$(DEPENDENCIES): requirements-dev.lock
	@tools/toolchain.sh check "$(PYTHON)"
	@echo "atoll: installing locked Python packages into $(VENV)" >&2
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements-dev.lock
	@touch $@

$(EXTENSION): $(DEPENDENCIES) $(RUST_SOURCES)
	@tools/toolchain.sh check "$(PYTHON)"
	@echo "atoll: building the native core (about a minute the first time)" >&2
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src/atoll
	@touch $@

cometbft: setup ## build the pinned CometBFT into .tools, for consortia in which every organisation runs a validator; needs Go
	@tools/cometbft.sh

demo: setup ## the main job from founding to evidence, then attacks
	@$(BIN)/atoll demo

test: setup ## all tests
	@tools/cometbft.sh if-possible
	@cargo test --quiet --release --package atoll-core
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

long: setup ## what takes too long for every day: ten million rows while nodes are killed, 100,000 histories, 5,000 generated programs, 500 storms with a liar, properties of other values than every day, timing of secrets
	@ATOLL_LARGE_ROWS=10000000 ATOLL_LARGE_KILLS=5 $(BIN)/python -m pytest -q -s tests/e2e/test_large.py
	@ATOLL_RIGHTS_TREES=25 $(BIN)/python -m pytest -q tests/property/test_rights_histories.py
	@ATOLL_LIARS=500 $(BIN)/python -m pytest -q -n auto tests/sim/ordering/test_liars.py
	@ATOLL_PROGRAMS=5000 $(BIN)/python -m pytest -q -n auto tests/property/test_programs.py
	@ATOLL_BY_CHANCE=1 $(BIN)/python -m pytest -q -n auto -m hypothesis
	@ATOLL_LONG_TIMING=1 $(BIN)/python -m pytest -q tests/unit/primitives/test_timing.py tests/unit/primitives/test_timing_oblivious.py

check: setup ## format, types, lint, layers, snippets
	@tools/check.sh

bench: setup ## list the benchmarks; run one with make bench-NAME
	@ls bench/bench_*.py 2>/dev/null | sed -E 's|bench/bench_(.*)\.py|make bench-\1|; s|_|-|g' || true

bench-%: setup
	@$(BIN)/python bench/bench_$(subst -,_,$*).py

mutants: setup ## one-line faults that the tests must notice; ONLY=rights,odrl for some of them
	@$(BIN)/python -m tools.mutants $(if $(ONLY),--only $(ONLY)) $(if $(MINUTES),--minutes $(MINUTES))

peers: setup ## tools that nobody here wrote, run on what Atoll writes
	@tools/cometbft.sh if-possible
	@tools/peers.sh

torture: cometbft ## the ten reliability tests, long; goes on where it stopped; ONLY=2,3 for some of them again
	@$(BIN)/python -m tools.torture $(if $(ONLY),--only $(ONLY))

docs: setup ## generated reference pages
	@$(BIN)/python tools/docs.py
	@$(BIN)/python tools/cli_docs.py
	@$(BIN)/python -m tools.docs_protocols
	@$(BIN)/python -m tools.docs_levels
	@$(BIN)/python -m tools.docs_metrics
	@$(BIN)/python -m tools.docs_operations
	@$(BIN)/python -m tools.docs_odrl

wheel: setup ## a manylinux wheel in dist/, installed and tried without cargo
	@tools/wheel.sh

portable: ## the core's tests without any vector instructions
	@RUSTFLAGS='--cfg curve25519_dalek_backend="serial"' cargo test --quiet --release --package atoll-core --target-dir target/portable

lock: ## renew the lock files of the Python packages
	@tools/lock.sh

clean: ## remove what the other targets made
	@rm -rf $(VENV) .tools target dist
