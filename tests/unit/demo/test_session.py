from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from egoalign.config import DemoOptions
from egoalign.demo.audio import SAMPLE_RATE, babble
from egoalign.demo.drawn import DrawnSource
from egoalign.demo.film import direct
from egoalign.demo.plan import VIDEO_FPS, corpus_plan
from egoalign.demo.scenes import Share
from egoalign.demo.session import lost_pictures, make_session, open_source, stored_pictures
from egoalign.demo.speech import Named, Utterance
from egoalign.demo.truth import IN_VIEW_SHARE, truth_paths
from egoalign.demo.video_kinds import VideoKind
from egoalign.log import UserError
from egoalign.tables import DEMO_UTTERANCES, DEMO_VISIBLE, read_table

OPTIONS = DemoOptions(children=2, sessions=(1, 1), duration_s=(20, 20))
VIDEO, TRANSCRIPT = "raw/videos/D01/s1.mp4", "raw/transcripts/D01/s1.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    make_session(OPTIONS, "D01", "s1", folder / "raw", folder / "truth")
    return folder


def test_the_video_is_h264_with_aac_sound_and_the_planned_pictures(made):
    import av
    from av.video.frame import PictureType

    session = corpus_plan(OPTIONS).session("D01", "s1")
    with av.open(str(made / VIDEO)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.codec_context.name == "h264"
        assert (video.width, video.height) == session.size
        assert audio.codec_context.name == "aac"
        assert video.start_time == 0
        assert float(audio.duration * audio.time_base) == pytest.approx(20, abs=0.2)
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == [k / VIDEO_FPS for k in range(20 * VIDEO_FPS)]
    types = {PictureType(frame.pict_type) for frame in frames}
    assert types == {PictureType.I, PictureType.P, PictureType.B}


def test_each_picture_shows_what_was_drawn_for_its_second(made):
    import av

    film = direct(OPTIONS.seed, corpus_plan(OPTIONS).session("D01", "s1"), DrawnSource())
    drawn = {k: rgb for k, (rgb, _) in enumerate(film.pictures()) if k % 40 == 0}
    with av.open(str(made / VIDEO)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for k, rgb in drawn.items():
        errors = {j: np.abs(shown[j].astype(int) - rgb).mean() for j in drawn}
        assert min(errors, key=errors.get) == k
        assert errors[k] < 8


def test_the_truth_is_that_of_the_rendered_masks_and_joins_the_transcript(made):
    visible_path, utterances_path = truth_paths(made / "truth", "D01", "s1")
    visible = read_table(DEMO_VISIBLE, visible_path).to_pylist()
    utterances = read_table(DEMO_UTTERANCES, utterances_path).to_pylist()
    segments = json.loads((made / TRANSCRIPT).read_text(encoding="utf-8"))["segments"]
    assert [row["utterance_id"] for row in utterances] == [
        f"u{k:05d}" for k in range(len(segments))
    ]
    assert {row["second"] for row in visible} <= set(range(21))
    shares = {(row["second"], row["kind"]): row["share_picture"] for row in visible}
    assert all(0 < share <= 1 for share in shares.values())
    named = [row for row in utterances if row["kind"]]
    assert named
    for row in named:
        inside = [s for s in range(21) if row["start_s"] <= s <= row["end_s"]] or [row["second"]]
        expected = max(shares.get((second, row["kind"]), 0.0) for second in inside)
        assert row["share_picture"] == expected
        assert row["in_view_picture"] == (expected >= IN_VIEW_SHARE)


def test_the_same_session_is_the_same_file(made, tmp_path):
    make_session(OPTIONS, "D01", "s1", tmp_path / "raw", tmp_path / "truth")
    names = [path.relative_to(made) for path in made.rglob("*") if path.is_file()]
    assert len(names) == 4
    for name in names:
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes(), name


def test_while_a_picture_is_lost_the_one_before_is_on_screen():
    drawn = [(np.full((2, 2, 3), k), {"ball": Share(k / 10, 0.0)}) for k in range(5)]
    shares = []
    stored = list(stored_pictures(drawn, np.array([0, 1, 1, 0, 0], dtype=bool), shares))
    assert [None if rgb is None else rgb[0, 0, 0] for rgb in stored] == [0, None, None, 3, 4]
    assert [shown["ball"].picture for shown in shares] == [0.0, 0.0, 0.0, 0.3, 0.4]


def test_pictures_are_lost_where_the_kind_of_video_says_so():
    session = corpus_plan(OPTIONS).session("D01", "s1")
    assert not lost_pictures(np.random.default_rng(0), session).any()
    parted = replace(session, video_kind=VideoKind(n_files=3, lost_share=0.3))
    lost = lost_pictures(np.random.default_rng(0), parted)
    assert len(lost) == 20 * VIDEO_FPS
    assert 0.2 < lost.mean() < 0.4
    for first, last in parted.video_kind.parts(len(lost)):
        assert not lost[[first, last - 1]].any()


def test_a_film_is_cut_into_scenes_of_ordinary_length():
    plan = corpus_plan(DemoOptions())
    film = direct(1, plan.session("D01", "s2"), DrawnSource())
    lengths = [b - a for a, b in pairwise(film.cuts)]
    assert film.cuts[0] == 0.0
    assert film.cuts[-1] == film.session.duration_s
    assert all(10 <= length <= 25 for length in lengths)
    assert len(film.shots) >= 3
    for shot in film.shots:
        assert {look.kind for look in shot.looks} <= set(shot.scene.kinds)


def test_sound_is_loud_in_speech_and_quiet_elsewhere():
    spoken = [
        Utterance(1.0, 2.0, "look at the ball", "female_adult"),
        Utterance(3.0, 4.0, "no", "key_child"),
    ]
    sound = babble(np.random.default_rng(0), spoken, 5.0)
    assert sound.shape == (5 * SAMPLE_RATE,)
    assert np.abs(sound).max() <= 1
    level = [np.sqrt(np.mean(part**2)) for part in np.split(sound, 5)]
    assert min(level[1], level[3]) > 10 * max(level[0], level[2], level[4])
    # Of a part of one second the k-th coefficient is that of k Hz: the mother's voice lies lower.
    parts = [sound[s * SAMPLE_RATE : (s + 1) * SAMPLE_RATE] for s in (1, 3)]
    power = [np.abs(np.fft.rfft(part)) ** 2 for part in parts]
    low = [part[100:260].sum() / part.sum() for part in power]
    assert low[0] > 3 * low[1]


def test_a_recorded_word_is_heard_where_it_fits():
    spoken = [
        Utterance(0.0, 1.0, "ball", "female_adult", Named("ball", 0.5, True, "with")),
        Utterance(1.5, 1.6, "ball", "female_adult", Named("ball", 0.5, True, "with")),
    ]
    word = np.full(SAMPLE_RATE // 2, 0.5, dtype=np.float32)
    sound = babble(np.random.default_rng(0), spoken, 2.0, lambda kind: word)
    assert sound[: len(word)].mean() == pytest.approx(0.5, abs=0.01)
    assert sound[len(word) : SAMPLE_RATE].std() < 0.01
    assert sound[round(1.6 * SAMPLE_RATE) + 1 :].std() < 0.01


def test_a_photo_source_without_its_folder_says_what_is_missing():
    with pytest.raises(UserError, match=r"demo\.photos: missing.*fetch-demo-photos"):
        open_source(DemoOptions(source="photo"))
