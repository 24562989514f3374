"""Agents and other programs that a script starts, watches and always ends."""
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Failure(Exception):
    """Why a run cannot go on, as a sentence for the user."""


def free_ports(count: int) -> list:
    """Ports nobody listens on; all are held until all are found, so they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def run(command: list, timeout: float = 120, ok=(0,)) -> str:
    """A program's standard output; Failure with its last words when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, start_new_session=True,
                              check=False)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{os.path.basename(command[0])} did not end within {timeout:.0f} s") from error
    if done.returncode not in ok:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Failure(f"{os.path.basename(command[0])} ended with {done.returncode}: {' / '.join(words)}")
    return done.stdout


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def catch_signals():
    """Every signal that ends us takes the way of Ctrl-C, so that children end too."""
    def interrupt(*_):
        raise KeyboardInterrupt
    for number in ENDING:
        signal.signal(number, interrupt)


def ignore_signals():
    """While cleaning up."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def outcome(status: int) -> str:
    """A child's return code in words."""
    return f"exit {status}" if status >= 0 else signal.Signals(-status).name


def adopt_orphans():
    """Makes this process the parent of what its children leave behind, so that `sweep` finds it."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def sweep(spared: set):
    """Ends what our children left behind (an edge's tail), but for the process ids in `spared`."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in spared:
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
            if parent == os.getpid():
                os.kill(int(name), signal.SIGKILL)
                os.waitpid(int(name), 0)
        except (OSError, ValueError):
            continue


class Program:
    """A child in a session of its own: the terminal's Ctrl-C does not reach it, only we end it."""

    def __init__(self, name: str, command: list, environment: dict, log: str):
        self.name, self.command, self.environment, self.log = name, command, environment, log
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def check(self):
        if not self.is_running():
            raise Failure(f"{self.name} has ended ({outcome(self.process.returncode)}): {self.last_words()}")

    def last_words(self) -> str:
        with open(self.log, "rb") as file:
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def kill(self):
        """SIGKILL, and back when the process is gone."""
        self.process.kill()
        self.process.wait()

    def freeze(self):
        """SIGSTOP, and back when every thread stands still."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def terminate(self):
        if self.is_running():
            self.process.terminate()

    def wait(self, timeout: float):
        """The exit status; None when it has not ended in time."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def end(self, patience: float):
        """For cleaning up: SIGTERM, and SIGKILL when that does not help."""
        if self.is_running():
            self.terminate()
            if self.wait(patience) is None:
                self.kill()


class Agent(Program):
    """One of our agents with its monitoring port."""

    def __init__(self, name: str, binary: str, file: str, port: int, environment: dict, log: str):
        super().__init__(name, [binary, "agent", "-n", name, "-f", file, "-Dflume.monitoring.type=http",
                                f"-Dflume.monitoring.port={port}"], environment, log)
        self.port = port
        self.connection = None

    def get(self, path: str):
        """Status and body; (0, b"") while nobody answers. One connection for all, so that a reading is quick."""
        for _ in range(2):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                self.connection.request("GET", path)
                reply = self.connection.getresponse()
                return reply.status, reply.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                if fresh:
                    break
        return 0, b""

    def metrics(self) -> dict:
        """`TYPE.name` → counters, numbers as integers; empty while nobody answers."""
        status, body = self.get("/metrics")
        if status != 200:
            return {}
        return {group: {key: int(value) if value.lstrip("-").isdigit() else value for key, value in values.items()}
                for group, values in json.loads(body).items()}

    def wait_ready(self, timeout: float, condition=lambda: True):
        """Until /readyz answers 200 and `condition` holds."""
        deadline = time.monotonic() + timeout
        body = b""
        while time.monotonic() < deadline:
            self.check()
            status, body = self.get("/readyz")
            if status == 200 and condition():
                return
            time.sleep(0.05)
        reason = body.decode("utf-8", "replace") or "no answer"
        raise Failure(f"{self.name} is not ready after {timeout:.0f} s: {reason}")
