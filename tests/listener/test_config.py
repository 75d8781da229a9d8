"""config.yaml: what is right is read, and every mistake is told at once with its place, its remedy and no secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from listener.config import Config, ConfigError, load
from listener.config.secrets import is_secret, secrets_of
from storage.mention import Exclude

ROOT = Path(__file__).parents[2]
BRANDS = "brands:\n  - {name: Acme, own: true}\n  - {name: Bolt}\n"
RULE = "alerts:\n  rules:\n    - {name: angry, when: negative_share > 0.4, brand: Acme"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def read(file: Path, text: str, environment: Mapping[str, str] | None = None) -> Config:
    file.write_text(text, encoding="utf-8")
    return load(file, environment or {})


def refused(file: Path, text: str, environment: Mapping[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(file, text, environment)
    return caught.value


def test_the_shipped_configuration_loads_without_any_secret() -> None:
    config = load(ROOT / "config.yaml", {})
    assert config.zone.key == "UTC"
    assert set(config.sources) == {"bluesky", "hackernews", "feeds"}
    assert [rule.name for rule in config.rules] == ["angry"]
    assert config.letters


def test_the_example_of_the_contract_means_what_it_says(file: Path) -> None:
    config = read(
        file,
        """timezone: Europe/Madrid
brands:
  - {name: Acme, own: true, market: default, query: 'acme OR "acme corp"', aliases: [AC],
     handles: {bluesky: "@acme.example"}, response_target: 1h}
storage: {url: "sqlite:///data/listener.db", retention: {default: 365d}}
channels:
  console: {}
  email: {host: mail.example, port: 587, username: u,
    password: "${SMTP_PASSWORD}", from: a@example.com, to: [b@example.com]}
alerts:
  rules:
    - {name: angry, when: negative_share > 40%, brand: Acme, over: 1h, min_n: 20, for: 15m,
       cooldown: 6h, expire: 6h, channels: [console, email]}
""",
        {"SMTP_PASSWORD": "swordfish"},
    )
    (acme,) = config.brands
    assert (acme.handles, acme.aliases, acme.response_target) == ({"bluesky": "acme.example"}, ("AC",), 3600)
    (rule,) = config.rules
    assert (rule.over, rule.hold, rule.cooldown, rule.expire, rule.min_n) == (3600, 900, 21_600, 21_600, 20)
    assert rule.condition.number == 0.4
    assert not config.letters
    assert config.storage.retention == {"default": 365 * 86_400}
    assert "swordfish" not in repr(config)


def test_texts_are_kept_for_a_year_where_nobody_says_how_long(file: Path) -> None:
    assert read(file, BRANDS).storage.kept_for == {"default": 365 * 86_400}
    of_one = read(file, BRANDS + "storage: {retention: {mastodon: 90d}}\n").storage.kept_for
    assert of_one == {"default": 365 * 86_400, "mastodon": 90 * 86_400}
    assert read(file, BRANDS + "storage: {retention: {default: null}}\n").storage.kept_for == {
        "default": None
    }


def test_names_by_language_and_exclusions_reach_the_brand(file: Path) -> None:
    config = read(
        file,
        """brands:
  - name: Sprout
    aliases: {every: [SPT], sv: [Gro], pt_BR: [Broto]}
    exclude: {authors: ["@bot"], sites: [www.jobs.example], snippets: [giveaways]}
  - {name: Bolt, aliases: [Blt]}
""",
    )
    sprout, bolt = config.brands
    assert (sprout.aliases, sprout.aliases_in) == (("SPT",), {"sv": ("Gro",), "pt-br": ("Broto",)})
    assert sprout.exclude == Exclude(("@bot",), ("www.jobs.example",), ("giveaways",))
    assert sprout.names == ("Sprout", "SPT", "Gro", "Broto")
    assert (bolt.aliases, bolt.aliases_in, bolt.exclude) == (("Blt",), {}, Exclude())


def test_topics_are_looked_for_like_brands_and_form_a_market_of_their_own(file: Path) -> None:
    text = """brands: [{name: Acme, own: true}]
topics:
  - {name: Kettles, query: 'kettle* OR teapot', exclude: {snippets: [giveaways]}}
  - {name: Toasters, market: default}
