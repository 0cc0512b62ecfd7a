"""Photographs as a source of objects: cutting out, the cache, and the committed tables."""

from __future__ import annotations

import pickle
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from egoalign.config import load_config
from egoalign.demo.audio import SAMPLE_RATE
from egoalign.demo.corpus_tables import make_tables
from egoalign.demo.kinds import kind_named
from egoalign.demo.photo import PhotoSource
from egoalign.demo.photo_fetch import read_packages
from egoalign.demo.photo_index import (
    INDEX_NAME,
    LONGEST_SIDE_PX,
    PICTURE_COLUMNS,
    cut_out,
    make_index,
    read_rows,
    usable,
)
from egoalign.log import UserError

TABLES = Path(__file__).parents[3] / "config" / "demo-photo"


def disc(colour: tuple[int, int, int], size: int = 100) -> Image.Image:
    """Return a disc of 30 pixels radius, with a white middle, on a white ground."""
    image = Image.new("RGB", (size, size), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 80, 80), fill=colour)
    draw.ellipse((45, 45, 55, 55), fill=(255, 255, 255))
    return image


def rgba(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGBA"))


class TestCutOut:
    def test_ground_goes_and_the_white_inside_stays(self) -> None:
        cut = cut_out(rgba(disc((200, 30, 30))))
        assert cut.shape == (61, 61, 4)
        assert cut[0, 0, 3] == 0
        assert cut[30, 30].tolist() == [255, 255, 255, 255]
        share = (cut[..., 3] == 255).mean()
        assert share == pytest.approx(np.pi / 4, abs=0.01)

    def test_uneven_ground_goes_too(self) -> None:
        picture = rgba(disc((200, 30, 30))).copy()
        noise = np.random.default_rng(1).integers(-8, 1, (100, 100, 3))
        picture[..., :3] = np.clip(picture[..., :3] + noise, 0, 255)
        assert cut_out(picture).shape == (61, 61, 4)

    def test_stroke_beside_the_object_goes(self) -> None:
        image = disc((200, 30, 30))
        ImageDraw.Draw(image).line((2, 50, 8, 50), fill=(0, 0, 0))
        assert cut_out(rgba(image)).shape == (61, 61, 4)

    def test_own_outline_is_kept(self) -> None:
        picture = np.zeros((50, 40, 4), dtype=np.uint8)
        picture[10:30, 5:15] = (255, 255, 255, 255)
        cut = cut_out(picture)
        assert cut.shape == (20, 10, 4)
        assert (cut == 255).all()

    def test_empty_picture_is_refused(self) -> None:
        with pytest.raises(ValueError, match="nothing but background"):
            cut_out(np.full((20, 20, 4), 255, dtype=np.uint8))

    def test_input_is_left_as_it_was(self) -> None:
        picture = rgba(disc((0, 0, 0))).copy()
        before = picture.copy()
        cut_out(picture)
        assert (picture == before).all()


def row(kind: str, split: str, source: str = "one", file: str = "a.png") -> dict[str, str]:
    return dict(zip(PICTURE_COLUMNS, (kind, split, "yes", source, file), strict=True))


class TestUsable:
    def test_kind_needs_both_splits(self) -> None:
        rows = [row("dog", "train"), row("dog", "corpus"), row("cow", "train"), row("cow", "train")]
        assert [r["kind"] for r in usable(rows, ["one"])] == ["dog", "dog"]

    def test_missing_source_takes_its_kinds_along(self) -> None:
        rows = [row("dog", "train"), row("dog", "corpus", "two")]
        assert usable(rows, ["one"]) == []
        assert len(usable(rows, ["one", "two"])) == 2

    def test_looks_are_unique_within_a_kind(self) -> None:
        rows = [row("dog", split) for split in ("train", "corpus", "train")]
        assert [r["look"] for r in usable(rows, ["one"])] == ["0", "1", "2"]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with two kinds of our own drawing in two sources."""
    files = {
        ("one", "ball.png"): ((200, 0, 0), "ball", "train"),
        ("one", "other ball.png"): ((0, 200, 0), "ball", "corpus"),
        ("two", "cup.png"): ((0, 0, 200), "cup", "corpus"),
        ("two", "mug.png"): ((90, 90, 0), "cup", "train"),
        ("two", "key.png"): ((90, 90, 0), "key", "train"),
    }
    lines = ["\t".join(PICTURE_COLUMNS)]
    for (source, file), (colour, kind, split) in files.items():
        folder = tmp_path / "unpacked" / source
        folder.mkdir(parents=True, exist_ok=True)
        disc(colour).resize((1000, 1000), Image.Resampling.NEAREST).save(folder / file)
        lines.append("\t".join((kind, split, "no", source, file)))
    (tmp_path / "pictures.tsv").write_text("\n".join(lines) + "\n")
    words = tmp_path / "unpacked/qabcs/usr/share/qabcs/abcs/en/sounds/words"
    words.mkdir(parents=True)
    write_tone(words / "balls.ogg")
    make_index(tmp_path, tmp_path / "pictures.tsv", ["one", "two"])
    return tmp_path


def write_tone(path: Path) -> None:
    """Write half a second of a tone as WAV content, which a decoder knows by its content."""
    samples = 12_000 * np.sin(np.arange(4_000) / 3)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(samples.astype("<i2").tobytes())


class TestPhotoSource:
    def test_kinds_have_both_splits(self, cache: Path) -> None:
        source = PhotoSource(cache)
        assert source.kinds == ("ball", "cup")
        assert source.name == "photo"

    def test_looks_are_disjoint(self, cache: Path) -> None:
        source = PhotoSource(cache)
        for kind in source.kinds:
            train, corpus = source.looks(kind, "train"), source.looks(kind, "corpus")
            assert train
            assert corpus
            assert not set(train) & set(corpus)

    @pytest.mark.parametrize("size", [8, 61, 500])
    def test_cutout_has_the_size_asked_for(self, cache: Path, size: int) -> None:
        cut = PhotoSource(cache).cutout("ball", 0, size)
        assert cut.dtype == np.uint8
        assert cut.shape == (size, size, 4)

    def test_look_is_the_picture_of_its_row(self, cache: Path) -> None:
        source = PhotoSource(cache)
        look = source.looks("ball", "corpus")[0]
        assert source.cutout("ball", look, 60)[30, 5, :3].tolist() == [0, 200, 0]

    def test_stored_pictures_are_small(self, cache: Path) -> None:
        with Image.open(cache / "pictures" / "ball" / "0.png") as image:
            assert max(image.size) == LONGEST_SIDE_PX

    def test_word_is_resampled(self, cache: Path) -> None:
        word = PhotoSource(cache).word_audio("ball")
        assert word is not None
        assert word.dtype == np.float32
        assert len(word) == pytest.approx(SAMPLE_RATE / 2, rel=0.01)
        assert 0.3 < np.abs(word).max() <= 1

    def test_word_that_nobody_speaks(self, cache: Path) -> None:
        assert PhotoSource(cache).word_audio("cup") is None

    def test_other_processes_can_have_it(self, cache: Path) -> None:
        source = pickle.loads(pickle.dumps(PhotoSource(cache)))
        assert source.cutout("cup", 0, 20).shape == (20, 20, 4)

    def test_nothing_fetched(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="fetch-demo-photos"):
            PhotoSource(tmp_path)


def test_second_index_changes_no_file(cache: Path) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in cache.rglob("*")}

    before = times()
    make_index(cache, cache / "pictures.tsv", ["one", "two"])
    assert times() == before


def test_source_that_has_gone_leaves_the_index(cache: Path) -> None:
    make_index(cache, cache / "pictures.tsv", ["one"])
    assert PhotoSource(cache).kinds == ("ball",)


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    (tmp_path / INDEX_NAME).write_text("kind\tlook\n")
    with pytest.raises(UserError, match="expected"):
        PhotoSource(tmp_path)


class TestCommittedTables:
    @pytest.fixture
    def rows(self) -> list[dict[str, str]]:
        return read_rows(TABLES / "pictures.tsv", PICTURE_COLUMNS)

    def test_every_kind_has_words(self, rows: list[dict[str, str]]) -> None:
        for row in rows:
            assert kind_named(row["kind"]).plural

    def test_no_picture_serves_twice(self, rows: list[dict[str, str]]) -> None:
        files = [(row["source"], row["file"]) for row in rows]
        assert len(files) == len(set(files))

    def test_every_kind_is_usable(self, rows: list[dict[str, str]]) -> None:
        sources = [p.name for p in read_packages(TABLES / "sources.tsv") if "pictures" in p.serves]
        assert len(sources) >= 2
        assert len(usable(rows, sources)) == len(rows)
        assert len({row["kind"] for row in rows}) >= 30

    def test_corpus_shows_photographs_only(self, rows: list[dict[str, str]]) -> None:
        assert all(row["photograph"] == "yes" for row in rows if row["split"] == "corpus")

    def test_corpus_tables_are_those_of_the_config(self, tmp_path: Path) -> None:
        config = load_config(TABLES / "config.yaml")
        assert config.demo is not None
        make_tables(config.demo, tmp_path, "results/demo-photo/raw")
        for name in ("children.tsv", "sessions.tsv", "norms.csv", "context.csv"):
            assert (tmp_path / name).read_bytes() == (TABLES / name).read_bytes()

    def test_digests_are_digests(self) -> None:
        for package in read_packages(TABLES / "sources.tsv"):
            assert len(bytes.fromhex(package.sha256)) == 32
