"""Every option: its type, default, allowed values and meaning, and the messages about wrong ones.

One section a stage. `config/config.yaml`, the JSON schema and the option table in
`config/README.md` are checked against this file or made from it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from egoalign.log import UserError
from egoalign.tables import ID_PATTERN

MODEL_ID = "{model}"
"""Stands in a path of embeddings for the id of a model."""

CORPUS = "corpus"
"""Names the infants' own pairs beside those of reference sets."""


class Section(BaseModel):
    """Options that belong together; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", validate_default=True, allow_inf_nan=False)


class CorpusOptions(Section):
    """Where the corpus stands."""

    children: str = Field("config/children.tsv", description="table of children")
    sessions: str = Field("config/sessions.tsv", description="table of recordings")
    root: str = Field(
        ".", description="folder from which the paths in the sessions table are reckoned"
    )
    allow_outside_root: bool = Field(
        False,
        description="whether these paths may lead out of that folder, by '..', as whole paths or "
        "over symbolic links",
    )


class TranscriptColumns(Section):
    """Names of the columns in CSV transcripts."""

    start: str = Field("start_time", description="column of the start")
    end: str = Field("end_time", description="column of the end")
    text: str = Field("text", description="column of the words spoken")
    speaker: str = Field("speaker", description="column of the speaker's label, if there is one")
    utterance_id: str = Field(
        "utterance_no", description="column of the utterance's own id, if there is one"
    )
    language: str = Field("language", description="column of the language, if there is one")


TranscriptFormat = Literal[
    "auto",
    "csv",
    "whisperx",
    "whisper",
    "stable_ts",
    "whisper_tsv",
    "srt",
    "vtt",
    "babyview_tokens",
    "saycam",
    "childproject",
    "chat",
    "chat_text",
    "elan",
    "textgrid",
]
PictureWay = Literal["crop", "pad", "stretch", "tiles_mean", "tiles_max"]
SpeakerScheme = Literal["vtc", "chat", "lena", "childproject", "pyannote"]
TextRule = Literal["codes", "inaudible", "fillers", "blanks"]
SpeakerType = Literal["key_child", "other_child", "female_adult", "male_adult", "unknown"]


class TranscriptsOptions(Section):
    """How transcripts are read."""

    format: TranscriptFormat = Field(
        "auto", description="format of every transcript; auto: by suffix and content"
    )
    columns: TranscriptColumns = Field(
        default_factory=TranscriptColumns, description="column names of CSV transcripts"
    )
    time_unit: Literal["s", "ms", "clock"] = Field(
        "s", description="times in CSV transcripts: seconds, milliseconds, or m:ss and h:mm:ss"
    )
    speaker_scheme: SpeakerScheme | None = Field(
        None, description="meaning of the speaker labels in the transcripts"
    )
    rttm_scheme: SpeakerScheme = Field(
        "vtc",
        description="meaning of the labels in the RTTM files that sessions.tsv names; there it "
        "goes before the list 'speakers'",
    )
    speakers: dict[str, SpeakerType] = Field(
        default_factory=dict,
        description="speaker type of single labels, before the scheme; '*' stands for all others. "
        "With a scheme or a list, any other label is an error; with neither, speakers are unknown",
    )
    text_rules: list[TextRule] = Field(
        ["codes", "inaudible", "fillers", "blanks"],
        description="what is removed from the text as read before it is encoded, in this order",
    )
    languages: list[str] = Field(
        default_factory=list,
        description="languages that are kept, as the lab writes them; empty keeps all",
    )
    language_from: Literal["column", "children"] = Field(
        "column",
        description="where the language stands: in the transcripts' column, or in children.tsv",
    )
    tag_language: str = Field(
        "en",
        description="language of utterances that name none, for lemmas and parts of speech: there "
        "are taggers for en, de and nl; of other languages the transcript must have them",
    )
    merged: str | None = Field(
        None,
        description="one token table of many recordings (Parquet or CSV), for the sessions that "
        "name no transcript; they are found in it by source_name, session_id or the video's name",
    )
    on_bad_transcript: Literal["skip", "fail"] = Field(
        "skip", description="skip: the session is marked failed and the rest goes on; fail: stop"
    )

    @property
    def by_childrens_languages(self) -> bool:
        """Whether speech is kept or left out by the languages in the table of children."""
        return bool(self.languages) and self.language_from == "children"


class VideoOptions(Section):
    """How videos are read."""

    backend: Literal["auto", "decord", "pyav"] = Field(
        "auto", description="decoder; auto: decord where the probe shows it right, else PyAV"
    )
    on_bad_video: Literal["skip", "fail"] = Field(
        "skip", description="skip: the session is marked failed and the rest goes on; fail: stop"
    )
    pictures_fps: float = Field(
        1.0, gt=0, description="pictures a second in folders of pictures and tables of embeddings"
    )


WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
MODEL_SUFFIXES = (".json", *WEIGHT_SUFFIXES)
"""Of files that describe a model or hold its weights."""


class ModelOptions(Section):
    """One vision-language model, or a table of scores that some model gave elsewhere."""

    name: str = Field(
        "", description="open_clip model name, 'hf-hub:<id>', or a model config .json"
    )
    pretrained: str | None = Field(
        None, description="open_clip tag, or path of a .safetensors or .pt state dict"
    )
    id: str | None = Field(
        None,
        pattern=f"^{ID_PATTERN}$",
        description="folder and label of the model's results; made from name and weights if absent",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="digest that the weights file must have; checked when given",
    )
    text_vectors: str | None = Field(
        None,
        description="Parquet of the model's vectors of texts (text, embedding), instead of its "
        "text encoder",
    )
    scores: str | None = Field(
        None,
        description="CSV or Parquet of scores in the columns of table 'lab_scores', instead of a "
        "model; stands alone or beside 'id'",
    )

    @model_validator(mode="after")
    def _model_or_scores(self) -> ModelOptions:
        if bool(self.name) == bool(self.scores):
            raise ValueError("give either 'name' (a model) or 'scores' (a table of scores)")
        if self.scores and (self.pretrained or self.sha256 or self.text_vectors):
            raise ValueError("'scores' stands alone or beside 'id'; nothing is encoded for them")
        return self

    def files_here(self) -> list[str]:
        """Return the files of the model that lie on this disk."""
        names = (self.name, self.pretrained, self.text_vectors)
        return [name for name in names if name and Path(name).is_file()]

    def own_files(self) -> list[str]:
        """Return what are files of the lab by their names, there or not, and no public model's."""
        return [
            name
            for name in (self.name, self.pretrained)
            if name and (Path(name).suffix in MODEL_SUFFIXES or Path(name).is_file())
        ]

    @property
    def model_id(self) -> str:
        """The id, or one made from the name and the weights' tag or file name."""
        if self.id:
            return self.id
        name = self.scores or self.name
        parts = [Path(name).stem if self.scores or name.endswith(".json") else name]
        if self.pretrained:
            tag = self.pretrained
            parts.append(Path(tag).stem if Path(tag).suffix else Path(tag).name)
        return re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(parts)).strip("._-")


