"""Which files look like secrets by their name.

The answer decides whether a file's bytes may enter git's object database, so it errs on the side of
leaving a file out: a file wrongly left out is listed as a gap, a key wrongly kept cannot be called
back once pushed. Templates that exist to be committed (``.env.example``) are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leadline.core.secrets.shapes import TOKENS

_TEMPLATE_ENDINGS = (
    ".example",
    ".sample",
    ".template",
    ".dist",
    ".tmpl",
    ".tpl",
    ".defaults",
    ".schema",
)
_EXACT_NAMES = {
    ".netrc": "login store",
    "_netrc": "login store",
    ".authinfo": "login store",
    ".authinfo.gpg": "login store",
    ".pgpass": "database password file",
    ".my.cnf": "database password file",
    ".mylogin.cnf": "database password file",
    ".pypirc": "package registry credentials",
    ".git-credentials": "git credential store",
    ".dockercfg": "container registry credentials",
    ".htpasswd": "password file",
    ".vault-token": "access token",
    "kubeconfig": "cluster credentials",
    "accesskeys.csv": "credential store",
    "secrets.env": "secret store",
    "client_secret.json": "OAuth client secret",
    "application_default_credentials.json": "cloud credentials",
    "secring.gpg": "private key",
    ".boto": "cloud credentials",
    ".s3cfg": "cloud credentials",
    "rclone.conf": "cloud credentials",
    ".databrickscfg": "cloud credentials",
    "kaggle.json": "access token",
    "terraform.tfstate": "state with credentials",
    ".envrc": "environment file",
    ".modal.toml": "access token",
}
_ENDINGS = {
    ".pem": "key or certificate",
    ".key": "private key",
    ".ppk": "private key",
    ".p12": "key store",
    ".pfx": "key store",
    ".jks": "key store",
    ".keystore": "key store",
    ".kdbx": "password database",
    ".p8": "private key",
    ".asc.key": "private key",
    ".ovpn": "VPN profile with keys",
    ".kubeconfig": "cluster credentials",
}
# (parent folder, file name or "" for any): files that are secrets only because of where they lie
_STORED_IN = (
    (".aws", "credentials"),
    (".docker", "config.json"),
    (".kube", "config"),
    (".huggingface", "token"),
    ("huggingface", "token"),
    (".gnupg", ""),
    ("gcloud", "credentials.db"),
    (".azure", "accessTokens.json"),
    ("gh", "hosts.yml"),
    (".ssh", ""),
)
_KEY = (
    r"(?:api|access|secret|private|auth|ssh|signing|encryption|deploy|openai|anthropic|wandb|hf|github"
    r"|aws)[-_]?key"
)
_TOKEN = r"(?:api|access|auth|bearer|refresh|hf|github|gh|gitlab|wandb|slack|bot|user)[-_]?token"
_SECRET = rf"(?:pass(?:word|wd|phrase|code)|passwort|secret|credential|{_KEY}|{_TOKEN})s?"
_DATA = r"\.(?:json|ya?ml|toml|ini|cfg|conf|csv|tsv|pickle)"
_STEMS = ("pass", "secret", "credential", "key", "token")
_CALLED = "what it is called"
# Literals of which one is in the name, since most names cost a search for them and no pattern is compiled.
_PATTERNS = (
    ((".env",), r"^\.env($|[._-])", "environment file"),
    ((".env",), r"\.env$", "environment file"),
    (("id_", "ssh_host_"), r"^(id_(rsa|dsa|ecdsa|ed25519)[^.]*|ssh_host_.*_key)$", "private key"),
    (("client_secret",), r"^client_secret.*\.json$", "OAuth client secret"),
    (("service",), r"service[-_]?account.*\.json$", "service account key"),
    (_STEMS, rf"^(?:\.?|.*[_.]){_SECRET}$", _CALLED),
    (_STEMS, rf"(?:^\.?|[-_.]){_SECRET}\.(?:txt|dat|asc|gpg|enc)$", _CALLED),
    (_STEMS, rf"^\.?{_SECRET}{_DATA}$", _CALLED),
    (_STEMS, rf"[-_.](?:credentials?|{_KEY}s?){_DATA}$", _CALLED),
    (("token",), rf"^\.?token(?:\.txt|\.dat|{_DATA})?$", "access token"),
)
_PUBLIC_IN_SSH = frozenset(("config", "known_hosts", "authorized_keys"))


def secret_name_reason(path: str) -> str | None:
    """Why the file at ``path`` (``/``-separated) looks like a secret by its name alone, or None."""
    folders, _, name = path.rpartition("/")
    lower = name.lower()
    if lower.endswith(_TEMPLATE_ENDINGS) or lower.endswith(".pub"):
        return None
    kind = _EXACT_NAMES.get(lower)
    if kind is None:
        parent = folders.rpartition("/")[2]
        for folder, wanted in _STORED_IN:
            public = folder == ".ssh" and name in _PUBLIC_IN_SSH
            if parent == folder and (name == wanted or not wanted) and not public:
                kind = f"kept in {folder}/"
                break
    if kind is None:
        kind = next((what for ending, what in _ENDINGS.items() if lower.endswith(ending)), None)
    if kind is None:
        kind = next((what for pattern, what in _likely(lower) if re.search(pattern, lower)), None)
    if kind is None and _token_in(path):
        kind = "a token stands in it"
    return f"looks like a secret by its name ({kind})" if kind else None


def _likely(lower: str) -> Iterator[tuple[str, str]]:
    return (
        (pattern, what)
        for hints, pattern, what in _PATTERNS
        if any(hint in lower for hint in hints)
    )


def _token_in(path: str) -> bool:
    """Whether the name itself is a secret, as where a key was taken for a name."""
    for _, hints, pattern in TOKENS:
        if any(hint in path for hint in hints) and re.search(rf"(?<![A-Za-z0-9]){pattern}", path):
            return True
    return False
