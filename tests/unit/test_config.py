"""Settings: where they come from, and what is said when they are wrong."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.cli.speech import Speech
from mailer.config.load import Loaded, load, show
from mailer.config.places import find_config, state_home
from mailer.config.settings import Settings
from mailer.delivery.bounce.policy import Terms
from mailer.delivery.canary import NOBODY, Canary
from mailer.delivery.quota import WarmUp
from mailer.delivery.throttle import Rate
from mailer.errors import ConfigError
from mailer.reading import UnreadableError, types_of
from mailer.reading import read as read_as

TOML = """\
[site]
public_url = "https://lettres.example.org/"
[[relays]]
name = "principal"
host = "smtp.example.org"
username = "lettres"
password = "hunter2hunter2"
rate = "15/s"

[publications.le-meridien]
name = "Le Méridien"
from = "Le Méridien <lettre@meridien.example>"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path


def read(place: Path, text: str = TOML, **environ: str) -> Loaded:
    (place / "config" / "mailer.toml").write_text(text, encoding="utf-8")
    return load(config=None, start=place, environ=environ)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[site]\nlang = fr\n", "mailer.toml:2: this is not TOML"),
        ("[site]\nlang = 'fr'\n# é\n".encode("latin-1"), "mailer.toml:3: the file is"),
    ],
)
def test_a_file_that_cannot_be_read_says_its_line(
    place: Path, content: bytes, said: str
) -> None:
    """Where the parser stumbled, in the form that editors jump to."""
    (place / "config" / "mailer.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(config=None, start=place, environ={})


def test_values_know_where_they_are_from(place: Path) -> None:
    """Environment over file over default, each with its origin."""
    loaded = read(
        place,
        MAILER_RELAYS__PRINCIPAL__PORT="2525",
        MAILER_PUBLICATIONS__LE_MERIDIEN__LANG="en",
        MAILER_SEND__RETRY='["1s", "2m"]',
    )
    rows = {key: (value, origin) for key, value, origin in show(loaded)}
    assert rows["site.public_url"] == (
        "https://lettres.example.org",
        "config/mailer.toml:2",
    )
    assert rows["relays.principal.port"] == (
        "2525",
        "environment MAILER_RELAYS__PRINCIPAL__PORT",
    )
    assert rows["relays.principal.security"] == ("starttls", "default")
    assert rows["relays.principal.password"][0] == "••••••"
    assert "hunter2" not in repr(loaded.settings)
    assert loaded.settings.publication("le-meridien").lang == "en"
    assert loaded.settings.send.retry == (timedelta(seconds=1), timedelta(minutes=2))
    assert loaded.settings.relays[0].rate == Rate(count=15)


@pytest.mark.parametrize(
    ("written", "canary"),
    [
        ('""', NOBODY),
        ('"1%"', Canary(percent=1)),
        ("50", Canary(count=50)),
        ('"a@x.fr, b@x.fr"', Canary(seeds=("a@x.fr", "b@x.fr"))),
        ('["a@x.fr", "b@x.fr"]', Canary(seeds=("a@x.fr", "b@x.fr"))),
    ],
)
def test_a_canary_is_written_in_three_ways(
    place: Path, written: str, canary: Canary
) -> None:
    """And shown as it can be written."""
    loaded = read(place, f"[send]\ncanary = {written}\n{TOML}")
    assert loaded.settings.send.canary == canary
    shown = {key: value for key, value, _ in show(loaded)}["send.canary"]
    assert (
        read(place, f'[send]\ncanary = "{shown}"\n{TOML}').settings.send.canary
        == canary
    )


def test_a_publication_has_sensible_defaults(place: Path) -> None:
    """List-Id, return path and address to leave follow from the sender."""
    paper = read(place).settings.publication("le-meridien")
    assert paper.list_id == "le-meridien.meridien.example"
    assert paper.return_path == "lettre@meridien.example"
    assert paper.unsubscribe_to == "unsubscribe@meridien.example"
    assert paper.typography == "fr"


WRONG = [
    (
        'rate = "15/s"',
        'rat = "15/s"',
        "mailer.toml:8: relays.principal.rat: unknown key; did you mean rate?",
    ),
    (
        'rate = "15/s"',
        'rate = "15"',
        "mailer.toml:8: relays.principal.rate: '15' is no rate",
    ),
    ('rate = "15/s"', "port = 99999", "mailer.toml:8: relays.principal.port:"),
    ("[site]", "[sit]", "mailer.toml:1: sit: unknown key; did you mean site?"),
    ("https://lettres", "http://lettres", "mailer.toml:2: site.public_url:"),
    ("lettre@meridien.example", "nobody", "publications.le-meridien.from:"),
    (
        'host = "smtp.example.org"',
        'security = "none"\nhost = "smtp.example.org"',
        "this machine",
    ),
    ('name = "Le Méridien"\n', "", "publications.le-meridien.name: is missing"),
    (
        'rate = "15/s"',
        '[[relays]]\nname = "principal"',
        "two relays are called principal",
    ),
    (
        'rate = "15/s"',
        'kind = "maildir"',
        "needs a path: the folder that keeps the mail",
    ),
    ('rate = "15/s"', 'path = "out"', 'path is for kind = "maildir"'),
    (
        'rate = "15/s"',
        '[[relays]]\nname = "folder"\nkind = "maildir"\npath = "out"',
        "stands alone",
    ),
    ("[site]", '[site]\ntimezone = "Mars/Base"', "no time zone 'Mars/Base'"),
    ("[site]", '[send]\nlinger = "soon"\n[site]', "'soon' is no duration"),
    ("[site]", '[send]\ngive_up_after = "late"\n[site]', "'late' is no duration"),
    ("[site]", '[send]\ncanary = "a few"\n[site]', "a few is no canary: write 1%, 50,"),
    ("[site]", '[send]\ncanary = ["1%", "2%"]\n[site]', "1%, 2% is no canary"),
    ('from = "Le', 'schedule = "6 07:00"\nfrom = "Le', "sat 07:00"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=lambda v: v[:24])
def test_a_wrong_setting_is_told_at_its_line(
    place: Path, old: str, new: str, said: str
) -> None:
    """File, line, key, what is wrong and what was meant."""
    with pytest.raises(ConfigError) as caught:
        read(place, TOML.replace(old, new))
    assert said in str(caught.value)
    assert caught.value.exit_code == 78


def test_every_fault_is_told_at_once_in_the_readers_language(place: Path) -> None:
    """In our words, however many there are; of a number as it is typed."""
    text = TOML.replace('"15/s"', '"15"\nport = 99999\nsecurity = "ssl"')
    with pytest.raises(ConfigError) as caught:
        read(place, text, MAILER_SEND__RETRY="[]", MAILER_CHECKS__SPELLING="perhaps")
    assert Speech(lang="fr").error(caught.value).splitlines() == [
        "erreur\u00a0: config/mailer.toml:9: relays.principal.port\u00a0: devrait être"
        " compris entre 1 et 65535 (trouvé\u00a0: 99999)",
        "config/mailer.toml:10: relays.principal.security\u00a0: devrait être l’une de"
        " ces valeurs\u00a0: 'starttls', 'tls', 'none' (trouvé\u00a0: 'ssl')",
        "config/mailer.toml:8: relays.principal.rate\u00a0: '15' n’est pas un débit\u00a0:"
        " écrivez un nombre positif et une unité, 100/s, 20/min, 5000/h ou 50000/d"
        " (trouvé\u00a0: '15')",
        "environment MAILER_SEND__RETRY: send.retry\u00a0: ne devrait pas être vide"
        " (trouvé\u00a0: [])",
        "environment MAILER_CHECKS__SPELLING: checks.spelling\u00a0: devrait être true ou"
        " false (trouvé\u00a0: 'perhaps')",
    ]


def test_the_environment_is_read_as_the_types_say(place: Path) -> None:
    """It has texts alone; in a file a number is no text."""
    loaded = read(
        place,
        MAILER_CHECKS__SPELLING="true",
        MAILER_CHECKS__MAX_HTML_KB="90",
        MAILER_SEND__MAX_FAILURE_RATIO="0.5",
        MAILER_CHECKS__CLIENTS='["gmail"]',
    ).settings
    assert loaded.checks.spelling
    assert (loaded.checks.max_html_kb, loaded.send.max_failure_ratio) == (90, 0.5)
    assert loaded.checks.clients == ("gmail",)
    with pytest.raises(
        ConfigError, match=r"relays.principal.tls_name: should be a tex"
    ):
        read(place, TOML.replace('rate = "15/s"', "tls_name = 3"))


def test_a_secret_is_never_quoted_in_a_fault(place: Path) -> None:
    """A password of the wrong type is not repeated on a screen."""
    with pytest.raises(ConfigError) as caught:
        read(place, TOML.replace('password = "hunter2hunter2"', "password = 42424242"))
    assert "42424242" not in str(caught.value)


@pytest.mark.parametrize("name", ["MAILER_SITE__LANGG", "MAILER_RELAYS__NOPE__PORT"])
def test_a_wrong_variable_is_told_by_its_name(place: Path, name: str) -> None:
    """A variable that names nothing is an error that names it."""
    with pytest.raises(ConfigError, match=name):
        read(place, **{name: "1"})


def test_files_that_cannot_be_settings(place: Path, tmp_path: Path) -> None:
    """No TOML, no UTF-8, no file, no folder: each says so."""
    with pytest.raises(ConfigError, match="not TOML"):
        read(place, "[site")
    (place / "config" / "mailer.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(config=None, start=place, environ={})
    with pytest.raises(ConfigError, match="no such configuration file"):
        load(config=tmp_path / "x.toml", start=place, environ={})
    with pytest.raises(ConfigError, match="no such folder"):
        load(config=None, start=tmp_path / "x", environ={})


def test_secrets_come_from_files(place: Path) -> None:
    """Keys and passwords are read where they are named, systemd's folder first."""
    credentials = place / "credentials"
    credentials.mkdir()
    (credentials / "smtp").write_text("from-systemd\n", encoding="utf-8")
    (place / "config" / "keys").write_text("a" * 16 + "\n" + "b" * 16, encoding="utf-8")
    text = TOML.replace('password = "hunter2hunter2"', 'password_file = "smtp"')
    text = text.replace("[site]", '[site]\nsecret_key_file = "keys"')
    loaded = read(place, text, CREDENTIALS_DIRECTORY=str(credentials))
    assert loaded.relay_password(loaded.settings.relays[0]) == "from-systemd"
    assert loaded.secret_keys() == (b"a" * 16, b"b" * 16)
    (place / "config" / "keys").write_text("short", encoding="utf-8")
    with pytest.raises(ConfigError, match="16 characters"):
        loaded.secret_keys()
    with pytest.raises(ConfigError, match="there is no file"):
        read(place, text).relay_password(loaded.settings.relays[0])


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
    ],
)
def test_databases_are_named_by_url(place: Path, said: str, url: str) -> None:
    """Both dialects, with the driver filled in and the password masked on screens."""
    loaded = read(place, TOML + f'\n[storage]\ndatabase = "{said}"\n')
    assert loaded.database_url() == url
    shown = {key: value for key, value, _ in show(loaded)}["storage.database"]
    assert ":p@" not in shown


def test_an_unknown_database_is_refused(place: Path) -> None:
    """A scheme we do not speak is a configuration error."""
    loaded = read(place, TOML + '\n[storage]\ndatabase = "mysql://x"\n')
    with pytest.raises(ConfigError, match="mysql"):
        loaded.database_url()


def test_the_data_folder_follows_the_desktop_rules(place: Path) -> None:
    """Without a word it is under $XDG_DATA_HOME; with one, it is there."""
    loaded = read(place, XDG_DATA_HOME=str(place / "data"))
    assert loaded.data_folder() == place / "data" / "mailer"
    assert loaded.media_folder() == place / "data" / "mailer" / "media"
    said = read(place, TOML + '\n[storage]\nfolder = "../state"\n')
    assert said.data_folder() == place / "state"


STRANGE = [
    ('rate = "15/s"', "rate = []", "relays.principal.rate: '[]' is no rate"),
    ('rate = "15/s"', 'host2 = "a b"', "host2: unknown key; did you mean host?"),
    ("smtp.example.org", "smtp example", "relays.principal.host: is a host's name"),
    ("[site]", '[site]\ntimezone = "Europe"', "no time zone 'Europe'"),
    ("[site]", '[send]\ngrace = "999999999999d"\n[site]', "longer than ten years"),
    ("[site]", '[storage]\nfolder = "a\\u0000b"\n[site]', "holds no NUL"),
    ("[site]", '[web]\nadmin = "here"\n[site]', "'here' is no listener"),
    ("[site]", '[checks]\nspamd = "here"\n[site]', "'here' is no spamd"),
    ("org/", "org/?q=1", "mailer.toml:2: site.public_url: write scheme, host"),
    ("lettres.ex", "u:hunter2@ex", "got 'https://u:••••••@example.org/'"),
    ("[publications.le-meridien]", '[publications."../x"]', "letters, digits and -"),
    ("\nfrom =", '\nreturn_path = "x"\nfrom =', "return_path: the address is no"),
    ("\nfrom =", '\nlist_id = "a b"\nfrom =', "list_id: is written label.example"),
    ("\nfrom =", '\ntagline = "a\\uFFFFb"\nfrom =', ": U+FFFF (a control character)"),
    (
        "\nfrom =",
        '\nflags = ["a\\u0007"]\nfrom =',
        "publications.le-meridien.flags: U+0007",
    ),
    (
        "\nfrom =",
        "\nsender =",
        "publications.le-meridien.sender: unknown key; there are: about, assembly, ",
    ),
    ('"Le Méridien"', '"Le\\nBcc: x"', "publications.le-meridien.name: is one line"),
    ('rate = "15/s"', '[[relays]]\nname = "PRINCIPAL"', "two relays are called"),
    ("[site]", '[bounces]\ndomain = "a b"\n[site]', "'a b' is no domain"),
    (
        "[publications.le-meridien]",
        "[bounces]\nplus = true\n[publications.le-meridien]\n"
        f'return_path = "{"l" * 24}@m.example"',
        "is too long for bounces.plus",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), STRANGE, ids=lambda v: v[:24])
def test_a_strange_setting_is_told_not_raised(
    place: Path, old: str, new: str, said: str
) -> None:
    """What no one would write is still answered with a ConfigError."""
    with pytest.raises(ConfigError) as caught:
        read(place, TOML.replace(old, new, 1))
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("site = 3", "MAILER_SITE__LANG"),
        ("relays = 3", "MAILER_RELAYS__A__PORT"),
        ("relays = [1]", "MAILER_RELAYS__A__PORT"),
        ("", "MAILER_RELAYS__A__PORT"),
        ("", "MAILER_SITE__"),
    ],
)
def test_a_variable_cannot_reach_into_a_value(
    place: Path, text: str, name: str
) -> None:
    """Where the file has no such table the variable is named, and nothing crashes."""
    with pytest.raises(ConfigError, match=name):
        read(place, text, **{name: "1"})


