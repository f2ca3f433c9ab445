"""Writes every shell script that a YAML file of ours holds to a file of its own: extract.py FILE OUTDIR prints their paths.

Each starts as the runner starts it: GitHub runs `shell: bash` with -e and pipefail, GitLab runs jobs with -e.
"""

import pathlib
import sys

from ruamel.yaml import YAML


def scripts(node):
    """The scripts of GitHub steps (`run`) and of GitLab jobs (`before_script` and `script` are one shell)."""
    if isinstance(node, dict):
        if isinstance(node.get("run"), str):
            yield "#!/usr/bin/env bash\nset -e -o pipefail", node["run"]
        if "script" in node:
            parts = [node.get("before_script", []), node["script"]]
            lines = [line for part in parts for line in ([part] if isinstance(part, str) else part)]
            yield "#!/bin/sh\nset -e", "\n".join(lines)
        for value in node.values():
            yield from scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from scripts(value)


def main():
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    found = [script for document in YAML(typ="safe").load_all(source) for script in scripts(document)]
    for number, (start, text) in enumerate(found):
        path = out / f"{source.stem}-{number}.sh"
        path.write_text(f"{start}\n{text}", encoding="utf-8")
        print(path)


main()
