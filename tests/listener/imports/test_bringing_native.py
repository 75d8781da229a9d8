"""What networks tell the owner of an account, in the forms in which they export."""

from __future__ import annotations

import io
import zipfile

import pytest
from brought import CONFIG, bring, brought, figures, kept
from commandline import CommandLine


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def test_a_table_of_an_account(line: CommandLine) -> None:
    content = (
        "date,network,account,metric,value,item\n"
        "2026-11-01,Instagram,@acme,followers,1200,\n2026-11-02,Instagram,@acme,followers,1210,\n"
        "2026-11-02,instagram,acme,reach,300,post:18\n2026-11-02,instagram,acme,audience,35%,age:25-34\n"
    )
    ran = brought(line, "native", content)
    assert figures(line, "network", "account", "metric", "day", "item") == {
        ("instagram", "acme", "followers", "2026-11-01", ""): 1200,
        ("instagram", "acme", "followers", "2026-11-02", ""): 1210,
        ("instagram", "acme", "reach", "2026-11-02", "post:18"): 300,
        ("instagram", "acme", "audience", "2026-11-02", "age:25-34"): 0.35,
    }
    # Followers are a level: the days of it are not added up.
    assert "followers: 2 numbers, 1\u202f200 to 1\u202f210" in ran.out
    ran = bring(
        line, "native", content + "2026-11-03,x,acme,fame,3,\n2026-11-02,instagram,acme,followers,9,\n"
    )
    assert "line 6: metric 'fame' is none of audience, comments" in ran.err
    assert "line 7: says followers of 2026-11-02 again, with another number" in ran.err


def series(title: str, *values: int) -> bytes:
    rows = "".join(f'"2026-11-{day:02}T00:00:00","{value}"\n' for day, value in enumerate(values, 1))
    return f'sep=,\n"{title}"\n"Date","Primary"\n{rows}'.encode("utf-16")


def test_a_series_of_meta_business_suite(line: CommandLine) -> None:
    brought(line, "native", series("Facebook follows", 5, 0), name="Follows.csv")
    brought(line, "native", series("Instagram reach", 900, 1100), "--account", "acme", name="Reach.csv")
    assert figures(line, "network", "account", "metric", "day") == {
        ("facebook", "", "followers_gained", "2026-11-01"): 5,
        ("facebook", "", "followers_gained", "2026-11-02"): 0,
        ("instagram", "acme", "reach", "2026-11-01"): 900,
        ("instagram", "acme", "reach", "2026-11-02"): 1100,
    }


def test_a_series_that_does_not_say_of_which_network(line: CommandLine) -> None:
    ran = bring(line, "native", series("Views", 10))
    assert (ran.code, "add --network facebook or instagram" in ran.err) == (1, True)
    brought(line, "native", series("Views", 10), "--network", "facebook")
    assert figures(line, "network", "metric") == {("facebook", "impressions"): 10}
    ran = bring(line, "native", series("Content interactions", 10))
    assert "'Content interactions', which stands above the table, is none of the numbers" in ran.err


def test_several_series_in_one_file(line: CommandLine) -> None:
    content = (
        'sep=,\n"Facebook visits"\n"Date","Primary"\n"2026-11-01T00:00:00","7"\n\n'
        '"Instagram visits"\n"Date","Primary"\n"2026-11-01T00:00:00","3"\n\n'
    )
    brought(line, "native", content.encode("utf-16"))
    assert figures(line, "network", "metric") == {
        ("facebook", "profile_visits"): 7,
        ("instagram", "profile_visits"): 3,
    }


INSTAGRAM_POSTS = (
    "Post ID,Account ID,Account username,Account name,Description,Duration (sec),Publish time,Permalink,Post type,"
    "Data comment,Date,Views,Reach,Likes,Shares,Follows,Comments,Saves\n"
    '18011,1784,acme,Acme,"Kettle, in use",44,11/21/2026 08:31,https://www.instagram.com/reel/A/,IG reel,,Lifetime,'
    '"12,400",9100,610,88,41,57,230\n'
    "18012,1784,acme,Acme,Pot,0,11/02/2026 06:08,https://www.instagram.com/p/B/,IG image,,Lifetime,160,45,5,3,1,2,4\n"
)


