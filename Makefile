# kaquan in a few words; `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Builds read the committed query data, so none of them needs a database.
export SQLX_OFFLINE := true

BIN := $(or $(CARGO_TARGET_DIR),target)/debug/kaquan
# Passed on to `make demo` and `make bench`: make demo ARGS=--once
ARGS ?=

.PHONY: help setup demo test test-contract check fmt sqlx sqlx-check build bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## Install what is missing on this machine (the other targets do it themselves)
	@scripts/setup

demo: setup ## See every promise kept, on this machine alone; add ARGS=--once to leave at the end
	@cargo build --locked --bin kaquan
	@exec $(BIN) demo $(ARGS)

test: ## Run all tests against a Postgres of their own
	@scripts/setup tests
	@cargo build --locked --bins --tests
	@place=$$(mktemp -d /tmp/kaquan-test.XXXXXX); trap 'rm -rf "$$place"' EXIT; \
	$(BIN) with-postgres --no-fsync --data "$$place" -- cargo test --locked
	@$(MAKE) test-contract

test-contract: ## Run what speaks to a running server from outside: the contract, the sample mini-program
	@scripts/setup tests
	@cargo build --locked --bins
	@place=$$(mktemp -d /tmp/kaquan-test.XXXXXX); trap 'rm -rf "$$place"' EXIT; \
	$(BIN) with-postgres --no-fsync --data "$$place" -- .venv/bin/python tests/contract/run.py $(BIN)

check: setup ## Check format, lints, documentation and query data
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
	scripts/sqlx check

fmt: ## Format the code
	cargo fmt

sqlx: setup ## Rebuild the query data in .sqlx; needed after a change to SQL
	@scripts/sqlx write

sqlx-check: setup ## Fail when the query data in .sqlx is out of date
	@scripts/sqlx check

build: setup ## Build the optimised program, target/release/kaquan
	cargo build --locked --release

bench: build ## Measure this machine; for example make bench ARGS="--seconds 10 --connections 256"
	@exec $(or $(CARGO_TARGET_DIR),target)/release/kaquan bench $(ARGS)

clean: ## Remove everything that was built
	cargo clean
