"""Processes killed at random moments: scripts/chaos kill9."""
import argparse
import collections
import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

WINDOW = 200
IN_FLIGHT = 4
BATCH = 100
CONFIGURATION = """
{name}.sources = r
{name}.channels = c
{name}.sinks = k
{name}.sources.r.type = avro
{name}.sources.r.bind = 127.0.0.1
{name}.sources.r.port = {port}
{name}.sources.r.channels = c
{name}.channels.c.type = file
{name}.channels.c.checkpointDir = {work}/{name}/checkpoint
{name}.channels.c.dataDirs = {work}/{name}/data
{name}.channels.c.minimumRequiredSpace = 1048576
{name}.sinks.k.channel = c
{name}.sinks.k.{batch} = {size}
"""


class Agent:
    def __init__(self, options, work, name, port, sink):
        self.command = [options.binary, "agent", "-n", name, "-f", f"{work}/{name}.properties"]
        self.name, self.port = name, port
        self.log = open(f"{work}/{name}.log", "ab")
        self.process = None
        batch = "batch-size" if name == "edge" else "sink.batchSize"
        with open(f"{work}/{name}.properties", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(name=name, port=port, work=work, batch=batch, size=BATCH))
            file.writelines(f"{name}.sinks.k.{key} = {value}\n" for key, value in sink.items())

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"chaos: {self.name} ends with {self.process.returncode}: see {self.log.name}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"chaos: {self.name} does not listen: see {self.log.name}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def client(options, work, number, port, acknowledged, attempts, stop):
    """Sends one window after the other; the ledger has those for which the client ended well."""
    path = f"{work}/window-{number}"
    window = 0
    while not stop.is_set():
        ids = [f"{number}-{window}-{line}" for line in range(WINDOW)]
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{identity}\n" for identity in ids)
        command = [options.binary, "avro-client", "-H", "127.0.0.1", "-p", str(port), "-F", path]
        while True:
            attempts[number] += 1
            if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
                acknowledged.extend(ids)
                break
            if stop.is_set():
                return
            time.sleep(0.05)
        window += 1


def delivered(work):
    count = collections.Counter()
    for path in glob.glob(f"{work}/out/*"):
        with open(path, "rb") as file:
            count.update(line.decode("ascii", "replace") for line in file.read().split(b"\n"))
    return count


def free_ports(number):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def run(options, work):
    chance = random.Random(options.seed)
    os.mkdir(f"{work}/out")
    ports = free_ports(2)
    collector = Agent(options, work, "collector", ports[1],
                      {"type": "file_roll", "sink.directory": f"{work}/out", "sink.rollInterval": 0})
    edge = Agent(options, work, "edge", ports[0], {"type": "avro", "hostname": "127.0.0.1", "port": ports[1], "window": IN_FLIGHT})
    agents = [edge, collector]
    try:
        collector.start()
        edge.start()
        ledgers = [[] for _ in range(options.clients)]
        attempts = collections.Counter()
        stop = threading.Event()
        clients = [threading.Thread(target=client, args=(options, work, number, ports[0], ledger, attempts, stop))
                   for number, ledger in enumerate(ledgers)]
        for thread in clients:
            thread.start()
        try:
            for _ in range(options.kills):
                time.sleep(chance.uniform(0.1, 1.0))
                victim = chance.choice(agents)
                victim.kill()
                time.sleep(chance.uniform(0, 0.3))
                victim.start()
            time.sleep(1)
        finally:
            stop.set()
            for thread in clients:
                thread.join()
        acknowledged = {identity for ledger in ledgers for identity in ledger}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            count = delivered(work)
            if acknowledged <= count.keys():
                break
            time.sleep(0.2)
        time.sleep(1)
        count = delivered(work)
    finally:
        for agent in agents:
            if agent.process and agent.process.poll() is None:
                agent.kill()
    lost = len(acknowledged - count.keys())
    duplicates = sum(number - 1 for identity, number in count.items() if identity.count("-") == 2 and number > 1)
    # Out to the two sinks: the edge's calls that are under way, the collector's batch; and what clients sent again.
    bound = options.kills * (IN_FLIGHT * BATCH + BATCH + options.clients * WINDOW)
    print(f"kill9 kills={options.kills} seed={options.seed} clients={options.clients} acknowledged={len(acknowledged)} "
          f"lost={lost} duplicates={duplicates} bound={bound}", flush=True)
    return lost == 0 and duplicates <= bound and len(acknowledged) > 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/chaos kill9")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--binary", default=".build/release/tributary")
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="tributary-chaos.")
    if run(options, work):
        shutil.rmtree(work)
        return 0
    print(f"chaos: FAILED; logs and files are kept in {work}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
