"""Tells what goes on, on standard error."""
import shutil
import sys
import time


class Progress:
    """One line that is written over on a terminal; elsewhere a line every two seconds."""

    def __init__(self):
        self.live = sys.stderr.isatty()
        self.started = time.monotonic()
        self.shown = 0.0

    def note(self, text: str):
        print(f"{self.wipe()}demo: {time.monotonic() - self.started:5.1f} s  {text}", file=sys.stderr, flush=True)

    def show(self, text: str):
        now = time.monotonic()
        if self.live:
            text = text[:shutil.get_terminal_size().columns - 16]
            print(f"{self.wipe()}demo: {now - self.started:5.1f} s  {text}", end="", file=sys.stderr, flush=True)
        elif now - self.shown >= 2:
            self.shown = now
            self.note(text)

    def wipe(self) -> str:
        return "\r\x1b[K" if self.live else ""