class EncodeOptions(Section):
    """Which pictures are encoded, by which models."""

    fps: float = Field(1.0, gt=0, le=30, description="grid points per second of video")
    frames: Literal["all", "speech"] = Field(
        "all", description="all grid points, or only those that an utterance uses"
    )
    grid: Literal["exact", "keyframes"] = Field(
        "exact",
        description="exact: the picture on screen at each grid point; keyframes: the nearest key "
        "frame where one is near enough, which is cheaper to decode",
    )
    keyframe_tolerance_s: float = Field(
        0.5, gt=0, description="how far a key frame may be from the grid point, in seconds"
    )
    picture: PictureWay = Field(
        "crop",
        description="crop: the central square, as CLIP has it; pad: the whole picture on a square; "
        "stretch: the whole picture squeezed to a square; tiles: squares along the longer side, of "
        "which the mean vector or the greatest score counts",
    )
    models: list[ModelOptions] = Field(
        default_factory=lambda: [ModelOptions(name="ViT-B-32-quickgelu", pretrained="openai")],
        min_length=1,
        description="the models, each {name, pretrained, id, sha256, text_vectors} or {scores, id}",
    )
    precision: Literal["fp32", "fp16", "bf16"] = Field(
        "fp32", description="arithmetic of the forward pass; fp16 and bf16 need a GPU"
    )
    batch_size: int = Field(64, ge=1, le=4096, description="pictures or texts in a forward pass")
    keep_model_s: float = Field(
        60,
        ge=0,
        le=3600,
        description="seconds that a model stays loaded after a session, for the next one of the "
        "same run on the same computer; 0: each session loads it anew",
    )

    @model_validator(mode="after")
    def _distinct_models(self) -> EncodeOptions:
        ids = [model.model_id for model in self.models]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"two models share the id {twice}; give each its own 'id'")
        return self


