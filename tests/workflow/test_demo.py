"""The whole workflow on the demo corpus (second tier)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from egoalign.config import load_config
from egoalign.demo.plan import CENTRE_AGE_MONTHS, corpus_plan
from egoalign.demo.truth import truth_paths
from egoalign.privacy.scan import scan_results
from egoalign.tables import months
from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.inference import infer, infer_effects
from egoalign.vary.satterthwaite import f_test
from tests.unit.vary.demo_speech import FORMULA, held
from tests.workflow.compare import differences
from tests.workflow.project import Project, copy_project
from tests.workflow.test_reproduce import export, rerun

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

GOLDEN = Path(__file__).with_name("golden_demo.txt")
FEWEST_AUC = 0.65


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Project:
    project = Project(
        copy_project(tmp_path_factory.mktemp("demo") / "project"), "config/demo/config.yaml"
    )
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="module")
def evaluation(demo) -> dict:
    return json.loads((demo.results / "truth/egoalign-demo.evaluation.json").read_text())


def test_it_makes_the_files_of_the_golden_list_and_no_others(demo):
    assert demo.outputs() == GOLDEN.read_text().splitlines()


def test_a_second_run_has_nothing_to_do(demo):
    assert demo.planned() == {}


def test_nothing_private_stands_outside_the_private_zone(demo):
    """The report too, which packs figures, captions and code in one page."""
    report = demo.results / "report/report.html"
    done = demo.run("--report", str(report.relative_to(demo.folder)))
    assert done.returncode == 0, done.stderr
    try:
        found = demo.egoalign("scan-privacy", "results/demo")
        assert (found.stdout, found.returncode) == ("", 0), found.stderr
        assert "names of recordings are not looked for" not in found.stderr
        page = report.read_text()
        assert "summary" in page
        said = pq.read_table(
            next((demo.results / "private/transcripts").rglob("*.utterances.parquet")),
            partitioning=None,
        )
        planted = max(said["text_encoded"].to_pylist(), key=len)
        report.write_text(f"{page}<!-- {planted} -->")
        (demo.results / "figures/frame.jpg").write_bytes(b"\xff\xd8\xff\xe0")
        leaks = demo.egoalign("scan-privacy", "results/demo")
        assert leaks.returncode == 3
        assert "report/report.html: the words '" in leaks.stdout
        assert "figures/frame.jpg: a picture (JPEG) that is no figure" in leaks.stdout
    finally:
        report.unlink()
        (demo.results / "figures/frame.jpg").unlink(missing_ok=True)


@pytest.mark.parametrize("share", ["picture", "crop"])
def test_the_score_finds_what_is_in_view(evaluation, share):
    found = evaluation["scores"]["score_max"][share]
    assert found["ci_low"] >= FEWEST_AUC


@pytest.mark.parametrize("share", ["picture", "crop"])
def test_it_is_at_chance_when_the_pairs_are_shuffled(evaluation, share):
    found = evaluation["scores"]["shuffled_pair"][share]
    assert found["ci_low"] < 0.5 < found["ci_high"]


def test_captioned_pictures_stand_apart_from_the_corpus(demo):
    rows = pq.read_table(demo.results / "reference/egoalign-demo/comparison.parquet").to_pylist()
    found = {(row["metric"], row["subset"]): row for row in rows}
    for metric in ("auc_null", "share_above_null_p95"):
        for group in ("corpus", "corpus|one_frame"):
            assert found[metric, "captioned-photos"]["ci_low"] > found[metric, group]["estimate"]


def test_every_utterance_and_session_is_accounted_for(demo):
    rows = pq.read_table(demo.results / "align/egoalign-demo/alignment.parquet").to_pylist()
    assert all((row["score_max"] is None) == (row["reason"] is not None) for row in rows)
    status = pq.read_table(demo.results / "report/sessions_status.parquet").to_pylist()
    lines = (demo.folder / "config/demo/sessions.tsv").read_text().splitlines()
    assert len(status) == len(lines) - 1
    assert sum(row["n_utterances"] for row in status) == len(rows)


@pytest.fixture(scope="module")
def naming(demo) -> pa.Table:
    """One row an utterance that names a kind: the truth, what explains it, and the score."""
    alignment = pq.read_table(demo.results / "align/egoalign-demo/alignment.parquet")
    key = ("child_id", "session_id", "utterance_id")
    scores = {tuple(row[name] for name in key): row for row in alignment.to_pylist()}
    rows = []
    options = load_config(demo.folder / demo.config).demo
    for session in corpus_plan(options).sessions:
        if session.exclude_reason:
            continue
        ids = session.child_id, session.session_id
        truth = pq.read_table(truth_paths(demo.results / "truth", *ids)[1])
        for row in truth.filter(pc.is_valid(truth["kind"])).to_pylist():
            score = scores[*ids, row["utterance_id"]]
            rows.append(
                {
                    "age_from_centre": months(session.age_days) - CENTRE_AGE_MONTHS,
                    "location": session.location,
                    "activity": session.activity,
                    "score_max": score["score_max"],
                    "n_frames": score["n_frames"] or None,
                }
                | dict(zip(key, (*ids, row["utterance_id"]), strict=True))
                | {name: row[name] for name in ("speaker", "kind", "refers", "in_view_picture")}
            )
    return pa.Table.from_pylist(rows)


RANDOM = "(1 | child_id) + (1 | child_id:session_id) + (1 | kind)"
SCORES = f"score_max ~ age_from_centre + speaker + log(n_frames) + location + activity + {RANDOM}"


@pytest.mark.parametrize("response", ["refers", "in_view_picture"])
def test_planted_coefficients_lie_within_their_intervals(naming, response):
    """Of five 95 % intervals at least 3 hold what is planted: so in 99.9 % of corpora.

    With some 280 utterances of 6 children the intervals are wide (a logit or more); sharper is the
    test with 40 children in tests/unit/vary/test_demo_speech.py. What is planted is that the
    utterance refers; what it names may be in view without, or out of view in spite of it.
    """
    frame = build_frame(naming, FORMULA.replace("refers", response), family="binomial")
    fit = fit_frame(frame, "binomial")
    assert fit.converged
    assert sum(held(fit).values()) >= 3


def test_scores_are_higher_where_what_is_named_is_in_view(naming):
    fit = fit_frame(build_frame(naming, f"score_max ~ in_view_picture + log(n_frames) + {RANDOM}"))
    effects = infer_effects(fit)
    place = fit.frame.names.index("in_view_picture[true]")
    assert effects.low[place] > 0
    assert effects.p[place] < 1e-6


def test_scores_order_the_speakers_as_planted(naming):
    """The child against another child: the sign only, for 280 scores do not settle it."""
    fit = fit_frame(build_frame(naming, SCORES))
    contrast = np.zeros((1, len(fit.frame.names)))
    contrast[0, fit.frame.names.index("speaker[key_child]")] = 1
    contrast[0, fit.frame.names.index("speaker[other_child]")] = -1
    assert infer(fit, contrast).estimate[0] > 0


def test_effects_planted_as_zero_are_not_claimed_of_scores(naming):
    fit = fit_frame(build_frame(naming, SCORES))
    found = [
        f_test(fit, np.eye(len(fit.frame.names))[[each == term for each in fit.frame.terms]]).p
        for term in ("location", "activity")
    ]
    assert min(found) * len(found) >= 0.05  # Holm's first step


def test_a_killed_run_resumes_to_the_same_results(demo, tmp_path):
    project = Project(copy_project(tmp_path / "killed"), demo.config)
    run = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(list(project.results.glob("encode/*/*/*.frame_embeddings.arrow"))) < 5:
        assert run.poll() is None, "the run ended before it could be killed"
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert project.run("--unlock").returncode == 0
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.outputs() == demo.outputs()
    assert differences(project.results, demo.results, demo.outputs()) == []


def test_a_bundle_makes_its_statistics_and_figures_again(demo, tmp_path):
    bundle = export(demo, tmp_path / "bundle")
    assert scan_results(demo.results, [f"D0{number}" for number in range(1, 7)], bundle) == []
    again = rerun(bundle, tmp_path / "again")
    done = again.egoalign("compare-bundle", "results", str(bundle))
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(" files equal, 0 unequal\n")
    name = "stats/values.json"
    assert (again.results / name).read_bytes() == (demo.results / name).read_bytes()
