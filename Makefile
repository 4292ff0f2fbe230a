# make lab      set everything up in .venv and open JupyterLab; LAB=--allow-root passes options on (root in a container)
# make test     set everything up in .venv and run every check
# make test-browser    every day in a real JupyterLab and Chromium (not yet part of make test)
# make test-saelens   exchange autoencoders with SAELens, in an environment of its own; part of make test
# make lint     ruff on code and notebooks
# make freeze   run the notebooks and keep their outputs; refresh checksums and pictures
# make pictures take the README's pictures out of the notebooks' outputs
# make bench    time the pipeline on this machine
# make lock     write binder/constraints.txt from what .venv holds
PYTHON ?= python3
BIN := .venv/bin

.PHONY: lab test test-browser test-saelens lint freeze pictures bench lock clean

lab: .venv/.lab
	$(BIN)/jupyter lab $(LAB) $(firstword $(sort $(wildcard notebooks/day_*.ipynb)))

test: .venv/.dev lint test-saelens
	$(BIN)/python -m pytest
	COURSE_MODEL=pocket TQDM_DISABLE=1 $(BIN)/python -m pytest --nbval --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with tests/nbval.cfg -p no:cacheprovider notebooks

test-browser: .venv/.dev
	tests/browser/install.sh $(BIN)/python
	$(BIN)/python -m pytest -p no:cacheprovider tests/browser

test-saelens: .venv-saelens/.done
	PYTHONPATH=. .venv-saelens/bin/python -m pytest -p no:cacheprovider tests/saelens

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

freeze: .venv/.dev
	$(BIN)/python tests/freeze.py
	$(BIN)/python docs/pictures.py

pictures:
	$(PYTHON) docs/pictures.py

bench: .venv/.dev
	$(BIN)/python tests/benchmarks/pipeline.py

.venv-saelens/.done: tests/saelens/requirements.txt binder/constraints.txt binder/install.py
	$(PYTHON) binder/install.py .venv-saelens tests/saelens/requirements.txt
	@touch $@

.venv/.%: pyproject.toml binder/constraints.txt binder/install.py
	$(PYTHON) binder/install.py .venv $*
	@touch $@

lock: .venv/.dev
	$(BIN)/uv pip freeze --quiet --python $(BIN)/python --exclude-editable | sed 's/+cpu$$//' > binder/constraints.txt

clean:
	rm -rf .venv .venv-saelens build *.egg-info
