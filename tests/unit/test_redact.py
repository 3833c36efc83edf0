from __future__ import annotations

import base64
import hashlib
import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.core.secrets.environment import secret_values
from leadline.core.secrets.quick import as_given, names_suspect
from leadline.core.secrets.redact import Redactor
from tests.chance import examples

KEY = "Zk3" + "qWe8rTy1uIo4pAs7dFg"


@pytest.mark.parametrize(
    "name, value",
    [
        ("HF_TOKEN", "some-token-9"),
        ("WANDB_API_KEY", "0" * 20 + "a" * 20),
        ("DB_PASSWORD", "swordfish"),
        ("PGPASSWORD", "hunter2"),
        ("AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYs"),
        ("github_token", "abc123def"),
        ("OPENAI_KEY", KEY),
        ("MY_SECRET_2", "opensesame"),
        ("DB_PASS", "hunter2"),
        ("GOOGLE_CREDENTIALS_JSON", '{"private": "x"}'),
        ("PASSPHRASE", "correct horse battery"),
        ("REDISCLI_AUTH", "aaabbb1"),
        ("TOKEN_FOR_CI", KEY),
        ("SESSION_COOKIE", "abcdef=1"),
    ],
)
def test_secret_variables_are_found(name, value):
    assert secret_values({name: value}) == {name: value}
    assert names_suspect({name: value})
    assert names_suspect({f"GIT_AUTHOR_{name}": value})


@pytest.mark.parametrize(
    "name, value",
    [
        ("PATH", "/usr/bin:/bin"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-x/agent.1"),
        ("MAX_TOKENS", "100000"),
        ("NUM_TOKENS", "1e+09"),
        ("TOKEN_FILE", "/run/secrets/token"),
        ("HF_TOKEN", "abc"),
        ("GIT_AUTHOR_NAME", "Ada Lovelace 1"),
        ("EOS_TOKEN", "endoftext9"),
        ("PAD_TOKEN", "<|pad|>"),
        ("BENCH_PASS", "forward"),
        ("TOKENIZERS_PARALLELISM", "false1"),
        ("DB_PASSWORD", "changeme"),
        ("AUTH_DOMAIN", "auth0.example.com"),
        ("TOKEN_MODE", "streaming"),
        ("AUTH_URL", "https://example.com/login2"),
        ("PRIMARY_KEY", "shape+dtype"),
        ("OLDPWD", "/home/u/project1"),
        ("KEYBOARD", "us-intl-105"),
        ("API_KEY", "xxxxxxxx"),
        ("MONKEY", "abcdefgh12345"),
        ("API_TOKEN", "$HF_TOKEN"),
    ],
)
def test_ordinary_variables_are_left(name, value):
    assert secret_values({name: value}) == {}


@pytest.mark.parametrize("name", ["api_token", "ACCESS_TOKEN", "x.auth-token", "refreshToken"])
def test_what_a_login_has_is_no_word_of_a_vocabulary(name):
    assert Redactor().value({name: "hunter2"}) == {name: "[redacted:named-secret]"}
    assert Redactor().text(f"{name}=hunter2") == f"{name}=[redacted:named-secret]"
    assert Redactor().value({"start_token": "hunter2"}) == {"start_token": "hunter2"}


def test_who_an_author_is_makes_no_suspicion():
    assert not names_suspect({"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"})
    assert names_suspect({"AUTHOR_PIN": "123456"}) and names_suspect({"AUTHORIZATION": "x"})


SECRETS = {"HF_TOKEN": "hunter2hunter2!", "DB_PASSWORD": "swordfish"}
SHAPES = {
    "github-token": "ghp_" + "a1B2" * 9,
    "huggingface-token": "hf_" + "aB3d" * 9,
    "api-key": "sk-proj-" + "aB3d" * 9,
    "aws-key-id": "AKIA" + "ABCD1234EFGH5678",
    "slack-token": "xoxb-" + "123456789012-abcdef",
    "gitlab-token": "glpat-" + "a1b2" * 5,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123-_x",
    "google-key": "AIza" + "a" * 35,
}


def test_a_secret_is_named_by_its_variable():
    assert Redactor(SECRETS).text("login hunter2hunter2! -pswordfish.") == (
        "login [redacted:env HF_TOKEN] -p[redacted:env DB_PASSWORD]."
    )


@pytest.mark.parametrize("kind", SHAPES)
def test_known_shapes_are_replaced(kind):
    assert (
        Redactor().text(f"x {SHAPES[kind]} y={SHAPES[kind]}.")
        == f"x [redacted:{kind}] y=[redacted:{kind}]."
    )


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("git clone https://u:pw@host/x", "git clone https://[redacted:url-credentials]@host/x"),
        ("-H 'Authorization: Bearer abcd'", "-H 'Authorization: Bearer [redacted:authorization]'"),
        (
            '{"authorization": "token abcd12"}',
            '{"authorization": "token [redacted:authorization]"}',
        ),
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nabc+/=\n-----END RSA PRIVATE KEY----- b",
            "a [redacted:private-key] b",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEv", "[redacted:private-key]"),
        ("x --password=abc --lr 3", "x --password=[redacted:flag --password] --lr 3"),
        ("x --hf-token s3cr3t.", "x --hf-token [redacted:flag --hf-token]"),
        ("--api_key 'k9'", "--api_key '[redacted:flag --api_key]'"),
    ],
)
def test_headers_urls_blocks_and_flags(text, wanted):
    assert Redactor().text(text) == wanted


