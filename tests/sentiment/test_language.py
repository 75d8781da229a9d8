"""Which language a post is in: the text where it is plain, its source where it is not, and "not sure"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.language import Language, declared, identify

PLAIN = {
    "en": "The battery lasts two days and the camera is better than I thought",
    "es": "La batería dura dos días y la cámara es mejor de lo que pensaba",
    "ca": "La bateria dura dos dies i la càmera és millor del que em pensava",
    "ro": "Bateria ține două zile și camera este mai bună decât credeam",
    "sv": "Batteriet räcker i två dagar och kameran är bättre än jag trodde",
    "fa": "باتری دو روز دوام دارد و دوربین بهتر از چیزی است که فکر می‌کردم",
    "ar": "البطارية تدوم يومين والكاميرا أفضل مما كنت أظن",
    "de": "Der Akku hält zwei Tage und die Kamera ist besser als gedacht",
    "ja": "電池は二日もちます。カメラも思ったより良いです",
    "el": "Η μπαταρία κρατάει δύο μέρες και η κάμερα είναι καλή",
}


@pytest.mark.parametrize("code", PLAIN)
def test_a_plain_text_is_in_its_language(code: str) -> None:
    assert identify(PLAIN[code]) == Language(code, True)


@pytest.mark.parametrize("code", PLAIN)
def test_a_plain_text_is_believed_before_its_source(code: str) -> None:
    wrong = "de" if code != "de" else "en"
    assert identify(PLAIN[code], wrong) == Language(code, True)


def test_links_handles_and_masked_names_are_in_no_language() -> None:
    noise = "@thebestshopintown https://example.com/the-best-of-the-town brand @user #"
    assert identify(noise) == Language(None, False)
    assert identify(f"{noise} muchas gracias por todo, ha sido un placer {noise}").code == "es"


@pytest.mark.parametrize("text", ["", " ", "\U0001f600\U0001f600", "!!!", "12345", "https://example.com"])
def test_without_letters_only_the_source_tells(text: str) -> None:
    assert identify(text) == Language(None, False)
    assert identify(text, "und") == Language(None, False)
    assert identify(text, "sv") == Language("sv", True)


def test_a_doubtful_text_is_in_the_language_that_its_source_says() -> None:
    assert not identify("ok super").sure
    for said in ("de", "nl", "ro"):
        assert identify("ok super", said) == Language(said, True)


def test_a_few_words_are_not_held_against_the_source() -> None:
    assert identify("m'agrada molt") == Language("ca", True)
    assert identify("m'agrada molt", "fr") == Language("fr", True)


def test_a_language_that_cannot_be_told_apart_is_believed() -> None:
    # Galician is in no table of the identifier, which is certain that it is Spanish.
    galician = "O teléfono é moi bo e a batería dura dous días enteiros"
    assert identify(galician) == Language("es", True)
    assert identify(galician, "gl") == Language("gl", True)


def test_hindi_in_latin_letters() -> None:
    text = "yeh phone bahut accha hai lekin battery kuch khaas nahi hai"
    assert identify(text) == Language("hi-Latn", True)
    assert identify(text, "en") == Language("hi-Latn", True)
    assert identify(text, "hi") == Language("hi-Latn", True)
    assert identify("camera mast", "hi") == Language("hi-Latn", True)
    assert identify("यह फोन बहुत अच्छा है", "hi") == Language("hi", True)
    # "main", "to" and the like are words of it too, and of English: a few do not make a text Hindi.
    assert identify("my main problem is that the hum of the fan never stops").code == "en"


@pytest.mark.parametrize(
    "said, code",
    [
        ("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("eng", "en"), ("pt-BR", "pt"), ("nb", "no"), ("nn-NO", "no"),
        ("iw", "he"), ("zh-Hans", "zh"), ("hi-Latn", "hi-Latn"), ("hi-Latn-IN", "hi-Latn"), ("hi", "hi"),
        ("gsw", "gsw"),
        ("und", None), ("mul", None), ("zxx", None), ("", None), (None, None), ("english", None), ("42", None),
    ],
)  # fmt: skip
def test_what_a_source_says(said: str | None, code: str | None) -> None:
    assert declared(said) == code


@given(st.text(), st.none() | st.text(max_size=8))
def test_no_text_and_no_tag_fails(text: str, said: str | None) -> None:
    found = identify(text, said)
    assert found.sure or declared(said) is None


@given(st.text(alphabet=st.characters(categories=["Cs", "Lu", "Cc"])))
def test_half_pairs_and_controls_do_not_fail(text: str) -> None:
    identify(text)
