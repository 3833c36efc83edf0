"""The detector against invented keys of every known form, and against texts that hold none."""

from __future__ import annotations

import json
import random
import re

import pytest

from leadline.core.canonical import digest_of
from leadline.core.secrets import beside, quick, shapes
from leadline.core.secrets.content import PIECE_BYTES, ContentRules
from leadline.core.secrets.environment import secret_values
from leadline.core.secrets.quick import as_given, may_hold, suspects
from leadline.core.secrets.redact import Redactor
from leadline.core.secrets.version import DETECTOR
from tests.conftest import SHARED_DATA
from tests.invented_keys import NAMED, SHAPES, drawn, ordinary, private_key

AROUND_IT = b"x = 1\n" * 100
AROUND = ("%s", "the key is %s.", "x=%s&y", '"%s"', "(%s)", "see %s, and", "`%s`", "a\n%s\nb")


@pytest.mark.parametrize("rule", SHAPES)
def test_a_key_of_each_known_shape_is_hidden_wherever_it_stands(rule: str) -> None:
    chance = random.Random(rule)
    for around in AROUND:
        key = drawn(SHAPES[rule], chance)
        hidden = Redactor().text(around % key)
        assert "[redacted:" in hidden
        assert key[-12:] not in hidden


@pytest.mark.parametrize("rule", SHAPES)
def test_a_file_that_holds_one_is_known(rule: str) -> None:
    key = drawn(SHAPES[rule], random.Random(rule))
    if rule in ("slack-webhook-url", "microsoft-teams-webhook"):
        pytest.skip("an address: hidden in texts, and no reason to leave a file out")
    assert set(ContentRules().found_in([AROUND_IT, b'k = "%s"\n' % key.encode(), AROUND_IT]))


