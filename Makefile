# make lab      set everything up in .venv and open JupyterLab
# make test     set everything up in .venv and run every check
# make lint     ruff on code and notebooks
# make freeze   run the notebooks and keep their outputs; refresh checksums
# make bench    time the pipeline on this machine
# make lock     write binder/constraints.txt from what .venv holds
PYTHON ?= python3
BIN := .venv/bin

.PHONY: lab test lint freeze bench lock clean

lab: .venv/.lab
	$(BIN)/jupyter lab $(firstword $(sort $(wildcard notebooks/day_*.ipynb)))

test: .venv/.dev lint
	$(BIN)/python -m pytest
	COURSE_MODEL=pocket TQDM_DISABLE=1 $(BIN)/python -m pytest --nbval --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with tests/nbval.cfg -p no:cacheprovider notebooks

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

freeze: .venv/.dev
	$(BIN)/python tests/freeze.py

bench: .venv/.dev
	$(BIN)/python tests/benchmarks/pipeline.py

.venv/.%: pyproject.toml binder/constraints.txt binder/install.py
	$(PYTHON) binder/install.py .venv $*
	@touch $@

lock: .venv/.dev
	$(BIN)/uv pip freeze --quiet --python $(BIN)/python --exclude-editable | sed 's/+cpu$$//' > binder/constraints.txt

clean:
	rm -rf .venv build *.egg-info
