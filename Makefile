# What course.py does, by make: `make lab` is `python course.py lab`, and `make` alone lists the commands.
# make lab LAB=--allow-root    passes options on (root in a container)
# make test JOBS=8             on more cores
# make test-versions VERSIONS=lowest
# make real-models REAL_MODELS=smollm2
# make stress STRESS=--quick
# make address URL=https://github.com/OWNER/NAME
PYTHON ?= python3
JOBS ?= 2
COMMANDS := lab check test notebooks test-browser test-colab test-saelens test-versions test-binder lint freeze \
	pictures address bench bench-pipeline days shake other-models real-models scores stress lock dependencies release book

.PHONY: help clean $(COMMANDS)

help:
	@$(PYTHON) course.py

$(COMMANDS):
	$(PYTHON) course.py --jobs $(JOBS) $@ $(LAB) $(SHAKE) $(BENCH) $(OTHER_MODELS) $(REAL_MODELS) $(VERSIONS) $(STRESS) $(URL)

clean:
	rm -rf .venv .venv-bench .venv-book .venv-colab .venv-lowest .venv-newest .venv-saelens build dist *.egg-info
