"""The relay benchmark of scripts/bench: drives the load generator, one agent and the receiver, and reads /proc."""
import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOAD = os.path.join(ROOT, ".build-load", "avro-load")
RECEIVE = os.path.join(ROOT, ".build-load", "avro-receive")
AGENT = os.environ.get("TRIBUTARY_BIN") or os.path.join(ROOT, ".build", "release", "tributary")
TICK = os.sysconf("SC_CLK_TCK")

# The first marks for one relay hop at batch 1000: CPU-seconds per million events, and peak RSS in MB.
MARKS = {"plain": 0.25, "tls": 0.45}
RSS_MARK = 60
# The same where the channel is a file channel, which syncs before it answers.
FILE_MARK = 0.45
# Wire, batch and sink; the channel is memory but where it is named.
HOPS = [(wire, batch, sink, "memory") for wire in ("plain", "tls") for batch in (1000, 100) for sink in ("avro", "null")]
HOPS += [("plain", batch, "avro", "file") for batch in (1000, 100)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def wait_for_port(port, process):
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError("the agent ended before it listened")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the agent does not listen")


def properties(port, sink_port, batch, sink, channel, tls, certificates, work):
    lines = [
        "a.sources = r", "a.channels = c", "a.sinks = k",
        "a.sources.r.type = avro", "a.sources.r.bind = 127.0.0.1", f"a.sources.r.port = {port}",
        "a.sources.r.channels = c",
        f"a.channels.c.type = {channel}", "a.channels.c.capacity = 100000", "a.channels.c.transactionCapacity = 10000",
        "a.sinks.k.channel = c",
    ]
    if channel == "file":
        files = tempfile.mkdtemp(dir=work)
        lines += [f"a.channels.c.checkpointDir = {files}/checkpoint", f"a.channels.c.dataDirs = {files}/data"]
    if sink == "avro":
        lines += [
            "a.sinks.k.type = avro", "a.sinks.k.hostname = 127.0.0.1", f"a.sinks.k.port = {sink_port}",
            f"a.sinks.k.batch-size = {batch}",
        ]
    else:
        lines += ["a.sinks.k.type = null", f"a.sinks.k.batchSize = {batch}"]
    if tls:
        lines += [
            "a.sources.r.ssl = true", f"a.sources.r.keystore = {certificates}/server.p12",
            "a.sources.r.keystore-password = changeit", "a.sources.r.keystore-type = PKCS12",
        ]
        if sink == "avro":
            lines += [
                "a.sinks.k.ssl = true", f"a.sinks.k.truststore = {certificates}/truststore.p12",
                "a.sinks.k.truststore-password = changeit", "a.sinks.k.truststore-type = PKCS12",
            ]
    return "\n".join(lines) + "\n"


def load(port, batch, events, tls):
    command = [LOAD, "--host", "127.0.0.1", "--port", str(port), "--batch", str(batch), "--events", str(events)]
    if tls:
        command.append("--tls")
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    report = json.loads(result.stdout)
    if report["acked"] != events:
        raise RuntimeError(f"{events} events sent, {report['acked']} acknowledged")
    return report


@contextlib.contextmanager
def running_agent(path, *arguments, log=subprocess.DEVNULL):
    """The agent `a` of a properties file; told to end, and well, when the block does."""
    agent = subprocess.Popen([AGENT, "agent", "-n", "a", "-f", path, *arguments], stdout=log, stderr=log)
    try:
        yield agent
        agent.send_signal(signal.SIGTERM)
        if agent.wait(timeout=15) != 0:
            raise RuntimeError("the agent did not end well")
    finally:
        agent.kill()
        agent.wait()


def measure(batch, sink, channel, tls, events, work, certificates):
    """One run: CPU-seconds per million events of the agent and of the receiver, peak RSS, events a second."""
    receiver = None
    sink_port = 0
    if sink == "avro":
        command = [RECEIVE, "--bind", "127.0.0.1", "--port", "0"]
        if tls:
            command += ["--tls", "--cert", f"{certificates}/server.pem", "--key", f"{certificates}/server.key"]
        receiver = subprocess.Popen(command, stdout=subprocess.PIPE)
        sink_port = json.loads(receiver.stdout.readline())["port"]
    port = free_port()
    path = os.path.join(work, "relay.properties")
    with open(path, "w", encoding="ascii") as file:
        file.write(properties(port, sink_port, batch, sink, channel, tls, certificates, work))
    try:
        with running_agent(path) as agent:
            wait_for_port(port, agent)
            warm = events // 10 // batch * batch
            load(port, batch, warm, tls)
            time.sleep(0.3)
            before = cpu_seconds(agent.pid)
            report = load(port, batch, events, tls)
            time.sleep(0.5)
            used = cpu_seconds(agent.pid) - before
            rss = peak_rss_mb(agent.pid)
    finally:
        received = None
        if receiver:
            receiver.send_signal(signal.SIGTERM)
            received = json.loads(receiver.stdout.readlines()[-1])
            receiver.wait()
    if received and received["events"] != events + warm:
        raise RuntimeError(f"{events + warm} events sent, {received['events']} received")
    return {
        "cpu": used / events * 1e6,
        "receiver": received["cpu_s_per_million_events"] if received else None,
        "rss": rss,
        "rate": report["events_per_s"],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--events", type=int, default=4_000_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--evidence")
    options = parser.parse_args()
    lines = []

    def say(line):
        print(line, flush=True)
        lines.append(line)

    missed = []
    with tempfile.TemporaryDirectory() as work:
        certificates = os.path.join(work, "certificates")
        subprocess.run([os.path.join(ROOT, "scripts", "certificates"), certificates], check=True)
        say("hop                        CPU-s per million events        receiver   ratio   peak RSS   events/s")
        say("                           median (lowest - highest)       in C               MB")
        for wire, batch, sink, channel in HOPS:
            name = f"{wire} {batch} -> {sink}" + (", file" if channel == "file" else "")
            if options.only not in name:
                continue
            events = options.events if batch == 1000 else options.events // 4
            runs = [
                measure(batch, sink, channel, wire == "tls", events, work, certificates) for _ in range(options.runs)
            ]
            cpu = statistics.median(run["cpu"] for run in runs)
            low, high = min(run["cpu"] for run in runs), max(run["cpu"] for run in runs)
            rss = max(run["rss"] for run in runs)
            rate = statistics.median(run["rate"] for run in runs)
            own, ratio = "     -", "    -"
            if sink == "avro":
                receiver = statistics.median(run["receiver"] for run in runs)
                own, ratio = f"{receiver:6.3f}", f"{cpu / receiver:5.2f}"
            say(f"{name:24}   {cpu:6.3f} ({low:.3f} - {high:.3f})        {own}     {ratio}   {rss:8.1f}   {rate:8.0f}")
            mark = FILE_MARK if channel == "file" else MARKS[wire]
            if batch == 1000 and sink == "avro" and cpu > mark:
                missed.append(f"{name}: {cpu:.3f} CPU-seconds per million events, the mark is {mark}")
            if batch == 1000 and channel == "memory" and rss > RSS_MARK:
                missed.append(f"{name}: {rss:.1f} MB, the mark is {RSS_MARK}")
        for line in missed:
            say(f"mark missed: {line}")
        if not missed:
            say("all marks met: 0.25 plain, 0.45 TLS and 0.45 through a file channel at batch 1000, 60 MB")
    if options.evidence:
        with open(options.evidence, "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
