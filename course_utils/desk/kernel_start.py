"""What a kernel of `course start` runs first: the engine is there before the first cell, for cells run out of order.

IPython runs it because PYTHONSTARTUP names it, and leaves nothing of it behind; then comes the user's own such file.
"""


def _start() -> None:
    import os
    import traceback
    from pathlib import Path

    try:
        from course_utils.exercises import explain_missing_names

        explain_missing_names()
    except Exception:  # whatever it is, the kernel starts
        traceback.print_exc()
    own = os.environ.get("COURSE_PYTHONSTARTUP", "")
    if own and Path(own).is_file():
        try:
            exec(compile(Path(own).read_bytes(), own, "exec"), globals())
        except Exception:
            traceback.print_exc()


_start()
del _start