NullScheme = Literal[
    "shuffled", "shift", "other_session", "like_age", "anyone", "text_matched", "one_draw"
]


class NullOptions(Section):
    """The scores that unrelated speech and sight would give."""

    schemes: list[NullScheme] = Field(
        [
            "shuffled",
            "shift",
            "other_session",
            "like_age",
            "anyone",
            "text_matched",
            "one_draw",
        ],
        description="shuffled: text against as many consecutive pictures of another utterance "
        "of the same session; shift: all speech of the session moved against the sight; "
        "other_session: pictures of another session of the child; like_age: of another child of "
        "like age; anyone: of any other session; text_matched: own pictures against another text "
        "of as many tokens by such a speaker; one_draw: one picture of one other utterance, as the "
        "authors have it. The columns of a scheme that is left out are empty; shuffled must stay",
    )
    draws: int = Field(200, ge=1, le=100_000, description="draws per utterance and scheme")
    min_shift_s: float = Field(
        60.0,
        gt=0,
        description="shift: least seconds by which speech is moved, or a third of the recording "
        "if that is less",
    )
    age_tolerance_days: float = Field(
        60.0, ge=0, description="like_age: greatest difference in age between the two sessions"
    )
    pool_mb: int = Field(
        500,
        ge=1,
        description="memory for the pictures that other sessions are drawn from, in MB; of a "
        "corpus that is larger, a stretch of each session",
    )

    @model_validator(mode="after")
    def _with_shuffled(self) -> NullOptions:
        if "shuffled" not in self.schemes:
            raise ValueError("'schemes' must hold 'shuffled', which models and figures rest on")
        return self


class WindowOptions(Section):
    """Which grid points belong to an utterance."""

    before_s: float = Field(0.0, ge=0, description="seconds added before the utterance")
    after_s: float = Field(0.0, ge=0, description="seconds added after the utterance")
    points: Literal["all", "number", "words"] = Field(
        "all",
        description="all: every grid point within; number: as many as 'number' says, nearest to "
        "its middle; words: the one nearest to the middle of each timed word",
    )
    number: int = Field(1, ge=1, description="grid points where points is 'number'")


class LagOptions(Section):
    """The score against the time shift between speech and sight."""

    profile: bool = Field(True, description="whether lag profiles are made")
    reach_s: float = Field(30.0, gt=0, le=600, description="greatest lag either way, in seconds")


class WordOptions(Section):
    """Content words by themselves."""

    score: bool = Field(True, description="whether nouns, verbs and adjectives are scored alone")
    template: str = Field(
        "a photo of a {word}", description="what is encoded of a lemma; {word} stands for it"
    )
    window_s: float | None = Field(
        None,
        ge=0,
        description="pictures of a word: those within so many seconds of its own time, or of its "
        "utterance's where it has none; none: the utterance's pictures",
    )

    @field_validator("template")
    @classmethod
    def _has_one_place(cls, value: str) -> str:
        rest = value.replace("{word}", "")
        if "{word}" not in value or "{" in rest or "}" in rest:
            raise ValueError(f"found {value!r}, expected a phrase with {{word}} in it")
        return value


class AlignOptions(Section):
    """Scores and their null."""

    window: WindowOptions = Field(
        default_factory=WindowOptions, description="grid points of an utterance"
    )

    seed: int = Field(2511, ge=0, description="seed of the null's draws")
    nulls: NullOptions = Field(default_factory=NullOptions, description="null schemes")
    cutoffs: list[float] = Field(
        default_factory=lambda: [0.24, 0.25, 0.26, 0.28],
        description="fixed cut-offs whose shares are reported, since papers use them",
    )
    top_k: int | None = Field(
        None, ge=1, description="also score the mean of so many greatest cosines; null: no"
    )
    groups: list[str] = Field(
        default_factory=lambda: ["child", "session", "age"],
        description="groups whose numbers are reported apart: child, session, age (in "
        "align.age_bins), or a column of sessions.tsv or children.tsv such as a context",
    )
    age_bins: list[float] = Field(
        default_factory=lambda: [6.0, 12.0, 18.0, 24.0, 30.0, 36.0],
        min_length=1,
        description="ages in months at which one age group ends and the next begins, rising",
    )
    lags: LagOptions = Field(default_factory=LagOptions, description="lag profiles")
    words: WordOptions = Field(default_factory=WordOptions, description="content words")

    @model_validator(mode="after")
    def _rising_ages(self) -> AlignOptions:
        if sorted(set(self.age_bins)) != self.age_bins:
            raise ValueError(f"'age_bins' {self.age_bins}: expected rising ages")
        return self


