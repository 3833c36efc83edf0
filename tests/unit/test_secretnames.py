from __future__ import annotations

import pytest

from leadline.core.secrets.content import ContentRules, reason_of
from leadline.core.secrets.names import secret_name_reason


def reason_in(data: bytes) -> str | None:
    return reason_of(ContentRules().found_in([data]))


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "a/.env.production",
        "prod.env",
        "id_rsa",
        "keys/id_ed25519_work",
        "server.pem",
        "tls.KEY",
        ".netrc",
        "kubeconfig",
        ".kube/config",
        ".aws/credentials",
        ".ssh/work",
        "gcp-service-account.json",
        "credentials.json",
        ".git-credentials",
        ".pgpass",
        "x.p12",
        "password.txt",
        "a/token.txt",
        "token.json",
        "db_password",
        "api_key.txt",
        "openai-key.txt",
        "aws_credentials",
        "gcp-credentials.json",
        "secrets.yaml",
        ".secret",
    ],
)
def test_names_that_are_left_out(path: str) -> None:
    assert secret_name_reason(path)


@pytest.mark.parametrize(
    "path",
    [
        ".env.example",
        "environment.yml",
        "env.py",
        "id_rsa.pub",
        "keyboard.py",
        "src/credentials.py",
        "monkey",
        "config",
        ".ssh/config",
        "tokens.txt",
        "tokenizer.json",
        "service_account.py",
        "netrc.md",
        "envs/cartpole.py",
        "stop_token",
        "reset-password",
        "reset_secret.yaml",
        "added_tokens.json",
        "passwords.md",
        "token_counts.csv",
        "key.txt",
    ],
)
def test_names_that_are_kept(path: str) -> None:
    assert secret_name_reason(path) is None


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "key = '" + "AKIA" + "ABCDEFGHIJKLMNOP" + "'",
        "ghp_" + "a1" * 18,
        "hf_" + "aB" * 17,
        "sk-ant-" + "x" * 30,
        "xoxb-" + "1234567890-abc",
        "//registry/:_authToken=" + "abcdefgh1",
        '{"type": "service_account", "project_id": "p", "private_key": "x"}',
    ],
)
def test_contents_that_are_left_out(text: str) -> None:
    reason = reason_in(b"first line\n" + text.encode() + b"\n")
    assert reason and text not in reason


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "hf_hub_download",
        "ghp_short",
        "task-" + "a" * 48 + "b",
        "//registry/:_authToken=${NPM_TOKEN}",
        "sk-learn",
    ],
)
def test_contents_that_are_kept(text: str) -> None:
    assert reason_in(text.encode()) is None


def test_binary_content_is_not_searched() -> None:
    assert reason_in(b"\0-----BEGIN PRIVATE KEY-----") is None
