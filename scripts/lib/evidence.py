"""Adds a script's closing line to a file, with what was run."""
import datetime
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def commit() -> str:
    """The commit that runs, marked where files differ from it."""
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    name = git("rev-parse", "HEAD") or "unknown"
    return name + (" with uncommitted changes" if git("status", "--porcelain") else "")


def write_evidence(file: str, build: str, line: str):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with open(file, "a", encoding="utf-8") as out:
        out.write(f"commit {commit()}, {now}, {build} build, {os.cpu_count()} cores\n{line}\n")
