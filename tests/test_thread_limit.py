"""A fork bomb meets a limit of the system, and what one hand-in starts does not count against another."""

import subprocess
import sys

import needs
import pytest

pytestmark = needs.linux("its limits of threads")

SOMEBODY = """
import ctypes, os, resource, sys, time
from course_utils.grade import thread_limit
if os.getuid() == 0:  # whom the system lets pass
    os.setgroups([])
    os.setgid(54_321)
    os.setuid(54_321)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, as after a program's start
"""
FORKS = """
thread_limit.MOST, thread_limit.NEEDED = int(sys.argv[1]), int(sys.argv[2])
if "account" in sys.argv:
    thread_limit._can_count_apart = lambda: False  # as where no user namespaces are allowed
thread_limit.restrict_threads()
children = []
try:
    while len(children) < 60:
        child = os.fork()
        if child == 0:
            time.sleep(60)
        children.append(child)
except BlockingIOError:
    pass
print(len(children), flush=True)
if "wait" in sys.argv:
    sys.stdin.read()
for child in children:
    os.kill(child, 9)
"""


def start(code, *arguments):
    command = [sys.executable, "-c", SOMEBODY + code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def said(code, *arguments):
    done = start(code, *arguments)
    printed, error = done.communicate(timeout=60)
    assert done.returncode == 0, error
    return printed.strip()


@pytest.mark.parametrize(("needed", "started"), [(5, range(1, 31)), (60, [60])])
def test_a_fork_bomb_meets_a_limit_unless_the_account_is_full_already(needed, started):
    assert int(said(FORKS, 30, needed, "account")) in started


def test_two_hand_ins_of_one_account_share_no_limit():
    if said("print(thread_limit._can_count_apart())") != "True":
        pytest.skip("this system allows no user namespaces")
    bomb = start(FORKS, 50, 5, "wait")
    try:
        assert int(bomb.stdout.readline()) in range(40, 51)  # as many as it may have
        assert int(said(FORKS, 50, 5)) in range(40, 51)  # as if it were alone
    finally:
        bomb.communicate("", timeout=60)


def test_whoever_is_counted_apart_is_who_it_was():
    code = "before = os.getuid(), os.getgid(); thread_limit.restrict_threads(); print((os.getuid(), os.getgid()) == before)"
    assert said(code) == "True"