class CalibrationOptions(Section):
    """How scores become probabilities."""

    answers: Literal["auto", "label", "rating"] = Field(
        "auto",
        description="what probabilities are fitted to, never forced choices; auto: labels, or "
        "ratings where labels are too few",
    )
    rating_cut: float | None = Field(
        None,
        description="ratings of this or more count as aligned, lower ones as not; without it a "
        "rating counts as its share of the way along validate.rating_scale",
    )
    predictors: list[Literal["log_words", "log_frames"]] = Field(
        ["log_words"],
        description="what the logistic fit knows besides the score: logarithms of the utterance's "
        "words and of its pictures",
    )
    fit: Literal["logistic", "isotonic"] = Field(
        "logistic", description="which fit gives the probabilities of the corpus; both are shown"
    )
    rater_error: Literal["common", "each", "none"] = Field(
        "common",
        description="raters' errors: the same for all, each rater's own, or not modelled; without "
        "20 pairs of three answers they cannot be",
    )
    min_pairs: int = Field(
        30, ge=20, description="fewer judged pairs than this: no calibration, with a reason"
    )
    folds: int = Field(
        10,
        ge=2,
        description="groups of children for cross-validation; with no more children than this, "
        "one child is left out at a time",
    )
    bins: int = Field(10, ge=2, le=100, description="bins of the calibration error, at most")
    prevalence: Literal["calibrated", "rogan_gladen"] = Field(
        "calibrated",
        description="share of aligned moments: mean calibrated probability (for the population "
        "that was sampled), or Rogan and Gladen's from the threshold (for another population)",
    )
    threshold_criterion: Literal["youden", "precision", "equal_error"] = Field(
        "youden",
        description="what makes a threshold best: sensitivity + specificity; the lowest of a "
        "given precision; sensitivity = specificity",
    )
    precision: float = Field(
        0.8, gt=0, lt=1, description="the precision where that is the criterion"
    )


TaskKind = Literal["choose_utterance", "choose_image", "rating", "label"]


class TaskOptions(Section):
    """A task for people, made by ``egoalign make-task``."""

    kinds: list[TaskKind] = Field(
        ["choose_utterance", "choose_image"],
        min_length=1,
        description="what people do; each list holds one kind, and lists take turns",
    )
    n_items: int = Field(200, ge=1, description="pairs that are sampled")
    annotators: int = Field(24, ge=1, description="lists that are written, one an annotator")
    answers: int = Field(3, ge=1, description="lists of a kind in which each pair stands")
    seed: int = Field(2511, ge=0, description="seed of the sample, the distractors and the lists")
    score: Literal["score_max", "score_mean"] = Field(
        "score_max", description="score by which pairs are sampled"
    )
    score_cuts: list[float] = Field(
        [0.2, 0.4, 0.6, 0.8, 0.95],
        description="shares of all utterances below the cuts between strata by score; strata get "
        "equal numbers of pairs, so narrow ones are seen more often",
    )
    max_per_child: int = Field(30, ge=1, description="most pairs of one child")
    max_per_minute: int = Field(1, ge=1, description="most pairs of one minute of a recording")
    speakers: list[SpeakerType] = Field(
        default_factory=list, description="speakers whose utterances are sampled; empty: all"
    )
    short_side: int = Field(480, ge=64, le=2160, description="shorter side of pictures in pixels")
    blur_px: int | None = Field(
        None,
        ge=4,
        le=64,
        description="blur every picture, for good: this many points remain along its shorter side",
    )
    scale: int = Field(5, ge=2, le=9, description="steps of the rating scale")
    practice: int = Field(3, ge=0, le=3, description="practice trials, with drawn pictures")
    catch_every: int = Field(
        20, ge=0, description="a catch trial in every so many trials, at most 7 a list; 0: none"
    )

    @model_validator(mode="after")
    def _sensible(self) -> TaskOptions:
        cuts = self.score_cuts
        if cuts != sorted(set(cuts)) or not all(0 < cut < 1 for cut in cuts):
            raise ValueError(f"score_cuts {cuts}: expected rising shares between 0 and 1")
        if self.max_per_child <= len(cuts):
            raise ValueError(
                f"max_per_child {self.max_per_child}: expected at least one pair for each of the "
                f"{len(cuts) + 1} strata, so that every utterance can be sampled"
            )
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds {self.kinds}: expected each once")
        if self.annotators < self.answers * len(self.kinds):
            raise ValueError(
                f"annotators {self.annotators}: expected at least {self.answers * len(self.kinds)}"
                ", which is answers times kinds, since nobody sees a pair twice"
            )
        return self