alerts: {rules: [{name: boom, when: mentions > 3, brand: Kettles}]}
"""
    config = read(file, text)
    acme, kettles, toasters = config.brands
    assert [(b.topic, b.own, b.market) for b in config.brands] == [
        (False, True, "default"),
        (True, False, "topics"),
        (True, False, "default"),
    ]
    assert (kettles.query, kettles.exclude.snippets) == ("kettle* OR teapot", ("giveaways",))
    assert (toasters.handles, acme.topic) == ({}, False)
    assert [rule.brand for rule in config.rules] == ["Kettles"]


@pytest.mark.parametrize(
    ("topics", "says"),
    [
        ("[{name: acme}]", "topics[0].name (line 2): 'acme' stands twice"),
        ("[{name: Kettles, query: 'a AND'}]", "topics[0].query"),
        ("[{name: Kettles, handles: {x: y}}]", "topics[0].handles"),
        ("{name: Kettles}", "topics (line 2): needs a list"),
    ],
)
def test_mistakes_in_topics_are_told_with_their_place(file: Path, topics: str, says: str) -> None:
    with pytest.raises(ConfigError) as told:
        read(file, f"brands: [{{name: Acme}}]\ntopics: {topics}\n")
    assert says in str(told.value)


def test_a_rule_without_a_brand_is_for_every_brand_of_ours(file: Path) -> None:
    text = (
        "brands: [{name: A, own: true}, {name: B, own: true}, {name: C}]\n"
        "alerts: {rules: [{name: r, when: mentions > 3}]}"
    )
    assert [rule.brand for rule in read(file, text).rules] == ["A", "B"]


def test_a_relative_storage_path_lies_beside_the_file_wherever_we_are(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    text = BRANDS + "storage: {url: 'sqlite:///data/x.db'}\n"
    assert read(file, text).database == tmp_path / "data" / "x.db"
    file.write_text(text, encoding="utf-8")
    assert load(Path("../config.yaml"), {}).database == tmp_path / "data" / "x.db"


def test_an_absolute_storage_path_is_taken_as_it_is(file: Path, tmp_path: Path) -> None:
    where = tmp_path / "far" / "x.db"
    assert read(file, f"{BRANDS}storage: {{url: 'sqlite:///{where}'}}\n").database == where


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        (BRANDS + "timezon: UTC\n", "timezon (line 4)", "unknown key; did you mean timezone?"),
        (BRANDS + "timezone: Mars/Olympus\n", "timezone (line 4)", "no time zone"),
        (BRANDS + "timezone: America\n", "timezone (line 4)", "no time zone"),
        (BRANDS + "timezone:\n", "timezone (line 4)", "no time zone"),
        (BRANDS + "timezone: 3\n", "timezone (line 4)", "no time zone"),
        ("timezone: UTC\n", "brands", "at least one brand is needed"),
        ("brands: []\n", "brands (line 1)", "at least one brand is needed"),
        ("brands: {name: Acme}\n", "brands (line 1)", "at least one brand is needed"),
        ("brands: [Acme]\n", "brands[0] (line 1)", "needs keys with values"),
        ("brands:\n- {nam: Acme}\n", "brands[0].nam (line 2)", "did you mean name?"),
        ("brands:\n- {nam: Acme}\n", "brands[0].name (line 2)", "is missing"),
        ("brands:\n- {name: Acme, own: perhaps}\n", "brands[0].own (line 2)", "true or false; got 'perhaps'"),
        ("brands:\n- {name: 3}\n", "brands[0].name (line 2)", "put it in quotation marks; got 3"),
        ("brands:\n- {name: ''}\n", "brands[0].name (line 2)", "may not be empty"),
        (
            BRANDS + "sources: {feeds: {urls: https://a.example/x}}\n",
            "sources.feeds.urls (line 4)",
            "must be a list, as in [one, two]",
        ),
        (
            "brands:\n- name: Acme\n  response_target: 60\n",
            "brands[0].response_target (line 3)",
            "needs a number and a unit, as in 30m",
        ),
        (BRANDS + "  - {name: ACME}\n", "brands[2].name (line 4)", "stands twice"),
        ("brands:\n- {name: '@'}\n", "brands[0] (line 2)", "needs a query"),
        ("brands:\n- {name: A, query: 'a NEAR b'}\n", "brands[0].query (line 2)", "  ^ NEAR needs a number"),
        (
            "brands:\n- {name: A, aliases: B}\n",
            "brands[0].aliases (line 2)",
            "needs a list of names, or lists",
        ),
        ("brands:\n- {name: A, aliases: [1]}\n", "brands[0].aliases (line 2)", "needs a list of names, or"),
        (
            "brands:\n- {name: A, aliases: {sv: B}}\n",
            "brands[0].aliases (line 2)",
            "needs a list of names, or",
        ),
        (
            "brands:\n- {name: A, aliases: {swedish: [B]}}\n",
            "brands[0].aliases (line 2)",
            "the code of a language",
        ),
        ("brands:\n- {name: A, exclude: [x]}\n", "brands[0].exclude (line 2)", "needs keys with values"),
        ("brands:\n- {name: A, exclude: {site: x}}\n", "brands[0].exclude.site (line 2)", "unknown key"),
        (
            "brands:\n- {name: A, exclude: {sites: [x/y]}}\n",
            "brands[0].exclude.sites (line 2)",
            "a host alone",
        ),
        (
            "brands:\n- {name: A, exclude: {authors: ['@']}}\n",
            "brands[0].exclude.authors (line 2)",
            "must stand",
        ),
        (
            "brands:\n- {name: A, exclude: {snippets: [jobs]}}\n",
            "brands[0].exclude.snippets[0] (line 2)",
            "must be 'job_ads', 'giveaways' or 'stock_tickers'; got 'jobs'",
        ),
        ("brands:\n- {name: A, query: 'acme OR'}\n", "brands[0].query (line 2)", "must follow"),
        (BRANDS + "sources: {hackernew: {}}\n", "sources.hackernew (line 4)", "did you mean hackernews?"),
        (BRANDS + "sources: {hackernews: {poll: 5}}\n", "sources.hackernews.poll (line 4)", "needs a number"),
        (
            BRANDS + "sources:\n  feeds:\n    urls:\n      - nowhere\n",
            "sources.feeds.urls[0]",
            "http:// or https://",
        ),
        (
            BRANDS + "sources: {feeds: {urls: [https://a.example/x, https://a.example/x]}}\n",
            "sources.feeds (line 4)",
            "twice",
        ),
        (
            BRANDS + "sources: [hackernews]\n",
            "sources (line 4)",
            "needs keys out of appstore, bluesky, devto",
        ),
        (
            BRANDS + "sentiment: {engine: vadre}\n",
            "sentiment.engine (line 4)",
            "unknown engine 'vadre'; did you mean vader?",
        ),
        (BRANDS + "sentiment: {engine: vader, size: 3}\n", "sentiment.size (line 4)", "unknown key"),
        (
            BRANDS + "storage: {url: 'postgres://x'}\n",
            "storage.url (line 4)",
            "must look like sqlite:///data/listener.db",
        ),
        (
            BRANDS + "storage: {retention: {default: 365}}\n",
            "storage.retention.default (line 4)",
            "needs a number",
        ),
        (BRANDS + "channels: {slak: {}}\n", "channels.slak (line 4)", "did you mean slack?"),
        (BRANDS + "channels: [console]\n", "channels (line 4)", "needs keys out of console"),
        (BRANDS + "alerts:\n", "alerts (line 4)", "is empty"),
        (
            BRANDS + "alerts:\n  rules:\n",
            "alerts.rules (line 5)",
            "is empty; give it a value, or take it out",
        ),
        (BRANDS + "alerts: {rule: []}\n", "alerts.rule (line 4)", "did you mean rules?"),
        (BRANDS + RULE.replace("Acme", "Acem") + "}\n", "alerts.rules[0].brand (line 6)", "mean Acme?"),
        (BRANDS + RULE + ", chanels: [x]}\n", "alerts.rules[0].chanels (line 6)", "did you mean channels?"),
        (BRANDS + RULE + ", channels: [consol]}\n", "alerts.rules[0].channels[0] (line 6)", "mean console?"),
        (BRANDS + RULE + ", channels: [slack]}\n", "alerts.rules[0].channels[0]", "no channel 'slack' under"),
        (BRANDS + RULE + ", channels: []}\n", "alerts.rules[0].channels", "may not be empty"),
        (BRANDS + RULE + ", over: 1}\n", "alerts.rules[0].over (line 6)", "needs a number and a unit"),
        (BRANDS + RULE + ", over: 5s}\n", "alerts.rules[0].over (line 6)", "must be at least 1m; got 5s"),
        (BRANDS + RULE + ", for: soon}\n", "alerts.rules[0].for (line 6)", "'soon'"),
        (BRANDS + RULE + ", min_n: -1}\n", "alerts.rules[0].min_n (line 6)", "got -1"),
        (
            BRANDS + "sources: {hackernews: {}}\n" + RULE + ", source: hackernws}\n",
            "alerts.rules[0].source (line 7)",
            "there is no source 'hackernws'; did you mean hackernews?",
        ),
        (
            BRANDS + RULE.replace("> 0.4", "> 40") + "}\n",
            "alerts.rules[0].when (line 6)",
            "for 40 percent write 40%",
        ),
        (
            BRANDS + RULE.replace("negative_share > 0.4", "share_of_voice overtaken by Bollt") + "}\n",
            "alerts.rules[0].when (line 6)",
            "mean Bolt?",
        ),
        (
            BRANDS + RULE + "}\n    - {name: angry, when: mentions > 3}\n",
            "alerts.rules[1].name (line 7)",
            "stands twice",
        ),
        (
            "brands: [{name: Acme}]\nalerts: {rules: [{name: r, when: mentions > 3}]}\n",
            "alerts.rules[0]",
            "no brand is marked own: true",
        ),
        (BRANDS + "digest: {cron: 8 o'clock}\n", "digest.cron (line 4)", "write minute hour day month"),
        (BRANDS + "digest: {cron: '0 8 30 2 *'}\n", "digest.cron (line 4)", "no cron expression"),
        (BRANDS + "digest: {channels: [mail]}\n", "digest.channels[0] (line 4)", "no channel 'mail'"),
        (
            BRANDS + "channels: {alertmanager: {url: ['http://x']}}\ndigest: {channels: [alertmanager]}\n",
            "digest.channels[0] (line 5)",
            "takes alerts and no letters",
        ),
        (BRANDS + "channels: {apprise: {urls: [ntfy]}}\n", "channels.apprise.urls", "an address of Apprise"),
        (BRANDS + "dashboard: {port: 99999}\n", "dashboard.port (line 4)", "99999"),
        (BRANDS + "dashboard: {public_url: 'javascript:alert(1)'}\n", "dashboard.public_url", "http://"),
    ],
)
def test_every_kind_of_mistake_is_told_with_its_place_and_its_remedy(
    file: Path, text: str, place: str, says: str
) -> None:
    told = str(refused(file, text))
    line = next((line for line in told.splitlines() if line.startswith(f"  {place}")), None)
    assert line is not None, told
    assert says in told[told.index(line) :]


def test_a_query_is_told_with_a_caret_under_the_mistake(file: Path) -> None:
    told = str(refused(file, "brands:\n- name: Acme\n  query: 'acme AND (bolt OR'\n"))
    shown = told.splitlines()
    query = next(number for number, line in enumerate(shown) if line.endswith("acme AND (bolt OR"))
    assert shown[query + 1].index("^") - shown[query].index("acme") == len("acme AND ")


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    text = """timezon: UTC
brands:
  - {name: Acme, own: true, qery: x}
  - {name: Bolt, query: "a AND"}
