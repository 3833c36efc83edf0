"""A command line as a shell parts it: its commands with their words, and the files that they write.

As far as words tell: what a variable, a substitution in quotes or a program's own code stands for is not
known here.

>>> [(c.raw, c.writes) for c in commands_of("cd lab && A=1 python bench.py 'a;b' 2>&1 | tee log >>all.txt")]
[('cd lab', ()), ("A=1 python bench.py 'a;b'", ()), ('tee log', ('all.txt', 'log'))]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.patterns import later
from leadline.core.typed import NamedTuple

_TOKEN = later(
    r"""(?P<space>[ \t\r]+|\\\n|(?<![^\s;|&()])\#[^\n]*)
    |<<-?[ \t]*(?P<quote>['"]?)(?P<mark>\w+)(?P=quote)
    |(?:\d*|&)>(?:>|\||(?P<dup>&[\d-]))?(?P<write>)
    |\d*<(?:<<|>|(?P<same>&[\d-]))?(?P<read>)
    |(?P<end>\n|&&|\|&|\|\||;;|[;|&()])
    |(?P<word>(?:[^\s'"\\;|&<>()]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+|[\s\S])""",
    re.X,
)
_PART_OF_WORD = later(r"\\([\s\S])|'([^']*)'|\"((?:[^\"\\]|\\[\s\S])*)\"|([^\\'\"]+|[\s\S])")
# They stand before a command and are none.
_RESERVED = frozenset(("do", "then", "else", "if", "elif", "while", "until", "{", "!"))
_PATCHED = later(
    r"^(?:\*\*\* (?:Update File|Add File|Delete File|Move to): (.+?)|(?:---|\+\+\+) (?:[ab]/)?([^\t\n]+?))\s*$",
    re.M,
)
_REMOVE = frozenset(("rm", "mv", "unlink", "shred", "truncate", "tee"))
_TO_LAST = frozenset(("cp", "install", "ln", "rsync"))
_IN_PLACE = later(r"-[a-zA-Z]*i|--in-place")


class Command(NamedTuple):
    """``raw``: as it was typed, without what it reads from and writes to; ``words``: without quotes."""

    raw: str
    words: tuple[str, ...]
    writes: tuple[str, ...]


def commands_of(line: str) -> list[Command]:
    """The commands of a line, in order; those of several lines too."""
    found, raws, redirected, ends = list[Command](), list[str](), list[str](), list[str]()
    read_from, at = list[str](), 0
    target: list[str] | None = None
    while at < len(line):
        token = _TOKEN.match(line, at)
        assert token is not None  # its last alternative is any character
        at = token.end()
        if token["word"] is not None:
            if target is not None:
                target.append(unquoted(token["word"]))
            elif raws or token["word"] not in _RESERVED:
                raws.append(token["word"])
            target = None
        elif token["mark"] is not None:
            ends.append(token["mark"])
        elif token["write"] is not None:
            target = redirected if token["dup"] is None else None
        elif token["read"] is not None:
            target = read_from if token["same"] is None else None
        elif token["end"] is not None:
            found += _command(raws, redirected)
            raws, redirected, target = [], [], None
            if token["end"] == "\n":
                at = _behind(line, at, ends)
                ends = []
    return [*found, *_command(raws, redirected)]


def _behind(line: str, at: int, ends: list[str]) -> int:
    """Where the texts that stand in the line for files are over."""
    for end in ends:
        over = re.compile(rf"^\t*{re.escape(end)}[ \t]*(?:\n|\Z)", re.M).search(line, at)
        at = over.end() if over else len(line)
    return at


def _command(raws: list[str], redirected: list[str]) -> Iterator[Command]:
    if raws or redirected:
        words = tuple(map(unquoted, raws))
        writes = dict.fromkeys([*redirected, *_written(words)])
        yield Command(" ".join(raws), words, tuple(writes))


def unquoted(word: str) -> str:
    """What a word means to the program.

    >>> unquoted("'a b'\\"c\\"d")
    'a bcd'
    """
    return "".join(
        escaped or single or re.sub(r'\\(["\\$`\n])', r"\1", double) or plain
        for escaped, single, double, plain in _PART_OF_WORD.findall(word)
    )


def _written(words: tuple[str, ...]) -> list[str]:
    """Paths among the arguments that a known program writes to or removes."""
    if not words:
        return []
    program = words[0].rpartition("/")[2]
    given = [word for word in words[1:] if not word.startswith("-")]
    if program in _REMOVE:
        return given
    if program in _TO_LAST:
        return given[-1:]
    if program in ("sed", "perl") and any(_IN_PLACE.match(word) for word in words[1:]):
        return given
    if program == "dd":
        return [word[3:] for word in words[1:] if word.startswith("of=")]
    if program == "git" and given[:1] in (["checkout"], ["restore"], ["rm"], ["mv"]):
        return given[1:]
    return []


def patched_by(text: str) -> list[str]:
    """The files that a patch in a text changes, of either kind.

    >>> patched_by("*** Begin Patch\\n*** Update File: a b.md\\n@@"), patched_by("--- a/x.md\\n+++ b/x.md\\n")
    (['a b.md'], ['x.md'])
    """
    return list(dict.fromkeys(a or b for a, b in _PATCHED.findall(text)))


def written_by(line: str) -> list[str]:
    """Paths that a command line seems to write to or to remove.

    >>> written_by("sed -i s/a/b/ x/log.md && echo done >>y.md; echo '> z.md'")
    ['s/a/b/', 'x/log.md', 'y.md']
    """
    found = list[str]()
    for command in commands_of(line):
        found += command.writes
        words = command.words
        if words and (words[0] in ("patch", "apply_patch", "applypatch") or words[:2] == _APPLY):
            found += patched_by(line)
    return [path for path in dict.fromkeys(found) if not path.startswith("/dev/")]


_APPLY = ("git", "apply")
