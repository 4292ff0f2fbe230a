"""Everything about this course from the command line, with Python 3.11 or newer and nothing else:

    python course.py lab     sets everything up in .venv and opens JupyterLab     (Windows: py course.py lab)
    python course.py test    sets everything up and runs every check

`python course.py` lists the rest. Arguments that a command does not know go on to the program that it starts:
`python course.py lab --allow-root`. `make lab` is the same as `python course.py lab`.
"""

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tools.address import offer
from tools.install import ROOT, admitted, environment, install_browser

NBVAL = (
    *("--nbval", "--nbval-current-env", "--nbval-cell-timeout=900"),
    *("--nbval-sanitize-with", "tests/nbval.cfg"),
    *("-p", "tools.kept_outputs", "-p", "tools.solved", "-p", "no:cacheprovider", "notebooks"),
)
# a file, or a notebook, stays in one process; each has one thread, since there are as many processes as cores
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
KEPT = {"COURSE_MODEL": "pocket", "COURSE_PROGRESS": "", "TQDM_DISABLE": "1"}
MODEL_LIBRARIES = "import transformer_lens.model_bridge"


def run(python, *arguments, **variables):
    """Run a program of an environment in the project's folder, in UTF-8; ends this one if it fails."""
    done = subprocess.run([python, *arguments], cwd=ROOT, env={"PYTHONUTF8": "1", **os.environ, **variables})
    if done.returncode:
        sys.exit(done.returncode)


def pytest(python, jobs, *arguments, **variables):
    """Tests in as many processes as asked for."""
    run(python, "-m", "pytest", "-n", str(jobs), "--dist", "loadfile", *arguments, **ONE_THREAD, **variables)


def side_by_side(options, *lanes):
    """Commands of this file that keep one core busy, one lane of them a core; what each says comes when it ends.

    Args:
        options: of the command line.
        lanes: names of commands that run one after the other, up to the first that fails.
    """

    def last_of(lane):
        return next((name for name in lane if not succeeds(name)), None)

    with ThreadPoolExecutor(options.jobs) as cores:
        failed = list(filter(None, cores.map(last_of, lanes)))
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


def succeeds(name):
    """Whether a command of this file does, on one core; what it says comes when it ends."""
    alone = {"PYTHONUTF8": "1", **os.environ, **ONE_THREAD}
    command, piped = [sys.executable, __file__, name], subprocess.PIPE
    done = subprocess.run(command, cwd=ROOT, env=alone, stdout=piped, stderr=subprocess.STDOUT)
    print(f"── {name} ──\n{done.stdout.decode(errors='replace')}", flush=True)
    return done.returncode == 0


def lab(options, more):
    """set everything up in .venv and open JupyterLab on day 1"""
    python = environment(".venv", "lab")
    # meanwhile the model's libraries come from the disk, so that the first cell need not wait for them
    quiet = subprocess.DEVNULL
    subprocess.Popen([python, "-c", MODEL_LIBRARIES], cwd=ROOT, stdout=quiet, stderr=quiet)
    if line := offer():
        print(line, flush=True)
    run(python, "-m", "course_utils.desk.cli", "start", "notebooks", *more)


def check(options, more):
    """for every edit: ruff, types and the quick tests (4 minutes on two cores)"""
    python = environment(".venv", "dev")
    with ThreadPoolExecutor(1) as beside:
        clean = beside.submit(succeeds, "lint")
        pytest(python, options.jobs, "-m", "not slow", *more)
    if not clean.result():
        sys.exit("Failed: lint")


def test(options, more):
    """run every check (half an hour on two quiet cores)"""
    python = environment(".venv", "dev")
    side_by_side(options, ("lint", "book"), ("test-saelens",))
    run(python, "-m", "course_utils.desk.cli", "doctor")
    pytest(python, options.jobs, "--no-loadscope-reorder", *more)  # tests/conftest.py puts slow files first
    notebooks(options, ())
    in_the_browser(options, ())


def notebooks(options, more):
    """every notebook against its kept outputs, unsolved and solved; part of test"""
    pytest(environment(".venv", "dev"), options.jobs, *NBVAL, *more, **KEPT)


def test_browser(options, more):
    """every day in a real JupyterLab and Chromium, and the site; part of test"""
    book(options, ())
    in_the_browser(options, more)


def in_the_browser(options, more):
    """The browser tests, for a site that is there."""
    python = environment(".venv", "dev")
    install_browser(python)
    run(python, "-m", "pytest", "-p", "no:cacheprovider", "tests/browser", *more)


def test_colab(options, more):
    """each notebook's set-up cell and imports in an environment like Colab's, made anew; not part of test"""
    environment(".venv-colab", "tests/colab/requirements.txt", anew=True)
    run(environment(".venv", "dev"), "-m", "pytest", "-p", "no:cacheprovider", "tests/colab", *more)