def test_an_argv_hides_the_argument_after_a_secret_flag():
    argv = [
        "train",
        "--password",
        "X",
        "--token",
        "128",
        "--pad-token",
        "p1",
        "--hf-token=abc",
        "--secret",
        "--lr",
        "3",
    ]
    wanted = [
        "train",
        "--password",
        "[redacted:flag --password]",
        "--token",
        "128",
        "--pad-token",
        "p1",
        "--hf-token=[redacted:flag --hf-token]",
        "--secret",
        "--lr",
        "3",
    ]
    assert Redactor().argv(argv) == wanted
    assert Redactor().value({"argv": argv, "n": 3, "ok": None})["argv"] == wanted


CUT = [
    f"Cookie: session={KEY}=1",
    f"https://example.com/blob?sig={KEY}",
    f"X-Api-Key: {KEY}=Aa1{KEY}",
    f"Authorization: Basic {KEY}={KEY}",
    f"curl -u a:b={KEY}",
    f"AccountKey={KEY}==",
    "npm.example.com/:_authToken=" + KEY,
    "curl --user=ada:" + KEY,
    f"of a={KEY}b",
]


@pytest.mark.parametrize("text", CUT)
def test_what_was_cut_at_its_first_sign_is_read_as_it_was_given(text):
    redactor = Redactor({"IT": f"a={KEY}b"})
    name, _, value = text.partition("=")
    for cut in ({name: value}, {name: [value, "plain"]}, {"deeper": [{name: value}]}):
        line = json.dumps(cut, separators=(",", ":"))
        assert redactor.holds(as_given(line)), line
        shown = redactor.value(cut)
        assert KEY not in json.dumps(shown), shown
        assert redactor.value(shown) == shown


def test_a_member_that_gives_no_secret_keeps_its_name_and_value():
    plain = {
        "optimizer": "adam", "url": "https://example.com/a?b=c", "token": "warmup matters",
        "tokenizer": "gpt2", "key=a": "b=c", "sweep": ["lr=1", "lr=2"], "n": 3, "none": None,
    }  # fmt: skip
    assert Redactor({"IT": KEY}).value(plain) == plain


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + hashlib.sha256(b"x").hexdigest(),
        "0fab191fd",
        "01JBCDEFGHJKMNPQRSTVWXYZ01",
        "loss=1.2345e-6 lr 0.0003",
        "pass --token to authenticate; --password is required",
        "scikit sk-learn-contrib-lightning-estimators-extra",
        "--max-tokens 4096 --eos-token eos1 --token $HF_TOKEN --token-file /run/t",
        "hf_model_config_v2 ghp_short eyJhbGciOi",
        "https://example.com:8080/a@b",
        "tokens/s 12,345 bearer of news",
        "--api-key KEY",
        "x" * 5000,
        "Authorization: required",
        "[redacted:env A] [redacted:github-token]",
    ],
)
def test_ordinary_text_is_untouched(text):
    assert Redactor(SECRETS).text(text) == text


def test_a_short_secret_is_not_searched_inside_digests_but_everywhere_else():
    digest = hashlib.sha256(b"x").hexdigest()
    short = digest[10:18]
    redactor = Redactor({"DB_PASSWORD": short})
    assert (
        redactor.text(f"sha256:{digest} and {short}")
        == f"sha256:{digest} and [redacted:env DB_PASSWORD]"
    )


def test_overlapping_secrets_leave_no_end_behind():
    redactor = Redactor({"A": "abcdefgh", "B": "efghijklmn", "C": "abcdef"})
    assert redactor.text("-abcdefghijklmn-abcdef-") == "-[redacted:env B]-[redacted:env C]-"


@pytest.mark.parametrize(
    "encode",
    [
        lambda s: urllib.parse.quote(s, safe=""),
        lambda s: urllib.parse.quote(s, safe="").lower(),
        lambda s: json.dumps(s)[1:-1],
        lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
        lambda s: base64.b64encode(b"u:" + s.encode() + b"x").decode(),
        lambda s: base64.urlsafe_b64encode(b"u" + s.encode() + b"yz").decode(),
    ],
)
def test_encoded_forms(encode):
    secret = 'a/b+c d"e?f>lower~case\nsecond line'
    text = encode(secret)
    assert "[redacted:env S_TOKEN]" in Redactor({"S_TOKEN": secret}).text(f"<{text}>")


SECRET_TEXT = st.text(alphabet="abcXYZ019_-/+.%=", min_size=6, max_size=24)
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *SHAPES.values(),
            "--password ",
            "--token=",
            "Bearer ",
            "://",
            "u:p@",
            "[redacted:",
            "[redacted:env A]",
            "]",
            "Authorization: ",
            "https://a:b@c",
            " ",
        ]
    ),
)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.dictionaries(st.sampled_from(["A", "B_TOKEN", "C"]), SECRET_TEXT),
    st.lists(PIECES, max_size=8),
    st.data(),
)
def test_twice_is_once_and_no_secret_is_left(secrets, pieces, data):
    values = list(secrets.values())
    if values:
        pieces = [p for piece in pieces for p in (piece, data.draw(st.sampled_from(["", *values])))]
    redactor = Redactor(secrets)
    once = redactor.text("".join(pieces))
    assert redactor.text(once) == once
    for secret in values:
        if len(secret) >= 16:
            assert secret not in once


@settings(max_examples=examples(100), deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text("abc d019", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text("abc", max_size=4), inner, max_size=4)
        ),
    )
)
def test_values_without_secrets_keep_their_shape(value):
    assert repr(Redactor(SECRETS).value(value)) == repr(value)