def test_origins_survive_every_way_to_write_toml(place: Path) -> None:
    """Dotted keys, inline tables and lists over several lines keep their line."""
    text = """\
site.lang = "en"
[publications]
a = {name = "A", from = "a@a.example", labels = {"x" = "list"}}
[publications.b]
name = "B"
from = "b@b.example"
tokens = {accent = [
  "#fff", "#000"]}
[send]   # a word
retry = [
  "1s",
]
"""
    found = {key: origin for key, _, origin in show(read(place, text))}
    assert found["site.lang"] == "config/mailer.toml:1"
    assert found["publications.a.labels.x"] == "config/mailer.toml:3"
    assert found["publications.b.tokens.accent"] == "config/mailer.toml:7"
    assert found["send.retry"] == "config/mailer.toml:10"
    assert found["send.linger"] == found["publications.b.lang"] == "default"


def test_passwords_inside_urls_are_masked(place: Path) -> None:
    """Even one that holds an @, or stands among the parameters."""
    url = "postgresql://u:p@ss@h/d?password=zz&x=1"
    rows = {k: v for k, v, _ in show(read(place, f'storage.database = "{url}"'))}
    assert rows["storage.database"] == "postgresql://u:••••••@h/d?password=••••••&x=1"


def test_home_is_written_as_a_tilde(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``~`` works for the workspace too; a home that is not there is told."""
    monkeypatch.setenv("HOME", str(place / "home"))
    assert read(place, 'storage.workspace = "~/ws"').root == place / "home" / "ws"
    lost = read(place, 'storage.folder = "~nobody-here/x"')
    with pytest.raises(ConfigError, match="no such home"):
        lost.data_folder()


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin")))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text at all is read or answered with a ConfigError."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mailer.toml"
        path.write_text(text, encoding="utf-8")
        with suppress(ConfigError):
            show(load(config=path, start=Path(folder), environ={}))


VALUES = st.recursive(
    st.text(max_size=12) | st.integers() | st.booleans() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = sorted(
    f"{section}.{key}"
    for section, table in types_of(Settings).items()
    for key in (types_of(table) if isinstance(table, type) else ["a"])
)


@given(st.sampled_from(KEYS), VALUES)
@settings(max_examples=200, deadline=None)
def test_no_value_breaks_a_setting(key: str, value: object) -> None:
    """Any value for any key is taken or refused by the reader's error alone."""
    section, name = key.split(".")
    with suppress(UnreadableError):
        read_as(Settings, {section: {name: value}})


DKIM = """
[[dkim]]
domain = "Meridien.example"
selector = "rsa2026"
key_file = "rsa.pem"

[[dkim]]
domain = "meridien.example"
selector = "ed2026"
key_file = "/keys/ed.pem"
"""


def test_keys_are_known_by_their_selector(place: Path) -> None:
    """In the environment, in `config show` and in faults; and files as elsewhere."""
    loaded = read(place, TOML + DKIM, MAILER_DKIM__ED2026__KEY_FILE="/other.pem")
    rows = {key: (value, origin) for key, value, origin in show(loaded)}
    assert rows["dkim.rsa2026.domain"] == (
        "Meridien.example",
        "config/mailer.toml:15",
    )
    assert rows["dkim.ed2026.key_file"] == (
        "/other.pem",
        "environment MAILER_DKIM__ED2026__KEY_FILE",
    )
    rsa, ed25519 = loaded.settings.dkim
    assert loaded.dkim_key_file(rsa) == place / "config" / "rsa.pem"
    assert loaded.dkim_key_file(ed25519) == Path("/other.pem")


def test_a_key_is_found_among_the_credentials_of_systemd(place: Path) -> None:
    """As the other secrets are."""
    folder = place / "credentials"
    folder.mkdir()
    (folder / "rsa.pem").write_text("", encoding="ascii")
    loaded = read(place, TOML + DKIM, CREDENTIALS_DIRECTORY=str(folder))
    assert loaded.dkim_key_file(loaded.settings.dkim[0]) == folder / "rsa.pem"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Meridien.example", "lettre@x.example", "mailer.toml:15: dkim.rsa2026.domain"),
        (
            '"rsa2026"',
            '"a_b"',
            "mailer.toml:16: dkim.a_b.selector: 'a_b' is no selector",
        ),
        ('key_file = "rsa.pem"', "", "dkim.rsa2026.key_file: is missing"),
        ('key_file = "rsa.pem"', 'key_file = ""', "dkim.rsa2026.key_file"),
        ('key_file = "rsa', 'keyfile = "rsa', "did you mean key_file?"),
        ('"ed2026"', '"RSA2026"', "as rsa2026._domainkey.meridien.example"),
    ],
)
def test_a_wrong_key_table_is_told(place: Path, old: str, new: str, said: str) -> None:
    """Line, key and what is wrong; a selector stands for one key of a domain."""
    with pytest.raises(ConfigError) as caught:
        read(place, TOML + DKIM.replace(old, new))
    assert said in str(caught.value)