class ValidateOptions(Section):
    """Human judgments."""

    judgments: str | list[str] | None = Field(
        None,
        description="CSV or CSVs of judgments, each in the columns of table 'judgments' or as a "
        "forced-choice task exports it; none: no validation",
    )
    rating_scale: tuple[float, float] | None = Field(
        None, description="least and greatest rating, such as [1, 5]; needed where there are any"
    )
    on_unmatched: Literal["fail", "drop"] = Field(
        "fail",
        description="answers whose ids the corpus does not have; fail: stop and name them; drop: "
        "leave them out and list them in table 'unmatched'",
    )
    quantiles: int = Field(4, ge=2, le=20, description="equal groups of items by score")
    bootstraps: int = Field(1000, ge=100, le=100_000, description="bootstrap samples")
    seed: int = Field(2511, ge=0, description="seed of the bootstrap and of split halves")
    calibration: CalibrationOptions = Field(
        default_factory=CalibrationOptions, description="probabilities from scores"
    )

    @model_validator(mode="after")
    def _scale_rises(self) -> ValidateOptions:
        if self.rating_scale and self.rating_scale[0] >= self.rating_scale[1]:
            low, high = self.rating_scale
            raise ValueError(f"rating_scale [{low:g}, {high:g}]: expected least < greatest")
        return self

    @property
    def judgment_files(self) -> list[str]:
        """The files of judgments, none where there is no validation."""
        files = self.judgments or []
        return [files] if isinstance(files, str) else files


PREDICTOR_NAME = r"[A-Za-z][A-Za-z0-9_]*"
"""What a predictor that the config names may be called: a plain word of a formula."""


class NormsTable(Section):
    """One table of norms: what people said of words, such as how concrete they are."""

    path: str = Field(description="CSV or TSV with one row a word and a header")
    word: str | None = Field(
        None, description="column of the word; none: recognised by the header, see docs"
    )
    columns: dict[Annotated[str, Field(pattern=f"^{PREDICTOR_NAME}$")], str] = Field(
        default_factory=dict,
        description="predictors and the columns that hold them, such as {concreteness: Conc.M}; "
        "empty: recognised by the header",
    )

    @model_validator(mode="after")
    def _word_and_columns(self) -> NormsTable:
        if (self.word is None) != (not self.columns):
            raise ValueError("expected both 'word' and 'columns', or neither")
        return self


class ContextTable(Section):
    """A table of what goes on when in each recording, joined to speech by overlap in time."""

    path: str = Field(
        description="CSV or TSV with the columns child_id, session_id, start_s and end_s (seconds "
        "from the start of the video), one row a clip"
    )
    columns: list[Annotated[str, Field(pattern=f"^{PREDICTOR_NAME}$")]] = Field(
        min_length=1, description="further columns of it that become predictors"
    )


