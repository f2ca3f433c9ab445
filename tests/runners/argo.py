"""argo.py FILE: reads a WorkflowTemplate into the types that are generated from Argo's API, and back. A field that they do not
know is lost on the way.
"""

import pathlib
import sys

from hera.workflows.models import WorkflowTemplate
from ruamel.yaml import YAML

document = YAML(typ="safe").load(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
template = WorkflowTemplate.model_validate(document)
again = template.model_dump(mode="json", by_alias=True, exclude_unset=True)
if again != document:
    sys.exit(f"not the same again: {again}")
