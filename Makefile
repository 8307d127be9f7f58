# Everything runs from here; each target installs what it needs itself (Debian 12, root or sudo).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

MAKEFLAGS += --no-print-directory
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ENSURE := tests/support/ensure.sh
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo env "PATH=$(PATH)" CI=$(CI))
# Root runs part of the tests: nothing it would own is left in the tree.
PYTEST := $(BIN)/python -B -m pytest -p no:cacheprovider
GUESTS = $(PYTEST) -n $(JOBS) --dist loadgroup --verbose
# As many as this machine has processors; what traces the whole machine runs alone (tests/live).
JOBS ?= $(shell nproc)
UNIT := tests/unit tests/golden
TOOLS := tests/conftest.py tests/kernels tests/bench tests/support tests/toolruns tests/tools

LIVE_PACKAGES := libbpf1 libbpf-dev clang bpftool bpftrace binutils gcc g++ libc6-dev iproute2 systemtap-sdt-dev
KERNEL_PACKAGES := libbpf1 qemu-system-x86 qemu-system-arm busybox-static kmod xz-utils binutils bpftool
TOOL_PACKAGES := xfsprogs mdadm openssl
DIFFERENTIAL_PACKAGES := libbpf1 debootstrap gcc g++ libc6-dev systemtap-sdt-dev
INJECTION_PACKAGES := gcc make flex bison bc libelf-dev libssl-dev dwarves

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1 \2/p' $(MAKEFILE_LIST) \
	    | while read -r target words; do printf '  %-20s %s\n' "$$target" "$$words"; done

.PHONY: setup
setup: $(READY) build/src/aotrace ## make the virtual environment with all Python tools

$(READY): setup.cfg pyproject.toml
	$(ENSURE) python3 python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The packages under the names they are installed with, for mypy, import-linter and plain python3.
build/src/aotrace:
	mkdir -p $@
	for part in compiler loader runtime; do ln -sfn ../../../$$part $@/$$part; done

.PHONY: demo
ifdef VM
demo: setup ## live TCP connections traced by a fresh object; VM=1: in an emulated machine
	@$(ENSURE) $(KERNEL_PACKAGES)
	$(BIN)/python -m tests.kernels.fetch 6.12
	$(BIN)/python -m tests.support.demo --vm
else
demo: setup
	@$(ENSURE) libbpf1
	$(AS_ROOT) $(BIN)/python -B -m tests.support.demo
endif

.PHONY: check
check: setup ## formatting, lint, types (mypy --strict), import walls, docs/reference.md
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p aotrace.compiler -p aotrace.loader -p aotrace.runtime
	$(BIN)/mypy $(TOOLS)
	PYTHONPATH=build/src $(BIN)/lint-imports
	$(BIN)/aotracec list-builtins --markdown | diff docs/reference.md - >&2 || { echo "docs/reference.md is out of date: make reference" >&2; exit 1; }

.PHONY: reference
reference: setup ## write docs/reference.md anew, after a change of a record
	$(BIN)/aotracec list-builtins --markdown > docs/reference.md

.PHONY: contract
contract: setup ## whether every record of every registry has words, a golden case and a live one
	$(PYTEST) $(shell find tests -name test_contract.py)

.PHONY: fmt
fmt: setup ## format the sources and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: test
test: check live-tools tool-packages kernels rootfs ## everything: check, then all the tests (needs root)
	$(AS_ROOT) $(PYTEST) -n $(JOBS) $(UNIT) tests/object
	$(AS_ROOT) $(PYTEST) tests/live
	$(AS_ROOT) $(GUESTS) tests/toolruns tests/kernels
	$(AS_ROOT) $(PYTEST) -n $(JOBS) tests/differential tests/tools

.PHONY: test-unit
test-unit: setup ## tests of the sources alone; no root, no kernel
	$(PYTEST) -n $(JOBS) $(UNIT)

.PHONY: fuzz
fuzz: live-tools ## COUNT random scripts (5000): each is refused, or loads on this kernel (needs root)
	$(AS_ROOT) env EXAMPLES=$(or $(COUNT),5000) $(PYTEST) tests/object/test_load_random.py

.PHONY: test-live
test-live: live-tools ## objects and traces on this machine's kernel (needs root)
	$(AS_ROOT) $(PYTEST) -n $(JOBS) tests/object
	$(AS_ROOT) $(PYTEST) tests/live

.PHONY: test-kernels
test-kernels: kernels ## the probe packs on kernels 5.10, 6.1, 6.12 and 7.2 in QEMU
	$(GUESTS) tests/kernels

.PHONY: kernels-table
kernels-table: kernels live-tools ## run the packs everywhere and rewrite the table of docs/kernels.md
	$(AS_ROOT) $(BIN)/python -B -m tests.kernels.table

.PHONY: probes-table
probes-table: kernels live-tools ## try each form of attach point everywhere and rewrite the table of docs/probes.md
	$(AS_ROOT) $(BIN)/python -B -m tests.kernels.forms_table

.PHONY: injection-run
injection-run: kernels live-tools rootfs ## build a kernel in which override() works, and run it there beside bpftrace
	$(ENSURE) $(INJECTION_PACKAGES)
	$(BIN)/python -B -m tests.kernels.injection

.PHONY: test-differential
test-differential: live-tools rootfs ## the same scripts under bpftrace 0.27 and under aotrace (needs root)
	$(AS_ROOT) $(PYTEST) -n $(JOBS) tests/differential

.PHONY: tools-table
tools-table: kernels live-tools rootfs ## what becomes of bpftrace's own tools, kernel by kernel (needs root)
	$(AS_ROOT) $(BIN)/python -B -m tests.tools

.PHONY: tools-run
tools-run: kernels live-tools tool-packages rootfs ## run bpftrace's own tools on every kernel, and rewrite docs/tools.md (needs root)
	$(AS_ROOT) $(BIN)/python -B -m tests.toolruns --write

.PHONY: bench
bench: live-tools rootfs ## ratios against bpftrace on this machine: start, memory, events (needs root)
	$(ENSURE) clang libbpf-dev libbpf-tools
	$(AS_ROOT) $(BIN)/python -B -m tests.bench

.PHONY: live-tools
live-tools: setup
	$(ENSURE) $(LIVE_PACKAGES)

.PHONY: tool-packages
tool-packages:
	$(ENSURE) $(TOOL_PACKAGES)

.PHONY: kernels
kernels: setup ## fetch the kernels into .cache/kernels, with their BTF and tracepoint formats
	$(ENSURE) $(KERNEL_PACKAGES)
	$(BIN)/python -m tests.kernels.fetch
	$(BIN)/python -m tests.kernels.arm64

.PHONY: rootfs
rootfs: setup ## lay bpftrace 0.27 of Debian forky into .cache, for comparison (needs root)
	$(ENSURE) $(DIFFERENTIAL_PACKAGES)
	$(AS_ROOT) $(BIN)/python -B -m tests.support.forky

.PHONY: parser-tables
parser-tables: setup ## write the lexer's and the parser's tables anew, after a change of the grammar
	$(BIN)/python -B -m aotrace.compiler.syntax.tables

.PHONY: syscalls-table
syscalls-table: live-tools ## write the system call tables anew, from this kernel and its headers (needs root)
	$(ENSURE) linux-libc-dev
	$(AS_ROOT) $(BIN)/python -B -m tests.support.tracefs
	$(AS_ROOT) $(BIN)/python -B -m aotrace.compiler.kernel.make_syscalls

.PHONY: clean
clean: ## remove what was built; the fetched kernels and the environment stay
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.cache/*' -not -path './.venv/*' -prune -exec rm -rf {} +