def test_lanes_are_shipped_and_can_be_changed(place: Path) -> None:
    """A rate is enough; domains of one's own replace, and are taken from elsewhere."""
    lanes = read(place).settings.lanes
    assert lanes["orange"].domains == ("orange.fr", "wanadoo.fr", "voila.fr")
    assert lanes["orange"].rate is None
    text = (
        '[lanes.orange]\nrate = "4/s"\n[lanes.free]\ndomains = []\n'
        '[lanes.gmail]\ndomains = ["gmail.com"]\n'
        '[lanes.campus]\ndomains = ["Univ.example", "msn.com", "université.example"]\n'
    )
    lanes = read(place, TOML + text).settings.lanes
    assert lanes["orange"].domains == ("orange.fr", "wanadoo.fr", "voila.fr")
    assert lanes["orange"].rate == Rate(count=4)
    assert lanes["free"].domains == ()
    assert lanes["gmail"].domains == ("gmail.com",)
    assert lanes["campus"].domains == (
        "univ.example",
        "msn.com",
        "xn--universit-j4a.example",
    )
    assert "msn.com" not in lanes["microsoft"].domains
    assert "outlook.com" in lanes["microsoft"].domains
    loaded = read(place, MAILER_LANES__ORANGE__RATE="2/s")
    assert loaded.settings.lanes["orange"].rate == Rate(count=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lanes.campus]\n", "mailer.toml:13: lanes.campus.domains: say which domains; only orange"),
        (
            '[lanes.a]\ndomains = ["x.example"]\n[lanes.b]\ndomains = ["X.example"]\n',
            "mailer.toml:16: lanes.b.domains: x.example is in lanes.a too",
        ),
        ('[lanes.a]\ndomains = ["@x"]\n', "mailer.toml:14: lanes.a.domains.0: '@x' is no"),
        ('[lanes.orange]\nrate = "fast"\n', "lanes.orange.rate: 'fast' is no rate"),
        ('[lanes.orange]\nrat = "1/s"\n', "orange.rat: unknown key; did you mean rate"),
        ("lanes = 3\n", "lanes: should be a table"),
    ],
)  # fmt: skip
def test_a_wrong_lane_is_told(place: Path, text: str, said: str) -> None:
    """The lane, the key, and what would be right."""
    toml = TOML + text if text.startswith("[") else text + TOML
    with pytest.raises(ConfigError) as caught:
        read(place, toml)
    assert said in str(caught.value)


