"""The scan finds what was planted, in every kind of file and however it is packed."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from egoalign import cli, tables
from egoalign.figures.style import save_figure
from egoalign.privacy.needles import Needles
from egoalign.privacy.scan import scan_results
from egoalign.privacy.zone import make_private_zone
from egoalign.tables import CONTENT_WORDS, FRAMES, UTTERANCES, write_table

SAID = "Look at the purple elephant!"
NAME = "Anna Q. Smith"
WORDS = ["ball", "cup", "dog", "tree", "spoon", "door"]


def utterance(number: int, text: str) -> dict[str, object]:
    return {
        "utterance_id": f"u{number}", "text": text, "text_encoded": text, "speaker": "unknown",
        "text_id": str(number), "n_words": len(text.split()), "source_format": "csv",
    }  # fmt: skip


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """A copy of results in which everything stands where it should."""
    return shutil.copytree(made, tmp_path / "results")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("made") / "results"
    zone = make_private_zone(results)
    spoken = [utterance(0, SAID), utterance(1, "yes")]
    write_table(UTTERANCES, spoken, zone / "transcripts/a/s.utterances.parquet")
    words = [
        {"utterance_id": "u0", "word_no": i, "token": word, "lemma": word, "own_time": False}
        for i, word in enumerate(WORDS)
    ]
    write_table(CONTENT_WORDS, words, zone / "transcripts/a/s.content_words.parquet")
    frames = [{"frame_id": 0, "requested_s": 0.0, "wanted": True, "reason": "no speech"}]
    write_table(FRAMES, frames, results / "video/a/s.frames.parquet", csv=results / "video/f.csv")
    save_figure(figure("yes, a ball"), results / "figures/m/f.pdf", results / "figures/m/f.png", 60)
    picture = base64.b64encode((results / "figures/m/f.png").read_bytes()).decode()
    page = results / "report/report.html"
    page.parent.mkdir()
    page.write_text(f"<p>yes</p><img src='data:image/png;base64,{picture}'>")
    return results


def figure(title: str) -> Figure:
    with matplotlib.rc_context({"pdf.fonttype": 42}):
        drawn = Figure(figsize=(3, 2))
        drawn.suptitle(title)
    return drawn


def lines(results: Path, names: list[str] | None = None) -> list[str]:
    return [str(finding) for finding in scan_results(results, names or [NAME])]


def test_nothing_is_found_where_everything_is_in_its_place(results):
    assert lines(results) == []


def photo(kind: str) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    with io.BytesIO() as stream:
        Image.fromarray(pixels).save(stream, kind)
        return stream.getvalue()


def png_that_says(path: Path, text: str) -> None:
    info = PngInfo()
    info.add_text("Software", "egoalign")
    info.add_text("Comment", text, zip=True)
    Image.new("RGB", (20, 20), "white").save(path, pnginfo=info)


def zipped(text: str) -> bytes:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.txt", text)
        return stream.getvalue()


def write_arrow(path: Path, table: pa.Table) -> None:
    with pa_ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


PADDING = "nothing of interest stands here, and there is a lot of it " * 3

NOISE = np.random.default_rng(1).integers(1e9, size=40)
"""So that what is packed is long."""

TEXTS: dict[str, Callable[[Path, str], object]] = {
    "a.txt": lambda path, text: path.write_text(f"He said: {text.upper()} Then"),
    "a.json": lambda path, text: path.write_text(json.dumps({"é": [text]}, ensure_ascii=True)),
    "b.json": lambda path, text: path.write_text(json.dumps({text: 1})),
    "a.csv": lambda path, text: path.write_text(f'x,y\n1,"{text}"\n'),
    "b.csv": lambda path, text: path.write_text(f"# a note\nx,y\n1,2,{text}\n"),
    "head.csv": lambda path, text: path.write_text(f'x,"{text}"\n1,2\n'),
    "a.html": lambda path, text: path.write_text(f"<p>{text.replace(' ', '&#32;')}</p>"),
    "b.html": lambda path, text: path.write_text(base64_of((PADDING + text).encode())),
    "c.html": lambda path, text: path.write_text(
        base64_of(gzip.compress(f"{text}{NOISE}".encode()))
    ),
    "a.txt.gz": lambda path, text: path.write_bytes(gzip.compress(text.encode())),
    "a.zip": lambda path, text: path.write_bytes(zipped(text)),
    "a.parquet": lambda path, text: pq.write_table(pa.table({"x": [text, None]}), path),
    "meta.parquet": lambda path, text: pq.write_table(
        pa.table({"x": [1]}).replace_schema_metadata({"source": text}), path
    ),
    "field.parquet": lambda path, text: pq.write_table(
        pa.table([[1]], schema=pa.schema([pa.field("x", pa.int64(), metadata={"m": text})])), path
    ),
    "list.parquet": lambda path, text: pq.write_table(pa.table({"x": [[text], []]}), path),
    "coded.parquet": lambda path, text: pq.write_table(
        pa.table({"x": pa.array([text]).dictionary_encode()}), path
    ),
    "a.arrow": lambda path, text: write_arrow(path, pa.table({"x": [text]})),
    "a.pdf": lambda path, text: save_figure(figure(text), path, path.with_suffix(".x.png"), 60),
    "a.png": png_that_says,
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    ("text", "what"),
    [(SAID, "the words 'look at the purple elephant'"), (NAME, "the name 'Anna Q. Smith'")],
)
def test_words_and_names_are_found_in_every_kind_of_file(results, name, text, what):
    path = results / "stats" / name
    path.parent.mkdir()
    TEXTS[name](path, text)
    found = [line for line in lines(results) if line.startswith(f"stats/{name}")]
    assert any(line.endswith(f": {what}") for line in found), found


def test_a_name_in_the_name_of_a_file_is_found(results):
    (results / "stats").mkdir()
    (results / "stats/anna_q-smith.txt").touch()
    assert lines(results) == ["stats/anna_q-smith.txt (its name): the name 'Anna Q. Smith'"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WebP"])
@pytest.mark.parametrize("way", ["plain", "html", "parquet", "zip"])
def test_pictures_are_found(results, kind, way):
    data = photo(kind)
    folder = results / "figures" / "m"
    if way == "plain":
        (folder / "g.png").write_bytes(data)
    elif way == "html":
        (folder / "g.html").write_text(f"<img src='data:image;base64,{base64_of(data)}'>")
    elif way == "parquet":
        pq.write_table(pa.table({"x": [data]}), folder / "g.parquet")
    else:
        with zipfile.ZipFile(folder / "g.txt", "w") as archive:
            archive.writestr("f", data)
    place = {"plain": "g.png", "zip": "g.txt (f)", "parquet": "g.parquet (column x)"}
    what = "a column of bytes" if way == "parquet" else f"a picture ({kind})"
    assert lines(results) == [
        f"figures/m/{place.get(way, 'g.html (base64 1)')}: {what} that is no figure"
    ]


def test_a_picture_that_only_says_that_we_drew_it_is_found(results):
    info = PngInfo()
    info.add_text("Software", "egoalign")
    with Image.open(io.BytesIO(photo("PNG"))) as picture:
        picture.save(results / "figures/m/g.png", pnginfo=info)
    assert lines(results) == ["figures/m/g.png: a picture (PNG) that is no figure"]


def test_names_of_digits_and_days_are_found_as_they_are_written(results):
    (results / "a.csv").write_text("who,when,n\n00910001,2021-03-09,1\n12,2020-01-01,2\n")
    day = pa.table({"when": [date(2021, 3, 9)]})
    pq.write_table(day, results / "a.parquet")
    assert lines(results, ["00910001", "2021-03-09"]) == [
        "a.csv (column who): the name '00910001'",
        "a.csv (column when): the name '2021-03-09'",
        "a.parquet (column when): the name '2021-03-09'",
    ]


def test_a_film_and_a_file_of_a_kind_that_no_step_makes_are_found(results):
    (results / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    assert lines(results) == [
        "film.mp4: a file '.mp4', which no step makes here",
        "film.mp4: a film that is no figure",
    ]


def test_a_column_of_words_is_found(results):
    pq.write_table(pa.table({"x": [word.upper() for word in WORDS]}), results / "w.parquet")
    (results / "w.csv").write_text("n,x\n" + "".join(f"1,{word}\n" for word in WORDS))
    what = "(column x): a column of words that were said"
    assert lines(results) == [f"w.csv {what}", f"w.parquet {what}"]
    pq.write_table(pa.table({"x": WORDS[:4]}), results / "w.parquet")
    (results / "w.csv").unlink()
    assert lines(results) == [], "a few words are the levels of some factor"


def test_names_of_recordings_and_children_are_looked_for(results, tmp_path):
    (tmp_path / "children.tsv").write_text("child_id\tbirth_date\na\t2021-03-09\n")
    (tmp_path / "sessions.tsv").write_text(
        "child_id\tsession_id\tvideo\ttranscript\tage_days\texclude\tsource_name\n"
        "a\ts1\tv/s1.mp4\tt/xy_home.csv\t400\tno\tGX0017\n"
    )
    tables_ = {name: str(tmp_path / f"{name}.tsv") for name in ("children", "sessions")}
    (results / "private/config.yaml").write_text(json.dumps({"corpus": tables_}))
    (results / "n.txt").write_text("gx0017, XY_HOME, 2021-03-09; s1.mp4 is told by its id")
    assert lines(results) == [
        "n.txt: the name 'GX0017'",
        "n.txt: the name 'xy_home'",
        "n.txt: the name '2021-03-09'",
    ]


def test_a_leak_past_a_switched_off_gate_is_found(results, monkeypatch):
    leak = results / "align" / "u.parquet"
    with pytest.raises(ValueError, match="utterances holds words or names"):
        write_table(UTTERANCES, [utterance(0, SAID)], leak)
    assert lines(results) == []
    monkeypatch.setattr(tables, "check_place", lambda *_: None)
    write_table(UTTERANCES, [utterance(0, SAID)], leak)
    assert lines(results) == [
        f"align/u.parquet (column {name}): the words 'look at the purple elephant'"
        for name in ("text", "text_encoded")
    ]


def test_a_bundle_is_looked_through_instead(results, tmp_path, capsys):
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(zipped(f"they said {SAID}"))
    assert cli.main(["scan-privacy", str(results), "--bundle", str(bundle)]) == 3
    assert capsys.readouterr().out == (
        "bundle.zip (inner.txt): the words 'look at the purple elephant'\n"
    )
    assert cli.main(["scan-privacy", str(results), "--bundle", str(tmp_path / "no")]) == 2
    assert "no: no such folder or file; name what to look through" in capsys.readouterr().err


def test_the_exit_code_says_whether_something_was_found(results, tmp_path, capsys):
    assert cli.main(["scan-privacy", str(results)]) == 0
    assert capsys.readouterr().err.startswith("nothing found in ")
    names = tmp_path / "names.txt"
    names.write_text("\nNobody\nanna\n")
    (results / "stats.json").write_text('{"who": "Anna"}')
    assert cli.main(["scan-privacy", str(results), "--names", str(names)]) == 3
    shown = capsys.readouterr()
    assert shown.out == "stats.json: the name 'anna'\n"
    assert shown.err.startswith("1 findings in ")
    assert cli.main(["scan-privacy", str(tmp_path)]) == 2
    assert "no private zone in it" in capsys.readouterr().err


def test_words_are_compared_whole_and_without_signs():
    needles = Needles(["Ann", "Zoë-Lou"], ["is it a cat?", "no no"])
    assert needles.find("Annabel, IS it a... Cat") == ["the words 'is it a cat'"]
    assert needles.find("zoë lou; ANN; no no") == ["the name 'Zoë-Lou'", "the name 'Ann'"]
