from __future__ import annotations

import pytest

from egoalign.provenance import digest


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package beside ours: a <- b (in a function), a <- c (for types only), d apart."""
    source = tmp_path / "egoalign"
    source.mkdir()
    files = {
        "__init__.py": "",
        "log.py": "NOISE = 1\n",
        "a.py": (
            "from typing import TYPE_CHECKING\n"
            "from egoalign.log import NOISE\n"
            "if TYPE_CHECKING:\n    from egoalign.c import C\n"
            "def f():\n    from egoalign import b\n    return b\n"
        ),
        "b.py": "B = 1\n",
        "c.py": "class C: ...\n",
        "d.py": "D = 1\n",
    }
    for name, text in files.items():
        (source / name).write_text(text)
    monkeypatch.setattr(digest, "SOURCE", source)
    digest._imports.cache_clear()
    yield source
    digest._imports.cache_clear()


def test_the_modules_are_those_that_the_code_leads_to(package):
    assert digest.used_modules("a") == {"egoalign.a", "egoalign.b"}


@pytest.mark.parametrize(
    ("edited", "changes"), [("a", True), ("b", True), ("c", False), ("d", False), ("log", False)]
)
def test_an_edit_changes_the_digest_of_those_who_use_it(package, edited, changes):
    before = digest.code_digest("a")
    path = package / f"{edited}.py"
    path.write_text(path.read_text() + "# edited\n")
    assert (digest.code_digest("a") != before) is changes


def test_touching_a_file_changes_nothing(package):
    before = digest.code_digest("a")
    (package / "b.py").touch()
    assert digest.code_digest("a") == before


def test_relative_imports_are_followed(package):
    (package / "room").mkdir()
    (package / "room" / "__init__.py").write_text("")
    (package / "room" / "one.py").write_text("from . import two\nfrom .. import b\n")
    (package / "room" / "two.py").write_text("")
    assert digest.used_modules("room.one") == {
        "egoalign.room.one",
        "egoalign.room.two",
        "egoalign.room",
        "egoalign.b",
    }


def test_our_own_steps_do_not_depend_on_each_others_rooms():
    used = digest.used_modules("align.session")
    assert "egoalign.tables" in used
    assert not {name for name in used if ".figures" in name or ".demo" in name}
