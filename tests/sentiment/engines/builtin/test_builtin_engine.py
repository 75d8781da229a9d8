"""The built-in engine: many languages, one text at a time, and an honest answer where it cannot tell."""

from __future__ import annotations

import math
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.engines.builtin import engine as builtin
from sentiment.engines.builtin.engine import Options, build, read, shares
from sentiment.lines import towards
from sentiment.tone import LABELS, EngineUnavailable, Text, Tone

ENGINE = build(Options())

PRAISE = {
    "en": "I love this phone, the camera is amazing and the battery lasts forever",
    "es": "Me encanta este teléfono, la cámara es genial, muchas gracias",
    "ca": "M'encanta aquest hotel, el servei és excel·lent i les habitacions molt boniques",
    "fr": "J'adore ce téléphone, la qualité est excellente, merci beaucoup",
    "it": "Adoro questo telefono, qualità eccellente, grazie mille",
    "pt": "Adoro este telefone, a qualidade é excelente, muito obrigado",
    "de": "Ich liebe dieses Handy, die Kamera ist super, vielen Dank",
    "ro": "Îmi place foarte mult acest telefon, calitate excelentă, mulțumesc",
    "sv": "Jag älskar den här telefonen, kameran är fantastiskt bra, tack",
    "fa": "این گوشی عالی است و کیفیت دوربین بسیار خوب است",
    "pl": "Kocham ten telefon, jakość jest wspaniała, dziękuję",
    "nl": "Geweldige telefoon, uitstekende kwaliteit, bedankt",
}
BLAME = {
    "en": "I hate this phone, the worst camera ever and the battery is terrible",
    "es": "Odio este teléfono, es una mierda, qué asco de servicio",
    "ca": "Un hotel horrible, el servei és pèssim i les habitacions estaven brutes",
    "fr": "Je déteste ce téléphone, qualité horrible, quelle honte",
    "it": "Odio questo telefono, qualità pessima, che schifo",
    "pt": "Odeio este telefone, qualidade horrível, que vergonha",
    "de": "Ich hasse dieses Handy, so ein Scheiß, die Kamera ist furchtbar schlecht",
    "ro": "Foarte dezamăgit, cel mai prost telefon, o porcărie",
    "sv": "Jag hatar den här telefonen, kameran är usel och dålig, vilken skit",
    "fa": "این گوشی خیلی بد است و کیفیت دوربین افتضاح و ضعیف است",
    "pl": "Okropny telefon, najgorszy, straszna porażka i wstyd",
    "nl": "Vreselijk slecht, wat een ramp, ik haat dit, teleurgesteld",
}


def judge(text: str, lang: str | None = None) -> Tone:
    return ENGINE.judge([Text(text, lang)])[0]


def test_the_name_carries_the_version() -> None:
    assert ENGINE.name == "builtin-1"


@pytest.mark.parametrize("code", PRAISE)
def test_plain_praise_and_blame_in_many_languages(code: str) -> None:
    praise, blame = judge(PRAISE[code]), judge(BLAME[code])
    assert praise.label == "positive" and praise.lang == code
    assert blame.label == "negative" and blame.lang == code


def test_what_says_nothing_is_neutral() -> None:
    texts = ["", "https://example.com", "@user", "The shop is open from nine to five", "..."]
    assert [judge(text).label for text in texts] == ["neutral"] * len(texts)


def test_emoji_are_heard_without_words() -> None:
    assert (
        judge("\U0001f60d\U0001f60d\U0001f60d").p_positive
        > judge("\U0001f621\U0001f621\U0001f621").p_positive
    )


def test_a_language_without_training_and_word_list_is_not_judged() -> None:
    tone = judge("Tha an t-sìde glè mhath an-diugh", "gsw")
    assert (tone.label, tone.reason, tone.lang) == (None, "unknown_language", "gsw")
    assert tone.p_negative == tone.p_neutral == tone.p_positive == pytest.approx(1 / 3)


def test_letters_of_which_nothing_is_known_are_not_judged() -> None:
    # Cherokee is told apart by nobody; Georgian has a word list, in which a made-up word does not stand.
    assert judge("\u13a3\u13cd\u13d3 \u13a3\u13cd\u13d3").reason == "unknown_language"
    assert judge("\u10d6\u10d6\u10d6\u10d6 \u10da\u10da\u10da\u10da", "ka").reason == "unsure"
    assert judge("\u10d9\u10d0\u10e0\u10d2\u10d8", "ka").label is not None


def test_an_unsure_language_is_not_told() -> None:
    assert judge("ok super").lang is None
    assert judge("ok super", "de").lang == "de"


def test_denial_is_heard() -> None:
    assert judge("this is good").p_positive > judge("this is not good").p_positive
    assert judge("es bueno").p_positive > judge("no es bueno").p_positive


