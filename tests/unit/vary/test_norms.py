"""Tables of norms: the layouts that are recognised, and what is wrong with others."""

from __future__ import annotations

import logging

import pytest

from egoalign.config import NormsTable
from egoalign.log import UserError
from egoalign.vary.norms import read_norms, read_norms_table

BRYSBAERT = (
    "Word\tBigram\tConc.M\tConc.SD\tUnknown\tTotal\tPercent_known\tSUBTLEX\tDom_Pos\n"
    "roadsweeper\t0\t4.85\t0.37\t1\t27\t0.96\t0\t0\n"
    "sled dog\t1\t4.96\t0.2\t0\t28\t1\t0\t0\n"
)
KUPERMAN = (
    "Word,OccurTotal,OccurNum,Freq_pm,Rating.Mean,Rating.SD,Dunno\n"
    "a,22,22,20415.27,2.89,1.21,1\naardvark,18,15,0.41,9.89,3.66,0.83\nabaci,18,0,0.1,NA,NA,0\n"
)
KUPERMAN_51 = (
    '"","Word","Alternative.spelling","Freq_pm","Dom_PoS_SUBTLEX","AoA_Kup","AoA_Kup_lem"\n'
    '"1","dogs","dogs",60.1,"Noun",NA,2.8\n"2","dog","dog",190.2,"Noun",2.8,2.8\n'
    '"3","abbé","abbé",0.1,"Noun",#N/A,#N/A\n'
)


def read(tmp_path, text: str | bytes, name: str = "norms.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_norms_table(NormsTable(path=str(path), **options))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_published_layouts_are_recognised_by_their_headers(tmp_path, encoding):
    concreteness = read(tmp_path, BRYSBAERT.encode(encoding))
    assert set(concreteness) == {"concreteness"}
    assert concreteness["concreteness"].of("sled dog") == 4.96
    ages = read(tmp_path, KUPERMAN.encode(encoding))
    assert ages["age_of_acquisition"].of("aardvark") == 9.89
    assert ages["age_of_acquisition"].of("abaci") is None
    longer = read(tmp_path, KUPERMAN_51.encode(encoding))
    assert longer["age_of_acquisition"].of("dogs") == 2.8
    assert longer["age_of_acquisition"].of("abbé") is None


def test_capitals_of_a_header_do_not_matter(tmp_path):
    norms = read(tmp_path, "WORD,AoA,Concreteness\nball,2.5,4.9\n")
    assert norms["age_of_acquisition"].of("ball") == 2.5
    assert norms["concreteness"].of("ball") == 4.9


def test_named_columns_are_taken_and_others_passed_over(tmp_path):
    text = "item;conc;fam\nBall;4,9;6,5\nHund;4,8;\n"
    options = {"word": "item", "columns": {"concreteness": "conc", "familiarity": "fam"}}
    norms = read(tmp_path, text, **options)
    assert norms["concreteness"].of("Hund") == 4.8
    assert norms["familiarity"].of("ball") == 6.5
    assert norms["familiarity"].of("Hund") is None


def test_the_same_capitals_go_first_and_repeats_are_averaged(tmp_path, caplog, monkeypatch):
    text = "word,concreteness\nPolish,2\npolish,4\nball,5\nball,4\nball,\n"
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    with caplog.at_level(logging.INFO, "egoalign"):
        norm = read(tmp_path, text)["concreteness"]
    assert (norm.of("Polish"), norm.of("polish"), norm.of("POLISH")) == (2, 4, 3)
    assert norm.of("ball") == 4.5
    assert "3 words; 1 rows without a value; 1 words stand there several times" in caplog.text


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (b"PK\x03\x04rest", {}, "a spreadsheet; save its sheet as CSV"),
        ("lemma,x\nball,1\n", {}, "no known table of norms; columns found: lemma, x; say which"),
        (
            "Word,Conc\nball,1\n",
            {"word": "Word", "columns": {"concreteness": "Conc.M"}},
            "column 'Conc.M' is missing; did you mean 'Conc'?",
        ),
        (
            "word,concreteness\nball,much\n",
            {},
            "line 2: concreteness is not a number; found 'much'",
        ),
        ("word,concreteness\nball,\n", {}, "column 'concreteness' holds no value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, options, message):
    with pytest.raises(UserError) as caught:
        read(tmp_path, text, **options)
    assert message in str(caught.value)
    assert "norms.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv: cannot be read .*vary\.predictors\.norms"):
        read_norms_table(NormsTable(path=str(tmp_path / "none.csv")))


def test_two_tables_may_not_have_the_same_predictor(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("word,concreteness\nball,1\n")
    tables = [NormsTable(path=str(tmp_path / name)) for name in ("a.csv", "b.csv")]
    with pytest.raises(UserError, match=r"a\.csv and .*b\.csv both have concreteness"):
        read_norms(tables)