def test_quotas_and_a_warm_up(place: Path) -> None:
    """Numbers, lists, rules; the environment can take them away again."""
    text = TOML.replace(
        'rate = "15/s"', 'hourly = 500\ndaily = 4000\nwarm_up = "200 x2 to 800"'
    )
    (relay,) = read(place, text).settings.relays
    assert (relay.hourly, relay.daily) == (500, 4000)
    assert relay.warm_up == WarmUp(ceilings=(200, 400, 800))
    loaded = read(
        place,
        text,
        MAILER_RELAYS__PRINCIPAL__HOURLY="",
        MAILER_RELAYS__PRINCIPAL__DAILY="300",
        MAILER_RELAYS__PRINCIPAL__WARM_UP="[50, 70]",
    )
    (relay,) = loaded.settings.relays
    assert (relay.hourly, relay.daily) == (None, 300)
    assert relay.warm_up == WarmUp(ceilings=(50, 70))
    shown = {key: value for key, value, _ in show(loaded)}
    assert shown["relays.principal.warm_up"] == "50, 70"
    assert shown["relays.principal.hourly"] == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hourly = 0", "mailer.toml:8: relays.principal.hourly: "),
        ('daily = "many"', "relays.principal.daily: should be a whole number"),
        ("warm_up = [400, 200]", "relays.principal.warm_up: [400, 200] is no warm-up"),
        ("warm_up = [true, 2]", "relays.principal.warm_up: [True, 2] is no warm-up"),
        ("warm_up = 200", "relays.principal.warm_up: 200 is no warm-up"),
        ('warm_up = "[200,"', "relays.principal.warm_up: '[200,' is no warm-up"),
    ],
)
def test_a_wrong_quota_is_told(place: Path, line: str, said: str) -> None:
    """At its line, with the form it wants."""
    with pytest.raises(ConfigError) as caught:
        read(place, TOML.replace('rate = "15/s"', line))
    assert said in str(caught.value)


