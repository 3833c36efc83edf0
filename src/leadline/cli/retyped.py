"""The command line that was refused, typed again with what mends it: ``leadline claim … --override
overclaim 'WHY'`` in a remedy becomes a line that runs."""

from __future__ import annotations

from leadline.core.errors import LeadlineError
from leadline.core.plain import shell_words


def complete(error: LeadlineError, argv: list[str]) -> None:
    """Put what was typed in place of ``…`` behind the verb, or behind ``--``. Where nothing else is added, the texts
    of ``details["instead"]`` stand in place of those that were refused."""
    instead = error.details.get("instead")
    texts: dict[str, str] = instead if isinstance(instead, dict) else {}
    own, dashes, command = [w for w in argv if w != "--json"], [], list[str]()
    if "--" in own:
        at = own.index("--")
        own, dashes, command = own[:at], ["--"], own[at + 1 :]
    found = []
    for remedy in error.next:
        head, more, tail = remedy.partition(" …")
        verb = head.removeprefix("leadline").strip().partition(" ")[0]
        if head.endswith(" --"):  # it stands for the command alone
            remedy = f"{head} {shell_words(command)}{tail}" if command else remedy
        elif more and (verb in own or not verb) and " -- " not in tail and "(" not in tail:
            words = own if tail else [_mended(word, texts) for word in own]
            remedy = f"leadline {shell_words(words)}{tail}"
            if dashes:
                remedy += f" -- {shell_words(command)}"
        found.append(remedy)
    error.next = found


def _mended(word: str, texts: dict[str, str]) -> str:
    for text, mended in texts.items():
        if word.strip() == text.strip():
            return mended
        name, equals, value = word.partition("=")  # correct P-C1 text='…', --change='…'
        if equals and value.strip() == text:
            return f"{name}={mended}"
        if equals and name == text:  # an option
            return f"{mended}={value}"
    return word
