"""Takes apart what the tests run: extract.py FILE OUTDIR prints the paths that it wrote.

From a YAML file: every shell script in it, started as the runner starts it (GitHub runs `shell: bash` with -e and pipefail,
GitLab runs jobs with -e), and for a GitLab component its job without the header. From a Markdown file: every YAML block whose
first line is a comment that says where it belongs.
"""

import pathlib
import re
import sys

from ruamel.yaml import YAML

BLOCK = re.compile(r"^```yaml\n(# (\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
BASH = "#!/usr/bin/env bash\nset -e -o pipefail\n"
SH = "#!/bin/sh\nset -e\n"
# The keys under which a system keeps a script, as one string or a list of lines, and how it starts it.
SHELLS = {"args": SH, "bash": BASH, "command": SH, "commands": SH, "run": BASH, "script": SH}


def scripts(node):
    """The scripts of all steps and jobs; GitLab's `before_script` and `script` are one shell."""
    if isinstance(node, dict):
        for key, header in SHELLS.items():
            parts = [node.get("before_script", []), node.get(key)] if key == "script" else [node.get(key)]
            lines = [line for part in parts if part for line in ([part] if isinstance(part, str) else part)]
            if lines and key in node and all(isinstance(line, str) for line in lines) and not is_arguments(key, node[key]):
                yield header + "\n".join(lines)
        for value in node.values():
            yield from scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from scripts(value)


def is_arguments(key, value):
    """A program and its arguments, as containers are given them, and no lines of a script."""
    return key == "command" and isinstance(value, list)


def parts(source):
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".md":
        yield from ((path, block) for block, path in BLOCK.findall(text))
        return
    documents = list(YAML(typ="safe").load_all(text))
    for number, script in enumerate(script for document in documents for script in scripts(document)):
        yield f"{source.stem}-{number}.sh", script
    if "inputs" in documents[0].get("spec", {}):
        # Placeholders are no words of GitLab's schema.
        yield f"{source.stem}-job.yml", text.split("\n---\n")[1].replace("$[[ inputs.retention ]]", "1 day")


def main():
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for name, content in parts(source):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(path)


main()
