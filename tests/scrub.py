"""What differs from one answer of the program to the next although the same was asked: put into one
form, so that whole answers can be held against each other."""

from __future__ import annotations

import re

_FORMS = {
    # The machine that a test runs on, and what else runs there.
    "": re.compile(r"^the machine is busy: .*\n", re.MULTILINE),
    "in TIME": re.compile(r"\bin [\d.,]+ (?:ms|s|min)\b"),
    # The commit of the records is another with each version that wrote them.
    r"\1COMMIT": re.compile(r"(leadline/records |^commit )[0-9a-f]{12,40}\b", re.MULTILINE),
    # The commit of a code state holds the time at which it was made.
    "(SIZE, ": re.compile(r"\([\d.,]+ (?:KiB|MiB), "),
    "[code COMMIT": re.compile(r"\[code [0-9a-f]{9}(?= |\])"),
}


def scrubbed(text: str) -> str:
    for form, pattern in _FORMS.items():
        text = pattern.sub(form, text)
    return text