sources: {hackernews: {pol: 5m}, feed: {}}
sentiment: {engine: vadr}
storage: {url: x}
channels: {webhook: {url: "${HOOK}"}, consol: {}}
alerts:
  rules:
    - {name: a, when: mentions > 4%, over: 1, channels: [nowhere]}
    - {name: b, when: mentions > 4, brand: Acme, channels: [nobody]}
digest: {cron: x, channels: [void]}
dashboard: {port: x}
"""
    error = refused(file, text)
    places = [problem.path for problem in error.problems]
    assert sorted(places) == sorted(
        [
            "timezon",
            "brands[0].qery",
            "brands[1].query",
            "sources.hackernews.pol",
            "sources.feed",
            "sentiment.engine",
            "storage.url",
            "channels.webhook.url",
            "channels.consol",
            "alerts.rules[0].when",
            "alerts.rules[0].over",
            "alerts.rules[0].channels[0]",
            "alerts.rules[1].channels[0]",
            "digest.cron",
            "digest.channels[0]",
            "dashboard.port",
        ]
    )
    assert str(error).startswith(f"{file}: 16 mistakes\n")
    assert all(problem.line for problem in error.problems)


def test_a_name_is_not_missed_while_the_section_that_should_hold_it_is_wrong(file: Path) -> None:
    text = (
        "brands: [{name: Acme, query: 'a AND'}]\nsources: {feeds: {urls: [x]}}\n"
        "alerts: {rules: [{name: r, when: mentions > 3, brand: Acme, source: 'feed:x'}]}\n"
    )
    assert {problem.path for problem in refused(file, text).problems} == {
        "brands[0].query",
        "sources.feeds.urls[0].url",
    }


# What is no YAML at all


def test_yaml_that_cannot_be_read_is_told_with_its_line(file: Path) -> None:
    told = str(refused(file, BRANDS + "channels: {console: {}\n"))
    assert "YAML (line " in told


def test_a_key_that_stands_twice_is_told_by_its_name_alone(file: Path) -> None:
    told = str(
        refused(file, BRANDS + "channels:\n  email: {host: h, password: swordfish, password: hunter2}\n")
    )
    assert "YAML (line 5): the key password stands twice" in told
    assert "swordfish" not in told and "hunter2" not in told


def test_a_file_that_is_not_utf_8_is_refused_with_the_remedy(file: Path) -> None:
    file.write_bytes("brands: [{name: Café}]\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load(file, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "brands:\n\t- {name: Acme}\n",
            "YAML (line 2): found character '\\t' that cannot start any token; indent",
        ),
        ("brands: " + "[" * 5000, "YAML: is nested too deep"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_with_the_remedy(file: Path, text: str, says: str) -> None:
    assert says in str(refused(file, text))


def test_a_byte_order_mark_does_not_matter(file: Path) -> None:
    assert read(file, "\ufeff" + BRANDS).brands


def test_a_missing_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name another file with --config"):
        load(tmp_path / "nothing.yaml", {})


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is empty"), ("# nothing\n", "is empty"), ("- a\n", "holds no"), ("x", "holds no")],
)
def test_an_empty_file_a_list_or_a_word_is_no_configuration(file: Path, text: str, says: str) -> None:
    assert says in str(refused(file, text))


# Secrets


def test_a_secret_that_stands_in_the_file_is_refused_without_showing_it(file: Path) -> None:
    text = BRANDS + "channels:\n  slack: {webhook: 'https://hooks.slack.com/services/T0/B0/hunter2'}\n"
    told = str(refused(file, text))
    assert 'channels.slack.webhook (line 5): is a secret; write it as "${NAME}"' in told
    assert "hunter2" not in told


def test_the_address_of_ones_own_webhook_may_stand_in_the_file(file: Path) -> None:
    config = read(file, BRANDS + "channels: {webhook: {url: 'http://127.0.0.1:9/hunter2'}}\n")
    assert "hunter2" not in repr(config.channels)
    told = str(
        refused(
            file, BRANDS + "channels:\n  apprise: {urls: ['ntfy://hunter2', '${A}']}\n", {"A": "ntfy://a"}
        )
    )
    assert "channels.apprise.urls[0] (line 5): is a secret" in told
    assert "hunter2" not in told and "urls[1]" not in told


@pytest.mark.parametrize(
    "channels",
    [
        "{slack: 'https://hooks.slack.com/hunter2'}",
        "{webhook: {url: [hunter2]}}",
        "{webhook: {url: 'ftp://hunter2'}}",
        "{email: {host: h, password: [hunter2]}}",
        "{webhook: {secret: hunter2}}",
        "[{webhook: hunter2}]",
    ],
)
def test_no_message_shows_what_stands_where_a_secret_belongs(file: Path, channels: str) -> None:
    assert "hunter2" not in str(refused(file, f"{BRANDS}channels: {channels}\n"))


def test_a_number_where_a_secret_belongs_is_not_shown_either(file: Path) -> None:
    told = str(
        refused(
            file,
            BRANDS
            + "channels: {email: {host: h, password: 8675309, from: a@b.example, to: [a@b.example]}}\n",
        )
    )
    assert "channels.email.password" in told
    assert "8675309" not in told


def test_values_of_the_environment_are_never_shown(file: Path) -> None:
    text = BRANDS + 'channels: {email: "${MAIL}", webhook: {url: "${HOOK}"}}\ndashboard: {port: "${PORT}"}\n'
    told = str(refused(file, text, {"MAIL": "hunter1", "HOOK": "hunter2", "PORT": "hunter3"}))
    assert "dashboard.port" in told and "channels.webhook.url" in told and "channels.email" in told
    assert "hunter" not in told


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "the environment has no HOOK; set it before starting"),
        ({"HOOK": ""}, "HOOK is empty in the environment; give it a value before starting"),
    ],
)
def test_a_missing_variable_is_named_once(file: Path, environment: dict[str, str], says: str) -> None:
    error = refused(file, BRANDS + 'channels: {webhook: {url: "${HOOK}"}}\n', environment)
    (problem,) = error.problems
    assert (problem.path, problem.line) == ("channels.webhook.url", 4)
    assert problem.message == says


def test_a_source_may_only_name_brands_that_are_listened_for(file: Path) -> None:
    text = (
        BRANDS
        + "sources: {wikipedia: {articles: {Acme: ['en:Acme'], Acmee: ['en:A']}}, appstore: {apps: {No: [1]}}}"
    )
    told = {(one.path, one.message) for one in refused(file, text).problems}
    assert told == {
        ("sources.wikipedia.articles.Acmee", "there is no brand 'Acmee'; did you mean Acme?"),
        ("sources.appstore.apps.No", "there is no brand 'No'; known: Acme, Bolt"),
    }


def test_a_list_of_wrong_entries_is_not_called_empty_too(file: Path) -> None:
    (problem,) = refused(file, BRANDS + "sources: {appstore: {apps: {Acme: [1]}, countries: [usa]}}").problems
    assert problem.path == "sources.appstore.countries[0]"


def test_a_network_that_nobody_reads_is_told_the_other_ways(file: Path) -> None:
    (problem,) = refused(file, BRANDS + "sources: {tiktok: {}}").problems
    assert "listener import" in problem.message and "ingest" in problem.message


def test_a_value_of_the_environment_may_be_a_part_of_a_text(file: Path) -> None:
    config = read(file, BRANDS + "storage: {url: 'sqlite:///${PLACE}/x.db'}\n", {"PLACE": "here"})
    assert config.storage.url == "sqlite:///here/x.db"


def test_a_password_in_an_address_is_a_secret_too(file: Path) -> None:
    text = BRANDS + "sources: {feeds: {urls: ['https://me:swordfish@news.example/feed']}}\n"
    told = str(refused(file, text))
    assert 'sources.feeds.urls[0] (line 4): holds a password; write the address as "${NAME}"' in told
    assert "swordfish" not in told
    named = BRANDS + "sources: {feeds: {urls: ['${FEED}', 'https://me@news.example/feed']}}\n"
    assert read(file, named, {"FEED": "https://me:swordfish@news.example/other"}).sources


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "brands: [{name: Acme}]\nsources:\n  hackernews: {}\n  ingest: {secret: '${SECRET}', name: hackernews}\n",
            "sources.ingest (line 4): the name 'hackernews' is taken by another source",
        ),
        (
            "brands:\n  - {name: Acme, handles: {mastodon: acme}}\n"
            "sources: {mastodon: {instances: [a.example], hashtags: [x]}}\n",
            "brands[0].handles.mastodon (line 2): write it with its server, as in acme@",
        ),
    ],
)
def test_what_would_be_ignored_without_a_word_is_a_mistake(file: Path, text: str, says: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(file, {"SECRET": "a-secret-of-many-letters"})
    assert says in str(told.value)


class _Login(BaseModel):
    handle: str
    password: SecretStr


class _Place(BaseModel):
    host: str
    token: SecretStr | None = None


class _Deep(BaseModel):
    login: _Login | None = None
    places: tuple[_Place, ...] = ()


def test_secrets_inside_of_keys_are_found_wherever_they_stand() -> None:
    options = _Deep(
        login=_Login(handle="me", password=SecretStr("hush")),
        places=(_Place(host="a"), _Place(host="b", token=SecretStr("t"))),
    )
    assert list(secrets_of(options)) == [("login", "password"), ("places", 1, "token")]
    assert list(secrets_of(_Deep())) == []


def test_nothing_that_stands_beside_a_secret_is_quoted() -> None:
    assert is_secret(_Deep, ("login",))
    assert is_secret(_Deep, ("places",))
    assert not is_secret(_Place, ("host",))
