"""Write docs/reference.md from the program's own help; with --check, fail when the file is not what
it would write."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
os.environ["COLUMNS"] = "100"

from answers import of_verb, section  # noqa: E402
from error_codes import table  # noqa: E402

from leadline.cli.main import overview  # noqa: E402
from leadline.cli.parsing import load, parser_for  # noqa: E402
from leadline.cli.table import VERBS  # noqa: E402
from leadline.core.errors import EXIT_CODES  # noqa: E402
from leadline.core.settings import SETTINGS, command_for  # noqa: E402


def settings() -> str:
    """The table of settings, as the program reads it."""
    rows = [
        "## Settings\n",
        "Each is said on this machine by `leadline init`, and kept in `config.toml` beside the records.",
        "Those with a `yes` may also stand in `leadline.toml` at the top of the work tree, for all clones;",
        "this machine's word counts more. Nothing else is taken from there: a file of the checkout does not",
        "say where anything is written, sent or started, nor what is recorded of a machine.\n",
        "| setting | takes | default | in `leadline.toml` | on this machine | what it is |\n|---|---|---|---|---|---|",
    ]
    for name, setting in SETTINGS.items():
        default = "" if setting.default is None else f"`{json.dumps(setting.default)}`"
        may = "yes" if setting.tracked else ""
        rows.append(
            f"| `{name}` | {setting.kind} | {default} | {may} | `{command_for(name)}` | {setting.about} |"
        )
    return "\n".join(rows) + "\n"


def reference() -> str:
    import argparse

    parts = [
        "# Command reference\n\nMade by `python tools/reference.py` from the program's help; do not edit.\n",
        "## leadline\n\n```text\n" + overview().rstrip() + "\n```\n",
        "## Exit codes\n\n| code | kind |\n|---:|---|\n| 0 | done |\n"
        + "".join(f"| {code} | {kind} |\n" for kind, code in EXIT_CODES.items())
        + "\n6 is the answer no (`verify`, `check`, `reproduce`), and that no comparison was made (`compare`, `ab`).\n"
        + "A file that was given and cannot be used (a table that is no text, a column that it has not) is 2.\n"
        + "\n`leadline run` exits with the command's own code, 124 after a timeout, 128+N after signal N, 125 when "
        "Leadline itself failed.\n",
        settings(),
        "## JSON\n\nWith `--json` every verb prints one object: `ok`, `as_of`, `data` (or `error` with `kind`, "
        "`code`, `what`, `why`, `next`, `details`), `counts`, `truncated`, `next`. `ok` is false with an `error`, and "
        "also where the answer is no: there `data` says it, and the exit code is 6 (of `run` the command's own).\n",
    ]
    for verb in VERBS:
        parser = parser_for(verb, load(verb))
        parts.append(f"## leadline {verb}\n\n```text\n{parser.format_help().rstrip()}\n```\n")
        answers = dict(of_verb(getattr(load(verb), "ANSWER", None)))
        if "" in answers:
            parts.append(section(answers[""]))
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, child in action.choices.items():
                    parts.append(
                        f"### leadline {verb} {name}\n\n```text\n{child.format_help().rstrip()}\n```\n"
                    )
                    if name in answers:
                        parts.append(section(answers[name]))
    parts.append(
        "## Codes of errors\n\nThe `code` of an error in `--json` is stable; where it is written says the rest.\n"
        "`…` stands for what is known only when it happens.\n\n" + table()
    )
    return "\n".join(parts)


def main() -> int:
    path, text = ROOT / "docs" / "reference.md", reference()
    if "--check" in sys.argv:
        if path.read_text() != text:
            print(
                "docs/reference.md is not what the program's help says.\nnext: make docs",
                file=sys.stderr,
            )
            return 1
        return 0
    path.write_text(text)
    print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
