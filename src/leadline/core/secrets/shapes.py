"""Tokens that are known by their shape: what makes a text one, whoever wrote it and wherever.

A row is a kind, literals of which one must be in the text (so that clean text costs a search for
them, not a match), and a pattern. A pattern is text, and compiled when its literal was seen: most
commands need none. The shapes are those of the public rule sets of gitleaks and detect-secrets that
have a fixed beginning or form, and some of their like; where the issuers give out more than those
accept, the wider one. A digit or a capital that is looked for ahead tells a token from an identifier.
"""

from __future__ import annotations

Shape = tuple[str, tuple[str, ...], str]  # kind, literals, pattern


def whole_token(pattern: str) -> str:
    """The pattern of a token that begins a word."""
    return pattern if pattern.startswith("(?<!") else r"(?<![A-Za-z0-9])" + pattern


TOKENS: tuple[Shape, ...] = (
    ("jwt", ("eyJ",),
     r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}={0,2}\.(?:eyJ[A-Za-z0-9_-]{8,}={0,2}\.[A-Za-z0-9_-]{8,}|[A-Za-z0-"
     r"9_-]{0,400}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})={0,2}"),
    ("jwt", ("ZXlK",), r"(?<![A-Za-z0-9+/])ZXlK[A-Za-z0-9+/]{60,}={0,2}"),
    ("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{20,255}"),
    ("github-token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{20,255}"),
    ("gitlab-token", ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-",
      "glffct-", "glimt-", "glagent-", "gloas-", "glptt-", "glcbt-"),
     r"gl(?:pat|dt|ft|soat|rt|ffct|imt|agent|oas|ptt|cbt)-(?=[A-Za-z0-9_.-]{0,60}[A-Z0-9])[A-Za-z0-9_-]{20,1024"
     r"}(?:\.[0-9a-z]{9})?"),
    ("gitlab-token", ("GR1348941",), r"GR1348941[A-Za-z0-9_-]{20,50}"),
    ("gitlab-token", ("_gitlab_session=",), r"_gitlab_session=[0-9a-z]{32}"),
    ("huggingface-token", ("hf_",), r"hf_[A-Za-z0-9]{30,}"),
    ("huggingface-token", ("api_org_",), r"api_org_[A-Za-z0-9]{30,}"),
    ("api-key", ("sk-",),
     r"(?<![A-Za-z0-9_-])sk-(?:(?=[A-Za-z0-9_-]{0,80}\d)(?=[A-Za-z0-9_-]{0,80}[A-Z])[A-Za-z0-9_-]{20,}|(?:[a-z0"
     r"-9]{0,8}-)?(?=[a-f0-9]{0,40}\d)[a-f0-9]{32,}|(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)[A-Za-z0-9_-]{20,}"
     r")"),
    ("api-key", ("gsk_", "pplx-", "xai-"), r"(?:gsk_|pplx-|xai-)[A-Za-z0-9]{40,}"),
    ("api-key", ("nvapi-",), r"nvapi-[A-Za-z0-9_-]{40,}"),
    ("api-key", ("lsv2_",), r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    ("wandb-key", ("wandb_v",), r"wandb_v\d_[A-Za-z0-9_]{30,}"),
    ("stripe-key", ("k_live_", "k_test_", "k_prod_"), r"[srp]k_(?:live|test|prod)_[A-Za-z0-9]{10,}"),
    ("stripe-key", ("whsec_",), r"whsec_[A-Za-z0-9+/]{24,}"),
    ("aws-key-id", ("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
     r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("aws-bedrock-key", ("ABSK",), r"ABSK[A-Za-z0-9+/]{100,}={0,2}"),
    ("slack-token", ("xox",), r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("slack-token", ("xoxe.xox",), r"xoxe\.xox[bp]-\d-[A-Za-z0-9]{100,}"),
    ("slack-token", ("xapp-",), r"xapp-\d-[A-Za-z0-9]+-\d+-[A-Za-z0-9]+"),
    ("webhook-url", ("hooks.slack.com/", "webhook.office.com/",
      "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
     r"((?:hooks\.slack\.com/(?:services|workflows|triggers)|[a-z0-9.-]*webhook\.office\.com/webhookb2|discord("
     r"?:app)?\.com/api/webhooks)/)[A-Za-z0-9+/_@-]{24,}"),
    ("google-key", ("AIza",), r"AIza[0-9A-Za-z_-]{35}"),
    ("google-key", ("GOCSPX-",), r"GOCSPX-[A-Za-z0-9_-]{24,}"),
    ("google-token", ("ya29.",), r"ya29\.[A-Za-z0-9_-]{20,}"),
    ("google-token", ("1//0",), r"(?<![A-Za-z0-9/])1//0[A-Za-z0-9_-]{40,}"),
    ("npm-token", ("npm_",), r"npm_[A-Za-z0-9]{36,}"),
    ("registry-token", ("pypi-Ag",), r"pypi-Ag[A-Za-z0-9_-]{50,}"),
    ("registry-token", ("rubygems_",), r"rubygems_[a-f0-9]{48}"),
    ("registry-token", ("CLOJARS_", "clojars_"), r"(?i:clojars_)[A-Za-z0-9]{60}"),
    ("registry-token", ("dckr_",), r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("registry-token", ("AKC",), r"AKC(?=[A-Za-z]{0,20}\d)[A-Za-z0-9]{11,}"),
    ("registry-token", ("cmVmd",), r"cmVmd[A-Za-z0-9]{59}(?![A-Za-z0-9])"),
    ("sendgrid-key", ("SG.",), r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("sendgrid-key", ("SG.",), r"SG\.[A-Za-z0-9=_.-]{66}"),
    ("mail-key", ("xkeysib-", "xsmtpsib-"), r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    ("vault-token", ("hvs.", "hvb.", "hvr."), r"hv[sbr]\.(?=[A-Za-z0-9_-]{0,60}[A-Z0-9])[A-Za-z0-9_-]{24,}"),
    ("cloud-token", ("atlasv1",), r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    ("cloud-token", ("doo_v1_", "dop_v1_", "dor_v1_"), r"do[opr]_v1_[a-f0-9]{64}"),
    ("cloud-token", ("fo1_", "fm1", "fm2_"), r"(?:fo1_[\w-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,}={0,3})"),
    ("cloud-token", ("HRKU-",), r"HRKU-[A-Za-z0-9_-]{36,}"),
    ("cloud-token", ("LTAI",), r"LTAI[A-Za-z0-9]{12,20}(?![A-Za-z0-9])"),
    ("cloud-token", ("sha256~",), r"sha256~[\w-]{43}"),
    ("cloud-token", ("tk-us-",), r"tk-us-[\w-]{48}"),
    ("cloud-token", ("AQVN",), r"AQVN[A-Za-z0-9_-]{35,38}"),
    ("databricks-token", ("dapi",), r"dapi(?=[a-f0-9]{0,31}\d)[a-f0-9]{32}(?:-\d)?(?![A-Za-z0-9])"),
    ("database-token", ("pscale_",), r"pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}"),
    ("database-token", ("sbp_", "sb_secret_"), r"(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,})"),
    ("database-token", ("pcsk_",), r"pcsk_[A-Za-z0-9_]{40,}"),
    ("grafana-token", ("eyJrIjoi",), r"eyJrIjoi[A-Za-z0-9+/]{40,400}={0,3}"),
    ("grafana-token", ("glc_", "glsa_"), r"gl(?:c_[A-Za-z0-9+/]{32,400}={0,3}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})"),
    ("sentry-token", ("sntrys_", "sntryu_"), r"sntry(?:s_eyJ[A-Za-z0-9+/=_]{60,}|u_[a-f0-9]{64})"),
    ("monitoring-key", ("NRAK-", "NRII-", "NRJS-"), r"NR(?:AK-[A-Za-z0-9]{27}|II-[A-Za-z0-9-]{32}|JS-[a-f0-9]{19})"),
    ("monitoring-key", ("dt0c01.",), r"dt0[a-z]\d\d\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}"),
    ("monitoring-key", ("phc_", "phx_"), r"ph[cx]_[A-Za-z0-9]{40,}"),
    ("shop-token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("shop-token", ("EAAA", "sq0atp-", "sq0csp-"),
     r"(?:sq0(?:atp|csp)-[A-Za-z0-9_\\-]{22,60}|EAAA(?=[A-Za-z_-]{0,40}\d)[\w-]{40,60}(?![\w+/-]))"),
    ("shop-token", ("shippo_",), r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    ("shop-token", ("EZAK", "EZTK"), r"EZ[AT]K[A-Za-z0-9]{54}(?![A-Za-z0-9])"),
    ("payment-key", ("FLWSECK", "FLWPUBK"), r"FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,32}(?:-X)?"),
    ("payment-key", ("duffel_",), r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}"),
    ("payment-key", ("access-",),
     r"access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("social-token", ("EAAM", "EAAC"), r"EAA[MC][A-Za-z0-9]{100,}"),
    ("social-token", ("AAAAAAAAAAAAAAAAAAAAAA",), r"A{22}(?=[A-Za-z%]{0,80}\d)[A-Za-z0-9%]{80,100}(?![A-Za-z0-9])"),
    ("project-token", ("ATATT3", "ATCTT3", "ATBB"), r"(?:AT[AC]TT3[A-Za-z0-9_=-]{60,}|ATBB[A-Za-z0-9]{32})"),
    ("project-token", ("lin_api_", "lin_oauth_"), r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}"),
    ("project-token", ("fio-u-",), r"fio-u-[A-Za-z0-9_=-]{64}"),
    ("project-token", ("tfp_",), r"tfp_[A-Za-z0-9_.=-]{40,}"),
    ("project-token", ("rdme_",), r"rdme_[a-z0-9]{70}"),
    ("project-token", ("figd_",), r"figd_[A-Za-z0-9_-]{40}"),
    ("build-token", ("pul-",), r"pul-[a-f0-9]{40}"),
    ("build-token", ("PMAK-",), r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}"),
    ("build-token", ("pnu_",), r"pnu_[A-Za-z0-9]{36}"),
    ("build-token", ("ico-",), r"ico-[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    ("build-token", ("sgp_",), r"sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}"),
    ("build-token", ("sm_aat_", "sm_pat_", "sm_sat_"), r"sm_[aps]at_[A-Za-z0-9]{16}"),
    ("build-token", ("dnkey-",), r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}"),
    ("build-token", ("_mmk",), r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?![A-Za-z0-9])"),
    ("build-token", ("p8e-",), r"p8e-[A-Za-z0-9]{32}"),
    ("build-token", ("s-s4t2",), r"s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    ("build-token", (".acc_", ".acc-"),
     r"(?:sc|ext|scauth|authress)_[A-Za-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.acc[_-][A-Za-z0-9-]{10,32}\.[A-Za-z0-9+/"
     r"_=-]{30,120}"),
    ("vault-token", ("ops_eyJ",), r"ops_eyJ[A-Za-z0-9+/]{80,}={0,3}"),
    ("vault-token", ("A3-",), r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("private-key", ("AGE-SECRET-KEY-1",), r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("private-key", ("AGE-PLUGIN-",), r"AGE-PLUGIN-[A-Z0-9-]+-1[A-Z0-9]{20,}"),
    ("telemetry-key", ("tskey-",), r"tskey-[a-z]+-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{16,})?"),
)  # fmt: skip
"""Each stands alone: no context is needed to see that it is a token. It begins a word."""

COMMON: tuple[Shape, ...] = (
    ("api-key", ("r8_",), r"r8_(?=[A-Za-z0-9]{0,30}\d)[A-Za-z0-9]{37,40}(?![A-Za-z0-9])"),
    ("registry-token", ("oy2",), r"oy2[a-z0-9]{43}(?![A-Za-z0-9])"),
    ("mail-key", ("-us",), r"[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])"),
    ("mail-key", ("key-",), r"(?<![A-Za-z0-9_-])(?:pub)?key-[a-f0-9]{32}(?![A-Za-z0-9])"),
    ("twilio-key", ("SK", "AC"), r"(?:SK|AC)(?=[0-9a-f]{0,24}\d)[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("vault-token", ("s.",), r"(?<![A-Za-z0-9_.-])s\.(?=[A-Za-z]{0,23}\d)[A-Za-z0-9]{24}(?![A-Za-z0-9_.])"),
    ("cloud-token", ("v1.0-",), r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    ("cloud-token", ("Q~",), r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~-])"),
    ("cloud-token", ("t1.",), r"t1\.[A-Za-z0-9_-]{4,}={0,2}\.[A-Za-z0-9_-]{86}={0,2}"),
    ("payment-key", ("live_", "test_"),
     r"(?<![A-Za-z0-9_])(?:live|test)_(?:pub_)?(?=[a-f0-9]{0,30}\d)[a-f0-9]{31,35}(?![A-Za-z0-9])"),
    ("social-token", ("|",), r"\d{15,16}\|(?=[A-Za-z_-]{0,26}\d)[0-9A-Za-z_-]{27,40}(?![\w-])"),
    ("chat-token", (":A",), r"\d{5,16}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])"),
    ("chat-token", (".",),
     r"(?<![A-Za-z0-9_-])[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}(?![A-Za-z0-9_-])"),
    ("project-token", ("ntn_", "secret_"),
     r"(?:ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_(?=[A-Za-z]{0,42}\d)[A-Za-z0-9]{43}(?![A-Za-z0-9]))"),
    ("project-token", ("pat",), r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}(?![A-Za-z0-9])"),
    ("project-token", ("pat.", "sat."), r"[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    ("build-token", ("API-",), r"(?<![A-Za-z0-9_-])API-(?=[A-Z]{0,25}\d)[A-Z0-9]{26}(?![A-Za-z0-9])"),
    ("build-token", ("dp.",),
     r"dp\.(?:pt|st|ct|scim|audit|sa)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}(?![A-Za-z0-9])"),
    ("build-token", ("pk.",), r"[ps]k\.[A-Za-z0-9]{60,}\.[A-Za-z0-9_-]{22}"),
    ("cloud-token", ("4b1d",), r"4b1d(?=[a-z0-9]{0,37}[A-Z])[A-Za-z0-9]{38}(?![A-Za-z0-9])"),
)  # fmt: skip
"""The same, where the literal stands in ordinary text too: looked for in long words only."""

LOGINS: tuple[Shape, ...] = (
    ("login", ("login",), r"(\blogin\s+\S{1,80}\s+password\s+)(?=\S{0,80}[\d!#$%&*+/=?@^])[^\s\[\]]{4,}"),
    ("login", (" login ",),
     r"(\b(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|registry|oc|az)\s+login\s(?:[^\n|;&]{0,200}?\s)?"
     r"-p[ =]?[\"']?)(?!\$)[^\s\"'\[\]]{4,}"),
    ("login", ("wandb login ", "wandb.login("),
     r"(\bwandb(?: login\s+(?:--?[\w-]+(?:=\S+)?\s+)*|\.login\([^)\n]{0,80}?[\"']))[A-Za-z0-9_]{40,}"),
    ("login", ("mysql", "mariadb"),
     r"(\b(?:mysql|mariadb)(?:-?dump|-?admin|-?import)?\s(?:[^\n|;&]{0,200}?\s)?-p)(?!\$)(?=\S*\d)(?=\S*[A-Za-z])"
     r"[^\s\"'\[\]]{6,}"),
    ("login", ("zip ", "sqlcmd ", "bcp "),
     r"(\b(?:(?:un)?zip|zipcloak|sqlcmd|bcp)\s(?:[^\n|;&]{0,200}?\s)?-P\s*[\"']?)(?!\$)(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'\[\]]{6,}"),
    ("login", ("7z", "rar "),
     r"(\b(?:7z[arz]?|(?:un)?rar)\s(?:[^\n|;&]{0,200}?\s)?-h?p[\"']?)(?!\$)(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'\[\]]{6,}"),
    ("login", ("-stdin", "--with-token", "wandb login", "sudo -S", "chpasswd", "-fd 0"),
     r"(\b(?:echo|printf)\s+(?:-\w+\s+)?[\"']?(?:[^\s:\"'|]{1,40}:(?=[^|]{0,80}chpasswd))?)(?!\$)[^\s\"'|\[\]]{6,}(?=[\"']?\s*\|[^\n|;]{0,120}"
     r"(?:--[\w-]*-stdin|--with-token|\bwandb login|\bsudo -S|\bchpasswd|-fd 0))"),
    ("login", ("-stdin", "--with-token"),
     r"((?:--[\w-]*-stdin|--with-token)[^\n|;<]{0,100}<<<\s*\\?[\"']?)(?!\$)[^\s\"'\[\]]{6,}"),
    ("login", ("setenv ", "set -"),
     r"((?i:\b(?:setenv|set(?:\s+--?[\w-]+)+)\s+(?:[A-Z0-9_]*_)?(?:TOKEN|SECRET|PASS(?:WORD|WD|PHRASE)?|(?:API|ACCESS|SECRET"
     r"|AUTH|OPENAI)_?KEY)\s+)[\"']?)(?!\$)[^\s\"'\[\]]{6,}"),
    ("login", ("--value", "--body", "--secret-string"),
     r"((?i:(?<![A-Za-z0-9])(?:[\w./-]*[_./-])?(?:TOKEN|\w*SECRET|PASS(?:WORD|WD|PHRASE)?|(?:API|ACCESS|SECRET|AUTH|PRIVATE|MASTER)[_.-]?KEY|AUTHORIZATION))"
     r"[\"']?\s+(?:(?:[^\n|;&]{0,120}?\s)?--(?:value|body|secret-string)[ =])[\"']?)(?!\$)[^\s\"'\[\]]{6,}"),
    ("login", ("--from-literal",),
     r"(\bcreate\s+secret\s[^\n]{0,200}?--from-literal[= ][\"']?[\w.-]+=)(?!\$)[^\s\"'\[\]]{6,}"),
    ("login", ("setx ",),
     r"((?i:\bsetx\s+\w*(?:TOKEN|SECRET|PASS(?:WORD|WD|PHRASE)?|_?KEY)\s+)[\"']?)(?!\$)[^\s\"'\[\]]{6,}"),
    ("login", ("curl ",),
     r"(\bcurl\s(?:[^\n|;&]{0,200}?\s)?-u\s?[\"']?[^\s:\"'\[\]/]{0,60}:)(?![\"']?\$|\d+(?:\s|$))[^\s\"'/\[\]]{6,}"),
    ("login", ("curl ",),
     r"(\bcurl\s(?:[^\n|;&]{0,200}?\s)?(?:-u|--user)[ =]?[\"']?)(?=[A-Za-z_-]{0,60}\d)[A-Za-z0-9_-]{16,}(?=:[\"'\s])"),
    ("login", (":5432:", ":5433:", ":6432:", ":*:"),
     r"((?<![\w.:/-])(?:[\w.*-]+|\[[0-9a-f:]+\]):(?:5432|5433|6432|\*):[^\s:/]{1,64}:[^\s:/]{1,64}:)(?=\S*\d)[^\s:\[\]]{6,}(?!\S)"),
    ("login", ("wpa_passphrase ", "nmcli "),
     r"(\b(?:wpa_passphrase\s+\S{1,64}|nmcli\s[^\n|;&]{0,200}?\s(?:password|[\w.-]*psk))\s+[\"']?)(?!\$)[^\s\"'\[\]]{8,}"),
    ("login", ("wifi-sec.psk ",), r"(\bwifi-sec\.psk\s+[\"']?)(?!\$)[^\s\"'\[\]]{8,}"),
    ("login", ("storepass ", "keypass ", " pass:"),
     r"((?<![\w-])-(?:(?:src|dest)?storepass|(?:src|dest)?keypass|pass(?:in|out)?)\s+(?:pass:)?)(?!\$|\w+:)"
     r"[^\s\"'\[\]]{6,}"),
    ("login", ("ldap", "smbclient"),
     r"(\b(?:ldap\w+\s[^\n|;&]{0,200}?\s-w\s+|smbclient\s[^\n|;&]{0,200}?-U\s*[^\s%]{1,60}%))[^\s\"'\[\]]{6,}"),
    ("login", ('"auth"', '"auth\\"'),
     r"(\\?\"auth\\?\"\s*:\s*\\?\")(?=[A-Za-z+/]{0,60}\d)[A-Za-z0-9+/]{12,}={0,2}"),
    ("private-key", ('"kty"', '"kty\\"'),
     r"(\\?\"(?:d|p|q|dp|dq|qi|k)\\?\"\s*:\s*\\?\")[A-Za-z0-9_-]{20,}={0,2}"),
    ("private-key", ("client-key-data",), r"(\bclient-key-data\\?\"?\s*:\s*\\?\"?)[A-Za-z0-9+/=]{16,}"),
)  # fmt: skip
"""How programs are given a login, on their command line and in their files. Group 1 stays."""

PHRASES: tuple[Shape, ...] = (
    *LOGINS,
    (
        "private-key",
        ("PRIVATE KEY",),
        r"()-----BEGIN [A-Z0-9 _-]{0,100}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\S]{0,20000}?-----END [A-Z0-9 _-]{0,100}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]*)",
    ),
    (
        "private-key",
        ("PuTTY-User-Key-File-",),
        r"(PuTTY-User-Key-File-[\s\S]{0,4000}?Private-Lines:\s*\d+)[A-Za-z0-9+/=\s\\]*",
    ),
    (
        "url-credentials",
        ("://",),
        r"(\b[A-Za-z][A-Za-z0-9+.-]{1,20}://)[^\s/:@\[\]\"'<>]*:[^\s/@\"'<>]+(?=@)",
    ),
    (
        "url-credentials",
        ("@",),
        r"(\b[A-Za-z][A-Za-z0-9+.-]{1,20}://)(?=[A-Za-z_-]{0,40}\d)(?=[\d_-]{0,40}[A-Za-z])[A-Za-z0-9_~.-]{16,}(?=@)",
    ),
    (
        "url-credentials",
        ("softlayer.com/",),
        r"(api\.softlayer\.com/soap/v3(?:\.1)?/)[a-z0-9]{64}",
    ),
    (
        "url-token",
        ("sig=", "ignature=", "?key=", "&key=", "?auth=", "&auth=", "?code=", "&code=", "redential=", "ecurity-"),
        r"(?i:([?&](?:sig|signature|key|auth|code|x-amz-(?:signature|credential|security-token)"
        r"|x-goog-signature)=))(?=[^\s&\"'<>]{0,60}\d)[^\s&\"'<>#\[\]]{16,}",
    ),
    (
        "authorization",
        ("uthorization", "UTHORIZATION"),
        r"((?i:authorization)\\?[\"']?\s*(?:[:=]|,)\s*\\?[\"']?"
        r"(?i:bearer|basic|(?:api-?)?(?:token|key)|digest|oauth|jwt|aws4-hmac-sha256|negotiate)\s+)[^\s\"'`\[\]\\]{4,}",
    ),
    (
        "authorization",
        ("uthorization", "UTHORIZATION"),
        r"((?i:authorization)\\?[\"']?\s*[:=]\s*\\?[\"']?)(?=[^\s\"'`]{0,80}\d)[A-Za-z0-9._~+/=-]{16,}",
    ),
    (
        "bearer-token",
        ("earer ", "EARER "),
        r"(\b(?i:bearer)\s+)(?=[^\s]*\d)[A-Za-z0-9._~+/=-]{16,}",
    ),
    (
        "cookie",
        ("ookie:", "OOKIE:"),
        r"((?i:\b(?:set-)?cookie):\s*)(?=[^\r\n\"']{0,400}=)(?=[^\r\n\"']{0,400}\d)[^\r\n\"'\[\]]{8,}",
    ),
    (
        "login",
        ("-u ", "-u=", "--user", "--proxy-user"),
        r"((?<![\w-])(?:-u|--user|--userpwd|--proxy-user)(?:=|\s+)[\"']?[^\s:\"'\[\]/]{1,60}:)"
        r"(?![\"']?\$|\d+(?:\s|$))[^\s\"'/\[\]]{4,}",
    ),
    ("login", ("sshpass",), r"(\bsshpass\s+-p\s*[\"']?)[^\s\"'\[\]$]{4,}"),
    (
        "database-url",
        ("ccountKey=", "ccessKey=", "ccessSignature="),
        r"(\b(?:Account|SharedAccess|Access)(?:Key|Signature)=)[A-Za-z0-9+/=%&_-]{16,}",
    ),
    ("registry-token", ("_authToken", "_auth=", "_auth ", "_password=", "_password "),
     r"(_(?:authToken|auth|password)\s*=\s*)[^\s$\"'\[\]]{8,}"),
    ("registry-token", ('assword"', 'PASSWORD"', 'assword\\"', 'PASSWORD\\"'),
     r"((?i:<add\s+key=\"(?:ClearText)?Password\"\s+value=\"))[^\"%\[\]]{8,}"),
)  # fmt: skip
"""What is a secret by what stands around it. Group 1 stays, and what follows it is hidden."""

VENDORS = (
    "adafruit", "adobe", "airtable", "algolia", "alibaba", "artifactory", "asana", "atlassian", "beamer",
    "bintray", "bitbucket", "bittrex", "cloudant", "cloudflare", "codecov", "cohere", "coinbase", "confluence",
    "confluent", "contentful", "contribsys", "datadog", "discord", "droneci", "dropbox", "etsy", "facebook",
    "fastly", "finicity", "finnhub", "flickr", "freshbooks", "gitter", "gocardless", "heroku", "hubspot",
    "intercom", "jfrog", "jira", "kraken", "kucoin", "launchdarkly", "linkedin", "linked_in", "linked-in",
    "looker", "mailchimp", "mailgun", "mapbox", "mattermost", "meraki", "messagebird", "message_bird",
    "message-bird", "netlify", "new_relic", "newrelic", "new-relic", "newyorktimes", "new-york-times", "nytimes",
    "okta", "openai", "plaid", "privateai", "private_ai", "private-ai", "rapidapi", "sendbird", "sentry", "snyk",
    "softlayer", "sonar", "sourcegraph", "squarespace", "sumologic", "telegram", "travis", "twitch", "twitter",
    "typeform", "wandb", "yandex", "zendesk", "ibm_cloud", "ibmcloud", "replicate",
)  # fmt: skip
"""Issuers whose keys have no shape of their own: a random value of something that bears their name."""

PASSWORDS = (
    "adgangskode", "contrasena", "contraseña", "contrasinal", "hasło", "heslo", "jelszó",
    "kennwort", "lozinka", "lösenord", "mot de passe", "mot_de_passe", "motdepasse",
    "palavra-passe", "passord", "salasana", "senha", "wachtwoord", "şifre", "пароль", "密码", "密碼",
    "パスワード", "비밀번호", "סיסמה", "كلمة المرور", "पासवर्ड",
)  # fmt: skip
"""What a password is called elsewhere, in small letters (``passwort`` is found as ``passw``)."""

WORDS = ("passw", "passphrase", "passcode", "pwd", "psk", "secret", "token", "api key", "access key",
         "secret key", "key", "credential", "creds", "_pass", "_auth", "sshpass", "cookie", "authorization",
         "connection_string", *PASSWORDS)  # fmt: skip
"""Of names whose values are secrets; in small letters."""
STEMS = ("passw", "passp", "passc", "_pass", "hpass", "pwd", "psk", "secret", "token", "key", "cred", "cookie",
         "_auth", "authoriz", "connection_string", *PASSWORDS)  # fmt: skip
"""One of them stands in each of ``WORDS``."""
