"""Keys that were never given out: one of each form that the public rule sets of gitleaks and
detect-secrets know, drawn at random, so that no file of the project holds one."""

from __future__ import annotations

import base64
import random
import string

LETTERS, DIGITS = string.ascii_letters, string.digits
ANY = LETTERS + DIGITS
LOW = string.ascii_lowercase + DIGITS
UP = string.ascii_uppercase + DIGITS
HEX = "0123456789abcdef"
URL = ANY + "_-"
B64 = ANY + "+/"
_FORMS = {"a": ANY, "l": LOW, "U": UP, "h": HEX, "u": URL, "d": DIGITS, "c": LETTERS, "b": B64}

# the name of a rule, and the key: ``%a36`` are 36 letters and digits (see ``_FORMS``)
SHAPES = {
    "1password-secret-key": "A3-%U6-%U6-%U5-%U5-%U5-%U5",
    "1password-service-account-token": "ops_eyJ%b250",
    "adobe-client-secret": "p8e-%l32",
    "age-secret-key": "AGE-SECRET-KEY-1%U58",
    "alibaba-access-key-id": "LTAI%l20",
    "anthropic-admin-api-key": "sk-ant-admin01-%u93AA",
    "anthropic-api-key": "sk-ant-api03-%u93AA",
    "artifactory-api-key": "AKCp%a69",
    "artifactory-reference-token": "cmVmd%a59",
    "atlassian-api-token": "ATATT3%u186",
    "authress-service-client-access-key": "sc_%l12.%l5.acc_%l20.%u60",
    "aws-access-token": "AKIA%U16",
    "aws-temporary-token": "ASIA%U16",
    "aws-amazon-bedrock-api-key": "ABSK%b132",
    "azure-ad-client-secret": "aB78Q~%u34",
    "clickhouse-cloud-api-secret-key": "4b1dA%a37",
    "clojars-api-token": "CLOJARS_%l60",
    "cloudflare-origin-ca-key": "v1.0-%h24-%h146",
    "databricks-api-token": "dapi%h32",
    "digitalocean-access-token": "doo_v1_%h64",
    "digitalocean-pat": "dop_v1_%h64",
    "digitalocean-refresh-token": "dor_v1_%h64",
    "discord-bot-token": "M%a23.%a6.%a27",
    "doppler-api-token": "dp.pt.%l43",
    "duffel-api-token": "duffel_live_%l43",
    "dynatrace-api-token": "dt0c01.%U24.%U64",
    "easypost-api-token": "EZAK%l54",
    "easypost-test-api-token": "EZTK%l54",
    "facebook-access-token": "1%d14|%u27",
    "facebook-page-access-token": "EAAM%a120",
    "flutterwave-encryption-key": "FLWSECK_TEST-%h12",
    "flutterwave-public-key": "FLWPUBK_TEST-%h32-X",
    "flutterwave-secret-key": "FLWSECK_TEST-%h32-X",
    "flyio-access-token": "fo1_%u43",
    "frameio-api-token": "fio-u-%u64",
    "gcp-api-key": "AIza%u35",
    "github-app-token": "ghs_%a36",
    "github-fine-grained-pat": "github_pat_%a22_%a59",
    "github-oauth": "gho_%a36",
    "github-pat": "ghp_%a36",
    "github-refresh-token": "ghr_%a36",
    "gitlab-cicd-job-token": "glcbt-%a4_%a20",
    "gitlab-deploy-token": "gldt-%a20",
    "gitlab-feature-flag-client-token": "glffct-%a20",
    "gitlab-feed-token": "glft-%a20",
    "gitlab-incoming-mail-token": "glimt-%a25",
    "gitlab-kubernetes-agent-token": "glagent-%a50",
    "gitlab-oauth-app-secret": "gloas-%a64",
    "gitlab-pat": "glpat-%a20",
    "gitlab-pat-routable": "glpat-%u30.%l9",
    "gitlab-ptt": "glptt-%h40",
    "gitlab-rrt": "GR1348941%u20",
    "gitlab-runner-authentication-token": "glrt-%a20",
    "gitlab-scim-token": "glsoat-%a20",
    "gitlab-session-cookie": "_gitlab_session=%h32",
    "grafana-api-key": "eyJrIjoi%a90",
    "grafana-cloud-api-token": "glc_%b64",
    "grafana-service-account-token": "glsa_%a32_%h8",
    "harness-api-key": "pat.%a22.%a24.%a20",
    "hashicorp-tf-api-token": "%a14.atlasv1.%u65",
    "heroku-api-key-v2": "HRKU-AA%u58",
    "huggingface-access-token": "hf_%c34",
    "huggingface-organization-api-token": "api_org_%c34",
    "infracost-api-token": "ico-%a32",
    "intra42-client-secret": "s-s4t2ud-%h64",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJ%u40.%u43",
    "jwt-base64": "ZXlKaGJHY2lPaU%a80",
    "linear-api-key": "lin_api_%a40",
    "lob-api-key": "live_%h35",
    "lob-pub-api-key": "test_pub_%h31",
    "mailchimp-api-key": "%h32-us12",
    "mailgun-private-api-token": "key-%h32",
    "mapbox-api-token": "pk.%l60.%l22",
    "maxmind-license-key": "%a6_%a29_mmk",
    "microsoft-teams-webhook": "acme.webhook.office.com/webhookb2/%h8-%h4-%h4-%h4-%h12@%h8-%h4-%h4-%h4-%h12",
    "new-relic-browser-api-token": "NRJS-%h19",
    "new-relic-insert-key": "NRII-%l32",
    "new-relic-user-api-key": "NRAK-%U27",
    "notion-api-token": "ntn_%d11%a35",
    "npm-access-token": "npm_%a36",
    "octopus-deploy-api-key": "API-7%U25",
    "openai-api-key": "sk-%a20T3BlbkFJ%a20",
    "openai-project-key": "sk-proj-%u74T3BlbkFJ%u74",
    "openshift-user-token": "sha256~%u43",
    "perplexity-api-key": "pplx-%a48",
    "plaid-api-token": "access-sandbox-%h8-%h4-%h4-%h4-%h12",
    "planetscale-api-token": "pscale_tkn_%a43",
    "planetscale-oauth-token": "pscale_oauth_%a43",
    "planetscale-password": "pscale_pw_%a43",
    "postman-api-token": "PMAK-%h24-%h34",
    "prefect-api-token": "pnu_%a36",
    "pulumi-api-token": "pul-%h40",
    "pypi-upload-token": "pypi-AgEIcHlwaS5vcmc%u80",
    "readme-api-token": "rdme_%l70",
    "rubygems-api-token": "rubygems_%h48",
    "scalingo-api-token": "tk-us-%u48",
    "sendgrid-api-token": "SG.%u22.%u43",
    "sendinblue-api-token": "xkeysib-%h64-%a16",
    "sentry-org-token": "sntrys_eyJpYXQiO%a60LCJyZWdpb25fdXJs%a40=_%b43",
    "sentry-user-token": "sntryu_%h64",
    "settlemint-application-access-token": "sm_aat_%a16",
    "settlemint-personal-access-token": "sm_pat_%a16",
    "settlemint-service-access-token": "sm_sat_%a16",
    "shippo-api-token": "shippo_live_%h40",
    "shopify-access-token": "shpat_%h32",
    "shopify-custom-access-token": "shpca_%h32",
    "shopify-private-app-access-token": "shppa_%h32",
    "shopify-shared-secret": "shpss_%h32",
    "slack-app-token": "xapp-1-%U10-%d12-%l40",
    "slack-bot-token": "xoxb-%d12-%d12-%a24",
    "slack-config-access-token": "xoxe.xoxp-1-%U164",
    "slack-config-refresh-token": "xoxe-1-%U146",
    "slack-legacy-token": "xoxs-%d12-%d12-%d12-%h32",
    "slack-user-token": "xoxp-%d12-%d12-%d12-%a30",
    "slack-webhook-url": "hooks.slack.com/services/T%U10/B%U10/%a24",
    "sourcegraph-access-token": "sgp_%h40",
    "square-access-token": "sq0atp-%u22",
    "square-oauth-secret": "sq0csp-%u43",
    "stripe-access-token": "sk_live_%a24",
    "stripe-restricted-token": "rk_test_%a24",
    "telegram-bot-api-token": "%d10:A%u34",
    "twilio-api-key": "SK%h32",
    "twilio-account": "AC%h32",
    "typeform-api-token": "tfp_%u59",
    "vault-batch-token": "hvb.%u140",
    "vault-service-token": "hvs.%u95",
    "yandex-api-key": "AQVN%u38",
}

