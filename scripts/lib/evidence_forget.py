"""Takes one command's section out of an evidence file, and the stamp above it where nothing else stands under that.

usage: evidence_forget.py FILE COMMAND...
"""
import re
import sys


def forget(text: str, command: str) -> str:
    # A stamp begins with the line of its commit; what stands before the first is the file's title.
    title, *stamps = re.split(r"(?m)^(?=commit [0-9a-f]{40}\b)", text)
    kept = []
    for stamp in stamps:
        head, *sections = re.split(r"(?m)^(?=## )", stamp)
        left = [section for section in sections if section.split("\n", 1)[0] != f"## {command}"]
        if left or not sections:
            kept.append((head + "".join(left)).rstrip("\n") + "\n")
    return title.rstrip("\n") + "\n" + "".join("\n" + stamp for stamp in kept)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        content = file.read()
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(forget(content, " ".join(sys.argv[2:])))
