"""Where a file goes that the user named: into a folder that is there. One rule for every ``--out``."""

from __future__ import annotations

import os
import shlex

from leadline.core.errors import environment


def check_folder(path: str) -> None:
    """Raises LeadlineError(environment, ``no-folder``) when there is no folder to write ``path``
    in."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.lexists(folder):  # what is no folder is said by whoever opens the file
        return
    raise environment(
        "no-folder",
        f"{path} cannot be written: there is no folder {folder}",
        why="folders are not made by the way, since a mistyped path would leave some behind",
        do=f"mkdir -p {shlex.quote(folder)}",
    )