# given to a name: the form has ``%`` where the key stands
NAMED = {
    "password": ("password=%s", "%l12%c4%d3"),
    "member beside": ('{"name":"API_TOKEN","value":"%s"}', "%a32"),
    "member behind": ('[{"value":"%s","name":"API_TOKEN"}]', "%h40"),
    "lines beside": ("- name: API_TOKEN\n  value: %s\n", "%u30"),
    "attribute beside": ('<add key="API_TOKEN" value="%s"/>', "%h32"),
    "element beside": ("<key>API_TOKEN</key><string>%s</string>", "%l32"),
    "pair": ('["API_TOKEN", "%s"]', "%h40"),
    "api key": ("api_key=%s", "%a32"),
    "aws secret": ("aws_secret_access_key = %s", "%b40"),
    "header": ("X-Api-Key: %s", "%a32"),
    "authorization": ("Authorization: Bearer %s", "%u40"),
    "basic": ("Authorization: Basic %s", "%a40"),
    "url": ("https://ada:%s@git.example.org/x.git", "%a20"),
    "database": ("postgres://ada:%s@db.example.org/x", "%a16"),
    "storage": ("AccountKey=%s", "%b86=="),
    "vendor": ("wandb_api=%s", "%h40"),
    "flag": ("train --hf-token %s", "%a24"),
    "curl": ("curl -u ada:%s https://example.org", "%a20"),
    "json": ('{"client_secret": "%s"}', "%a32"),
    "yaml": ("db_password: %s", "%a20"),
    "cookie": ("Cookie: session=%s", "%a32"),
    "login store": ("machine api.example.org login ada password %s", "%l12%c4%d3"),
    "container login": ('{"auths": {"r.example.org": {"auth": "%s"}}}', "%b40"),
    "cluster login": ("client-key-data: %s", "%b86=="),
    "docker login": ("docker login -u ada -p %s r.example.org", "%a36"),
    "tracker login": ("wandb login %s", "%h40"),
    "database client": ("mysql -u ada -p%s -h db.example.org", "%a16"),
    "key store": ("keytool -storepass %s -list", "%a16"),
    "pass phrase": ("openssl enc -pass pass:%s -in x", "%a16"),
    "directory": ("ldapsearch -D cn=ada -w %s", "%a16"),
    "key flag": ("train --wandb-key %s", "%a32"),
    "shell": ("set -x MY_TOKEN %s", "%a32"),
    "prose": ("the password is %s", "%a32"),
    "a key in prose": ("my API key was %s", "%a32"),
    "table": ("| API_KEY | %s |", "%a32"),
    "bold": ("**API key:** %s", "%a32"),
    "signed url": ("https://example.org/x?sig=%s&se=1", "%a43"),
    "a line of a password file": ("db.example.org:5432:runs:ada:%s", "%a16"),
    "any database of a password file": ("*:*:*:ada:%s", "%l10%d2"),
    "archive": ("zip -r -P %s x.zip d", "%a12"),
    "tight archive": ("7z a -p%s x.7z d", "%a12"),
    "piped login": ("echo %s | docker login -u ada --password-stdin r.example.org", "%a36"),
    "quoted piped login": ("printf '%s' | gh auth login --with-token", "%a20"),
    "here string": ('docker login --password-stdin <<< "%s"', "%a32"),
    "bare key": ('{"key": "%s"}', "%a32"),
    "key header": ("curl -H 'Key: %s' https://example.org", "%a24"),
    "a list of tokens": ('"tokens": ["%s"]', "%a32"),
    "german": ("Passwort: %s", "%a12"),
    "french": ("mot de passe : %s", "%a12"),
    "spanish": ("contraseña=%s", "%a12"),
    "russian": ("пароль: %s", "%a12"),
    "chinese": ("密码：%s", "%a12"),
    "wireless": ('psk="%s"', "%a12"),
    "wireless tool": ("nmcli dev wifi connect home password %s", "%a12"),
    "key as json": ('{"kty": "EC", "x": "AQAB", "d": "%s"}', "%u43"),
    "c shell": ("setenv DB_PASSWORD %s", "%l8%d2"),
    "fish": ("set -gx API_KEY %s", "%h40"),
    "tight curl": ("curl -uada:%s https://example.org", "%a14"),
    "token as user": ("curl -u %s: https://example.org", "%a24"),
    "scheme": ("Authorization: Api-Token %s", "%l24"),
    "sql client": ("sqlcmd -S h -U ada -P %s", "%a12"),
    "setter": ('setPassword("%s")', "%a24"),
    "annotated": ('api_token: str = "%s"', "%h32"),
    "typed": ('var apiToken string = "%s"', "%h40"),
    "typed in rust": ('const API_TOKEN: &str = "%s";', "%h40"),
    "array of letters": ('static char api_token[] = "%s";', "%a32"),
    "default of a makefile": ('API_TOKEN ?= "%s"', "%h32"),
    "appended": ('apiToken += "%s"', "%h32"),
    "element": ("<apiToken>\n    %s\n</apiToken>", "%h32"),
    "attribute": ('<entry name="apiToken" value="%s" />', "%h32"),
    "named value": ("- name: API_TOKEN\n  value: %s", "%h32"),
    "block": ("api_token: |\n  %s", "%h32"),
    "row": ("apiToken,%s,x", "%a32"),
}


