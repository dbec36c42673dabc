PYTHON ?= python3
PY = .venv/bin/python

.PHONY: setup run test torture bench lint pictures house findings clients

.venv/.run: requirements.txt
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(PY) -m compileall -q -j 0 core dashboard pages
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ .venv/.run

setup: .venv/.run

run: .venv/.run
	$(PY) -m dashboard

# Compiling and rewriting the tests anew in each process takes 10 s: they are kept, also where the
# environment keeps nothing.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/.dev
	$(PY) -m pytest -n 4 $(ARGS)

torture: .venv/.dev
	$(PY) -m pytest -n 0 -m torture $(ARGS)

bench: .venv/.run
	$(PY) -m benchmarks $(addprefix --size ,$(SIZE))

# Other people's Stripe programs against a throw-away emulator; what has no tool here is skipped.
clients: .venv/.dev
	$(PY) -m tests.clients $(ARGS)

lint: .venv/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

pictures: .venv/.dev
	$(PY) -m tests.support.pictures

house: .venv/.dev
	$(PY) -m tests.support.house --draw

findings:
	@failed=0; for script in findings/*.sh; do \
	  test -e "$$script" || continue; \
	  echo "== $$script"; sh "$$script" || { echo "failed: $$script"; failed=1; }; \
	done; exit $$failed
