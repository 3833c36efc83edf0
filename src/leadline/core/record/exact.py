"""The texts of a plan that hold bytes that are no UTF-8. A record has these as escapes, from which there is
no way back; so it has the bytes, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def exact_texts(
    argv: Sequence[str], cwd: str, environment: Mapping[str, str | None]
) -> dict[str, str]:
    """By place (``argv.1``, ``cwd``, ``environment.NAME``) the bytes of such texts, in hexadecimal."""
    texts = {f"environment.{name}": text for name, text in environment.items()}
    texts |= {"cwd": cwd, **{f"argv.{n}": word for n, word in enumerate(argv)}}
    return {
        place: text.encode("utf-8", "surrogateescape").hex()
        for place, text in texts.items()
        if text and not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)
    }


def exact_text(told: Mapping[str, str], place: str, shown: str) -> str:
    """What stood at ``place``, as Python has it; ``shown``: as the record does. Bytes that the record
    would show otherwise are not taken: what runs is what was read."""
    try:
        data = bytes.fromhex(told[place])
    except (KeyError, ValueError, TypeError):
        return shown
    is_shown = data.decode("utf-8", "backslashreplace") == shown
    return data.decode("utf-8", "surrogateescape") if is_shown else shown
