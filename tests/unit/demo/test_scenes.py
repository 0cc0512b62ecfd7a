from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from egoalign.demo.camera import CameraState, Hand, Moment, head_path
from egoalign.demo.drawn import DrawnSource
from egoalign.demo.room import room_styles
from egoalign.demo.scenes import Scene, SceneObject, Share, make_scene

SOURCE = DrawnSource()
VIEW = (120, 200)


def scene_of(seed: int, kinds: tuple[str, ...] = (), view: tuple[int, int] = VIEW) -> Scene:
    return make_scene(SOURCE, np.random.default_rng(seed), "corpus", kinds, view)


def one_square(view: tuple[int, int] = (80, 160)) -> Scene:
    """A white room of 400 x 400 with a red square from (180, 180) to (219, 219)."""
    panorama = Image.new("RGB", (400, 400), (255, 255, 255))
    panorama.paste((255, 0, 0), (180, 180, 220, 220))
    ids = Image.new("L", (100, 100), 0)
    ids.paste(1, (45, 45, 55, 55))
    return Scene(view, ("block",), (SceneObject("block", 0, 200, 200, 40),), panorama, ids)


def red(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., 0] > 128) & (rgb[..., 1] < 128)


@pytest.mark.parametrize("zoom", [1.0, 1.5, 2.0])
def test_shares_are_the_object_s_area(zoom: float) -> None:
    rgb, shares = one_square().render(CameraState(200, 200, 0.0, zoom), (160, 320))
    area = (40 * zoom) ** 2
    assert shares["block"].picture == pytest.approx(area / (80 * 160), rel=0.1)
    assert shares["block"].crop == pytest.approx(area / (80 * 80), rel=0.1)
    assert red(rgb).mean() == pytest.approx(shares["block"].picture, rel=0.1)


def test_an_object_beyond_the_square_has_no_share_of_it() -> None:
    _, shares = one_square().render(CameraState(200, 262, 0.0, 1.0), (160, 320))
    assert shares["block"].picture > 0.05
    assert shares["block"].crop == 0


def test_an_object_out_of_view_is_absent() -> None:
    _, shares = one_square().render(CameraState(60, 100, 0.0, 1.0), (160, 320))
    assert shares == {}


def test_picture_and_ids_turn_together() -> None:
    scene = one_square()
    rgb, shares = scene.render(CameraState(215, 190, 0.4, 1.3), (240, 480))
    assert red(rgb).mean() == pytest.approx(shares["block"].picture, rel=0.1)
    rows, columns = np.nonzero(red(rgb))
    # The square's centre seen from the camera, in pixels: turned back by the roll, times 3 * 1.3.
    x, y = -15 * np.cos(0.4) + 10 * np.sin(0.4), 15 * np.sin(0.4) + 10 * np.cos(0.4)
    assert columns.mean() == pytest.approx(120 + 3.9 * x, abs=2)
    assert rows.mean() == pytest.approx(240 + 3.9 * y, abs=2)


def test_a_hand_hides_what_is_behind_it() -> None:
    camera = CameraState(200, 200, 0.0, 2.0)
    hand = Hand(0.5, 0.4, 0.5, 0.0, (120, 90, 70))
    _, free = one_square().render(camera, (160, 320))
    rgb, hidden = one_square().render(camera, (160, 320), hands=(hand,))
    assert 0 < hidden["block"].picture < 0.8 * free["block"].picture
    assert red(rgb).mean() == pytest.approx(hidden["block"].picture, rel=0.15)


def test_light_scales_each_channel() -> None:
    scene = one_square()
    camera = CameraState(60, 100, 0.0, 1.0)
    rgb, _ = scene.render(camera, (80, 160), light=(0.5, 0.8, 1.5))
    assert rgb[0, 0].tolist() == [128, 204, 255]


def test_blur_softens_edges_only() -> None:
    scene = one_square()
    camera = CameraState(200, 200, 0.0, 1.0)
    sharp, before = scene.render(camera, (80, 160))
    soft, after = scene.render(camera, (80, 160), blur=(0.05, 0.0))
    assert before == after
    steps = [np.abs(np.diff(p[80, :, 1].astype(int))).max() for p in (sharp, soft)]
    assert steps[1] < steps[0] / 2