class PredictorsOptions(Section):
    """What may explain the scores."""

    session_columns: list[Annotated[str, Field(pattern=f"^{PREDICTOR_NAME}$")]] = Field(
        default_factory=list,
        description="your own columns of sessions.tsv or children.tsv that become predictors, such "
        "as [location, activity]",
    )
    time_of_day: str | None = Field(
        None,
        description="column of sessions.tsv that says when the recording began, as 14:05; none: "
        "time of day is not known",
    )
    context: ContextTable | None = Field(
        None,
        description="table of what goes on when, {path, columns}; where it says nothing, a column "
        "of the same name in session_columns does",
    )
    norms: list[NormsTable] = Field(
        default_factory=list, description="tables of norms, each {path, word, columns}"
    )
    general_frequency: str | None = Field(
        "en",
        description="language of the general frequency list (package wordfreq), such as en, de or "
        "nl; none: no such predictor",
    )
    missing_norms: Literal["skip", "missing"] = Field(
        "skip",
        description="means over an utterance's content words; skip: over those that have a value; "
        "missing: no mean where a word has none",
    )

    @model_validator(mode="after")
    def _each_once(self) -> PredictorsOptions:
        for what, names in (
            ("session_columns", self.session_columns),
            ("context.columns", self.context.columns if self.context else []),
            ("norms", [name for table in self.norms for name in table.columns]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} stands there twice")
        return self


class StatisticalModel(Section):
    """One statistical model: fitted to each of its responses and each vision-language model."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$", description="the model's name in the tables")
    unit: Literal["utterances", "words"] = Field(
        "utterances",
        description="what a row is: an utterance, or a content-word token with its own score",
    )
    responses: list[str] = Field(
        min_length=1,
        description="columns that are explained, one fit each, such as [score_max, "
        "shuffled_difference], [aligned], or of words [word_score]",
    )
    formula: str = Field(
        description="what explains them, without the response, in lme4's notation: "
        "'age_within + speaker + log_n_frames + (1 + age_within | child_id)'"
    )
    family: Literal["gaussian", "binomial"] = Field(
        "gaussian", description="binomial: the response is 0 or 1, by the logit"
    )
    reml: bool = Field(
        True, description="restricted maximum likelihood; binomial models never have it"
    )
    contrasts: dict[str, str] = Field(
        default_factory=dict,
        description="factors and their reference level, or 'sum'; else the first level in the "
        "order of the alphabet is the reference",
    )
    scale: dict[str, Literal["center", "standardize"]] = Field(
        default_factory=dict,
        description="variables of the formula that are centred, or divided by their standard "
        "deviation too; others stay in their own units",
    )
    marginal_means: list[str] | None = Field(
        None, description="factors with marginal means and contrasts; none: all in the formula"
    )
    compare: list[str] | None = Field(
        None,
        description="terms tested by likelihood ratio, as the table of tests names them; none: "
        "every term; []: no test",
    )
    intervals: Literal["profile", "bootstrap", "wald", "none"] = Field(
        "profile",
        description="of standard deviations and correlations; a binomial model has bootstrap ones "
        "or none",
    )
    robustness: bool = Field(
        True,
        description="other responses, GEE and bootstrap over children, and effects without each "
        "child: many more fits",
    )
    draws: int = Field(200, ge=2, le=10_000, description="draws of each bootstrap")
    seed: int = Field(1, ge=0, description="seed of the bootstraps")

    @field_validator("formula")
    @classmethod
    def _is_a_formula(cls, text: str) -> str:
        from egoalign.vary.formula import parse_formula

        if "~" in text:
            raise ValueError(
                "expected what stands after '~'; the responses are a list of their own"
            )
        try:
            parse_formula(f"response ~ {text}")
        except UserError as error:
            raise ValueError(str(error)) from error
        return text

    @model_validator(mode="after")
    def _each_response_once(self) -> StatisticalModel:
        twice = sorted({name for name in self.responses if self.responses.count(name) > 1})
        if twice:
            raise ValueError(f"responses: {', '.join(twice)} stands there twice")
        return self


class VaryOptions(Section):
    """What explains the scores."""

    models: list[StatisticalModel] | None = Field(
        None,
        description="statistical models, each {name, unit, responses, formula, ...}; none: the "
        "default models (docs/methods.md), without the terms that your corpus cannot have",
    )
    min_utterances: int = Field(
        30, ge=5, description="fewer rows than this in a model: no fit, with a reason"
    )
    predictors: PredictorsOptions = Field(
        default_factory=PredictorsOptions, description="what may explain the scores"
    )

    @field_validator("models")
    @classmethod
    def _names_once(cls, models: list[StatisticalModel] | None) -> list[StatisticalModel] | None:
        names = [model.name for model in models or []]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two models are called {twice[0]}: expected each name once")
        return models


class ReferenceColumns(Section):
    """Names of the columns of an image-caption set, where it is a table."""

    picture: str = Field(
        "image", description="column of the picture: its file's path, or in Parquet its bytes"
    )
    caption: str = Field(
        "caption",
        description="column of the caption; in WebDataset the key of it in a pair's .json",
    )
    key: str | None = Field(
        None, description="column of the pair's own name, for Parquet that holds pictures as bytes"
    )


class ReferenceSet(Section):
    """One set of pictures with captions, to be scored as the corpus is."""

    name: str = Field(
        pattern=f"^{ID_PATTERN}$", description="folder and label of the set's results"
    )
    format: Literal["folder", "coco", "webdataset", "parquet"] = Field(
        description="folder: pictures and a CSV; coco: captions JSON; webdataset: tar shards, as "
        "from img2dataset; parquet: a table"
    )
    path: str = Field(
        description="the CSV, the JSON, a .tar or .parquet file, or the folder that holds them"
    )
    pictures: str | None = Field(
        None,
        description="folder from which the pictures' paths are reckoned; that of 'path' if absent",
    )
    columns: ReferenceColumns = Field(
        default_factory=ReferenceColumns, description="columns of CSV and Parquet"
    )
    captions: Literal["one", "all"] = Field(
        "one", description="of several captions of a picture: one, drawn by the seed, or all"
    )
    n_pairs: int = Field(
        5000, ge=1, le=1_000_000, description="pairs that are drawn, all if there are fewer"
    )


class ReferenceOptions(Section):
    """Other data sets: pictures with captions, scored for comparison."""

    sets: list[ReferenceSet] = Field(
        default_factory=list,
        description="the sets, each {name, format, path, pictures, columns, captions, n_pairs}",
    )
    seed: int = Field(2511, ge=0, description="seed of samples, null draws and bootstraps")
    on_bad_picture: Literal["skip", "fail"] = Field(
        "skip", description="skip: a picture that cannot be read gets a reason; fail: it stops"
    )

    @model_validator(mode="after")
    def _distinct_names(self) -> ReferenceOptions:
        names = [one.name for one in self.sets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sets share the name {twice}; give each its own 'name'")
        if CORPUS in names:
            raise ValueError(f"a set is named '{CORPUS}', as the infants' own rows are; rename it")
        return self


class FiguresOptions(Section):
    """How figures look."""

    dpi: int = Field(200, ge=50, le=1200, description="resolution of PNG figures")


class ReportOptions(Section):
    """The report."""

    title: str = Field("Alignment of sight and speech", description="title of the report")


class PrivacyOptions(Section):
    """What may leave the lab, beyond numbers and ids."""

    text: Literal["none", "lemmas", "full"] = Field(
        "none",
        description="none: no word; lemmas: single words and what norms say of them; full: what "
        "was said as well, and vectors of it",
    )
    frames: Literal["none", "blurred", "full"] = Field(
        "none",
        description="none: no picture; blurred: the whole picture, strongly; full: pictures as "
        "they are, and vectors of them",
    )


class DemoOptions(Section):
    """The demo corpus with known truth; absent for a real corpus."""

    seed: int = Field(20251118, ge=0, description="seed of the demo corpus")
    source: Literal["drawn", "photo"] = Field("drawn", description="where its objects come from")
    children: int = Field(6, ge=2, le=50, description="children in the corpus")
    sessions: tuple[int, int] = Field((2, 5), description="fewest and most sessions a child")
    duration_s: tuple[float, float] = Field((60.0, 120.0), description="length of a session")
    raters: int = Field(6, ge=1, le=100, description="simulated raters an item")
    captions: int = Field(320, ge=1, le=10_000, description="captioned pictures of the other set")
    photos: str | None = Field(None, description="folder of the fetched photo source")

    @model_validator(mode="after")
    def _ordered(self) -> DemoOptions:
        for name in ("sessions", "duration_s"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} [{low}, {high}]: expected 0 < fewest <= most")
        return self


class Config(Section):
    """The whole configuration: one section a stage."""

    corpus: CorpusOptions = Field(default_factory=CorpusOptions, description="the corpus")
    transcripts: TranscriptsOptions = Field(
        default_factory=TranscriptsOptions, description="transcripts"
    )
    video: VideoOptions = Field(default_factory=VideoOptions, description="videos")
    encode: EncodeOptions = Field(default_factory=EncodeOptions, description="embedding")
    align: AlignOptions = Field(default_factory=AlignOptions, description="scores and null")
    validate_: ValidateOptions = Field(
        default_factory=ValidateOptions, alias="validate", description="human judgments"
    )
    task: TaskOptions = Field(default_factory=TaskOptions, description="collecting judgments")
    vary: VaryOptions = Field(default_factory=VaryOptions, description="mixed model")
    reference: ReferenceOptions = Field(
        default_factory=ReferenceOptions, description="other data sets"
    )
    figures: FiguresOptions = Field(default_factory=FiguresOptions, description="figures")
    report: ReportOptions = Field(default_factory=ReportOptions, description="report")
    privacy: PrivacyOptions = Field(
        default_factory=PrivacyOptions, description="what may leave the lab"
    )
    bundle: str | None = Field(
        None,
        description="folder of a bundle that 'egoalign export' made, from the folder of this file: "
        "its tables take the place of recordings",
    )
    demo: DemoOptions | None = Field(None, description="demo corpus; leave out for your own")
    pathvars: dict[Literal["results", "logs", "benchmarks"], str] = Field(
        default_factory=dict, description="folders of the run, for example {results: results/mine}"
    )


S = TypeVar("S", bound=BaseModel)


def parse_section(model: type[S], values: Mapping[str, Any] | str, where: str) -> S:
    """Return validated options.

    Parameters
    ----------
    model : type
        `Config` or one of its sections.
    values : mapping or str
        The values, or the same as JSON.
    where : str
        What to call the place in messages, for example a file's name.

    Raises
    ------
    UserError
        One line a problem, all problems at once: key, value, what is allowed, nearest key.
    """
    if isinstance(values, str):
        try:
            values = json.loads(values)
        except json.JSONDecodeError as error:
            raise UserError(f"{where}: not JSON: {error}") from error
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [_problem(model, problem) for problem in error.errors()]
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise UserError("\n  ".join([f"{where}: {count}", *problems])) from error


def load_config(path: str | Path) -> Config:
    """Read and validate a YAML configuration file.

    Raises
    ------
    UserError
        The file is missing, not YAML, or holds wrong options.
    """
    import yaml

    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a config file") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values or {}, Mapping):
        raise UserError(f"{path}: expected sections such as 'encode:', found {values!r}")
    return parse_section(Config, values or {}, str(path))


def dump_config(config: Config) -> dict[str, Any]:
    """Return the whole configuration with every default, as plain JSON values."""
    return config.model_dump(mode="json", by_alias=True)


def _problem(model: type[BaseModel], problem: Any) -> str:
    """Say one pydantic error in our words."""
    place = [part for part in problem["loc"] if not str(part).startswith("function-")]
    key = ".".join(str(part) for part in place)
    kind, value, context = problem["type"], problem["input"], problem.get("ctx", {})
    if kind == "missing":
        return f"{key}: missing; it must be given"
    if kind == "extra_forbidden":
        allowed = _keys(model, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), allowed, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(allowed)}"
        return f"{key}: unknown key; {hint}"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        near = difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"{key}: found {value!r}, allowed: {', '.join(allowed)}{hint}"
    if kind == "string_pattern_mismatch" and context["pattern"] == f"^{ID_PATTERN}$":
        return (
            f"{key}: found {value!r}; an id has letters, digits, '.', '_' and '-', begins with a "
            "letter or digit and does not end in a dot"
        )
    if kind == "value_error":
        return f"{key}: {context['error']}" if key else str(context["error"])
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return f"{key}: found {value!r}; {message.replace('input should', 'it should')}"


def _keys(model: type[BaseModel], place: list[Any]) -> list[str]:
    """Return the keys allowed at a place of the configuration."""
    for part in place:
        if isinstance(part, int):
            continue
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _section_of(field.annotation) or model
                break
    return [field.alias or name for name, field in model.model_fields.items()]


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the section inside an annotation such as ``list[ModelOptions]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is Annotated:
        return _section_of(get_args(annotation)[0])
    for inner in get_args(annotation):
        found = _section_of(inner)
        if found:
            return found
    return None