def drawn(form: str, chance: random.Random) -> str:
    """A key of a form: each ``%`` is followed by what it consists of, and how many. Of letters and
    digits there is always one of each sort, as in a real one of that length."""
    out, at = "", 0
    while at < len(form):
        if form[at] != "%":
            out, at = out + form[at], at + 1
            continue
        of, at = _FORMS[form[at + 1]], at + 2
        end = at
        while end < len(form) and form[end].isdigit() and int(form[at : end + 1]) <= 300:
            end += 1
        count = int(form[at:end])
        letters = chance.choices(of, k=count)
        for sort in (DIGITS, string.ascii_uppercase, string.ascii_lowercase) if count >= 12 else ():
            some = [letter for letter in of if letter in sort]
            if some and not set(some) & set(letters):
                letters[chance.randrange(count)] = chance.choice(some)
        # no sign at either end: a text that goes on behind would do so in a real one too
        letters[0], letters[-1] = (c if c.isalnum() else "x" for c in (letters[0], letters[-1]))
        out, at = out + "".join(letters), end
    return out


def private_key(chance: random.Random) -> str:
    body = base64.encodebytes(chance.randbytes(600)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----"


def ordinary(chance: random.Random) -> str:
    """A text as research has it: digests, ids, numbers, base64 of pictures, paths, metric names."""
    commit = "".join(chance.choices(HEX, k=40))
    number = f"{chance.uniform(0, 10):.{chance.randint(1, 6)}f}"
    ulid = "01" + "".join(chance.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))
    picture = base64.b64encode(chance.randbytes(chance.randint(300, 3000))).decode()
    word = "".join(chance.choices(string.ascii_lowercase, k=chance.randint(4, 10)))
    uuid = f"{commit[:8]}-{commit[8:12]}-4{commit[12:15]}-a{commit[15:18]}-{commit[18:30]}"
    made = [
        f"loss fell to {number} at {commit}",
        f"sha256:{commit}{commit[:24]} is the digest of {word}.bin",
        f"run {ulid} of {word}: tokens/s {chance.randint(1000, 99999):,}, max_tokens={chance.choice((128, 4096))}",
        f"![plot](data:image/png;base64,{picture})",
        f"first token: {word}, eos_token=</s>, pad_token=<pad>, next_token_loss={number}",
        f"checkpoint at s3://bucket/{word}/{commit[:12]}/step_{chance.randint(1, 99999)}.pt",
        f"cache_key={commit[:32]} hit; key={word}, token_type=bearer",
        f"https://wandb.ai/{word}/runs/{commit[:8]} and https://github.com/{word}/x/commit/{commit}",
        f"tokenizer=gpt2-medium hf_{word}_config sk-{word}-learn --token-budget {chance.randint(10, 999)}",
        f'etag "{commit[:32]}" uuid {uuid} trace {commit[:16]}-{commit[16:32]}',
        f"secret: warmup matters; the key is {word}; pass --password to log in",
        f"requirements: torch==2.4.{chance.randint(0, 9)} --hash=sha256:{commit}{commit[:24]}",
        f"python -m {word}.train --lr {number} --seed {chance.randint(0, 99)} --run-key {word}_{chance.randint(1, 9)}",
        f"the authorization step took {number} ms, auth={word}, cookies disabled",
        f"{chance.randint(1, 99)}. {word} -> {number} ({ulid[:10]}) [{commit[:7]}..{commit[7:14]}]",
    ]
    return chance.choice(made)
