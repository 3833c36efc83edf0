"""Which variables of an environment hold secrets, and how their values look in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from leadline.core.secrets.quick import SUSPECT
from leadline.core.secrets.words import drawn, harmless, random_looking

MIN_SECRET_CHARS = 6

# A secret word that ends a name, e.g. HF_TOKEN, PGPASSWORD, DB_SECRET_2.
STRONG_ENDS = (
    "TOKEN",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "SECRET_KEY",
    "PRIVATE_KEY",
    "ACCOUNT_KEY",
    "SESSION_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "AUTH_KEY",
    "MASTER_KEY",
    "LICENSE_KEY",
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
WEAK_ENDS = ("_PASS", "_PWD", "_PIN")
_MODEL_TOKEN = (
    r"(?:^|_)(?:PAD|EOS|BOS|UNK|MASK|SEP|CLS|SPECIAL|STOP|IMAGE|AUDIO|END|START|PER|NUM|MAX|MIN|NEXT|PREV"
    r"|FIRST|LAST|NEW|TARGET|INPUT|OUTPUT|PROMPT|SYSTEM|USER|ASSISTANT|CONTROL|EOT|PREFIX|SUFFIX|BY|LINE)"
    r"_TOKEN$"
)
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s@]*"


def as_name(name: str) -> str:
    """A name as variables are written: ``apiKey`` and ``api-key`` are ``_API_KEY``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return "_" + re.sub(r"[\W_]+", "_", snake).upper()


def stem_of(upper: str) -> str:
    """Without the number and the encoding that may end it."""
    stem = upper.rstrip("0123456789").rstrip("_")
    for suffix in ("_B64", "_BASE64", "_JSON", "_VALUE"):
        stem = stem.removesuffix(suffix)
    return stem


def is_model_token(upper: str, value: str) -> bool:
    """Whether it is a token of a model's vocabulary, by its name: ``user.token`` is one as well as a
    login, which the value tells."""
    return re.search(_MODEL_TOKEN, upper) is not None and not drawn(value)


def is_secret(name: str, value: str) -> bool:
    """Whether an environment variable of this name and value holds a secret."""
    if len(value) < MIN_SECRET_CHARS or value == name:
        return False
    upper = "_" + name.upper()
    stem = stem_of(upper)
    if stem.endswith(STRONG_ENDS):
        return not harmless(value) and not is_model_token(upper, value)
    if stem.endswith(WEAK_ENDS):
        return not harmless(value) and re.fullmatch(r"[A-Za-z_.-]*", value) is None
    if stem.endswith(("_KEY", "_KEYS")) or any(word in upper for word in _MIDDLE_WORDS):
        return random_looking(value) and not harmless(value) and re.fullmatch(_URL, value) is None
    return False


def secret_values(env: Mapping[str, str]) -> dict[str, str]:
    """The variables of ``env`` that hold secrets, by name; those of a URL with a password in it
    hold the password."""
    found = {}
    for name, value in env.items():
        upper = name.upper()
        if any(word in upper for word in SUSPECT) and is_secret(name, value):
            found[name] = value
        elif "://" in value and "@" in value and (password := _password_in(value)):
            found[name] = password
    return found


def _password_in(url: str) -> str:
    found = re.search(r"://[^\s/:@]*:([^\s/@]{6,})@", url)
    if found is None or harmless(found[1]):
        return ""
    return found[1]


def forms_of(value: str) -> list[str]:
    """``value`` and how it looks URL-quoted, JSON-escaped, base64-encoded (whole, or inside
    something longer)."""
    forms = [value]
    stripped = value.strip()
    if stripped != value and len(stripped) >= MIN_SECRET_CHARS:
        forms.append(stripped)
    if "\n" in stripped:
        forms += [line for line in stripped.split("\n") if len(line) >= 16 and random_looking(line)]
    if any(c in value for c in '"\\\n\t\r'):
        forms.append(json.dumps(value, ensure_ascii=False)[1:-1])
    if not value.isascii():
        forms.append(json.dumps(value)[1:-1])
    if len(value) < 8:
        return forms
    data = value.encode("utf-8", "surrogateescape")
    for safe in (b"-._~", b"-._~/"):
        kept = {b for b in data if (b < 128 and chr(b).isalnum()) or b in safe}
        coded = [chr(b) if b in kept else f"%{b:02X}" for b in data]
        quoted = "".join(coded)
        if quoted != value:
            forms += [quoted, re.sub(r"%[0-9A-F]{2}", lambda m: m.group().lower(), quoted)]
        if "%20" in quoted:
            forms.append(quoted.replace("%20", "+"))
    if len(data) >= 12:
        forms += _base64_cores(data)
        forms.append(data.hex())
    return list(dict.fromkeys(forms))


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
