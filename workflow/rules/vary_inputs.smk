# What the rules of stage vary read and need, by model.


def predictors_of(wildcards):
    """Return the table of utterance predictors that belongs to a model's scores."""
    own = f"{wildcards.model}." if wildcards.model in GIVEN else ""
    return f"{RESULTS}/private/predictors/{own}utterances.parquet"


def words_scored(wildcards):
    """Return whether a model gave each content word a score of its own."""
    return CONFIG.align.words.score and wildcards.model in NETWORKS


def word_predictors_of(wildcards):
    """Return the table of word predictors where a model's words have scores."""
    return (
        ["<results>/private/predictors/words.parquet"]
        if words_scored(wildcards)
        else []
    )


def word_scores_of(wildcards):
    """Return the sessions' tables of word scores where a model's words have scores."""
    pattern = "<results>/align/{model}/{child}/{session}.word_alignment.parquet"
    return per_session(pattern)(wildcards) if words_scored(wildcards) else []
