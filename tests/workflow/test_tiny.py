"""The whole workflow on the tiny corpus."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import time
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from egoalign import tables
from egoalign.encode.handover import kind
from egoalign.privacy.needles import words_of
from egoalign.privacy.scan import scan_results
from egoalign.tables import UTTERANCES, write_table
from egoalign.vary.table import read_word_alignment, utterance_table, word_table
from tests.workflow.compare import differences
from tests.workflow.project import Project, tiny_project

GOLDEN = Path(__file__).with_name("golden_tiny.txt")

FITTED = {"plot_intercepts", "plot_trajectories", "plot_variance", "plot_effects"}
"""Figures of what was fitted."""

WRITTEN = ("write_values", "write_methods")
"""What quotes and tells what was fitted."""

FIRST_PAGE = {"write_summary", "all"}


def read(project: Project, name: str):
    return pq.read_table(project.results / name, partitioning=None)


def test_it_makes_the_files_of_the_golden_list_and_no_others(tiny):
    assert tiny.outputs() == GOLDEN.read_text().splitlines()


def test_every_file_is_documented(tiny, root):
    page = (root / "docs" / "outputs.md").read_text()
    documented = re.findall(r"`([^`\s]+\.[a-z0-9]+)`(?:, `(\.[a-z]+)`| or `(\.[a-z]+)`)?", page)
    patterns = []
    for name, *more in documented:
        stem, dot, suffix = name.rpartition(".")
        endings = [dot + suffix, *[ending for ending in more if ending]]
        for ending in endings:
            pattern = re.escape(stem + ending).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
            patterns.append(re.sub(r"<\w+>", "[^/]+", pattern))
    unknown = [name for name in tiny.outputs() if not any(re.fullmatch(p, name) for p in patterns)]
    assert unknown == []


def test_a_second_run_has_nothing_to_do(tiny):
    assert tiny.planned() == {}
    done = tiny.run()
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_sessions_of_a_model_may_share_the_process_that_keeps_it_loaded(tiny):
    flags = ("--dry-run", "--printshellcmds", "--quiet", "progress", "--forcerun", "encode_session")
    done = tiny.run(*flags)
    commands = re.findall(r"python -m egoalign (encode-session .*)", done.stdout + done.stderr)
    assert len(commands) == 5
    assert len({kind(shlex.split(command)) for command in commands}) == 1


def test_every_utterance_has_a_score_or_a_reason(tiny):
    utterances = sum(
        pq.read_metadata(path).num_rows
        for path in (tiny.results / "private").rglob("*.utterances.parquet")
    )
    rows = read(tiny, "align/egoalign-demo/alignment.parquet")
    assert rows.num_rows == utterances > 20
    scored = pc.is_valid(rows["score_max"]).to_pylist()
    reasons = pc.is_valid(rows["reason"]).to_pylist()
    assert all(a != b for a, b in zip(scored, reasons, strict=True))
    assert sum(scored) > 0.8 * utterances


def test_every_utterance_has_a_probability_or_a_reason(tiny):
    rows = read(tiny, "validate/egoalign-demo/calibrated.parquet")
    assert rows.num_rows == read(tiny, "align/egoalign-demo/alignment.parquet").num_rows
    told = pc.is_valid(rows["probability_mean"]).to_pylist()
    reasons = pc.is_valid(rows["reason"]).to_pylist()
    assert all(a != b for a, b in zip(told, reasons, strict=True))


def test_every_utterance_and_content_word_has_predictors(tiny):
    predictors = read(tiny, "private/predictors/utterances.parquet")
    table = utterance_table(read(tiny, "align/egoalign-demo/alignment.parquet"), predictors)
    for name in ("age_within", "position", "location", "activity", "time_of_day_h"):
        assert table[name].null_count == 0, name
    scored = read_word_alignment(
        tiny.results / "corpus/sessions.parquet", tiny.results / "align/egoalign-demo"
    )
    words = word_table(scored, read(tiny, "private/predictors/words.parquet"), predictors)
    numbers = read(tiny, "align/egoalign-demo/lemma_numbers.parquet").to_pylist()
    said = Counter(words["lemma_id"].to_pylist())
    counted: Counter[str] = Counter()
    for row in numbers:
        counted[row["lemma_id"]] += row["n"]
    assert said == counted
    for name in ("concreteness", "age_of_acquisition", "general_log_freq", "log_freq_others"):
        assert words[name].null_count < 0.2 * len(words), name


def test_every_session_has_a_status(tiny):
    status = read(tiny, "report/sessions_status.parquet").to_pylist()
    lines = (tiny.folder / "config/tiny/sessions.tsv").read_text().splitlines()[1:]
    assert len(status) == len(lines)
    excluded = [line for line in lines if "\tyes\t" in line]
    assert [row["status"] for row in status].count("excluded") == len(excluded) > 0
    assert {row["status"] for row in status} == {"ok", "excluded"}
    assert all(row["reason"] for row in status if row["status"] == "excluded")


def test_nothing_private_stands_outside_the_private_zone(tiny):
    assert stat.S_IMODE((tiny.results / "private").stat().st_mode) == 0o700
    found = tiny.egoalign("scan-privacy", "results/demo")
    assert (found.stdout, found.returncode) == ("", 0), found.stderr
    assert "nothing found" in found.stderr
    assert "names of recordings are not looked for" not in found.stderr


def test_a_leak_past_a_switched_off_gate_is_found(tiny, tmp_path, monkeypatch):
    results = shutil.copytree(tiny.results, tmp_path / "results")
    (results / "private/config.yaml").unlink()  # its paths are reckoned from the project's folder
    shutil.rmtree(results / "raw")
    shutil.rmtree(results / "truth")
    assert scan_results(results) == []
    spoken = next((results / "private/transcripts").rglob("*.utterances.parquet"))
    leak = results / "align/egoalign-demo/leak.parquet"
    rows = pq.read_table(spoken, partitioning=None)
    with pytest.raises(ValueError, match="utterances holds words or names"):
        write_table(UTTERANCES, rows, leak)
    monkeypatch.setattr(tables, "check_place", lambda *_: None)
    write_table(UTTERANCES, rows, leak, csv=leak.with_suffix(".csv"))
    said = max(rows["text_encoded"].to_pylist(), key=len)
    found = {str(finding) for finding in scan_results(results)}
    for suffix in (".csv", ".parquet"):
        assert any(
            line.startswith(f"align/egoalign-demo/leak{suffix} (column text)")
            and line.endswith(f"the words '{' '.join(words_of(said))}'")
            for line in found
        )
    assert all(line.startswith("align/egoalign-demo/leak.") for line in found)


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("figures/age.py", {"plot_age"}),
        (
            "vary/models.py",
            {"fit_models", "plot_age", "write_values", "write_methods"} | FITTED | FIRST_PAGE,
        ),
        ("corpus/scores.py", {"write_scores"}),
        ("report/summary.py", {"write_summary"}),
    ],
)
def test_an_edit_of_a_module_plans_exactly_its_jobs(tiny, module, rules):
    path = tiny.folder / "workflow/src/egoalign" / module
    text = path.read_text()
    try:
        path.write_text(text + "# edited\n")
        assert set(tiny.planned()) == rules | {"all"}
    finally:
        path.write_text(text)
    assert tiny.planned() == {}


def test_a_changed_option_plans_exactly_the_jobs_that_read_it(tiny):
    assert set(tiny.planned("--config", "figures={dpi: 100}")) == {
        "plot_null",
        "plot_nulls",
        "plot_accuracy",
        "plot_children",
        "plot_age",
        "plot_lag",
        "plot_models",
        "plot_reference",
        "plot_reliability",
        "plot_lemmas",
        "plot_context",
        "plot_course",
        *FITTED,
        "write_config",
        "all",
    }


def test_without_other_data_sets_nothing_of_them_is_planned(tiny):
    planned = tiny.planned("--config", "reference={sets: []}", "--forceall")
    assert "summarise_alignment" in planned
    assert not any("reference" in rule or "caption" in rule for rule in planned)


def test_a_new_data_set_plans_its_own_jobs_and_the_comparison(tiny):
    one = "{name: NAME, format: webdataset, path: results/demo/raw/captions.tar}"
    both = ", ".join(one.replace("NAME", name) for name in ("captioned-photos", "again"))
    assert tiny.planned("--config", f"reference={{sets: [{both}]}}") == {
        "sample_reference": 1,
        "score_reference": 1,
        "summarise_reference": 1,
        "compare_references": 1,
        "plot_reference": 1,
        "write_config": 1,
        "write_methods": 1,
        "all": 1,
    }


def test_other_data_sets_have_a_row_a_pair_and_no_words(tiny):
    rows = read(tiny, "reference/egoalign-demo/captioned-photos.pairs.parquet").to_pylist()
    truth = read(tiny, "truth/captions.parquet").to_pylist()
    assert len(rows) == len(truth) == 60
    assert all(row["score_max"] is not None and row["shuffled_z"] is not None for row in rows)
    matching = [r["shuffled_z"] for r, t in zip(rows, truth, strict=True) if t["matches"]]
    others = [r["shuffled_z"] for r, t in zip(rows, truth, strict=True) if not t["matches"]]
    assert len(others) == 2
    assert max(others) < sorted(matching)[len(matching) // 2]
    found = {row["metric"]: row for row in read(
        tiny, "reference/egoalign-demo/captioned-photos.summary.parquet"
    ).to_pylist()}  # fmt: skip
    assert found["auc_null"]["ci_low"] > 0.8


def test_a_new_session_plans_its_own_jobs_and_the_corpus_level_ones(tiny):
    table = tiny.folder / "config/tiny/sessions.tsv"
    text = table.read_text()
    video = next((tiny.results / "raw/videos").rglob("*.mp4"))
    row = dict.fromkeys(text.splitlines()[0].split("\t"), "")
    row |= {
        "child_id": "D01",
        "session_id": "extra",
        "video": str(video.relative_to(tiny.folder)),
        "age_days": "700",
        "exclude": "no",
    }
    before = table.stat()
    try:
        table.write_text(text + "\t".join(row.values()) + "\n")
        planned = tiny.planned()
        per_session = {rule: n for rule, n in planned.items() if rule.endswith("_session")}
    finally:
        table.write_text(text)
        os.utime(table, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert per_session == {"ingest_session": 1, "encode_session": 1, "align_session": 1}
    assert planned["collect_alignment"] == 1


def test_a_killed_run_resumes_to_the_same_results(tiny, tmp_path):
    project = tiny_project(tmp_path / "killed")
    run = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not list(project.results.glob("encode/*/*/*.arrow")):
        assert run.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    halfway = project.outputs()
    assert 0 < len(halfway) < len(tiny.outputs())
    unlocked = project.run("--unlock")
    assert unlocked.returncode == 0, unlocked.stderr
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.outputs() == tiny.outputs()
    assert differences(project.results, tiny.results, tiny.outputs()) == []
    assert project.planned() == {}
    assert list(project.folder.rglob("*.partial*")) == []