def test_who_is_named_and_addressed_is_no_tone() -> None:
    assert judge("@user the shop opens at nine").label == judge("the shop opens at nine").label == "neutral"
    for text, code in ((" the shop opens at nine", "en"), (" este bun", "ro"), (" خوب است", "fa")):
        assert judge("brand" + text, code).p_positive == pytest.approx(judge(text, code).p_positive, abs=0.02)


@pytest.mark.parametrize(
    "text, ours, theirs",
    [
        ("I love {}, but {} is terrible", "positive", "negative"),
        ("{} is awful. {} is wonderful, I love it", "negative", "positive"),
        ("great phones by {}, unlike the terrible ones of {}", "positive", "negative"),
        ("{} is so much better than {}", "positive", "negative"),
        ("Me encanta {}, pero {} es una mierda", "positive", "negative"),
        ("{} este excelent, dar {} este cel mai prost", "positive", "negative"),
    ],
)
def test_each_brand_of_a_text_has_its_own_tone(text: str, ours: str, theirs: str) -> None:
    masked = text.format("brand", "brand")
    first = masked.index("brand")
    second = masked.index("brand", first + 1)
    for at, other, expected in ((first, second, ours), (second, first, theirs)):
        (tone,) = ENGINE.judge([Text(masked, None, "Acme", ((at, at + 5),), ((other, other + 5),))])
        assert tone.label == expected


@pytest.mark.parametrize(
    "text",
    [
        "Acme: worst brand on earth, never again",
        "My Acme arrived. @bob it is terrible, broken after a day",
    ],
)
def test_a_stranger_in_a_text_takes_no_blame_off_the_brand(text: str) -> None:
    assert ENGINE.judge([towards(text, "en", "Acme")])[0].label == "negative"
    assert ENGINE.judge([towards(text, "en", "Acme", ["Globex"])])[0].label == "negative"


def test_a_comparison_with_a_brand_that_nobody_knows_is_understood() -> None:
    (tone,) = ENGINE.judge([towards("great phones and a lovely camera, unlike Acme", "en", "Acme")])
    assert tone.p_negative > tone.p_positive


def test_a_target_that_is_not_named_gets_the_tone_of_the_text() -> None:
    text = "I love brand, but brand is terrible"
    assert ENGINE.judge([Text(text, "en", "Acme")]) == ENGINE.judge([Text(text, "en")])


texts = st.text(max_size=200) | st.lists(
    st.sampled_from(
        [*PRAISE.values(), *BLAME.values(), "brand", "@user", ", ", ":(", "\U0001f600", "\ud800", "\0"]
    )
).map("".join)


@given(
    st.lists(st.builds(Text, texts, st.none() | st.sampled_from([*PRAISE, "xx", "hi-Latn", ""])), max_size=5)
)
@settings(deadline=None)
def test_any_text_gets_a_judgement_that_no_other_text_changes(batch: list[Text]) -> None:
    tones = ENGINE.judge(batch)
    for text, tone in zip(batch, tones, strict=True):
        parts = (tone.p_negative, tone.p_neutral, tone.p_positive)
        assert all(0 <= part <= 1 and math.isfinite(part) for part in parts)
        assert sum(parts) == pytest.approx(1)
        assert (tone.label is None) == (tone.reason is not None)
        if tone.label is not None:
            assert parts[LABELS.index(tone.label)] == max(parts)
        assert ENGINE.judge([text]) == [tone]


def test_one_letter_of_every_script_is_judged_or_declined() -> None:
    letters = [
        chr(code) for code in range(0x20, 0x30000, 41) if unicodedata.category(chr(code))[0] in "LMNSP"
    ]
    tones = ENGINE.judge([Text(letter * 30) for letter in letters])
    assert len(tones) == len(letters)


def test_a_long_text_is_cut_and_keeps_nobody_waiting() -> None:
    long = "I love it. " * 100_000
    assert judge(long) == judge(long[:4_000])


def test_extreme_scores_are_no_error() -> None:
    assert shares((1e6, -1e6), 0.01) == (1.0, 0.0, 0.0)
    assert shares((-1e6, -1e6), 0.01) == (0.0, 1.0, 0.0)


def test_weights_that_are_missing_or_damaged_say_so(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be read: No such file"):
        read(tmp_path / "none.bin")
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"text")
    with pytest.raises(EngineUnavailable, match=r"broken\.bin holds no weights"):
        read(broken)


def test_the_weights_are_small() -> None:
    assert builtin.WEIGHTS.stat().st_size < 6_000_000


def test_judging_loads_nothing_heavy() -> None:
    program = (
        "import sys; from sentiment.engines import load; from sentiment.tone import Text\n"
        "load('builtin').judge([Text('good')])\n"
        "print([m for m in ('numpy', 'scipy', 'sklearn', 'torch', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
