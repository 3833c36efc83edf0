"""Paths below a work tree, or below the root of the record branch: what a setting or a record may
name, so that nothing is written beside it or into git's own folder.

>>> tree_path_problem(".agents/logbooks"), tree_path_problem("a/../../b"), tree_path_problem(".GIT/hooks")
('', "it holds '..'", "it is git's own folder")
"""

from __future__ import annotations

import os

from leadline.core.patterns import later

# What file systems that fold case or drop characters take for ``.git``.
_GIT_ALIASES = (".git", "git~1")
# Prose and pictures, and what else runs mostly write.
WORDS = frozenset(
    (".md", ".rst", ".txt", ".adoc", ".tex", ".bib", ".pdf", ".png", ".svg", ".jpg", ".html")
)
_WRITTEN = (
    frozenset(
        (
            ".csv",
            ".tsv",
            ".json",
            ".jsonl",
            ".log",
            ".out",
            ".err",
            ".parquet",
            ".npy",
            ".npz",
            ".pt",
            ".h5",
        )
    )
    | WORDS
)
_BUILT = frozenset(
    ("", ".o", ".a", ".so", ".exe", ".dll", ".dylib", ".jar", ".class", ".wasm", ".pyc")
)
OUTPUT_OPTION = later(r"--?(?:o|out|log|save|dump|result|write|csv|json)[\w-]*\Z")
_DROPPED = dict.fromkeys(
    map(ord, "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206b\u206c\u206d\u206e\u206f\ufeff")
)  # fmt: skip


def may_be_written(path: str) -> bool:
    """Whether files of this kind are mostly written by runs, not read."""
    return os.path.splitext(path)[1].lower() in _WRITTEN


def is_built(path: str) -> bool:
    """Whether files of this kind are mostly built from code, not written by hand."""
    return os.path.splitext(path)[1].lower() in _BUILT


def tree_path_problem(path: str) -> str:
    """Why ``path`` cannot name something below a tree; "" when it can."""
    if not path or path.startswith(("/", "~")) or path[1:2] == ":":
        return "it is no path below the work tree"
    if any(ord(c) < 32 or ord(c) == 127 or c == "\\" for c in path):
        return "it holds a backslash or a control character"
    for part in path.rstrip("/").split("/"):
        if part == "..":
            return "it holds '..'"
        if not part:
            return "it holds '//'"
        if part.translate(_DROPPED).rstrip(" .").partition(":")[0].lower() in _GIT_ALIASES:
            return "it is git's own folder"
    return ""
