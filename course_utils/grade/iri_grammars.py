"""Keep jsonschema, which nbformat imports, from building 38 grammars: 1.6 s of every program that opens a notebook.

They are for the format "iri" of a schema, which the schema of notebooks does not name, and jsonschema goes without them
where their package is missing. `course_utils.grade` imports this before nbformat, and pytest before nbval (`addopts` in
pyproject.toml).
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
