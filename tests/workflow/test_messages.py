"""What the workflow says when the config or the corpus tables are wrong, and its exit codes."""

from __future__ import annotations

import pytest

from tests.workflow.project import Project, tiny_project


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return tiny_project(tmp_path_factory.mktemp("messages") / "project")


def test_a_misspelt_option_stops_before_anything_runs(project):
    done = project.run("--config", "encode={fsp: 2}")
    assert done.returncode == 2
    assert "encode.fsp: unknown key; did you mean 'fps'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert project.outputs() == []


def test_wrong_rows_are_told_with_their_lines_all_at_once(project):
    table = project.folder / "config/tiny/sessions.tsv"
    text = table.read_text()
    lines = text.splitlines()
    lines[1] = lines[1].replace("D01", "D09", 1)
    lines[2] = lines[2].replace("\ts1\t", "\tbad/id\t", 1)
    try:
        table.write_text("\n".join(lines) + "\n")
        done = project.run()
    finally:
        table.write_text(text)
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert "D09" in done.stderr
    assert "line 3" in done.stderr
    assert "bad/id" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_name_with_a_typo_names_the_nearest(project):
    done = project.run(
        "--config",
        "encode={models: [{name: ViT-B-32-quikgelu, pretrained: openai}]}",
        "--until",
        "encode_session",
    )
    assert done.returncode != 0
    assert "ViT-B-32-quickgelu" in done.stdout + done.stderr


def test_a_fresh_clone_says_what_to_do_first(root):
    done = Project(root, "config/config.yaml").run("--dry-run")
    assert done.returncode == 2
    assert "config/sessions.tsv: no sessions yet" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_lint_is_clean(project):
    done = project.run("--lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_plans_jobs_from_the_front_door(root):
    project = Project(root, "config/demo/config.yaml")
    done = project.run("--dry-run", "--forceall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make_demo_session" in done.stdout + done.stderr
