"""The words of the config.yaml that `listener init` writes: what each section is for, to whoever opens the file."""

from __future__ import annotations

FILE = """\
# What Listener listens to, counts, and tells. Written by `listener init`; change it as you like, then: listener check
# That tells every mistake at once, with its line. A line that begins with # says nothing to the program: take the #
# away and it does. All that may stand here: docs/configuration.md.

# Days and weeks begin at midnight here.
timezone: {zone}

# Alerts and letters are written in it: en, es, ca, ro, sv or fa.
language: {language}

# Your brand (own: true), and those you compare it with: share of voice is counted among them.
#   name, aliases   are looked for in what people write. Names in other languages: aliases: {{fa: ["..."]}}
#   query           instead of them, where a name means other things too: query: 'apple NOT (pie OR juice)'.
#                   `listener query test BRAND` shows what it finds and why; docs/query.md tells all it can say.
#   handles         the brand's own accounts. What they write is an answer or an own post, never a mention of the
#                   brand, and it stops the clock of the first response time.
# People speak of you in: {spoken}. Every language is heard; to count only some: query: '... AND (lang:en OR lang:es)'
brands:
{brands}

# Where to listen, and how often to ask. What is on needs no key. What each hears, and asks in return: docs/sources.md
sources:
{sources}
  feeds:
    poll: 15m
    urls: []                    # blogs and news as RSS or Atom; take out the [] and the # of the next line
    #  - https://example.com/feed.xml

# Who judges the tone. builtin reads many languages, without a download, and says where it cannot judge: docs/tone.md
sentiment: {{engine: builtin}}

# All that is kept is one file beside this one. Texts are dropped after a year; numbers stay.
storage: {{url: "sqlite:///data/listener.db", retention: {{default: 365d}}}}

# Where alerts and letters can go. Secrets never stand here: ${{NAME}} is taken from the environment.
# `listener alerts test` sends a sample to each.
channels:
{channels}

# When to speak up. `listener alerts backtest RULE` shows when a rule would have fired; docs/alerts.md tells all kinds.
#   over   the time that is looked at   for   how long it must hold   min_n   with fewer mentions it stays silent
alerts:
  rules:
    # More, or worse, than is usual for this hour of the week. It learns that by itself, and is silent until it has.
    - {{name: unusual, when: anomaly, brand: {brand}, channels: {tell}}}
    # Many negative mentions at once.
    - {{name: angry, when: negative_share > 40%, brand: {brand}, over: 1h, min_n: 20, for: 15m, channels: {tell}}}
    # A source that is not heard any more: its numbers would be too low, and nobody would know.
    - {{name: deaf, when: source down for 2h, channels: {tell}}}
    # Somebody who wrote to one of your accounts waits for an answer (for response_target, 1h unless a brand says else).
    {waiting}- {{name: waiting, when: unanswered for target, brand: {brand}, channels: {tell}}}

# The letter about last week: minute hour day month weekday, in the timezone above. `listener digest` shows it now.
digest: {{cron: "0 8 * * MON", channels: {tell}}}

# The status page and the API, for this machine only.
dashboard: {{host: 127.0.0.1, port: 8765}}
"""

SOURCES = {
    "bluesky": "  bluesky: {}                   # live, every post of the network: some GB of traffic a day",
    "hackernews": "  hackernews: {poll: 5m}",
    "lemmy": "  # lemmy: {}                   # forums of the fediverse",
    "lobsters": "  # lobsters: {}",
    "devto": "  # devto: {}",
    "github": "  # github: {}                  # issues and discussions",
    "stackexchange": "  # stackexchange: {sites: [stackoverflow]}",
    "gdelt": "  # gdelt: {}                   # news of the world, in 65 languages",
    "mastodon": "  # mastodon: {instances: [mastodon.social], hashtags: [yourbrand]}",
    "telegram": "  # telegram: {channels: [a_public_channel]}",
    "reddit": '  # reddit: {client_id: "${REDDIT_ID}", client_secret: "${REDDIT_SECRET}", username: you}',
    "youtube": '  # youtube: {key: "${YOUTUBE_KEY}"}',
    "x": '  # x: {token: "${X_TOKEN}", daily_budget: 1}   # costs money',
}
"""A line for each source, on or off; the others are found in docs/sources.md."""
