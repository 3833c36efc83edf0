"""One thing in full as far as a screen goes: its long lists cut alike, each saying how much more it has."""

from __future__ import annotations

from leadline.render.markdown import cut

LINES_SHOWN, LINE_CHARS = 60, 600


def shortened(text: str, whole: str, most: int = LINES_SHOWN) -> str:
    """``text`` in at most ``most`` lines, or in two for each of its lists where these alone are more.
    A list is a field with the lines set in below it, or all lines of a later part; the longest are
    cut first. ``whole``: the command that shows all of it.

    >>> print(shortened("id  P-1\\nnotes  a\\n       b\\n       c", "leadline show P-1 --all", 3))
    id  P-1
    notes  a
    … and 2 more: leadline show P-1 --all
    """
    parts = [_lists(part) if at == 0 else [part.split("\n")] for at, part in _parts(text)]
    lists = [one for part in parts for one in part]
    room = max(2, most - len(parts) + 1)  # an empty line between two parts
    each = max((len(one) for one in lists), default=0)
    while each > 2 and sum(min(len(one), each) for one in lists) > room:
        each -= 1
    return "\n\n".join("\n".join(_cut(one, each, whole) for one in part) for part in parts)


def _parts(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n\n")))


def _lists(part: str) -> list[list[str]]:
    """The fields of the first part, each with the lines set in below its name."""
    found: list[list[str]] = []
    for line in part.split("\n"):
        if found and line[:1] in ("", " "):
            found[-1].append(line)
        else:
            found.append([line])
    return found


def _cut(lines: list[str], most: int, whole: str) -> str:
    narrow = [line if len(line) <= LINE_CHARS else _narrow(line, whole) for line in lines]
    if len(lines) <= most:
        return "\n".join(narrow)
    return "\n".join([*narrow[: most - 1], f"… and {len(lines) - most + 1} more: {whole}"])


def _narrow(line: str, whole: str) -> str:
    kept = cut(line, LINE_CHARS)
    return f"{kept} ({len(line) - len(kept)} more characters: {whole})"
