"""Values that are secrets by the name they are given: ``NAME=VALUE``, ``"name": "value"``, headers,
flags, keys of a config.

How sure a value is depends on how it is given. An assignment without a space, a quoted value and a
key of a config leave no doubt what the value is; in prose ("the token: warmup matters") it must look
random as well. In the text of a program only quoted values count, and they must look random: a name
beside a name is what programs consist of. Where only a blank stands between name and value, or a list
begins, the value must be letters and digits in no order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.secrets.beside import titles_of, unescaped, values_beside
from leadline.core.secrets.environment import (
    MIN_SECRET_CHARS,
    STRONG_ENDS,
    WEAK_ENDS,
    as_name,
    is_model_token,
    stem_of,
)
from leadline.core.secrets.shapes import LOGINS, PASSWORDS, STEMS, VENDORS, WORDS
from leadline.core.secrets.words import (
    drawn,
    harmless,
    made_up,
    mixed,
    random_looking,
    small,
    wordy,
)
from leadline.core.typed import NamedTuple

_PUBLIC = ("PUBLIC_KEY", "PUBLIC_KEY_TOKEN", "PAGE_TOKEN")
_IN_EXAMPLES = ("{", "}", "...", "***", "://", "%s", "1234567890", "xyz123", "MYTOKEN")
_PASSWORDS = ("PASSWORD", "PASSWD", "PASSPHRASE", "PASSCODE", "PWD", "_PASS", "SSHPASS", "_PSK")
_ELSEWHERE = tuple(as_name(word)[1:] for word in ("passwort", *PASSWORDS))
_LONGER_LIST = r"\\?[\"'`]\s*,\s*\\?[\"'`](?P<next>[^\"'`\n\\]{1,4096})"
_NAME_CHARS = 100  # on each side of its secret word
_NAMES_OF_KEYS = (*STRONG_ENDS, *_PASSWORDS)
# what a TOKEN behind them is, which else may be a word of a model's vocabulary
_LOGIN_TOKENS = tuple(
    f"_{whose}_TOKEN"
    for whose in ("API", "ACCESS", "AUTH", "BEARER", "REFRESH", "SECRET", "SESSION")
)
# What may stand between a name and its value: the type of a variable and a sign, a blank.
_SPACE = r"(?:\s|\\{1,2}n)"  # in a text that is a member of JSON too
_TYPE = r"(?:\[\d{0,4}\]|:?\s{0,3}\b(?:(?:Optional|Final)\[str\]|str(?:ing)?|String)\??|:\s{0,3}&(?:'static )?str)"
_JOINT = (
    rf"(?P<joint>{_TYPE}?\s{{0,3}}(?:={{1,4}}|=>|\?{{0,2}}=|[+.|]=|:{{0,3}}=)\s{{0,3}}|\s{{0,3}}[:：]\s{{0,3}}"
    rf"|\s{{0,3}}>{_SPACE}{{0,20}})"
)
# and the value: quoted, or up to where a word ends
_GIVEN = (
    rf"(?P<rest>[\w.-]{{0,40}}?)(?P<close>(?:\\*[\"'`])?[\])]?)"
    rf"(?:{_JOINT}(?P<block>[>|][-+]?{_SPACE}{{1,20}})?(?P<list>\s{{0,20}}(?:\[\s{{0,20}}|-\s{{1,3}}|\*{{1,2}}\s{{1,3}}))?"
    r"|(?:\s{0,3}(?::?\*{1,2}|\||\s(?:is|was|ist|est|es|è):?)?\s{1,20}|,|\((?=\\?[\"'])))"
    r"(?:(?P<open>[bruf]{0,2}\\*[\"'`]{1,3})(?P<quoted>[^\"'`\n\\]{1,4096})"
    r"|(?P<bare>[^\s\"'`,;|&<>(){}\[\]\\]{1,4096}))(?P<next>.?)"
)
_CHAIN = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"


class Given(NamedTuple):
    """A value that a text gives to a name. ``sure``: how it is given leaves no doubt; ``loose``: it
    stands behind the name, and may have nothing to do with it."""

    name: str
    value: str
    start: int
    end: int
    sure: bool
    quoted: bool
    loose: bool


def given_in(text: str, by_issuer: bool = True) -> Iterator[Given]:
    """Every value that is given to a name with a secret word, or an issuer, in it."""
    lower = small(text)
    present = [word for word in VENDORS if by_issuer and word in lower]
    if any(stem in lower for stem in STEMS):
        present += [word for word in WORDS if word in lower]
    if not present:
        return
    given, flat = re.compile(_GIVEN), unescaped(text)
    titles = titles_of(flat)
    past = 0
    present.sort(key=len, reverse=True)
    for word in re.finditer("|".join(present), lower):
        left, right = _whole_name(flat, *word.span())
        for value, start, end in values_beside(flat, left, right, titles):
            if not value.startswith("[redacted:"):
                yield Given(flat[left:right], value, start, end, True, True, False)
        if word.start() < past:
            continue
        found = given.match(text, word.end())
        if found is None:
            continue
        name = text[max(left, past) : found.end("rest")]
        part = "quoted" if found["quoted"] is not None else "bare"
        value, start, end = found[part], found.start(part), found.end(part)
        if part == "bare":
            shorter = value.rstrip(".:!?")
            end, value = end - (len(value) - len(shorter)), shorter
            if found["next"] in "([{" and found["next"]:
                continue  # a call, an index: code
        if (
            not value
            or value.startswith(("[redacted:", "//"))
            or text.startswith("[redacted:", start)
        ):
            continue
        joint = found["joint"] or ""
        if (not joint or found["list"] is not None) and not drawn(value):
            continue
        tight = joint in ("=", ":=") or (":" in joint and "-" in name)
        quoted = part == "quoted" or _is_enclosed(text, end, joint, found["block"])
        yield Given(name, value, start, end, tight or quoted, quoted, not joint)
        past = (
            start if stem_of(as_name(name)) == "_KEY" else end
        )  # ``key: API_TOKEN`` names another
        if found["list"] is not None:
            more = re.compile(_LONGER_LIST)
            while (item := more.match(text, past)) and drawn(item["next"]):
                past = item.end()
                yield Given(name, item["next"], item.start("next"), past, True, True, False)


def _whole_name(text: str, left: int, right: int) -> tuple[int, int]:
    begin, end = max(0, left - _NAME_CHARS), min(len(text), right + _NAME_CHARS)
    while left > begin and (text[left - 1].isalnum() or text[left - 1] in "_-."):
        left -= 1
    while right < end and (text[right].isalnum() or text[right] in "_-."):
        right += 1
    return left, right


def _is_enclosed(text: str, end: int, joint: str, block: str | None) -> bool:
    """Whether a value without quotes is all that an element or a block of lines holds."""
    behind = text[end : end + 40].replace("\\n", "\n")
    if block is not None:
        return behind[:1] in ("", "\n")
    return ">" in joint and behind.lstrip().startswith("</")


def logins_in(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, value, where what gives it begins) of every ``LOGINS`` in ``text``."""
    for kind, hints, pattern in LOGINS:
        if any(hint in text for hint in hints):
            for match in re.finditer(pattern, text):
                yield kind, text[match.end(1) : match.end()], match.start()