FEATURES = (
    TOML
    + """
[feeds.houle]
url = "https://houle.example/feed"

[[publications.le-meridien.features]]
name   = "echos"
source = "feed"
feeds  = ["houle"]
"""
)


def test_features_are_known_by_their_names(place: Path) -> None:
    """In the environment, in `config show` and in faults."""
    loaded = read(
        place,
        FEATURES,
        MAILER_PUBLICATIONS__LE_MERIDIEN__FEATURES__ECHOS__COUNT="3",
        MAILER_FEEDS__HOULE__PRIVATE="true",
    )
    (feature,) = loaded.settings.publication("le-meridien").assembly.features
    assert (feature.count, feature.words) == (3, 50)
    rows = {key: value for key, value, _ in show(loaded)}
    assert rows["publications.le-meridien.features.echos.count"] == "3"
    assert rows["feeds.houle.private"] == "True"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"feed"', '"feeds"', "19: publications.le-meridien.features.echos.source"),
        (
            '["houle"]',
            '["houl"]',
            "config/mailer.toml: publications.le-meridien.features: no feed houl: did you mean houle?",
        ),
        ('feeds  = ["houle"]', "", 'features.echos: feeds = ["…"] belongs to'),
        (
            "feeds  =",
            'item = "{titel}"\nfeeds =',
            "no field {titel}: did you mean title?",
        ),
        ("feeds  =", 'window = "soon"\nfeeds =', "'soon' is no duration"),
        ("feeds  =", "count = 0\nfeeds =", "features.echos.count"),
        ("feeds  =", 'class = "a b"\nfeeds =', "features.echos.class"),
        ("feeds  =", 'titel = "x"\nfeeds =', "did you mean title?"),
        ("https://houle", "ftp://houle", "feeds.houle.url"),
        ("https://houle", "https://a:b@houle", "is no address"),
        ("/feed", "/fe ed", "is no address"),
        (
            "[[publications",
            '[[publications.le-meridien.features]]\nname = "echos"\n'
            'source = "hand"\n\n[[publications',
            "features: two features are called echos",
        ),
    ],
)
def test_a_wrong_feature_is_told(place: Path, old: str, new: str, said: str) -> None:
    """By its name and key, with what was meant."""
    with pytest.raises(ConfigError) as caught:
        read(place, FEATURES.replace(old, new, 1))
    assert said in str(caught.value)


