"""What other programs call a network, as our one name of it; and the channel that a visit came through."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# What Google Analytics, CRMs and shops write as a source: the networks' names, domains and link shorteners.
_NAMES: dict[str, str] = {
    "facebook": "facebook fb facebook.com fb.com fb.me fb.watch l.facebook.com lm.facebook.com m.facebook.com "
    "business.facebook.com facebook_ads facebookads",
    "instagram": "instagram ig instagram.com l.instagram.com instagram_stories ig_stories",
    "threads": "threads threads.net threads.com l.threads.com l.threads.net",
    "x": "x twitter x.com t.co twitter.com mobile.twitter.com twitter_ads",
    "linkedin": "linkedin linkedin.com lnkd.in com.linkedin.android linkedin_ads linkedin_page",
    "youtube": "youtube youtube.com m.youtube.com youtu.be youtube_channel",
    "tiktok": "tiktok tiktok.com vm.tiktok.com tiktok_ads",
    "bluesky": "bluesky bsky bsky.app bsky.social go.bsky.app",
    "mastodon": "mastodon mastodon.social mastodon.online",
    "reddit": "reddit reddit.com old.reddit.com out.reddit.com com.reddit.frontpage reddit_ads",
    "pinterest": "pinterest pinterest.com pin.it",
    "hackernews": "hackernews news.ycombinator.com",
    "google": "google google.com google_ads google-ads adwords googleads google_business google_maps",
    "bing": "bing bing.com bing_ads microsoft_ads",
    "trustpilot": "trustpilot trustpilot.com",
    "meta": "meta meta_ads",
    "whatsapp": "whatsapp wa.me whatsapp.com l.wl.co",
    "telegram": "telegram t.me telegram.org",
    "snapchat": "snapchat snapchat.com",
    "quora": "quora quora.com",
    "vk": "vk vk.com away.vk.com",
}
_BY_NAME = {name: network for network, names in _NAMES.items() for name in names.split()}
KNOWN = frozenset(_NAMES)
SOCIAL = KNOWN - {"google", "bing", "trustpilot", "whatsapp", "telegram"}
_SEARCH = frozenset({"google", "bing", "yahoo", "duckduckgo", "ecosia", "yandex", "baidu", "qwant", "brave"})
_NOBODY = frozenset(
    {
        "",
        "direct",
        "(direct)",
        "(none)",
        "(not set)",
        "(not provided)",
        "none",
        "unassigned",
        "direct traffic",
    }
)
_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SOCIAL_MEDIA = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
_BY_MEDIUM = {"affiliate": "Affiliates", "referral": "Referral", "app": "Referral", "link": "Referral"}
_MAIL = frozenset({"email", "e-mail", "e_mail", "e mail"})


def network_of(source: str) -> str:
    """Our name of a network: "l.facebook.com" -> "facebook"; what is unknown stays as written, in lower case.

    "" where the source names nobody, such as "(direct)".
    """
    folded = source.strip().casefold()
    if folded in _NOBODY:
        return ""
    host = folded
    if "://" in folded:
        try:
            host = urlsplit(folded).hostname or folded
        except ValueError:
            return folded
    host = host.removeprefix("www.")
    found = _BY_NAME.get(host) or _BY_NAME.get(host.replace(" ", "_").replace("-", "_"))
    # In each country a domain of its own: google.es, es.linkedin.com.
    if found is None and re.fullmatch(r"(?:[\w-]+\.)*(?:google|bing)\.[a-z.]{2,6}", host):
        found = "google" if "google." in host else "bing"
    if found is None and (parts := host.split("."))[1:] and len(parts) > 2:
        found = _BY_NAME.get(".".join(parts[-2:]))
    return found or host


def channel_of(source: str, medium: str) -> str:
    """The channel group of a visit, by the rules of GA4's default channel group (support.google.com 9756891).

    Only those rules that source and medium decide; the rest is "Unassigned", as there.
    """
    name, kind = network_of(source), medium.strip().casefold()
    if name == "" and kind in _NOBODY:
        return "Direct"
    if kind in _MAIL or source.strip().casefold() in _MAIL:
        return "Email"
    place = _place(name, kind)
    if _PAID.fullmatch(kind):
        return f"Paid {place or 'Other'}"
    if place in {"Social", "Video"} or kind == "organic":
        return f"Organic {place or 'Search'}"
    return _BY_MEDIUM.get(kind, "Unassigned")


def _place(name: str, medium: str) -> str:
    if name == "youtube" or medium == "video":
        return "Video"
    if name in SOCIAL or medium in _SOCIAL_MEDIA:
        return "Social"
    return "Search" if name in _SEARCH else ""