def is_given_secret(name: str, value: str, sure: bool) -> bool:
    """Whether ``value``, given to ``name``, is a secret."""
    if len(value) < MIN_SECRET_CHARS or harmless(value) or made_up(value):
        return False
    if value.rpartition(".")[2] == name:
        return False  # what is of another module, by the same name
    upper = as_name(name)
    stem = stem_of(upper)
    if is_model_token(upper, value):
        return False
    if re.fullmatch(_CHAIN, value) and not random_looking(value.rpartition(".")[2]):
        return False
    kept_in = stem_of(as_name(value))
    if value.replace(".", "_").isidentifier() and kept_in.endswith((*_NAMES_OF_KEYS, *_PUBLIC)):
        return False  # the name of where it is kept
    if stem.endswith(_PUBLIC):
        return False
    if stem.endswith(_PASSWORDS):
        telling = any(not c.isalpha() for c in value)
        return telling if not sure else not (stem.endswith(WEAK_ENDS) and not telling)
    if stem.endswith(_ELSEWHERE):
        return len(value) >= 8 and any(c.isdigit() for c in value) and any(map(str.isalpha, value))
    if stem.endswith((*STRONG_ENDS, "TOKENS", "SECRETE")):
        if not sure:
            return random_looking(value) and not wordy(value)
        is_word = stem.endswith("TOKEN") and not stem.endswith(_LOGIN_TOKENS)
        return not wordy(value) or not (is_word or _words_only(value))
    if stem.endswith("AUTHORIZATION"):
        return sure and random_looking(value)
    if stem in ("_KEY", "_KEYS"):  # of a table as often as of a door
        return len(value) >= 16 and drawn(re.sub(r"[_-]", "", value))
    if stem.endswith(("_KEY", "_KEYS")) and mixed(value) and not wordy(value) and len(value) >= 16:
        return True
    if any(vendor in name.lower() for vendor in VENDORS):
        digits = sum(c.isdigit() for c in value)
        return len(value) >= 14 and digits >= 2 and random_looking(value) and not wordy(value)
    return False


def _words_only(value: str) -> bool:
    return re.fullmatch(r"[A-Za-z]+(?:[_\-. ][A-Za-z]+)*", value) is not None


def is_code_secret(given: Given) -> bool:
    """The same in the text of a file, where only a quoted value counts, or a line that consists of
    the assignment alone, as in an environment file."""
    value = given.value
    if not random_looking(value) or wordy(value) or any(sign in value for sign in _IN_EXAMPLES):
        return False
    return is_given_secret(given.name, value, True) and len(set(value)) >= 8
