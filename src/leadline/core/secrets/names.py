"""Which files look like secrets by their name.

The answer decides whether a file's bytes may enter git's object database, so it errs on the side of
leaving a file out: a file wrongly left out is listed as a gap, a key wrongly kept cannot be called
back once pushed. Templates that exist to be committed (``.env.example``) are let through.
"""

from __future__ import annotations

import re

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
    "credentials": "credential store",
    "credentials.json": "credential store",
    "credentials.toml": "credential store",
    "credentials.yaml": "credential store",
    "credentials.yml": "credential store",
    "credentials.csv": "credential store",
    "accesskeys.csv": "credential store",
    "secrets.json": "secret store",
    "secrets.yaml": "secret store",
    "secrets.yml": "secret store",
    "secrets.toml": "secret store",
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
_PATTERNS = (  # compiled by the first search: most commands judge no file
    (r"^\.env($|[._-])", "environment file"),
    (r"\.env$", "environment file"),
    (r"^(id_(rsa|dsa|ecdsa|ed25519)(_sk)?|ssh_host_.*_key)$", "private key"),
    (r"^id_(rsa|dsa|ecdsa|ed25519)[^.]*$", "private key"),
    (r"^client_secret.*\.json$", "OAuth client secret"),
    (r"service[-_]?account.*\.json$", "service account key"),
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
        kind = next((what for pattern, what in _PATTERNS if re.search(pattern, lower)), None)
    if kind is None and _token_in(path):
        kind = "a token stands in it"
    return f"looks like a secret by its name ({kind})" if kind else None


def _token_in(path: str) -> bool:
    """Whether the name itself is a secret, as where a key was taken for a name."""
    for _, hints, pattern in TOKENS:
        if any(hint in path for hint in hints) and re.search(rf"(?<![A-Za-z0-9]){pattern}", path):
            return True
    return False
