"""listener tone convert: an int8 copy of the configured model, made once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from listener.commands.options import Failure, WrongUsage, config_option, read_config
from listener.commands.progress import progress
from listener.config import Config

if TYPE_CHECKING:
    from sentiment.tone import Engine, Tone

REPEATS = 5

SAMPLES = (
    "I love this kettle, it boils in a minute!",
    "Worst support ever. Three weeks and still no answer.",
    "The new office opens on Monday at nine.",
    "It is fine, nothing special, does what it says.",
    "Great, it broke again. Just what I needed today.",
    "Not bad at all, I would buy it again.",
    "Does anybody know if it works with the old charger?",
    "They listened, fixed the bug within a day and said sorry. That is how you do it, thank you so much.",
    "The battery is dead by noon, the screen flickers, and the shop refuses to take it back. Never again.",
    "El servicio fue excelente y la entrega muy rápida.",
    "No funciona desde ayer y nadie contesta.",
    "La reunión empieza a las cinco.",
    "M'encanta aquest mòbil, la càmera és fantàstica.",
    "Quina decepció, no torno a comprar aquí.",
    "Sunt foarte mulțumit de telefon.",
    "Nu recomand nimănui, bani aruncați.",
    "Kundtjänsten var helt fantastisk!",
    "Jag är så besviken, det gick sönder efter en vecka.",
    "خیلی راضی هستم، ممنون",
    "افتضاح بود، پولم را پس بدهید",
    "Das Gerät ist leider nach zwei Tagen kaputt.",
    "Le magasin ouvre à neuf heures.",
    "Che bello, finalmente un prodotto che funziona!",
    "😡😡 again no signal",
    "😍 just arrived",
)
"""Our own sentences: both engines judge them, to compare labels and speed."""


@click.command("convert")
@config_option
@click.option("--model", metavar="MODEL", help="A folder, or an id on the hub; default: the configured one.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the copy is put, in a folder of its own; default: beside the store, where it is looked for.",
)
def command(config_file: Path, model: str | None, out: Path | None) -> None:
    """Make an int8 copy of the configured model, once.

    It is for the engine `transformers`: from then on the copy judges, without torch. Says how large and how fast
    the copy is beside the original, and how many of some sample sentences get the same label from both. Needs torch
    itself, and for a model on the hub the network, this once.
    """
    config = read_config(config_file)
    options = _options(config, model)
    # Only now: the engine's module loads what it needs to check options.
    from sentiment import copies
    from sentiment.converting import CannotConvert
    from sentiment.engines import transformers
    from sentiment.tone import EngineUnavailable

    chosen = transformers.Options.model_validate(options)
    into = out or (Path(chosen.copies) if chosen.copies else config.copies)
    try:
        with progress("making the copy") as bar:
            bar.draw()
            original = transformers.original(chosen)
            folder = transformers.make_copy(chosen, into, SAMPLES)
            copy = transformers.from_copy(folder, chosen)
    except EngineUnavailable as error:
        raise Failure(str(error)) from None
    except CannotConvert as error:
        raise Failure(f"the model {chosen.model!r} has no int8 copy: {error}") from None
    except OSError as error:
        raise Failure(f"the copy cannot be written to {into}: {error.strerror or error}") from None
    click.echo(f"{copy.name} in {folder}, {copies.size(folder) / 1e6:.0f} MB")
    for line in _compared(original, copy):
        click.echo(line)
    if into.resolve() != config.copies.resolve():
        click.echo(f"For this copy to be used, write under sentiment in {config.file}:\n  copies: {into}")


def _options(config: Config, model: str | None) -> Mapping[str, Any]:
    """The options of the engine whose model is meant. Raises WrongUsage where none is configured."""
    judges: list[tuple[str, Mapping[str, Any]]] = [(config.engine, config.engine_options)]
    if config.fallback:
        judges.append((config.fallback.engine, config.fallback.options))
    for part in ("fast", "better"):
        inner = config.engine_options.get(part)
        if config.engine == "cascade" and isinstance(inner, Mapping):
            shared = {key: config.engine_options[key] for key in ("copies",) if key in config.engine_options}
            own = {key: value for key, value in inner.items() if key != "engine"}
            judges.append((str(inner.get("engine")), {**shared, **own}))
    configured = next((options for name, options in judges if name == "transformers"), {})
    if model:
        same = configured.get("model") == model
        return configured if same else {"model": model}
    if not configured:
        raise WrongUsage(
            f"{config.file} judges with {config.engine}, and only a model of the engine transformers has a copy; "
            "configure it, or name a model with --model"
        )
    return configured


def _compared(original: Engine, copy: Engine) -> list[str]:
    """What the copy gains and loses: both judge the samples, each on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        (before, slow), (after, fast) = (_timed(engine) for engine in (original, copy))
    finally:
        torch.set_num_threads(threads)
    same = sum(one.label == other.label for one, other in zip(before, after, strict=True))
    farthest = max(
        abs(p - q)
        for one, other in zip(before, after, strict=True)
        for p, q in zip(_ps(one), _ps(other), strict=True)
    )
    lines = [
        f"speed on one thread: {len(SAMPLES) / fast:.0f} texts/s, {slow / fast:.1f} times the original's",
        f"labels: {same} of {len(SAMPLES)} sample sentences as the original; "
        f"probabilities differ by {farthest:.3f} at most",
    ]
    if same < 0.9 * len(SAMPLES):
        lines.append("That is far off: compare both on texts of your own before you use the copy.")
    return lines


def _timed(engine: Engine, clock: Callable[[], float] = time.perf_counter) -> tuple[Sequence[Tone], float]:
    """The judgements of the samples, and the seconds of the fastest of a few runs."""
    from sentiment.tone import Text

    texts = [Text(sample) for sample in SAMPLES]
    tones = engine.judge(texts)
    taken = []
    for _ in range(REPEATS):
        began = clock()
        engine.judge(texts)
        taken.append(clock() - began)
    return tones, min(taken)


def _ps(tone: Tone) -> tuple[float, float, float]:
    return tone.p_negative, tone.p_neutral, tone.p_positive
