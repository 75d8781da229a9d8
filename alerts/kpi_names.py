"""The names of KPIs in words, in every language; what has no translation keeps its English name."""

from __future__ import annotations

from alerts.language import ENGLISH, N_, Language

_NAMES = {
    "mentions": N_("mentions"),
    "share_of_voice": N_("share of voice"),
    "share_of_news": N_("share of news"),
    "positive_mentions": N_("positive mentions"),
    "positive_growth": N_("growth of positive mentions"),
    "positive_share": N_("positive share"),
    "negative_mentions": N_("negative mentions"),
    "negative_growth": N_("negative growth"),
    "negative_share": N_("negative share"),
    "net_sentiment": N_("net sentiment"),
    "first_response_time": N_("first response time"),
    "next_response_time": N_("next response time"),
    "response_rate": N_("response rate"),
    "time_to_solve": N_("time to solve"),
    "authors": N_("authors"),
    "new_authors": N_("new authors"),
    "new_influencers": N_("new influencers"),
    "followers": N_("followers"),
    "audience_growth": N_("audience growth"),
    "interactions": N_("interactions"),
    "likes": N_("likes"),
    "comments": N_("comments"),
    "shares": N_("shares"),
    "hashtags": N_("hashtags"),
    "reach": N_("reach"),
    "impressions": N_("impressions"),
    "engagement_per_post": N_("engagement per post"),
    "link_clicks": N_("link clicks"),
    "leads": N_("leads"),
    "cost_per_lead": N_("cost per lead"),
    "star_rating": N_("star rating"),
}
_ACRONYMS = frozenset(("ctr", "roi", "cpc", "cpm", "cac", "clv", "arpu", "csat", "nps", "crm", "ga4", "ua"))


def name_of(kpi: str, language: Language = ENGLISH) -> str:
    """A KPI's name in words, its variant in brackets: "cost_per_lead.crm" -> "cost per lead (CRM)"."""
    stem, _, variant = kpi.removeprefix("custom.").partition(".")
    # A KPI of the user's own is called as they called it, whatever ours are called.
    known = None if kpi.startswith("custom.") else _NAMES.get(stem)
    name = language.gettext(known) if known else _words(stem)
    return f"{name} ({_words(variant)})" if variant else name


def _words(part: str) -> str:
    return " ".join(word.upper() if word in _ACRONYMS else word for word in part.split("_"))
