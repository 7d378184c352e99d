"""
Stands between a worker process and a program that speaks over its pipes.

A script by itself, which imports nothing of the project: it starts the
program, takes in whatever that leaves behind, and sees that nothing of it
stays when the program ends, when the worker process asks, or when that is gone
without a word. The latter two it learns from a pipe, the lifeline, whose other
end the worker process alone holds.

    python supervisor.py <lifeline> <limits> <program> <argument>…
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 0.5  # seconds between the request to end and the end
KILL_PATIENCE = 2.0  # seconds until even what was killed has gone
SHORT_PATIENCE = 0.2  # the same for what a program that has ended leaves behind
LOOK = 0.02  # seconds between two looks at who has ended
CANNOT_RUN = 127  # what a shell answers, too
LIMITS = {
    "memory": resource.RLIMIT_AS,
    "cpu_seconds": resource.RLIMIT_CPU,
    "file_size": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
}


def main(lifeline: int, limits: str, command: list[str]) -> int:
    """Run a program to its end, whichever comes first; its exit code."""
    os.set_inheritable(lifeline, False)
    woken = catch_signals()
    control(PR_SET_CHILD_SUBREAPER, 1)
    supervisor = os.getpid()
    program = os.fork()
    if program == 0:
        become(command, limits, supervisor)
    leave_pipes()
    code = watch(program, lifeline, woken)
    end_all(PATIENCE if code is None else SHORT_PATIENCE)
    return 0 if code is None else code & 0xFF


def control(option: int, value: int) -> None:
    """Ask Linux for something; other systems do without."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def catch_signals() -> int:
    """Have signals written to a pipe; its end to read."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return woken


def become(command: list[str], limits: str, supervisor: int) -> None:
    """Turn this process into the program, which dies with its supervisor."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        control(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(CANNOT_RUN)
        set_limits(limits)
        os.execvp(command[0], command)  # noqa: S606 - no shell: the list is the settings'
    except (OSError, ValueError) as error:
        os.write(2, f"{command[0]} cannot be run: {error}\n".encode())
    finally:
        os._exit(CANNOT_RUN)


def set_limits(limits: str) -> None:
    """Bound what the program may use; a limit that stands is never raised."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # its memory belongs into no file
    for limit in filter(None, limits.split(",")):
        name, _, amount = limit.partition("=")
        hard = resource.getrlimit(LIMITS[name])[1]
        value = int(amount) if hard == resource.RLIM_INFINITY else min(int(amount), hard)
        resource.setrlimit(LIMITS[name], (value, value))


def leave_pipes() -> None:
    """Hold none of the program's pipes: their ends are to be seen by who is at the other."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for pipe in (0, 1, 2):
        os.dup2(nothing, pipe)
    os.close(nothing)


def watch(program: int, lifeline: int, woken: int) -> int | None:
    """Wait for the end of the program; None when it is to be ended."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    poll.register(woken, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if lifeline in ready:
            return None
        told = os.read(woken, 1024) if woken in ready else b""
        for ended, code in reap():
            if ended == program:
                return code
        if any(number in told for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)):
            return None


def reap() -> Iterator[tuple[int, int]]:
    """Yield who has ended, and how."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            yield found[0], os.waitstatus_to_exitcode(found[1])


def end_all(patience: float) -> None:
    """End everything that came of the program: asked first, then killed."""
    send(signal.SIGTERM)
    until = time.monotonic() + patience
    while has_children() and time.monotonic() < until:
        time.sleep(LOOK)
    until = time.monotonic() + KILL_PATIENCE
    # Whoever loses its parent becomes a child of this process, and is found in the next round.
    while has_children() and time.monotonic() < until:
        send(signal.SIGKILL)
        time.sleep(LOOK)


def has_children() -> bool:
    """Whether anything is left, once those that have ended are taken away."""
    for _ in reap():
        pass
    try:
        os.waitpid(-1, os.WNOHANG)  # one that ends at this very moment is counted once more
    except ChildProcessError:
        return False
    return True


def send(number: int) -> None:
    """Send a signal to all that came of the program."""
    for process in descendants():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
    if not os.path.isdir("/proc/self"):
        os.killpg(0, number)  # this process with them, at the last


def descendants() -> list[int]:
    """Every process below this one, as far as the system tells."""
    children: dict[int, list[int]] = {}
    for process, parent in parents():
        children.setdefault(parent, []).append(process)
    found, waiting = [], [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def parents() -> Iterator[tuple[int, int]]:
    """Yield every process with its parent."""
    names = os.listdir("/proc") if os.path.isdir("/proc/self") else []
    for name in filter(str.isdigit, names):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            # Behind the program's name, which may hold anything: the state, then the parent.
            yield int(name), int(stat.read().rpartition(b")")[2].split()[1])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
