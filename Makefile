# make lab      set everything up in .venv and open JupyterLab; LAB=--allow-root passes options on (root in a container)
# make check    ruff, types and the quick tests: for every edit (4 minutes on two cores)
# make test     set everything up in .venv and run every check (25 minutes on two quiet cores); JOBS=8 on more cores
# make notebooks  every notebook against its kept outputs, unsolved and solved; part of make test
# make test-browser    every day in a real JupyterLab and Chromium; part of make test
# make test-colab   each notebook's set-up cell and imports in an environment like Colab's, made anew (not part of make test)
# make test-saelens   exchange autoencoders with SAELens, in an environment of its own; part of make test
# make lint     ruff on code and notebooks, pyright on the package and the solutions
# make freeze   run the notebooks and keep their outputs; refresh checksums and pictures
# make pictures take the README's pictures out of the notebooks' outputs
# make launch   write launch buttons and set-up cells with the repository's address, which stands in pyproject.toml
# make bench    measure against SAELens and others, in an environment of its own, into tools/benchmarks/RESULTS.md
# make bench-pipeline   time the day-6 pipeline on this machine
# make shake    run the notebooks as other processors would, and list each printed number that moves (hours)
# make days     time and memory of each day with Binder's settings, into docs/days.md
# make other-models   run the days on models of random weights of other families and of GPT-2 small's shape (hours)
# make lock     write binder/constraints.txt from what .venv holds
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
# a file, or a notebook, stays in one process; each has one thread, since there are as many processes as cores
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: lab check test notebooks test-browser test-colab test-saelens lint freeze pictures launch bench bench-pipeline days shake other-models lock clean

# in the background, while JupyterLab starts: the model's libraries come from the disk, so that the first cell need not wait for it
lab: .venv/.lab
	$(BIN)/python -c "import transformer_lens.model_bridge" > /dev/null 2>&1 & \
	$(BIN)/jupyter lab $(LAB) $(firstword $(sort $(wildcard notebooks/day_*.ipynb)))

check: .venv/.dev lint
	$(PYTEST) -m "not slow"

test: .venv/.dev lint test-saelens
	$(BIN)/course doctor
	$(PYTEST)
	$(MAKE) notebooks
	$(MAKE) test-browser

notebooks: .venv/.dev
	COURSE_MODEL=pocket COURSE_PROGRESS= TQDM_DISABLE=1 $(PYTEST) --nbval --nbval-current-env --nbval-cell-timeout=900 \
		--nbval-sanitize-with tests/nbval.cfg -p tools.kept_outputs -p tools.solved -p no:cacheprovider notebooks

test-browser: .venv/.dev
	tests/browser/install.sh $(BIN)/python
	$(BIN)/python -m pytest -p no:cacheprovider tests/browser

test-colab: .venv/.dev
	rm -rf .venv-colab
	$(PYTHON) tools/install.py .venv-colab tests/colab/requirements.txt
	$(BIN)/python -m pytest -p no:cacheprovider tests/colab

test-saelens: .venv-saelens/.done
	PYTHONPATH=. .venv-saelens/bin/python -m pytest -p no:cacheprovider tests/saelens

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

freeze: .venv/.dev
	$(BIN)/python tools/freeze.py
	$(BIN)/python tools/pictures.py

pictures:
	$(PYTHON) tools/pictures.py

launch: .venv/.dev
	$(BIN)/python tools/launch.py

bench: .venv-bench/.done
	PYTHONPATH=. .venv-bench/bin/python -W ignore tools/benchmarks/run.py $(BENCH)

bench-pipeline: .venv/.dev
	$(BIN)/python tools/benchmarks/pipeline.py

days: .venv/.dev
	$(BIN)/python tools/days.py

shake: .venv/.dev
	$(BIN)/python tools/shake.py $(SHAKE)

other-models: .venv/.dev
	$(BIN)/python tools/other_models.py $(OTHER_MODELS)

.venv-saelens/.done: tests/saelens/requirements.txt binder/constraints.txt tools/install.py
	$(PYTHON) tools/install.py .venv-saelens tests/saelens/requirements.txt
	@touch $@

# torchvision comes along for one that is not measured, made for another build of torch than ours: transformers would fail on it
.venv-bench/.done: tools/benchmarks/requirements.txt binder/constraints.txt tools/install.py
	$(PYTHON) tools/install.py .venv-bench tools/benchmarks/requirements.txt
	.venv-bench/bin/python -m uv pip uninstall --quiet --python .venv-bench/bin/python torchvision
	@touch $@

.venv/.%: pyproject.toml binder/constraints.txt tools/install.py
	$(PYTHON) tools/install.py .venv $*
	@touch $@

lock: .venv/.dev
	$(BIN)/uv pip freeze --quiet --python $(BIN)/python --exclude-editable | sed 's/+cpu$$//' > binder/constraints.txt

clean:
	rm -rf .venv .venv-bench .venv-colab .venv-saelens build *.egg-info
