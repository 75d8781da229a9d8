"""A first config.yaml: whatever is answered is read back from the file as it was said, or refused with a remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from listener.collectors import COLLECTORS
from listener.config import Config, load, starting
from listener.config.starting import Answers
from listener.config.starting_text import SOURCES

Read = Callable[[Answers | str], Config]
KEYS = {name: value for known in starting.SECRETS.values() for name, (value, _) in known.items()}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read the file that answers make, or a text."""

    def reading(said: Answers | str) -> Config:
        file = tmp_path / "config.yaml"
        file.write_text(said if isinstance(said, str) else starting.config_text(said), encoding="utf-8")
        keys = dict.fromkeys(("REDDIT_ID", "REDDIT_SECRET", "YOUTUBE_KEY", "X_TOKEN"), "some-key")
        return load(file, {**KEYS, **keys})

    return reading


NASTY = (
    'Toys "R" Us',
    "Acme: kettles # and more",
    "O'Brien & Søns",
    "{acme}",
    "- acme",
    "yes",
    "007",
    "آکمه",
    "アクメ",
    "C:\\acme\\n",
    "🫖 Kettle",
    "*acme &anchor !tag",
    "%acme",
    "{0} acme {zone}",
)


@pytest.mark.parametrize("name", NASTY)
def test_every_name_comes_back_as_it_was_said(name: str, read: Read) -> None:
    config = read(Answers(name, (f"{name} too",), ("Globex",), names_in={"fa": (f"{name} سوم",)}))
    own, other = config.brands
    assert (own.name, own.own, own.aliases) == (name, True, (f"{name} too",))
    assert own.aliases_in == {"fa": (f"{name} سوم",)}
    assert (other.name, other.own) == ("Globex", False)
    assert {rule.brand for rule in config.rules if rule.brand} == {name}


@pytest.mark.parametrize(
    "name", ["Acme\nsources: {}", "Acme\x1b[31m", "Acme ${HOME}", "Acme\u2028x", "Ac\udc80me"]
)
def test_what_cannot_stand_in_the_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in the file") as refused:
        starting.names(name)
    assert not any(ord(character) < 32 for character in str(refused.value))


def test_answers_are_split_at_commas_of_any_script() -> None:
    assert starting.names('Acme, "Johnson, Inc.", Toys "R" Us، آکمه、 亜,,Acme') == (
        "Acme",
        "Johnson, Inc.",
        'Toys "R" Us',
        "آکمه",
        "亜",
    )
    assert starting.names(" , ") == ()


def test_accounts_are_read_by_network_and_listened_to_where_no_key_is_needed(read: Read) -> None:
    handles = starting.handles(
        "bluesky=acme.example, Twitter = @acme, github=acme, mastodon=acme@social.example"
    )
    assert handles == {
        "bluesky": "acme.example",
        "x": "@acme",
        "github": "acme",
        "mastodon": "acme@social.example",
    }
    answers = Answers("Acme Tea", ("007",), handles=handles)
    config = read(answers)
    assert set(config.sources) == {"bluesky", "hackernews", "feeds", "github", "mastodon"}
    mastodon = config.sources["mastodon"].model_dump()
    assert (mastodon["instances"][0]["host"], mastodon["hashtags"]) == ("social.example", ("acmetea",))
    assert starting.waiting_for_a_key(answers) == ("x",)
    assert config.brands[0].handles["x"] == "acme"
    assert [rule.name for rule in config.rules] == ["unusual", "angry", "deaf", "waiting"]
    assert [rule.name for rule in read(Answers("Acme")).rules] == ["unusual", "angry", "deaf"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("acme.example", "write the network and the account"),
        ("bluesky=", "write the network and the account"),
        ("blusky=acme.example", "did you mean bluesky?"),
        ("bluesky=acme", "with its domain"),
        ("mastodon=acme", "with its server"),
        ("x=much-too-long-for-x", "1 to 15 letters"),
        ("hn=a, hackernews=b", "stands twice"),
        ("facebook=acme", "there is no source 'facebook'"),
    ],
)
def test_wrong_accounts_are_told_with_what_to_write(said: str, answer: str) -> None:
    with pytest.raises(ValueError) as refused:
        starting.handles(said)
    assert answer in str(refused.value)


def test_languages_bring_the_names_in_them_and_the_language_of_letters(read: Read) -> None:
    codes, named = starting.languages("fa=آکمه, de, FA=شرکت آکمه, es")
    assert (codes, named) == (("fa", "de", "es"), {"fa": ("آکمه", "شرکت آکمه")})
    assert read(Answers("Acme", languages=codes, names_in=named)).language == "fa"
    assert read(Answers("Acme", languages=("de", "es"))).language == "es"
    assert read(Answers("Acme", languages=("de",))).language == "en"
    for wrong in ("spanish", "de=", "?"):
        with pytest.raises(ValueError, match=r"no code of a language|name behind ="):
            starting.languages(wrong)


def test_alerts_and_letters_go_where_it_was_said_and_no_secret_stands_in_the_file(read: Read) -> None:
    channels, mail = starting.channels("Slack, ana@example.com, mail=ben@example.com, webhook")
    assert (channels, mail) == (("slack", "email", "webhook"), ("ana@example.com", "ben@example.com"))
    answers = Answers("Acme", channels=channels, mail=mail)
    config = read(answers)
    assert set(config.channels) == {"console", *channels}
    assert all(rule.channels == channels for rule in config.rules)
    assert config.letters[0].channels == list(channels)
    assert config.channels["email"].model_dump()["to"] == mail
    text = starting.config_text(answers)
    assert not [value for value, _ in answers.secrets.values() if value in text]
    assert all(f'"${{{name}}}"' in text for name in answers.secrets)
    assert read(Answers("Acme")).channels.keys() == {"console"}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("slak", "did you mean slack?"),
        ("email", "who gets the mail"),
        ("email=ana", "who gets the mail"),
        ("slack=https://hooks.slack.com/services/SECRET", "is a secret"),
        ("fax", "there are console, slack, email, webhook"),
    ],
)
def test_wrong_channels_are_told_with_what_to_write(said: str, answer: str) -> None:
    with pytest.raises(ValueError) as refused:
        starting.channels(said)
    assert answer in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_every_line_that_is_off_is_right_once_it_is_on(read: Read) -> None:
    """Whoever takes a # away gets no mistake; the sections are tried with each such line of sources and channels."""
    text = starting.config_text(Answers("Acme"))
    for line in text.splitlines():
        if line.startswith("  # ") and "{" in line:
            on = text.replace(line, line.replace("# ", "", 1))
            kind = line.split(":")[0].strip(" #-")
            if kind in {"bluesky", *SOURCES, *starting.CHANNELS}:
                config = read(on)
                assert kind in {**config.sources, **config.channels}
    assert set(SOURCES) <= set(COLLECTORS)
