"""Take away what only POSIX systems have: modules, signals, functions of `os`. What a test imported before stays.

Paths keep this system's rules: pathlib asks `os.name`, which stays, or no file could be opened here.
"""

import os
import signal
import sys

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
FUNCTIONS = ("fork", "forkpty", "getgid", "getpgid", "getuid", "geteuid", "killpg", "nice", "setgid", "setsid", "setuid", "sched_getaffinity", "sysconf", "symlink", "getloadavg", "mkfifo")  # fmt: skip
SIGNALS = ("SIGALRM", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGXCPU", "SIGXFSZ", "SIGPIPE", "ITIMER_REAL", "setitimer", "alarm", "pthread_sigmask")  # fmt: skip


def take_away(platform: str = "win32") -> None:
    """As on Windows, so far as that can be had here."""
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for module, names in ((os, FUNCTIONS), (signal, SIGNALS)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    sys.platform = platform
