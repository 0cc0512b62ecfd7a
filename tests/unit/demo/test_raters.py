from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from egoalign.demo.raters import Moment, Rater, draw_raters, evidence, judge


def moments(n_sessions=6, n=30):
    """Return moments of which every third shows what is said."""
    made = []
    for s in range(n_sessions):
        for k in range(n):
            kind = f"kind{s}-{k}" if k % 3 < 2 else None
            shares = {kind: 0.1} if kind and k % 3 == 0 else {"other": 0.2}
            made.append(Moment(f"c{s}", "s1", f"u{k}", float(k), f"{s} {k} {kind}", kind, shares))
    return made


def answers(raters, max_items=60, seed=0):
    rng = np.random.default_rng(seed)
    return judge(rng, moments(), raters, len(raters), max_items)


def is_shown(row):
    return int(row["utterance_id"][1:]) % 3 == 0


def test_evidence_rises_with_the_share_and_is_none_for_what_names_nothing():
    assert evidence("cup", {"cup": 0.0, "dog": 0.5}) == 0
    assert 0 < evidence("cup", {"cup": 0.01}) < evidence("cup", {"cup": 0.02}) < 1
    assert evidence("cup", {"cup": 0.3}) == 1
    assert evidence(None, {"cup": 0.3}) == 0


def test_raters_who_look_find_what_is_shown_and_guess_the_rest():
    rows = answers([Rater(f"r{k}", 6.0, 0.0) for k in range(8)])
    for kind in ("choose_utterance", "choose_image"):
        chosen = [row for row in rows if row["kind"] == kind]
        shown = np.mean([row["correct"] for row in chosen if is_shown(row)])
        other = np.mean([row["correct"] for row in chosen if not is_shown(row)])
        assert shown > 0.95
        assert abs(other - 0.25) < 0.12


def test_raters_who_always_lapse_are_at_chance():
    rows = answers([Rater(f"r{k}", 6.0, 1.0) for k in range(20)])
    correct = [row["correct"] for row in rows if row["kind"].startswith("choose")]
    assert abs(np.mean(correct) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / len(correct))


def test_a_keener_rater_is_right_more_often():
    rates = [
        np.mean([row["correct"] for row in answers([Rater("r1", d, 0.05)]) if "correct" in row])
        for d in (0.5, 1.5, 4.0)
    ]
    assert rates == sorted(rates)
    assert rates[2] - rates[0] > 0.15


def test_every_item_is_one_pair_put_to_several_raters():
    raters = draw_raters(np.random.default_rng(0), 12)
    rows = judge(np.random.default_rng(1), moments(), raters, 6, 40)
    items = defaultdict(list)
    for row in rows:
        items[row["kind"], row["item_id"]].append(row)
    assert len(items) == 4 * 40
    names = ("child_id", "session_id", "utterance_id", "second", "distractors")
    for asked in items.values():
        assert len({row["annotator_id"] for row in asked}) == 6
        assert all([row[n] for n in names] == [asked[0][n] for n in names] for row in asked)


def test_distractors_are_other_moments_with_other_words_and_pictures():
    known = {(one.child_id, one.utterance_id): one for one in moments()}
    seconds = {(one.child_id, one.second): one for one in moments()}
    for row in answers([Rater("r1", 2.0, 0.0)]):
        if not row["kind"].startswith("choose"):
            assert row["distractors"] == []
            continue
        by_picture = row["kind"] == "choose_image"
        found = [(seconds if by_picture else known)[c, last] for c, _, last in row["distractors"]]
        assert len(found) == 3
        true = known[row["child_id"], row["utterance_id"]]
        assert len({one.text for one in (true, *found)}) == 4
        assert len({(one.child_id, one.second) for one in (true, *found)}) == 4
        assert row["second"] == true.second
        assert row["correct"] == (row["answer"] == row["correct_answer"])
        assert row["answer"] in (0.0, 1.0, 2.0, 3.0)


def test_half_of_the_items_show_what_is_said():
    rows = answers([Rater("r1", 2.0, 0.0)], max_items=40)
    for kind in ("choose_utterance", "choose_image", "rating", "label"):
        assert sum(is_shown(row) for row in rows if row["kind"] == kind) == 20


def test_ratings_and_labels_follow_the_evidence():
    shown = {(one.child_id, one.utterance_id): one for one in moments()}
    pictures = {(one.child_id, one.second): one for one in moments()}
    rows = answers([Rater(f"r{k}", 3.0, 0.0) for k in range(6)], max_items=120)
    for kind, allowed in (("rating", {1.0, 2.0, 3.0, 4.0, 5.0}), ("label", {1.0, 0.0, None})):
        asked = [row for row in rows if row["kind"] == kind]
        assert {row["answer"] for row in asked} == allowed
        fits = [
            evidence(
                shown[row["child_id"], row["utterance_id"]].kind,
                pictures[row["child_id"], row["second"]].shares,
            )
            == 1
            for row in asked
        ]
        means = [
            np.mean(
                [
                    row["answer"]
                    for row, f in zip(asked, fits, strict=True)
                    if f is wanted and row["answer"] is not None
                ]
            )
            for wanted in (True, False)
        ]
        assert means[0] - means[1] > (2 if kind == "rating" else 0.6)


def test_raters_are_drawn_within_the_stated_ranges():
    raters = draw_raters(np.random.default_rng(3), 50)
    assert len({rater.annotator_id for rater in raters}) == 50
    assert all(2.0 <= rater.sensitivity <= 3.5 for rater in raters)
    assert all(0.02 <= rater.lapse <= 0.1 for rater in raters)


def test_a_corpus_with_few_moments_gives_what_it_can():
    few = moments(1, 3)
    rows = judge(np.random.default_rng(0), few, [Rater("r1", 2.0, 0.0)], 6, 150)
    assert {row["kind"] for row in rows} == {"choose_utterance", "choose_image", "rating", "label"}
    assert all(len(row["distractors"]) <= 2 for row in rows)
    assert judge(np.random.default_rng(0), [], [Rater("r1", 2.0, 0.0)], 6, 150) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_seeds_give_equal_answers(seed):
    raters = [Rater("r1", 2.0, 0.1), Rater("r2", 3.0, 0.1)]
    assert answers(raters, seed=seed) == answers(raters, seed=seed)
