"""Keeps secrets out of every record: values of secret environment variables, and well-known token
shapes.

Runs before anything is written, so it must be cheap on clean text, idempotent, and must leave
ordinary text, numbers, commit ids and digests alone. The trade-off accepted: a secret that has no
known shape, is in no environment variable and follows no secret-looking flag cannot be seen; and a
very short or placeholder value (``changeme``) is not treated as a secret, because replacing it
everywhere would destroy more of the record than it protects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from leadline.core.typed import Any

MIN_SECRET_CHARS = 6
# below this an alphanumeric secret is not looked for inside commit ids and digests
_SHORT_SECRET_CHARS = 16

# Patterns are kept as text and compiled on first use (``re`` caches them): most commands never need
# most of them.

# A secret word that ends a name, e.g. HF_TOKEN, PGPASSWORD, DB_SECRET_2.
_STRONG_ENDS = (
    "TOKEN",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "SECRET_KEY",
    "PRIVATE_KEY",
    "ACCOUNT_KEY",
    "SESSION_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "COOKIE",
    "COOKIES",
    "SSHPASS",
    "_AUTH",
    "_CREDS",
    "_CONNECTION_STRING",
)
# A secret word elsewhere in the name: the value must look random as well.
_MIDDLE_WORDS = (
    "TOKEN_",
    "SECRET_",
    "PASSWORD_",
    "PASSWD_",
    "APIKEY_",
    "API_KEY_",
    "CREDENTIAL",
    "_PRIVATE",
    "_AUTH_",
    "AUTHORIZATION",
    "COOKIE_",
    "WEBHOOK",
)
# "pass" is also the forward pass of a network: the value must hold a digit or a sign.
_WEAK_ENDS = ("_PASS", "_PWD", "_PIN")
_MODEL_TOKEN = (
    r"(?:^|_)(?:PAD|EOS|BOS|UNK|MASK|SEP|CLS|SPECIAL|STOP|IMAGE|AUDIO|END|START|PER|NUM|MAX|MIN|NEXT|PREV)"
    r"_TOKEN$"
)
_PLACEHOLDERS = frozenset(
    (
        "password",
        "passwd",
        "secret",
        "secrets",
        "changeme",
        "example",
        "dummy",
        "placeholder",
        "redacted",
        "disabled",
        "enabled",
        "default",
        "required",
        "optional",
        "unknown",
        "undefined",
        "keyring",
        "system-keyring",
        "interactive",
        "anonymous",
        "bearer",
        "basic",
        "oauth",
        "oauth2",
        "token",
    )
)
_HOST = r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?"
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s@]*"
_SPECIAL = r"<[^<>\s]{1,40}>|\[[A-Z_]{2,20}\]|\$\{?\w+\}?|\{\w*\}"
_PATH = r"(?:~|\.{1,2})?/|~$|[A-Za-z]:[\\/]"
_HEX_OR_ULID = r"[0-9a-f]{20,}|[0-9A-F]{20,}|[0-7][0-9A-HJKMNP-TV-Z]{25}"


def _is_number(value: str) -> bool:
    return not value.strip("0123456789+-._,:/eE")


def _random_looking(value: str) -> bool:
    return (
        len(value) >= 12
        and not any(c.isspace() for c in value)
        and any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
    )


def _mixed(text: str) -> bool:
    return _random_looking(text) and text.lower() != text != text.upper()


def _harmless(value: str) -> bool:
    """Obviously no secret: a number, a path, a host, a placeholder, a special token of a model."""
    if (
        value.lower() in _PLACEHOLDERS
        or len(set(value)) == 1
        or _is_number(value)
        or re.fullmatch(_SPECIAL, value)
    ):
        return True
    if re.match(_PATH, value):
        return not any(len(part) >= 20 and _mixed(part) for part in re.split(r"[/\\]", value))
    return re.fullmatch(_HOST, value) is not None


def is_secret(name: str, value: str) -> bool:
    """Whether an environment variable of this name and value holds a secret."""
    if len(value) < MIN_SECRET_CHARS or value == name:
        return False
    upper = "_" + name.upper()
    stem = upper.rstrip("0123456789").rstrip("_")
    for suffix in ("_B64", "_BASE64", "_JSON", "_VALUE"):
        stem = stem.removesuffix(suffix)
    if stem.endswith(_STRONG_ENDS):
        return not _harmless(value) and not re.search(_MODEL_TOKEN, upper)
    if stem.endswith(_WEAK_ENDS):
        return not _harmless(value) and re.fullmatch(r"[A-Za-z_.-]*", value) is None
    if stem.endswith(("_KEY", "_KEYS")) or any(word in upper for word in _MIDDLE_WORDS):
        return _random_looking(value) and not _harmless(value) and re.fullmatch(_URL, value) is None
    return False


def secret_values(env: Mapping[str, str]) -> dict[str, str]:
    """The variables of ``env`` that hold secrets, by name."""
    return {name: value for name, value in env.items() if is_secret(name, value)}


_MARKER = r"\[redacted:(?:env [A-Za-z_]\w{0,200}|flag --?[\w-]{1,60}|[a-z][a-z-]{1,30})\]"
_ANY = r"(?:\[redacted:[^\]\n]*\]|[^\s\"'`,;|&<>()])+"
_FLAG_WORD = (
    r"(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]key|secret[-_]key|auth[-_]key"
    r"|credentials?)"
)
_NOT_MODEL = r"(?!(?:[\w-]*[-_])?(?:pad|eos|bos|unk|mask|sep|cls|special|stop|image|end|start|per|num|next)[-_]token\b)"
_FLAG_NAME = rf"--?{_NOT_MODEL}(?:[A-Za-z]\w*[-_])*{_FLAG_WORD}"
_FLAG_HINTS = ("pass", "secret", "token", "key", "credential")
_FLAG_TEXT = rf"(?<![\w-])({_FLAG_NAME})(=[\"']?|\s+[\"']?)({_ANY})"
_PROSE = frozenset(
    (
        "a",
        "an",
        "the",
        "to",
        "is",
        "are",
        "was",
        "be",
        "and",
        "or",
        "not",
        "of",
        "in",
        "on",
        "at",
        "as",
        "by",
        "for",
        "from",
        "with",
        "if",
        "when",
        "then",
        "than",
        "that",
        "this",
        "which",
        "flag",
        "flags",
        "option",
        "options",
        "argument",
        "arguments",
        "value",
        "values",
        "must",
        "may",
        "can",
        "should",
        "has",
        "have",
        "does",
        "do",
        "will",
        "it",
        "its",
    )
)
# Kind, literals of which one must be in the text (so that clean text costs a search, not a match),
# pattern.
_SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "private-key",
        ("PRIVATE KEY",),
        r"()-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\S]{0,20000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]*)",
    ),
    (
        "url-credentials",
        ("://",),
        r"(\b[A-Za-z][A-Za-z0-9+.-]{1,20}://)[^\s/:@\[\]\"'<>]*:[^\s/@\"'<>]+(?=@)",
    ),
    (
        "authorization",
        ("uthorization", "UTHORIZATION"),
        r"((?i:authorization)[\"']?\s*[:=]\s*[\"']?(?i:bearer|basic|token|digest|apikey)\s+)[^\s\"',`\[\]]{4,}",
    ),
    (
        "bearer-token",
        ("earer ", "EARER "),
        r"(\b(?i:bearer)\s+)(?=[^\s]*\d)[A-Za-z0-9._~+/=-]{16,}",
    ),
    (
        "jwt",
        ("eyJ",),
        r"()(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
    (
        "github-token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        r"()(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{20,255}",
    ),
    ("github-token", ("github_pat_",), r"()(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{20,255}"),
    ("gitlab-token", ("glpat-",), r"()(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,}"),
    ("huggingface-token", ("hf_",), r"()(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"),
    (
        "api-key",
        ("sk-",),
        r"()(?<![A-Za-z0-9_-])sk-(?:(?=[A-Za-z0-9_-]{0,80}\d)(?=[A-Za-z0-9_-]{0,80}[A-Z])[A-Za-z0-9_-]{20,}"
        r"|(?:[a-z0-9]{0,8}-)?(?=[a-f0-9]{0,40}\d)[a-f0-9]{32,})",
    ),
    (
        "stripe-key",
        ("k_live_", "k_test_"),
        r"()(?<![A-Za-z0-9])[srp]k_(?:live|test)_[A-Za-z0-9]{16,}",
    ),
    ("aws-key-id", ("AKIA", "ASIA"), r"()(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("slack-token", ("xox",), r"()(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("google-key", ("AIza",), r"()(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}"),
)


class Redactor:
    """Replaces secrets by visible marks: ``[redacted:env NAME]``, ``[redacted:KIND]``,
    ``[redacted:flag --name]``.

    ``secrets`` maps a name to its value (see ``secret_values``); values shorter than 6 characters
    are ignored. Each is also found in its URL-quoted, base64 and JSON-escaped form. Overlapping
    secrets are replaced together, under the name of the longest. Applying it twice is the same as
    once.
    """

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        forms: dict[str, str] = {}
        for name, value in (secrets or {}).items():
            if len(value) >= MIN_SECRET_CHARS:
                for form in _forms(value):
                    forms.setdefault(form, name)
        self._forms = sorted(forms.items(), key=lambda item: -len(item[0]))

    def text(self, text: str) -> str:
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
            return {
                self.text(k) if isinstance(k, str) else k: self.value(v) for k, v in value.items()
            }
        if isinstance(value, (list, tuple)):
            return self._items(value)
        return value

    def argv(self, argv: Iterable[str]) -> list[str]:
        return [str(item) for item in self._items(list(argv))]

    def _items(self, items: list[Any] | tuple[Any, ...]) -> list[Any]:
        out: list[Any] = []
        flag = ""
        for item in items:
            if flag and isinstance(item, str) and _certain(flag, item):
                out.append(item if re.fullmatch(_MARKER, item) else f"[redacted:flag {flag}]")
            else:
                out.append(self.value(item))
            flag = item if isinstance(item, str) and _is_flag(item) else ""
        return out

    def _once(self, text: str) -> str:
        if any(form in text for form, _ in self._forms):
            text = _outside_markers(text, self._replace)
        for kind, hints, pattern in _SHAPES:
            if any(hint in text for hint in hints):
                replace = partial(re.sub, pattern, rf"\1[redacted:{kind}]")
                text = _outside_markers(text, replace)
        if "-" in text:
            lower = text.lower()
            if any(hint in lower for hint in _FLAG_HINTS):
                text = re.sub(_FLAG_TEXT, _flag_text, text, flags=re.I)
        return text

    def _replace(self, text: str) -> str:
        spans: list[tuple[int, int, str]] = []
        for form, name in self._forms:
            start = text.find(form)
            while start >= 0:
                if len(form) >= _SHORT_SECRET_CHARS or not _inside_digest(
                    text, start, start + len(form)
                ):
                    spans.append((start, start + len(form), name))
                start = text.find(form, start + 1)
        if not spans:
            return text
        spans.sort(key=lambda span: (span[0], -span[1]))
        merged: list[list[Any]] = []  # start, end, name, length of the longest
        for start, end, name in spans:
            if merged and start < merged[-1][1]:
                last = merged[-1]
                last[1] = max(last[1], end)
                if end - start > last[3]:
                    last[2:] = [name, end - start]
            else:
                merged.append([start, end, name, end - start])
        out, at = [], 0
        for start, end, name, _ in merged:
            out += [text[at:start], f"[redacted:env {name}]"]
            at = end
        return "".join(out) + text[at:]


def _outside_markers(text: str, replace: Callable[[str], str]) -> str:
    """``text`` with ``replace`` done to all of it but the marks that stand in it already."""
    parts = _split_markers(text)
    parts[::2] = map(replace, parts[::2])
    return "".join(parts)


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
    return right - left > end - start and bool(re.fullmatch(_HEX_OR_ULID, text[left:right]))


def _is_flag(item: str) -> bool:
    return item.startswith("-") and re.fullmatch(_FLAG_NAME, item, flags=re.I) is not None


def _certain(flag: str, value: str) -> bool:
    """Whether the argument after a secret flag is its value, and one worth hiding."""
    if value.startswith("-") and not _random_looking(value):
        return False
    if re.search("pass", flag, re.I):
        return not re.fullmatch(_SPECIAL, value) and value != ""
    return not (
        _is_number(value) or re.fullmatch(_SPECIAL, value) or re.match(_PATH, value) or value == ""
    )


def _flag_text(match: re.Match[str]) -> str:
    flag, joint, value = match.groups()
    prose = joint[0] != "=" and (
        value.lower().rstrip(".:!?") in _PROSE or re.fullmatch(r"[A-Z][A-Z_]+|\W+", value)
    )
    if prose or not _certain(flag, value) or re.fullmatch(r"\[redacted:[^\]\n]*\]", value):
        return match.group()
    return f"{flag}{joint}[redacted:flag {flag}]"


def _forms(value: str) -> list[str]:
    """``value`` and how it looks URL-quoted, JSON-escaped, base64-encoded (whole, or inside
    something longer)."""
    forms = [value]
    stripped = value.strip()
    if stripped != value and len(stripped) >= MIN_SECRET_CHARS:
        forms.append(stripped)
    if "\n" in stripped:
        forms += [
            line for line in stripped.split("\n") if len(line) >= 16 and _random_looking(line)
        ]
    if len(value) < 8:
        return forms
    data = value.encode("utf-8", "surrogateescape")
    for safe in (b"-._~", b"-._~/"):
        kept = {b for b in data if (b < 128 and chr(b).isalnum()) or b in safe}
        coded = [chr(b) if b in kept else f"%{b:02X}" for b in data]
        quoted = "".join(coded)
        if quoted != value:
            forms += [quoted, re.sub(r"%[0-9A-F]{2}", lambda m: m.group().lower(), quoted)]
    if any(c in value for c in '"\\\n\t\r'):
        forms.append(json.dumps(value, ensure_ascii=False)[1:-1])
    if len(data) >= 12:
        forms += _base64_cores(data)
    return forms


def _base64_cores(data: bytes) -> list[str]:
    """The characters that any base64 text must hold if it encodes ``data``, for each of the three
    alignments."""
    cores = []
    for shift, lead in ((0, 0), (1, 2), (2, 3)):
        import binascii  # noqa: PLC0415  start-up: 0.4 ms

        encoded = binascii.b2a_base64(b"\0" * shift + data, newline=False).decode()
        tail = (shift + len(data)) % 3
        core = encoded[lead : len(encoded) - (0, 3, 2)[tail]]
        cores.append(core)
        if "+" in core or "/" in core:
            cores.append(core.replace("+", "-").replace("/", "_"))
    return cores
