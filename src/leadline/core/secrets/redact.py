"""The detector: hides secrets in texts, argument lists and values of any form, by visible marks.

Every record passes it before it is appended, and whatever else is written or sent. It must be cheap
on clean text, idempotent, and must leave ordinary text, numbers, commit ids and digests alone. The
trade-off accepted: a secret that has no known shape, is in no environment variable and is given to no
name that tells cannot be seen; and a very short or placeholder value (``changeme``) is not treated as
a secret, because replacing it everywhere would destroy more of the record than it protects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from leadline.core.secrets.beside import named_beside
from leadline.core.secrets.environment import MIN_SECRET_CHARS, as_name, forms_of, is_secret
from leadline.core.secrets.named import given_in, is_given_secret, logins_in
from leadline.core.secrets.quick import may_hold
from leadline.core.secrets.sealed import Sealed
from leadline.core.secrets.shapes import COMMON, PHRASES, TOKENS, whole_token
from leadline.core.secrets.words import PATH, SPECIAL, drawn, is_number, random_looking, small
from leadline.core.typed import Any, NamedTuple

# below this an alphanumeric secret is not looked for inside commit ids and digests
_SHORT_SECRET_CHARS = 16
# from here on a value that differs in the case of its letters alone is meant
_ANY_CASE_CHARS = 12
_BROKEN_OFF_CHARS = 12  # of a token, at the end of a line
_MARKER = r"\[redacted:(?:env [A-Za-z_]\w{0,200}|flag --?[\w-]{1,60}|[a-z][a-z-]{1,30})\]"
_HEX_OR_ULID = r"[0-9a-f]{20,}|[0-9A-F]{20,}|[0-7][0-9A-HJKMNP-TV-Z]{25}"
_LINE_BREAK = r"\\?\r?\n[ \t>|]*|\\n[ \t]*"
_ANY = r"(?:\[redacted:[^\]\n]*\]|[^\s\"'`,;|&<>()])+"
_FLAG_WORD = (
    r"(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]key|secret[-_]key|auth[-_]key"
    r"|credentials?)"
)
_NOT_MODEL = r"(?!(?:[\w-]*[-_])?(?:pad|eos|bos|unk|mask|sep|cls|special|stop|image|end|start|per|num|next)[-_]token\b)"
_FLAG_NAME = rf"--?{_NOT_MODEL}(?:[A-Za-z]\w*[-_])*{_FLAG_WORD}"
_ANY_KEY = r"--?[a-z][\w-]*[-_]key"  # of a cache, of a column: only what looks drawn is hidden
_OF_A_KEY = ("d", "p", "q", "dp", "dq", "qi", "k")  # private parts of a key that is written as JSON
_FLAG_HINTS = ("pass", "secret", "token", "key", "credential")
_FLAG_TEXT = rf"(?<![\w-])({_FLAG_NAME})(=[\"']?|\s+[\"']?)({_ANY})"
_LOGIN_FLAGS = ("-u", "--user", "--userpwd", "--proxy-user")
_HINTS = [hint for _, hints, _ in (*TOKENS, *COMMON, *PHRASES) for hint in hints]
_PROSE = frozenset((
    "a", "an", "the", "to", "is", "are", "was", "be", "and", "or", "not", "of", "in", "on", "at",
    "as", "by", "for", "from", "with", "if", "when", "then", "than", "that", "this", "which",
    "flag", "flags", "option", "options", "argument", "arguments", "value", "values", "must",
    "may", "can", "should", "has", "have", "does", "do", "will", "it", "its",
))  # fmt: skip


class Hidden(NamedTuple):
    """What was hidden: its sort as the mark has it (``env NAME``, ``github-token``), and the text
    itself, which nothing may print."""

    sort: str
    text: str


class _Span(NamedTuple):
    start: int
    end: int
    sort: str


class Redactor:
    """Replaces secrets by visible marks: ``[redacted:env NAME]``, ``[redacted:KIND]``,
    ``[redacted:flag --name]``.

    ``secrets`` maps a name to its value (see ``secret_values``); values shorter than 6 characters
    are ignored. Each is also found in its URL-quoted, base64 and JSON-escaped form, in other case,
    and broken over lines. Overlapping secrets are replaced together, under the name of the longest.
    ``passes`` says of a text that somebody declared it to be none; ``sealed`` are the values of an
    environment that is gone; ``tell`` gets what is hidden. Applying it twice is the same as once.
    """

    def __init__(
        self,
        secrets: Mapping[str, str] | None = None,
        passes: Callable[[str], bool] = lambda text: False,
        sealed: Sealed | None = None,
        tell: Callable[[Hidden], None] | None = None,
    ) -> None:
        forms: dict[str, str] = {}
        for name, value in (secrets or {}).items():
            if len(value) >= MIN_SECRET_CHARS:
                for form in forms_of(value):
                    forms.setdefault(form, name)
        longest_first = sorted(forms.items(), key=lambda item: -len(item[0]))
        self._forms = [(form, name) for form, name in longest_first if len(form) < _ANY_CASE_CHARS]
        self._any_case = [
            (small(form), name) for form, name in longest_first if len(form) >= _ANY_CASE_CHARS
        ]
        self._passes = passes
        self._sealed = sealed
        self._tell = tell

    def holds(self, text: str) -> bool:
        """Whether anything may be hidden in ``text``; a no is sure."""
        return may_hold(text) or self.holds_value(text)

    def holds_value(self, text: str) -> bool:
        """Of the values of the environment alone; a no is sure."""
        if self._sealed is not None or any(form in text for form, _ in self._forms):
            return True
        if not self._any_case:
            return False
        lower = small(text)
        if any(form in lower for form, _ in self._any_case):
            return True
        return ("\n" in text or "\\n" in text) and self._broken(text) != []

    def text(self, text: str) -> str:
        if not self.holds(text):
            return text
        # a replacement can bare the left edge of a neighbour; settles in two rounds
        for _ in range(8):
            after = self._once(text)
            if after == text:
                break
            text = after
        return text

    def value(self, value: Any) -> Any:
        """``value`` (anything JSON can hold) with every string redacted, keys included; a list is
        read as an argv."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (list, tuple)):
            return self._items(value)
        return value

    def argv(self, argv: Iterable[str]) -> list[str]:
        return [str(item) for item in self._items(list(argv))]

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for key, inner in value.items():
            named, shown = self._member(key, inner)
            if key in _OF_A_KEY and "kty" in value and shown == inner != "":
                shown = self._hide("private-key", str(inner))
            free, number = named, 2
            while free in out:  # two names that were hidden alike
                free, number = f"{named} {number}", number + 1
            out[free] = shown
        for name, held in named_beside(value):
            out[held] = self._beside(name, out[held])
        return out

    def _beside(self, name: str, value: Any) -> Any:
        """What is left of ``value``, any string in it, that stands beside ``name``."""
        if isinstance(value, Mapping):
            return {key: self._beside(name, inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._beside(name, item) for item in value]
        if not isinstance(value, str) or "[redacted:" in value:
            return value
        shown = self._of_name(name, value)
        return shown if shown != value else self._behind(name, value)

    def _behind(self, name: str, text: str) -> str:
        """What is left of ``text`` in ``name: text``, as a header would have it."""
        before = f"{name}: "
        whole = self.text(before + text)
        return whole.removeprefix(before) if whole.startswith(before) else text

    def _member(self, key: Any, inner: Any) -> tuple[Any, Any]:
        if not isinstance(key, str):
            return key, self.value(inner)
        named = self.text(key)
        if isinstance(inner, str):
            return self._given(key, named, inner, self._of_name(key, inner))
        shown = self.value(inner)
        if isinstance(inner, (list, tuple)):
            for at, item in enumerate(inner):
                if isinstance(item, str):
                    named, shown[at] = self._given(key, named, item, shown[at])
        return named, shown

    def _given(self, key: str, named: str, text: str, shown: str) -> tuple[str, str]:
        """``key`` and ``text``, of which ``named`` and ``shown`` is left, read as the ``key=text``
        that they were before somebody cut it at its first sign: an address, a header, a token."""
        if re.fullmatch(_MARKER, shown):
            return named, shown
        whole = self.text(f"{key}={text}")
        if whole.startswith(f"{named}="):
            rest = whole.removeprefix(f"{named}=")
            return named, shown if rest == text else self.text(rest)
        marks = re.findall(_MARKER, whole)
        return (whole, marks[-1]) if marks else (named, shown)  # it reaches over the sign

    def _of_name(self, name: object, text: str) -> str:
        after = self.text(text)
        if after != text or not isinstance(name, str) or self._passes(text):
            return after
        if is_secret(as_name(name)[1:], text) and is_given_secret(name, text, sure=True):
            return self._hide("named-secret", text)
        return text

    def _items(self, items: list[Any] | tuple[Any, ...]) -> list[Any]:
        out: list[Any] = []
        flag = ""
        if len(items) == 2 and all(isinstance(item, str) for item in items):
            name, text = items
            shown = self._behind(name, text)
            if shown != text:
                return [name, shown]
        for item in self._command(list(items)):
            if flag and isinstance(item, str) and _certain(flag, item) and not self._passes(item):
                marked = re.fullmatch(_MARKER, item) is not None
                out.append(item if marked else self._hide(f"flag {flag}", item))
            elif isinstance(item, str) and out and out[-1] in _LOGIN_FLAGS:
                out.append(self._login(item))
            else:
                out.append(self.value(item))
            flag = item if isinstance(item, str) and _is_flag(item) else ""
        return out

    def _command(self, items: list[Any]) -> list[Any]:
        """``items`` without what a program takes for a login by its place in the whole command."""
        line = " ".join([item for item in items if isinstance(item, str)])
        for kind, value, _ in logins_in(line):
            if value.startswith("[redacted:") or self._passes(value):
                continue
            mark = self._hide(kind, value)
            items = [i.replace(value, mark) if isinstance(i, str) else i for i in items]
        return items

    def _login(self, item: str) -> str:
        user, colon, password = item.partition(":")
        plain = not password.strip("0123456789") or password.startswith(("$", "[redacted:"))
        if not colon or "/" in item or plain or self._passes(password):
            return self.text(item)
        return f"{self.text(user)}:{self._hide('login', password)}"

    def _hide(self, sort: str, text: str) -> str:
        if self._tell is not None:
            self._tell(Hidden(sort, text))
        return f"[redacted:{sort}]"

    # ---- one pass over a text --------------------------------------------------------------------

    def _once(self, text: str) -> str:
        text = self._outside_marks(text, self._of_environment)
        if any(map(text.__contains__, _HINTS)):
            text = self._shapes(text)
        if "\n" in text or "\\n" in text:
            text = self._outside_marks(text, self._broken)
        if "-" in text:
            lower = text.lower()
            if any(hint in lower for hint in _FLAG_HINTS):
                text = re.sub(_FLAG_TEXT, self._flag_text, text, flags=re.I)
        return self._outside_marks(text, self._named)

    def _shapes(self, text: str) -> str:
        for kind, hints, pattern in (*TOKENS, *COMMON):
            if any(map(text.__contains__, hints)):
                text = self._shape(text, kind, whole_token(pattern), 0)
        for kind, hints, pattern in PHRASES:
            if any(map(text.__contains__, hints)):
                text = self._shape(text, kind, pattern, 1)
        return text

    def _outside_marks(self, text: str, find: Callable[[str], list[_Span]]) -> str:
        """``text`` with what is found in all of it but the marks that stand in it already hidden."""
        parts = _split_markers(text)
        parts[::2] = [self._replaced(part, find(part)) for part in parts[::2]]
        return "".join(parts)

    def _replaced(self, text: str, spans: list[_Span]) -> str:
        if not spans:
            return text
        merged: list[list[Any]] = []  # start, end, sort, length of the longest
        for start, end, sort in sorted(spans, key=lambda span: (span[0], -span[1])):
            if merged and start < merged[-1][1]:
                last = merged[-1]
                last[1] = max(last[1], end)
                if end - start > last[3]:
                    last[2:] = [sort, end - start]
            else:
                merged.append([start, end, sort, end - start])
        out, at = [], 0
        for start, end, sort, _ in merged:
            if self._passes(text[start:end]):
                continue
            out += [text[at:start], self._hide(sort, text[start:end])]
            at = end
        return "".join(out) + text[at:]

    def _shape(self, text: str, kind: str, pattern: str, kept: int) -> str:
        def find(part: str) -> list[_Span]:
            matches = re.finditer(pattern, part)
            return [_Span(m.end(kept) if kept else m.start(), m.end(), kind) for m in matches]

        return self._outside_marks(text, find)

    def _of_environment(self, text: str) -> list[_Span]:
        spans = self._spans(text, self._forms)
        if self._any_case:
            spans += self._spans(small(text), self._any_case)
        if self._sealed is not None:
            spans += [
                _Span(start, end, f"env {name}") for start, end, name in self._sealed.in_text(text)
            ]
        return spans

    @staticmethod
    def _spans(text: str, forms: list[tuple[str, str]]) -> list[_Span]:
        spans: list[_Span] = []
        for form, name in forms:
            start = text.find(form)
            while start >= 0:
                if len(form) >= _SHORT_SECRET_CHARS or not _inside_digest(
                    text, start, start + len(form)
                ):
                    spans.append(_Span(start, start + len(form), f"env {name}"))
                start = text.find(form, start + 1)
        return spans

    def _broken(self, text: str) -> list[_Span]:
        """What is found only when the lines are joined: values of the environment, and tokens of
        which a good part stands before the break."""
        joints, pieces, at, length = [], [], 0, 0
        for found in re.finditer(_LINE_BREAK, text):
            pieces.append(text[at : found.start()])
            length += found.start() - at
            joints.append(
                (length, found.end() - length)
            )  # from here on, so much further in ``text``
            at = found.end()
        if not joints:
            return []
        joined = "".join([*pieces, text[at:]])
        found_at = self._spans(joined, self._forms) + self._spans(small(joined), self._any_case)
        spans = [s for s in found_at if any(s.start < at < s.end for at, _ in joints)]
        for kind, hints, pattern in TOKENS:
            if any(hint in joined for hint in hints):
                for match in re.finditer(whole_token(pattern), joined):
                    start, end = match.span()
                    inside = [at for at, _ in joints if start < at < end]
                    if inside and _token_breaks(
                        match.group(), inside[0] - start, inside[-1] - start
                    ):
                        spans.append(_Span(start, end, kind))
        return [
            _Span(_back(s.start, joints, False), _back(s.end, joints, True), s.sort) for s in spans
        ]

    def _named(self, text: str) -> list[_Span]:
        return [
            _Span(given.start, given.end, "named-secret")
            for given in given_in(text)
            if is_given_secret(given.name, given.value, given.sure)
        ]

    def _flag_text(self, match: re.Match[str]) -> str:
        flag, joint, value = match.groups()
        prose = joint[0] != "=" and (
            value.lower().rstrip(".:!?") in _PROSE or re.fullmatch(r"[A-Z][A-Z_]+|\W+", value)
        )
        marked = re.fullmatch(r"\[redacted:[^\]\n]*\]", value)
        if prose or not _certain(flag, value) or marked or self._passes(value):
            return match.group()
        return f"{flag}{joint}{self._hide(f'flag {flag}', value)}"


def _token_breaks(token: str, first: int, last: int) -> bool:
    """Whether a token that was broken at ``first`` (and lastly at ``last``) is one, and not a word
    before the end of a line with the first word of the next."""
    head = token[:first]
    telling = any(c.isdigit() for c in head) or head.lower() != head
    return first >= _BROKEN_OFF_CHARS and telling and len(token) - last >= 2


def _back(at: int, joints: list[tuple[int, int]], end: bool) -> int:
    """The place in the text of a place in its joined lines."""
    further = 0
    for joint, offset in joints:
        if at > joint or (at == joint and not end):
            further = offset
    return at + further


def _split_markers(text: str) -> list[str]:
    """Alternately plain text and existing marks."""
    parts, at = [], 0
    if "[redacted:" in text:
        for match in re.finditer(_MARKER, text):
            parts += [text[at : match.start()], match.group()]
            at = match.end()
    return [*parts, text[at:]]


def _inside_digest(text: str, start: int, end: int) -> bool:
    """Whether a short match lies inside a longer commit id, digest or ULID, where it is chance and
    not a secret."""
    left, right = start, end
    while left > 0 and text[left - 1].isalnum():
        left -= 1
    while right < len(text) and text[right].isalnum():
        right += 1
    return right - left > end - start and bool(re.fullmatch(_HEX_OR_ULID, text[left:right], re.I))


def _is_flag(item: str) -> bool:
    return (
        item.startswith("-") and re.fullmatch(rf"{_FLAG_NAME}|{_ANY_KEY}", item, re.I) is not None
    )


def _certain(flag: str, value: str) -> bool:
    """Whether the argument after a secret flag is its value, and one worth hiding."""
    if value.startswith("-") and not random_looking(value):
        return False
    if re.fullmatch(_FLAG_NAME, flag, re.I) is None:
        return drawn(value)
    if re.search("pass", flag, re.I):
        return not re.fullmatch(SPECIAL, value) and value != ""
    return not (
        is_number(value) or re.fullmatch(SPECIAL, value) or re.match(PATH, value) or value == ""
    )