@pytest.mark.parametrize("before_end", [0, 1, 12, 30])
def test_a_file_of_many_pieces_is_searched_to_its_end(before_end: int) -> None:
    key = drawn(SHAPES["github-pat"], random.Random(before_end)).encode()
    file = AROUND_IT * (2 * PIECE_BYTES // len(AROUND_IT))
    at = PIECE_BYTES - before_end  # it begins in one piece, and ends in the next
    assert set(ContentRules().found_in([file[:at], b'k = "%s"\n' % key, file[at:]]))


@pytest.mark.parametrize("name", NAMED)
def test_a_value_given_to_a_telling_name_is_hidden(name: str) -> None:
    form, shape = NAMED[name]
    for seed in range(20):
        key = drawn(shape, random.Random(seed))
        hidden = Redactor().text(f"then {form % key} was used")
        assert key not in hidden, hidden
        assert key[:8] not in hidden
        as_json = json.dumps({"text": form % key}, ensure_ascii=False)
        assert key not in Redactor().text(as_json)


BESIDE = [
    '{"name":"N","value":"V"}',
    '{"env":[{"value":"V","name":"N"}]}',
    '{"Name":"N","Type":"string","Value":"V"}',
    '[{"ParameterKey":"N","ParameterValue":"V"}]',
    '{"key": "N", "secret": true, "value": {"default": "V"}}',
    '{"headers":[{"name":"N","value":"Bearer V"}],"a":1}',
    '[["Accept", "text"], ["N", "V"]]',
    "env:\n  - name: N\n    value: V\n  - name: B\n    value: c\n",
    "- value: 'V'\n  name: N\n",
    "- {name: N, value: V}",
    'variable "N" {\n  default = "V"\n}',
    "aws ssm put-parameter --name N --value V --type SecureString",
    '- key: N\n  description: of a thing\n  value: "V"',
    '[[env]]\nname = "N"\nvalue = "V"\n',
    '<add key="N" value="V"/>',
    "<add value='V' key='N' />",
    "<property>\n<name>N</name>\n<description>of it</description>\n<value>V</value>\n</property>",
    "<key>N</key>\n<string>V</string>",
    '<entry key="N">V</entry>',
    "name,type,value\na,b,c\nN,string,V\n",
    '"name";"value"\n"N";"V"\n',
    "| name | value |\n|---|---|\n| N | V |\n",
]


@pytest.mark.parametrize("form", BESIDE)
def test_a_value_that_stands_beside_its_name_is_hidden(form: str) -> None:
    chance = random.Random(form)
    for name in ("API_TOKEN", "DB_PASSWORD", "X-Api-Key", "clientSecret", "Authorization"):
        for shape in ("%a32", "%h40", "%u30"):
            key = drawn(shape, chance)
            text = re.sub(r"\bV\b", key, re.sub(r"\bN\b", name, form))
            assert key not in Redactor().text(text), text
            assert key not in Redactor().text(json.dumps({"text": text})), text
            assert set(ContentRules().found_in([text.encode()])), text
            if form.startswith(("{", "[{", '[["')):
                value = json.loads(text)
                line = as_given(json.dumps({"config": value}, separators=(",", ":")))
                assert may_hold(line) and suspects([line]), line
                assert key not in json.dumps(Redactor().value(value)), text


@pytest.mark.parametrize(
    "text",
    [
        '{"status": "FORCE_CHANGE_PASSWORD", "attributes": [{"name": "sub", "value": "a1b2-c3d4-e5f6"}]}',
        '[{"name":"tokens","value":"128000000000"},{"name":"run","value":"b7Xq2Lm9Zr4T"}]',
        "- name: run\n  value: b7Xq2Lm9Zr4T\n- name: pad_token\n",
        "name,value\ntokens_per_s,12.5\nrun,b7Xq2Lm9Zr4T\n",
        '{"key": "train/loss", "value": "b7Xq2Lm9Zr4T"}',
        '["token", "gpt2-medium"]',
    ],
)
def test_what_stands_beside_another_name_is_left(text: str) -> None:
    assert Redactor().text(text) == text
    assert not set(ContentRules().found_in([text.encode()]))
    if text[:1] in "{[":
        assert Redactor().value(json.loads(text)) == json.loads(text)


IN_ARGV = (
    "docker login",
    "tracker login",
    "database client",
    "key store",
    "pass phrase",
    "directory",
    "key flag",
    "archive",
    "tight archive",
    "sql client",
    "wireless tool",
    "fish",
)


@pytest.mark.parametrize("name", (*IN_ARGV, "flag", "curl"))
def test_what_a_command_is_given_as_a_word_of_its_own_is_hidden(name: str) -> None:
    form, shape = NAMED[name]
    key = drawn(shape, random.Random(name))
    assert key not in str(Redactor().argv((form % key).split())), name


IN_FILES = {
    "api_secrets:\n    - %s\n": "%a32",
    "api_key: >-\n  %s\n": "%a32",
    "machine h.example.org\n  login ada\n  password %s\n": "%a20",
    '{"auths": {"r.example.org": {"auth": "%s"}}}': "%b40",
    "git clone https://%s@git.example.org/x.git": "%a24",
    "curl 'https://h.example.org/hook?token=%s'": "%h48",
    "https://b.example.org/k?X-Amz-Signature=%s": "%h64",
    "ENV MY_TOKEN %s": "%a32",
    "PGPASSWORD=%s psql -h db": "%a20",
    "<user><password>%s</password></user>": "%a32",
    "wget --password=%s u": "%a24",
    "git -c http.extraheader='AUTHORIZATION: basic %s' fetch": "%a40",
    'headers = ("Authorization", "Bearer %s")': "%a40",
    "train logger.api_key=%s": "%a32",
    "localhost:5432:*:ada:%s": "%a16",
    "zip -P %s x.zip f": "%a16",
    "echo %s | wandb login": "%h40",
    "contraseña: '%s'": "%a16",
    'network={\n  psk="%s"\n}': "%a16",
    '{"kty":"RSA","e":"AQAB","d":"%s"}': "%u340",
    "set -gx API_KEY %s": "%h40",
    "kubectl create secret generic x --from-literal=api_token=%s": "%l24",
    "kind: Secret\nmetadata:\n  name: x\ndata:\n  login: %s": "%b24",
    "data:\n  login: %s\nkind: Secret": "%b24",
}


@pytest.mark.parametrize("form", IN_FILES)
def test_a_file_that_gives_a_login_is_known(form: str) -> None:
    for seed in range(10):
        key = drawn(IN_FILES[form], random.Random(seed))
        text = "a first line\n%s\nmore\n" % (form % key)
        assert set(ContentRules().found_in([text.encode()])), text


@pytest.mark.parametrize(
    "text",
    [
        "the token 01J8ZQ4Y8M3TSV4RRFFQ69G5FAV of it",
        "the key is Llama3-8B-Instruct, as before",
        "sort by --sort-key mean_step_time_2 and --cache-key " + "0a1b" * 10,
        "| token | Qwen2MoEAttention7 |",
        'tokens: ["Hello", "wor1d", "GPT2TokenizerFast"]',
        "login with the password that 2 people know",
        "mysql -P 3306 -pager1 and docker run -p 8080:8080 login",
        "secret sauce MixtralSparseMoE8x7B",
        "unzip -p model.zip config2.json | head; 7z x -y data2.7z; zip -r9 Run2024a.zip out",
        "echo Result2024a | tee log; echo $TOKEN | docker login --password-stdin",
        '{"key": "train/loss_step_100", "keys": ["Qwen2MoEAttention7", "' + "0a1b" * 8 + '"]}',
        'G28147_89_EncryptedKey = rfc4357.G28147_89_EncryptedKey\nkeys = {"d": "'
        + "aB3-" * 8
        + '"}',
        "the keyboard2 layout: Qwerty1234X; qpsk: 16QAM64x; Passwort: unbekannt; enclave: gpu-17b",
        "host.example.org:8080:path:to:file2; pytest tests/unit/a.py::test_b::c2:5432:x",
        "a = self.password_hasher2.verify(x)\nkey = lambda x: x.token_id_1\n",
    ],
)
def test_what_stands_behind_a_telling_name_and_is_a_word_is_left(text: str) -> None:
    assert Redactor().text(text) == text
    assert not set(ContentRules().found_in([text.encode()]))


@pytest.mark.parametrize("issuer", shapes.VENDORS)
def test_a_key_that_bears_the_name_of_its_issuer_is_hidden(issuer: str) -> None:
    for seed in range(5):
        key = drawn("%l32", random.Random(seed))
        for text in (f"{issuer}_key={key}", f'{issuer.upper()}_ID = "{key}"', f"{issuer}: {key}"):
            assert key not in Redactor().text(text)


def test_each_of_a_list_is_hidden_and_each_private_part_of_a_key() -> None:
    one, other, third = (drawn("%a32", random.Random(seed)) for seed in range(3))
    hidden = "[redacted:named-secret]"
    assert Redactor().text(f'tokens: ["{one}", "{other}"]') == f'tokens: ["{hidden}", "{hidden}"]'
    key = {"kty": "RSA", "n": one, "d": other, "p": third}
    hidden = "[redacted:private-key]"
    assert Redactor().value(key) == {"kty": "RSA", "n": one, "d": hidden, "p": hidden}
    told = json.loads(Redactor().text(json.dumps(key)))
    assert (told["n"], told["d"], told["p"]) == (one, hidden, hidden)


def test_a_token_of_a_user_is_a_login_where_its_value_is_no_word() -> None:
    key = drawn("%a32", random.Random(1))
    told = Redactor().value({"users.0.user.token": key, "user_token": "<|user|>"})
    assert told == {"users.0.user.token": "[redacted:named-secret]", "user_token": "<|user|>"}
    assert secret_values({"USER_TOKEN": key, "NEXT_TOKEN": "maybe"}) == {"USER_TOKEN": key}


def test_a_private_key_is_hidden_whole() -> None:
    key = private_key(random.Random(1))
    for text in (key, key.replace("\n", "\\n"), key[:400]):
        hidden = Redactor().text(f"before {text}\nafter")
        assert not any(line in hidden for line in key.split("\n")[1:5])


def test_ordinary_texts_are_left_as_they_are() -> None:
    chance = random.Random(7)
    texts = [ordinary(chance) for _ in range(1000)]
    changed = [text for text in texts if Redactor().text(text) != text]
    assert len(changed) <= len(texts) / 100, changed[:5]
    held = [text for text in texts if set(ContentRules().found_in([text.encode()]))]
    assert len(held) <= len(texts) / 100, held[:5]


NAMES = (
    "password",
    "api_key",
    "apiKey",
    "HF_TOKEN",
    "client-secret",
    "X-Api-Key",
    "wandb",
    "cookie",
    "db_pass",
)
JOINTS = ("=", ": ", " = ", '": "', "=>", ":=", "='", '\\": \\"', " ")


def test_a_quick_no_is_sure() -> None:
    chance = random.Random(3)
    samples = [a % drawn(s, chance) for s in SHAPES.values() for a in AROUND]
    samples += [form % drawn(shape, chance) for form, shape in NAMED.values()]
    samples += [
        chance.choice(("", "--", "export ", '{"'))
        + name
        + joint
        + drawn(chance.choice(("%a20", "%l12", "%u30", "%c10%d3")), chance)
        for name in NAMES
        for joint in JOINTS
    ]
    for text in samples:
        if Redactor()._once(text) != text:  # what the rules say where nobody asks first
            assert may_hold(text), text
            assert may_hold(json.dumps({"body": {"text": text}}, ensure_ascii=False)), text
            assert may_hold("long words before it " * 200 + text), text


@pytest.mark.parametrize(
    "text",
    [
        "variable: API_TOKEN, value: >-\n   5pTrthNYyHsqhfux",
        "| name | value |\n|---|---|\n| DB_PASSWORD | UQZDzD5y |",
        "name;value\n3;4\nDB_PASSWORD;UQZDzDxy\n",
    ],
)
def test_a_quick_no_is_sure_of_what_stands_beside_a_name(text: str) -> None:
    assert Redactor()._once(text) != text
    assert may_hold(text) and suspects([text])


def test_a_quick_no_is_sure_of_what_a_value_beside_a_name_holds() -> None:
    value = {"name": "CLIENT_SECRET", "value": {"is": "zrf+CHUFZeek"}}
    assert Redactor().value(value) != value
    line = as_given(json.dumps(value, separators=(",", ":")))
    assert may_hold(line) and suspects([line])


def test_a_text_is_searched_once_for_what_stands_beside_its_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched = []
    monkeypatch.setattr(quick.re, "search", lambda *given: searched.append(given))
    assert not may_hold("a key of the table\n" * 100)
    assert len(searched) == 1


def test_a_long_name_of_capitals_costs_no_further_look() -> None:
    told = json.dumps(
        {"env": {"LEADLINE_ARTIFACT_FILE_BYTES": "1073741824"}}, separators=(",", ":")
    )
    assert not may_hold(told) and not may_hold(as_given(told))


@pytest.mark.parametrize("value", [digest_of(1), digest_of(2)[7:23], "api-" + digest_of(3)[7:]])
@pytest.mark.parametrize("name", ["key", "a_key", "key_id", "datadog", "a key"])
@pytest.mark.parametrize(
    "around", ['{{"{}":"{}"}}', '{{"a":{{"b":1,"{}":"{}"}}}}', "{}={}", "{}: {},"]
)
def test_of_keys_those_are_asked_for_no_further_look_that_a_record_has(
    value: str, name: str, around: str
) -> None:
    text = around.format(name, value)
    passed = name == "key" and around.startswith("{{") and not value.startswith("api")
    assert may_hold(text) == (not passed)
    assert suspects([as_given(text)]) == (set() if passed else {0})
    if passed:
        assert Redactor()._once(text) == text
        assert Redactor().value(json.loads(text)) == json.loads(text)


def test_of_many_texts_those_are_found_that_are_found_alone() -> None:
    chance = random.Random(5)
    keys = [a % drawn(s, chance) for s in SHAPES.values() for a in AROUND]
    keys += [form % drawn(shape, chance) for form, shape in NAMED.values()]
    keys += [name + joint + drawn("%l12", chance) for name in NAMES for joint in JOINTS]
    odd = [
        "https://a",
        "b@c",
        "tokens",
        "0.1",
        "token:,",
        '"',
        "=",
        "a\\",
        "AKIA",
        "sha256~",
        "x" * 30,
    ]
    for _ in range(300):
        said = [*chance.choices(keys, k=3), *chance.choices(odd, k=6)]
        said += [ordinary(chance), digest_of(chance.random()), str(chance.random())]
        bodies = [
            {chance.choice((*said, *"abcd")): chance.choice(said) for _ in range(4)}
            for _ in range(chance.choice((1, 2, 9)))
        ]
        texts = [json.dumps(body, ensure_ascii=False, separators=(",", ":")) for body in bodies]
        texts += [as_given(text) for text in texts] + chance.choices(said, k=2)
        assert suspects(texts) == {at for at, text in enumerate(texts) if may_hold(text)}


def test_what_is_looked_at_together_is_cut_where_no_hint_reaches_over() -> None:
    hints = {
        hint for shape in (*shapes.TOKENS, *shapes.PHRASES, *shapes.COMMON) for hint in shape[1]
    }
    assert not [hint for hint in hints if "=" in hint[:-1] or "\n" in hint]
    assert not [name for name in (*shapes.WORDS, *shapes.VENDORS) if set(name) & set('="\n')]


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="no logbooks beside this checkout")
def test_logbooks_of_others_are_left_as_they_are() -> None:
    texts = [path.read_text("utf-8", "replace") for path in SHARED_DATA.rglob("*.md")]
    lines = [line for text in texts for line in text.splitlines()]
    assert [line for line in lines if Redactor().text(line) != line] == []


