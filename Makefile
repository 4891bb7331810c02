# Needs Python 3.11+ and make. Everything is installed into .venv, nothing outside this folder.
PYTHON ?= python3
ARGS ?=
export PYTHON

PY := .venv/bin/python

.PHONY: help lab docs test demo check format bench bench-peers test-class test-foreign test-protocols test-chaos test-lessons check-consistency lessons-local bench-local clean

help:
	@echo "make lab            open JupyterLab at the first notebook (ARGS=--no-browser on a server)"
	@echo "make docs           make the documentation site, build/docs/site/index.html, to read without a network"
	@echo "make student        the lessons for students, without solutions (make instructor: solved; make slides)"
	@echo "make demo           run the first notebook here in the terminal"
	@echo "make test           run every test (ARGS=\"python wire\" picks some)"
	@echo "make check          formatting, lint, types of Python and JavaScript, layers (make format mends some)"
	@echo "make bench          measure agentkit against the floors (make bench-peers: against peers)"
	@echo "make check-consistency   play 10,000 histories of each level of consistency, and judge them"
	@echo "make lessons-local  run the lessons with a small language model on this machine (slow)"
	@echo "make bench-local    measure its start, tool calls and typed answers on held-out tasks (minutes)"
	@echo "make test-chaos     kill, freeze and cut off workers and their server: nothing is lost"
	@echo "make test-class     a class of 300 on one key, before LiteLLM's real proxy (600 MB, minutes)"
	@echo "make test-foreign   endpoint tests on model servers that are not ours (compiles llama.cpp)"
	@echo "make test-protocols MCP and A2A: conformance suites, and peers of others (npm)"
	@echo "make test-compare   the programs of docs/compare.md on two other kits, killed and started again (200 MB)"
	@echo "make test-upgrade   workers of an older commit (OLD=...) and of this one on one log"
	@echo "make test-deploy    the files of deploy/fleet under the linters of Compose and Kubernetes"
	@echo "make test-ray       a fleet on Ray, which it installs for itself (300 MB), and all its faults at once (CHAOS_RUNS=1200)"
	@echo "make test-course    whether each assignment of the course may be released (needs bubblewrap; an hour or more; ARGS=--quick: a few cases)"
	@echo "make test-container the sandbox's attempts to escape in containers of Podman (minutes)"
	@echo "make test-inspect   Inspect AI both ways, and our scorers and statistics beside official ones (500 MB)"
	@echo "make test-lab       the extension in the oldest JupyterLab, in Notebook 7, and for two people in a notebook"
	@echo "make lite           build the lessons as a static site, to run in a browser (make lite-serve, make test-lite)"
	@echo "make clean          remove .venv and everything that was built"

lab: .venv/.lab
	@scripts/lab $(ARGS)

docs: .venv/.docs
	@$(PY) scripts/docs $(ARGS)

demo: .venv/.dev
	@$(PY) scripts/demo $(ARGS)

test: .venv/.dev
	@$(PY) scripts/test $(ARGS)

check: .venv/.dev
	@scripts/check

format: .venv/.dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: .venv/.dev
	@$(PY) -m benchmarks $(ARGS)

bench-peers: .venv/.dev
	@$(PY) -m benchmarks.peers $(ARGS)

test-lessons: .venv/.dev
	@$(PY) -m pytest -q -m lessons tests/test_notebooks.py $(ARGS)

lessons-local: .venv/.dev
	@$(PY) scripts/lessons-local $(ARGS)

bench-local: .venv/.dev
	@$(PY) -m benchmarks.local.speed
	@$(PY) -m benchmarks.local.tools --typed $(ARGS)

check-consistency: .venv/.dev
	@$(PY) -m consistency $(ARGS)
	@$(PY) -m consistency.real $(REAL)
	@$(PY) -m consistency.letters $(LETTERS)
	@$(PY) -m consistency.topics $(TOPICS)

test-chaos: .venv/.dev
	@$(PY) -m pytest -q -s -m chaos tests/agentkit/fleet $(ARGS)

.PHONY: test-upgrade
test-upgrade: .venv/.dev
	@PYTHON=$(abspath $(PY)) scripts/test-upgrade $(OLD)

test-class: .venv/.dev
	@scripts/test-class $(ARGS)

test-foreign: .venv/.dev
	@scripts/test-foreign $(ARGS)

test-protocols: .venv/.dev
	@scripts/test-protocols $(ARGS)

.PHONY: test-course
test-course: .venv/.dev
	@set -e; for one in course/*/assignment.py; do $(PY) -m agentkit assignment check $$one:assignment $(ARGS); done

.PHONY: student instructor
student instructor: .venv/.lab
	@$(PY) -m agentkit assignment $@ notebooks --out build/$@/notebooks --files notebooks/recorded $(ARGS)
	@rm -rf build/$@/docs && cp -R docs build/$@/docs

.PHONY: slides
slides: .venv/.lab
	@$(PY) -m agentkit assignment slides notebooks --out build/slides $(ARGS)

.PHONY: lite lite-serve test-lite
lite: .venv/.dev
	@$(PY) scripts/lite $(if $(BASE),--base "$(BASE)") $(ARGS)

lite-serve: .venv/.dev
	@$(PY) scripts/lite-serve $(ARGS)

test-lite: lite
	@$(PY) -m pytest -q -m lite tests/litesite

.PHONY: test-compare
test-compare: .venv/.dev
	@scripts/test-compare $(ARGS)

.PHONY: test-lab
test-lab: .venv/.dev
	@scripts/test-lab $(ARGS)

.PHONY: test-container
test-container: .venv/.dev
	@AGENTKIT_PODMAN=1 $(PY) -m pytest -q tests/agentkit/sandbox $(ARGS)

.PHONY: test-deploy
test-deploy:
	@scripts/test-deploy

.PHONY: test-ray
test-ray:
	@scripts/test-ray $(ARGS)

.PHONY: test-inspect
test-inspect:
	@scripts/test-inspect $(ARGS)

# The stamps make the second call instant; a changed pin or dependency installs again.
.venv/.lab .venv/.dev .venv/.docs: pyproject.toml constraints.txt scripts/install
	@scripts/install $(@:.venv/.%=%)
	@touch $@

clean:
	rm -rf .venv .venv-lite .venv-editions .venv-compare .foreign-venv .protocols build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .agentkit node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
