"""Names of branches, tags and objects as git takes them, judged without asking git.

What a record, a setting or a file says is a name becomes part of a path and of a refspec; so it is
judged before it gets there.

>>> ref_problem("leadline/records"), ref_problem("a..b"), ref_problem("v1:refs/heads/main")
('', "it holds '..'", "it holds ':'")
>>> is_object_name("a" * 40), is_object_name("--help")
(True, False)
"""

from __future__ import annotations

CODE_STATES = "refs/leadline/code/"


def ref_problem(name: str) -> str:
    """Why ``name`` cannot be the name of a branch or tag (the rules of ``git check-ref-format
    --branch``, and none that a command line takes for an option); "" when it can."""
    if not name:
        return "it is empty"
    for bad in ("..", "@{", "//", ":", "?", "*", "[", "\\", "^", "~", " "):
        if bad in name:
            return f"it holds {bad!r}"
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name):
        return "it holds a control character"
    if name.startswith(("-", "/")) or name.endswith(("/", ".")):
        return "it begins with '-' or '/', or ends with '/' or '.'"
    parts = name.split("/")
    if any(part.startswith(".") or part.endswith(".lock") for part in parts):
        return "a part of it begins with '.' or ends with '.lock'"
    if name == "@" or name == "HEAD" or name.startswith("refs/"):
        return "git means something else by it"
    return ""


def tag_name(topic: str, name: str) -> str:
    """The tag of a seal."""
    return f"leadline/{topic}/{name}"


def sent_ref(remote: str, ref: str) -> str:
    """Where it is noted what ``remote`` was seen to have under ``ref``."""
    return f"refs/leadline/remotes/{remote}/{ref.removeprefix('refs/')}"


def is_code_ref(ref: str) -> bool:
    """Whether ``ref`` is where code states are kept, and nowhere else."""
    return ref.startswith(CODE_STATES) and not ref_problem(ref.removeprefix(CODE_STATES))


def is_object_name(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
