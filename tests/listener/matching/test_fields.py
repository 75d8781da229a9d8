"""The fields of a query: the forms in which hosts, authors and languages are compared."""

from __future__ import annotations

import pytest

from listener.matching.fields import sites, tells, unknown, value_of
from listener.matching.said import Said, network_of
from listener.matching.tree import Field
from storage.mention import Source


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Blog.Example.com:8080/a@b?c#d", "blog.example.com"),
        ("http://user:word@blog.example.com./", "blog.example.com"),
        ("blog.example.com/a", "blog.example.com"),
        ("https://münchen.example/", "xn--mnchen-3ya.example"),
        ("https://xn--mnchen-3ya.example/", "xn--mnchen-3ya.example"),
        ("https://[::1]/", "::1"),
    ],
)
def test_every_domain_of_an_address(url: str, host: str) -> None:
    found = sites(url)
    assert found[0] == host
    assert all(host == site or host.endswith("." + site) for site in found)
    assert len(found) == host.count(".") + 1


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://[",
        "http://",
        "mailto:",
        "http://" + "ü" * 300 + ".example",
        "http://" + "a." * 200 + "example.com",
    ],
)
def test_an_address_without_a_host_is_no_site_of_ours(url: str | None) -> None:
    assert "example.com" not in sites(url)


@pytest.mark.parametrize("value", ["", ".", "a/b", "https://a.example", "a:80", "a b", "x@y", "a.*.b"])
def test_what_is_no_host_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="takes a host alone"):
        value_of("site", value)


def test_a_field_that_nobody_knows_is_a_bug() -> None:
    with pytest.raises(ValueError, match="there is no field nose"):
        tells(Field("nose", "red"), Said("x", Source("a", "b")))


@pytest.mark.parametrize("word", ["re:invent", "16:9", "lang:", ":x", "https://lang.example", "title"])
def test_words_with_a_colon_are_words(word: str) -> None:
    assert unknown(word) is None


def test_an_import_is_named_after_its_network() -> None:
    assert network_of(Source("bluesky", "import")) == "bluesky"
    assert network_of(Source("feed:example", "feeds")) == "feeds"