def test_saelens(options, more):
    """exchange autoencoders with SAELens, in an environment of its own; part of test"""
    # of dictionary-learning the tests take the autoencoders; what it depends on is for training
    then = ("install", "--no-deps", "dictionary-learning==0.1.0")
    python = environment(".venv-saelens", "tests/saelens/requirements.txt", then=then)
    run(python, "-m", "pytest", "-p", "no:cacheprovider", "tests/saelens", *more, PYTHONPATH=".")


def test_versions(options, more):
    """the quick tests with the `lowest` or the `newest` versions that pyproject.toml admits; not part of test"""
    resolutions = {"lowest": "lowest-direct", "newest": "highest"}
    if not more or more[0] not in resolutions:
        sys.exit("course.py test-versions lowest, or newest; pytest's options may follow")
    python = admitted(f".venv-{more[0]}", resolutions[more[0]])
    pytest(python, options.jobs, "-m", "not slow", *more[1:], PYTHONPATH=".")


def lint(options, more):
    """ruff on code and notebooks, pyright on the package and the solutions"""
    python = environment(".venv", "dev")
    run(python, "-m", "ruff", "check", ".")
    run(python, "-m", "ruff", "format", "--check", ".")
    run(python, "-m", "basedpyright", "--pythonpath", python)


def freeze(options, more):
    """run the notebooks and keep their outputs; refresh checksums and pictures"""
    python = environment(".venv", "dev")
    run(python, "tools/freeze.py", *more)
    run(python, "tools/pictures.py")


def bench(options, more):
    """measure against SAELens and others, in an environment of its own, into tools/benchmarks/RESULTS.md"""
    # torchvision comes along for one that is not measured, made for another build of torch: transformers fails on it
    python = environment(
        ".venv-bench", "tools/benchmarks/requirements.txt", then=("uninstall", "torchvision")
    )
    run(python, "-W", "ignore", "tools/benchmarks/run.py", *more, PYTHONPATH=".")


def book(options, more):
    """write the course as a site that needs neither kernel nor network, into build/book"""
    run(environment(".venv", "dev"), "tools/book/pages.py", "build/book-source", PYTHONPATH=".")
    python = environment(".venv-book", "tools/book/requirements.txt", torch=False)
    shutil.rmtree(ROOT / "build" / "book", ignore_errors=True)  # it may hold pages that are no more
    sphinx = ("-m", "sphinx", "-q", "-W", "--keep-going", "-c", "tools/book", "-d", "build/book-doctrees")
    run(python, *sphinx, *more, "build/book-source", "build/book", PYTHONPATH=".")
    print("build/book/index.html is the start page")


def program(path, said):
    """A command that runs one of our programs."""

    def command(options, more):
        run(environment(".venv", "dev"), path, *more)

    command.__doc__ = said
    return command


COMMANDS = {
    each.__name__.replace("_", "-"): each
    for each in (
        lab,
        check,
        test,
        notebooks,
        test_browser,
        test_colab,
        test_saelens,
        test_versions,
        lint,
        freeze,
        bench,
        book,
    )
}
COMMANDS |= {
    "address": program(
        "tools/launch.py", "write the repository's address (a URL) into buttons and links, or --remove it"
    ),
    "pictures": program("tools/pictures.py", "take the README's pictures out of the notebooks' outputs"),
    "bench-pipeline": program("tools/benchmarks/pipeline.py", "time the day-6 pipeline on this machine"),
    "days": program("tools/days.py", "time and memory of each day with Binder's settings, into docs/days.md"),
    "shake": program(
        "tools/shake.py", "run the notebooks as other processors would, and list what moves (hours)"
    ),
    "other-models": program(
        "tools/other_models.py", "run the days on models of random weights of other families (hours)"
    ),
    "real-models": program(
        "tools/real_models/run.py", "measure a MODEL that others trained, and write docs/real_models.md"
    ),
    "scores": program(
        "tools/scores/run.py",
        "score the scores by dictionaries whose truth is known, into docs/scores.md (an hour)",
    ),
    "stress": program(
        "tools/stress.py",
        "attack the course, count what held, write docs/trust.md (hours; --quick; or some parts)",
    ),
    "test-binder": program("tools/binder.py", "build what Binder builds, run every day in it; takes Docker"),
    "dependencies": program(
        "tools/dependencies.py", "why, licence and size of each, into docs/dependencies.md"
    ),
    "release": program("tools/release.py", "build wheel and sdist into dist/, and try both as a user would"),
    "lock": program("tools/lock.py", "write binder/constraints.txt from what .venv holds"),
}


def main():
    if sys.version_info < (3, 11):  # noqa: UP036 — this file runs before anything could refuse an old Python
        found = sys.version.split()[0]
        sys.exit(f"The course needs Python 3.11 or newer; this is {found}. Try: python3.12 course.py lab")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old terminal is no reason to fail
    parser = argparse.ArgumentParser(
        prog="course.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="tests at once (2): as many as cores"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__, add_help=False).set_defaults(command=command)
    options, more = parser.parse_known_args()
    if not hasattr(options, "command"):
        return parser.print_help()
    return options.command(options, tuple(more))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        sys.exit(f"This step failed: {' '.join(map(str, error.cmd))}\n{error.stderr or ''}")
