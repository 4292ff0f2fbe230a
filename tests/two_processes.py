"""Run a program as two processes that know of each other, as torchrun would start them."""

import os
import socket
import subprocess
import sys


def run_twice(program, *arguments, timeout):
    """(exit code, stderr) of each of the two; neither is left behind."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = dict(WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(program), *map(str, arguments)],
            env=os.environ | shared | dict(RANK=str(rank), LOCAL_RANK=str(rank)),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        errors = [worker.communicate(timeout=timeout)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    return [(worker.returncode, error) for worker, error in zip(workers, errors, strict=True)]
