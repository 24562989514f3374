"""What an idle TLS connection costs an agent in memory: scripts/bench idle."""
import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

import bench

HOLD = os.path.join(bench.ROOT, ".build-load", "avro-hold")
# KiB of resident memory for each idle connection: server certificate only, and with client certificates.
TARGETS = {"tls": 60, "mutual tls": 75}


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def hold(port, connections, wire, certificates):
    command = [HOLD, "--port", str(port), "--connections", str(connections)]
    if wire != "plain":
        command.append("--tls")
    if wire == "mutual tls":
        command += ["--cert", f"{certificates}/client.pem", "--key", f"{certificates}/client.key"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    held = json.loads(process.stdout.readline())["held"]
    if held != connections:
        raise RuntimeError(f"{held} connections of {connections} are open")
    return process


def release(process):
    process.send_signal(signal.SIGTERM)
    process.communicate()


def measure(wire, connections, work, certificates):
    """KiB of growth for each connection, and what is left of it when they are closed."""
    port = bench.free_port()
    text = bench.properties(port, 0, 100, "null", "memory", wire != "plain", certificates, work)
    if wire == "mutual tls":
        text += (
            "a.sources.r.ssl.client-auth = need\n"
            f"a.sources.r.truststore = {certificates}/truststore.p12\n"
            "a.sources.r.truststore-password = changeit\na.sources.r.truststore-type = PKCS12\n")
    path = os.path.join(work, "idle.properties")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    with open(os.path.join(work, "idle.log"), "wb") as log, bench.running_agent(path, log=log) as agent:
        bench.wait_for_port(port, agent)
        release(hold(port, 4, wire, certificates))
        time.sleep(1)
        before = rss_kib(agent.pid)
        holder = hold(port, connections, wire, certificates)
        time.sleep(3)
        during = rss_kib(agent.pid)
        release(holder)
        time.sleep(2)
        after = rss_kib(agent.pid)
    return (during - before) / connections, (after - before) / connections


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench idle")
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--evidence")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    lines = []
    missed = False
    with tempfile.TemporaryDirectory() as work:
        certificates = os.path.join(work, "certificates")
        subprocess.run([os.path.join(bench.ROOT, "scripts", "certificates"), certificates], check=True)
        lines.append(f"{options.connections} idle connections    KiB each   when closed   target")
        print(lines[-1], flush=True)
        for wire in ("plain", "tls", "mutual tls"):
            grown, left = measure(wire, options.connections, work, certificates)
            target = TARGETS.get(wire)
            missed = missed or (target is not None and grown > target)
            lines.append(f"{wire:24}   {grown:8.1f}   {left:8.1f}      {target if target else '-':>4}")
            print(lines[-1], flush=True)
    lines.append("target missed" if missed else "targets met")
    print(lines[-1])
    if options.evidence:
        with open(options.evidence, "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