def test_a_service_keeps_its_data_where_systemd_says(place: Path) -> None:
    """The first of its folders, unless a setting names another."""
    loaded = read(place, STATE_DIRECTORY="/var/lib/mailer:/var/lib/other")
    assert loaded.data_folder() == Path("/var/lib/mailer")
    assert loaded.socket() == Path("/var/lib/mailer/mailer.sock")
    elsewhere = read(place, TOML + '[storage]\nfolder = "/srv/data"\n')
    assert elsewhere.data_folder() == Path("/srv/data")


def test_a_command_beside_a_service_finds_the_same_data() -> None:
    """The machine's configuration has the machine's folder, whatever the environment."""
    machines = Path("/etc/mailer/mailer.toml")
    as_service = state_home(machines, {"STATE_DIRECTORY": "/var/lib/mailer"})
    assert state_home(machines, {"HOME": "/home/claire"}) == as_service
    of_a_workspace = state_home(Path("/srv/w/config/mailer.toml"), {"HOME": "/h"})
    assert of_a_workspace == Path("/h/.local/share/mailer")


def test_the_secret_key_is_a_credential_of_systemd_if_there_is_one(
    place: Path, tmp_path: Path
) -> None:
    """Without a setting: among the credentials, else with the data."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret_key").write_text("with-the-data-0123", encoding="ascii")
    environ = {"CREDENTIALS_DIRECTORY": str(folder), "STATE_DIRECTORY": str(data)}
    assert read(place, **environ).secret_keys() == (b"with-the-data-0123",)
    (folder / "secret_key").write_text("among-credentials", encoding="ascii")
    assert read(place, **environ).secret_keys() == (b"among-credentials",)


def test_a_user_without_a_home_is_told_what_to_say(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may run under a number that nobody knows; settings still load."""

    def unknown() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", unknown)
    loaded = read(place)
    with pytest.raises(ConfigError, match="no home"):
        loaded.data_folder()
    assert read(place, STATE_DIRECTORY="/data").data_folder() == Path("/data")