def test_instagram_posts(line: CommandLine) -> None:
    brought(line, "native", INSTAGRAM_POSTS)
    found = figures(line, "item", "metric", "day")
    assert {key[1]: value for key, value in found.items() if key[0] == "post:18011"} == {
        "impressions": 12400,
        "reach": 9100,
        "likes": 610,
        "shares": 88,
        "followers_gained": 41,
        "comments": 57,
        "saves": 230,
        "posts": 1,
    }
    assert ("post:18012", "reach", "2026-11-02") in found
    assert kept(line, "SELECT DISTINCT network, account FROM measures") == [("instagram", "acme")]
    # A later export of the same posts tells more of each: the same posts, and not twice.
    brought(line, "native", INSTAGRAM_POSTS.replace(",610,", ",650,"))
    assert figures(line, "item", "metric")["post:18011", "likes"] == 650


def test_facebook_posts(line: CommandLine) -> None:
    content = (
        "Post ID,Page ID,Page name,Title,Publish time,Permalink,Reach,Reactions,Comments,Shares,Link clicks\n"
        "122,61,Acme,Pot,11/21/2026 08:31,https://www.facebook.com/1,500,20,3,2,9\n"
        "1.22158E+17,61,Acme,Pot,11/21/2026 08:31,https://www.facebook.com/1,500,20,3,2,9\n"
    )
    ran = bring(line, "native", content)
    assert "line 3: post '1.22158E+17' was rounded by a spreadsheet" in ran.err
    found = figures(line, "network", "account", "item", "metric")
    assert found["facebook", "Acme", "post:122", "likes"] == 20
    assert found["facebook", "Acme", "post:122", "link_clicks"] == 9


X_DAYS = (
    "Date,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Unfollows,Replies,Reposts,Profile visits,"
    "Create Post,Video views,Media views\n"
    '"Tue, Nov 10, 2026",2871,24,43,4,7,5,2,1,3,20,2,8,9\n"Mon, Nov 9, 2026",2199,12,26,0,0,0,0,2,0,,2,0,0\n'
)


def test_x_account_overview(line: CommandLine) -> None:
    brought(line, "native", X_DAYS)
    found = figures(line, "metric", "day")
    assert {key[0]: value for key, value in found.items() if key[1] == "2026-11-10"} == {
        "impressions": 2871,
        "likes": 24,
        "saves": 4,
        # Reposts: what X calls shares are links that were copied or sent.
        "shares": 3,
        "comments": 1,
        "followers_gained": 5,
        "followers_lost": 2,
        "profile_visits": 20,
        "posts": 2,
        "video_views": 8,
    }
    assert ("profile_visits", "2026-11-09") not in found
    assert kept(line, "SELECT DISTINCT network, item FROM measures") == [("x", "")]


def test_x_posts(line: CommandLine) -> None:
    content = (
        "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
        "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks\n"
        '2001,"Sat, Nov 21, 2026","=SUM(A1), said she",https://x.com/acme/status/2001,900,9,20,1,2,0,4,3,5,6,7,0,0\n'
    )
    ran = brought(line, "native", content)
    found = figures(line, "item", "metric")
    assert found["post:2001", "shares"] == 3
    assert found["post:2001", "link_clicks"] == 7
    # What posts say is not read.
    assert "'Post text'" in ran.out
    assert b"said she" not in (line.folder / "data" / "listener.db").read_bytes()


def test_linkedin_content(line: CommandLine) -> None:
    content = (
        "Date,Impressions (organic),Impressions (sponsored),Impressions (total),Unique impressions (organic),"
        "Clicks (organic),Clicks (total),Reactions (organic),Reactions (total),Comments (total),Reposts (total)\n"
        "11/20/2026,100,50,150,80,5,9,7,8,2,1\n"
    )
    brought(line, "native", content)
    assert figures(line, "network", "metric") == {
        ("linkedin", "impressions"): 150,
        ("linkedin", "reach"): 80,
        ("linkedin", "link_clicks"): 9,
        ("linkedin", "likes"): 8,
        ("linkedin", "comments"): 2,
        ("linkedin", "shares"): 1,
    }


def test_total_followers_of_linkedin_are_those_of_the_day(line: CommandLine) -> None:
    content = "Date,Sponsored followers,Organic followers,Auto-invited followers,Total followers\n11/20/2026,1,4,0,5\n"
    brought(line, "native", content)
    assert figures(line, "network", "metric") == {("linkedin", "followers_gained"): 5}


def test_linkedin_visitors(line: CommandLine) -> None:
    content = (
        "Date,Total page views (desktop),Total page views (mobile),Total page views (total),"
        "Total unique visitors (total)\n11/20/2026,3,4,7,5\n"
    )
    brought(line, "native", content)
    assert figures(line, "network", "metric") == {("linkedin", "profile_visits"): 7}