@pytest.mark.parametrize("at", [8, 12, 20, 30])
def test_a_token_broken_over_two_lines_is_hidden_with_both_parts(at: int) -> None:
    value = drawn("%a40", random.Random(at))
    broken = f"a {value[:at]}\n    {value[at:]} b"
    hidden = Redactor({"HF_TOKEN": value}).text(broken)
    assert hidden == "a [redacted:env HF_TOKEN] b"


def test_a_known_shape_broken_over_two_lines_is_hidden_with_both_parts() -> None:
    key = drawn(SHAPES["github-pat"], random.Random(2))
    assert Redactor().text(f"is {key[:18]}\n{key[18:]} ok") == "is [redacted:github-token] ok"


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda value: value.encode().hex()])
def test_a_value_of_the_environment_is_found_in_other_case(change) -> None:
    value = drawn("%h40", random.Random(5))
    hidden = Redactor({"WANDB_API_KEY": value}).text(f"key {change(value)}.")
    assert hidden == "key [redacted:env WANDB_API_KEY]."


def test_what_was_declared_to_be_no_secret_passes_and_nothing_else() -> None:
    chance = random.Random(4)
    one, other = drawn(SHAPES["github-pat"], chance), drawn(SHAPES["github-pat"], chance)
    told = []
    redactor = Redactor(passes=lambda text: text == one, tell=told.append)
    assert redactor.text(f"{one} {other}") == f"{one} [redacted:github-token]"
    assert {hidden.text for hidden in told} == {other}


def test_other_rules_are_another_detector() -> None:
    """Raise ``DETECTOR`` with the rules: what the last one searched is searched again then."""
    names = ("COMMON", "TOKENS", "PHRASES", "VENDORS", "WORDS", "STEMS")
    rules = {name: repr(getattr(shapes, name)) for name in names}
    rules |= {name: text for name, text in vars(beside).items() if name.isupper()}
    assert (DETECTOR, digest_of(rules)[7:19]) == (8, "aad43365a4e0")
