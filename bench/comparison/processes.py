"""Servers and load clients as child processes: pinned, told by their ready line, ended by their id."""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1  # linux/prctl.h

READY_LINE = re.compile(r"^listening on (?:\w+\+)?(tcp://\S+) \(.*\)$")


class BenchError(Exception):
    """Something that makes a measurement worthless; its text is for the user."""


def note(text):
    """Progress: on a terminal only, on one line that the next one replaces."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" + text)
        sys.stderr.flush()


def end(process):
    """Ends one child by its id, at last by SIGKILL."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@contextlib.contextmanager
def child(command, core, niceness, log, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
          environment=None):
    """A child process on one core that does not outlive the block."""

    def prepare():
        # For the one end that no handler sees, SIGKILL.
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, {core})
        if niceness:
            os.setpriority(os.PRIO_PROCESS, 0, niceness)

    try:
        process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=log, preexec_fn=prepare,
            env=os.environ | (environment or {}),
            # Ctrl-C is for this program, which then ends its children in order.
            start_new_session=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"cannot start {shlex.join(command)}: {error}") from error
    try:
        yield process
    finally:
        end(process)


def tail(log):
    log.seek(0)
    lines = log.read().decode(errors="replace").splitlines()[-5:]
    return "".join("\n    " + line for line in lines)


def read_line(process, what, log, timeout_s):
    """One line of a child's standard output; its last log lines go into the error if none comes."""
    line = b""
    deadline = time.monotonic() + timeout_s
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise BenchError(f"{what}: no answer in {timeout_s:g} s" + tail(log))
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            raise BenchError(f"{what}: ended with status {process.wait()}" + tail(log))
        line += piece
    return line.decode()


def address_told(process, name, log):
    """Where a server listens that tells it in its first line."""
    line = read_line(process, name, log, 10).splitlines()[0]
    match = READY_LINE.match(line)
    if not match:
        raise BenchError(f"{name}: not a ready line: {line}")
    return match.group(1)


def free_port():
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(process, name, port, log, timeout_s=20):
    """Waits until somebody accepts at the port that a silent server was given."""
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    why = "does not listen" if process.poll() is None else f"ended with status {process.poll()}"
    raise BenchError(f"{name}: {why}" + tail(log))


@contextlib.contextmanager
def configured_server(contender, options):
    """Likewise of one that is to be told where to listen, and does not tell when it does."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        port = free_port()
        command = contender.configure(folder, port)
        with child(command, options.server_core, options.nice, log, stdout=log,
                   environment=contender.environment) as process:
            await_port(process, contender.name, port, log)
            yield process, f"tcp://127.0.0.1:{port}"


@contextlib.contextmanager
def server(contender, options):
    """Starts a contender; gives its process and address."""
    if contender.configure:
        with configured_server(contender, options) as found:
            yield found
        return
    with tempfile.TemporaryFile() as log:
        with child(contender.command, options.server_core, options.nice, log) as process:
            yield process, address_told(process, contender.name, log)


class Load:
    """A load client of one contender."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log

    def report(self, timeout_s):
        """What it reports next."""
        report = json.loads(read_line(self.process, f"load on {self.name}", self.log, timeout_s))
        if report["failures"]:
            raise BenchError(f"{self.name}: {report['failures']}")
        return report

    def measure(self, timeout_s):
        """One measurement of a client that waits to be told (--on-demand)."""
        with contextlib.suppress(BrokenPipeError):  # report() tells why it has gone
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
        return self.report(timeout_s)


@contextlib.contextmanager
def load(contender, mode, process, address, arguments, options):
    """A load client, pinned to its core."""
    command = [options.load, mode, "--server", address, "--server-pid", str(process.pid), "--json"]
    with tempfile.TemporaryFile() as log:
        with child(command + arguments, options.client_core, options.nice, log,
                   stdin=subprocess.PIPE) as client:
            yield Load(contender.name, client, log)


@contextlib.contextmanager
def alone():
    """One comparison at a time on a machine: two at once would measure each other."""
    path = os.path.join(tempfile.gettempdir(), f"switchboard-compare.{os.getuid()}.lock")
    with open(path, "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("bench/compare: waiting for another comparison to end", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