def packed(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", " ") + ".csv", content)
    return buffer.getvalue()


def test_youtube_videos(line: CommandLine) -> None:
    table = (
        "Content,Video title,Video publish time,Duration,Likes,Comments added,Shares,Unique viewers,Views,"
        "Watch time (hours),Subscribers,Thumbnail impressions,Thumbnail impressions click-through rate (%)\n"
        "Total,,,,60,9,3,4000,5052,210.5,12,90000,4.1\n"
        'R26qwMQVoos,"Kettles, compared","Sep 26, 2026",470,50,8,2,3000,3529,180.25,10,80000,4.2\n'
        'x"\n'
    ).replace('x"\n', "")
    ran = brought(
        line, "native", packed(Totals="Date,Views\n2026-09-26,5052\n", Table_data=table), name="export.zip"
    )
    assert figures(line, "network", "day", "item", "metric") == {
        ("youtube", "2026-09-26", "post:R26qwMQVoos", metric): value
        for metric, value in {
            "video_views": 3529,
            "likes": 50,
            "comments": 8,
            "shares": 2,
            "reach": 3000,
            "impressions": 80000,
            "posts": 1,
        }.items()
    }
    assert "1 row of totals left out" in ran.out
    assert "not read: Totals.csv" in ran.out


def test_youtube_days(line: CommandLine) -> None:
    table = (
        "Date,Views,Watch time (hours),Subscribers gained,Subscribers lost\n"
        "Total,30,1.5,3,1\n2026-11-01,10,0.5,2,1\n2026-11-02,20,1.0,1,0\n"
    )
    brought(line, "native", packed(Table_data=table), name="export.zip")
    assert figures(line, "metric", "day") == {
        ("video_views", "2026-11-01"): 10,
        ("video_views", "2026-11-02"): 20,
        ("followers_gained", "2026-11-01"): 2,
        ("followers_gained", "2026-11-02"): 1,
        ("followers_lost", "2026-11-01"): 1,
        ("followers_lost", "2026-11-02"): 0,
    }


TIKTOK = (
    '\ufeff"Date","Video Views","Profile Views","Likes","Comments","Shares"\n'
    '"December 31","118","3","5","0","0"\n"January 1","201","4","6","-2","1"'
)


def test_tiktok_overview_asks_for_the_year_and_goes_on_to_the_next(line: CommandLine) -> None:
    ran = bring(line, "native", TIKTOK)
    assert (ran.code, "tells no year; add --year, that of the first row" in ran.err) == (1, True)
    ran = brought(line, "native", packed(Overview=TIKTOK), "--year", "2025", name="Overview.zip")
    # Comments that were taken away again: less than none is no count, the rest of the day is kept.
    assert "line 3: comments is '-2', and cannot be negative" in ran.err
    found = figures(line, "metric", "day")
    assert found["video_views", "2025-12-31"] == 118
    assert found["video_views", "2026-01-01"] == 201
    assert ("comments", "2026-01-01") not in found


def test_tiktok_rows_from_the_newest_to_the_oldest(line: CommandLine) -> None:
    content = TIKTOK.splitlines()
    brought(line, "native", "\n".join([content[0], content[2], content[1]]), "--year", "2026")
    assert {key[1] for key in figures(line, "metric", "day")} == {"2026-01-01", "2025-12-31"}


def test_tiktok_followers_are_a_level(line: CommandLine) -> None:
    content = (
        'Date,Followers,Difference in followers from previous day\n"28 May","310","-3"\n"29 May","315","5"\n'
    )
    brought(line, "native", content, "--year", "2026")
    assert figures(line, "metric", "day") == {
        ("followers", "2026-05-28"): 310,
        ("followers", "2026-05-29"): 315,
    }


def test_tiktok_in_swedish(line: CommandLine) -> None:
    content = (
        "Datum,Videovisningar,Målgrupp som nåtts,Profilvisningar,Gilla-markeringar,Delningar,Kommentarer,Nettotillväxt,"
        "Nya följare,Tappade följare\n2026/11/01,60234,58934,907,3979,415,35,80,98,18\n"
    )
    brought(line, "native", content)
    assert figures(line, "metric") == {
        ("video_views",): 60234,
        ("reach",): 58934,
        ("profile_visits",): 907,
        ("likes",): 3979,
        ("shares",): 415,
        ("comments",): 35,
        ("followers_gained",): 98,
        ("followers_lost",): 18,
    }