def test_a_frame_has_the_size_asked_for() -> None:
    scene = scene_of(1)
    rgb, shares = scene.render(CameraState(150, 150, 0.1, 1.0), (240, 400))
    assert rgb.shape == (400, 240, 3)
    assert rgb.dtype == np.uint8
    assert all(
        isinstance(s, Share) and 0 < s.picture <= 1 and 0 <= s.crop <= 1 for s in shares.values()
    )


def test_kinds_wanted_are_placed_once_each() -> None:
    scene = scene_of(2, ("ball", "dog", "umbrella"))
    assert scene.kinds[:3] == ("ball", "dog", "umbrella")
    placed = [o.kind for o in scene.objects]
    assert sorted(placed) == sorted(set(placed)) == sorted(scene.kinds)
    assert len(placed) >= 10


def test_corpus_scenes_use_corpus_looks_only() -> None:
    for seed in range(4):
        for item in scene_of(seed).objects:
            assert item.look in SOURCE.looks(item.kind, "corpus")


def test_rooms_of_the_splits_differ() -> None:
    train, corpus = set(room_styles("train")), set(room_styles("corpus"))
    assert not train & corpus
    assert {style[0] for style in train} == {style[0] for style in corpus}


def test_the_same_seed_makes_the_same_scene_and_path() -> None:
    pictures = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        scene = make_scene(SOURCE, rng, "corpus", view=VIEW)
        moment = head_path(rng, scene, 5.0, 4.0)[11]
        pictures.append(
            scene.render(moment.camera, VIEW, moment.light, moment.hands, moment.blur)[0]
        )
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_different_seeds_make_different_rooms() -> None:
    first, second = (np.asarray(scene_of(seed).panorama.resize((32, 32))) for seed in (1, 2))
    assert np.abs(first.astype(int) - second.astype(int)).mean() > 5


def test_most_objects_of_a_scene_can_be_seen() -> None:
    scene = scene_of(3)
    found = set(np.unique(np.asarray(scene.ids)).tolist())
    assert found <= set(range(len(scene.objects) + 1))
    assert len(found) > 8


def path_of(scene: Scene, **kwargs: object) -> list[Moment]:
    return head_path(np.random.default_rng(9), scene, 30.0, 10.0, **kwargs)  # type: ignore[arg-type]


def test_a_path_is_smooth() -> None:
    scene = scene_of(4)
    path = path_of(scene)
    assert len(path) == 300
    places = np.array([[m.camera.x, m.camera.y] for m in path])
    width, height = scene.panorama.size
    # The longest turn crosses the room in 0.7 s with a peak speed of 1.5 times the mean.
    fastest = np.hypot(width, height) * 1.5 / 0.7 / 10
    assert np.hypot(*np.diff(places, axis=0).T).max() < fastest
    rolls = np.array([m.camera.roll for m in path])
    assert np.abs(np.diff(rolls)).max() < 0.2


def test_targets_are_looked_at() -> None:
    scene = scene_of(6, ("cup", "book"))
    path = path_of(scene, targets=[(0.0, "cup"), (15.0, "book")])
    for kind, frames in (("cup", path[20:140]), ("book", path[170:])):
        shares = [
            scene.render(m.camera, VIEW, hands=m.hands)[1].get(kind, Share(0, 0)).crop
            for m in frames[::10]
        ]
        assert np.median(shares) > 0.02


def test_a_wander_shows_several_kinds_at_several_sizes() -> None:
    scene = scene_of(7)
    shares = [scene.render(m.camera, VIEW, hands=m.hands)[1] for m in path_of(scene)[::5]]
    seen = {kind for frame in shares for kind in frame}
    assert len(seen) >= 6
    assert np.mean([len(frame) for frame in shares]) > 1.5
    largest = [max((s.picture for s in frame.values()), default=0.0) for frame in shares]
    assert max(largest) > 0.05


def test_light_hands_and_blur_vary_along_a_path() -> None:
    path = head_path(np.random.default_rng(1), scene_of(8), 60.0, 10.0)
    assert len({m.light for m in path}) > 100
    with_hands = np.mean([bool(m.hands) for m in path])
    assert 0.1 < with_hands < 0.8
    assert any(max(m.blur) > 0 for m in path)
    assert any(max(m.blur) == 0 for m in path)