def test_a_configuration_of_somebody_else_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed /etc/mailer is no reason to open another ledger, nor to crash."""
    closed = tmp_path / "home" / "mailer"

    def stat(path: Path, **_: object) -> object:
        if path.is_relative_to(closed):
            raise PermissionError(13, "Permission denied")
        raise FileNotFoundError(2, "No such file")

    here = tmp_path / "here"
    here.mkdir()
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(ConfigError, match="may not read it") as caught:
        find_config(None, here, environ)
    assert caught.value.file == str(closed / "mailer.toml")


MAILBOX = """
[[intake.mailboxes]]
name = "bounces"
host = "imap.example.org"
username = "bounces@example.org"
"""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", "intake.mailboxes.bounces: one of these is needed"),
        ('password_file = "a"\ntoken_file = "b"', "one of these is needed"),
        ('password_file = "a"\nsecurity = "none"', "for a server on this machine"),
        ('password_file = "a"\ndone = "inbox"', "another folder than folder"),
        ('password_file = "a"\npassword = "x"', "unknown key"),
    ],
)
def test_a_mailbox_is_entered_safely(tmp_path: Path, more: str, words: str) -> None:
    """No password in clear over a network, and none in the file."""
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / "mailer.toml"
    file.write_text(MAILBOX + more, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load(config=None, start=tmp_path, environ={})


def test_a_publication_has_a_patience_of_its_own(tmp_path: Path) -> None:
    """What it does not say is what all have; "" is never, and not "as all"."""
    (tmp_path / "config").mkdir()
    text = """
[bounces]
soft = 7
[publications.a]
name = "A"
from = "a@a.example"
[publications.a.bounces]
hard = 2
soft_for = ""
"""
    (tmp_path / "config" / "mailer.toml").write_text(text, encoding="utf-8")
    settings = load(config=None, start=tmp_path, environ={}).settings
    own = settings.bounces.terms(settings.publications["a"].bounces)
    assert own == Terms(hard=2, soft=7, soft_for=None)
    assert settings.bounces.terms() == Terms(soft=7)
