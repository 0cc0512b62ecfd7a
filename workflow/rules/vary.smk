# Who, when and what: the variability of alignment explained.
#
# REQUIRED: config `vary`
# OUTPUT:   <results>/private/predictors, <results>/vary, <results>/vary/<model>
NORMS = [table.path for table in CONFIG.vary.predictors.norms]
CONTEXT = (
    [CONFIG.vary.predictors.context.path] if CONFIG.vary.predictors.context else []
)


def predictors_of(wildcards):
    """Return the table of utterance predictors that belongs to a model's scores."""
    own = f"{wildcards.model}." if wildcards.model in GIVEN else ""
    return f"{RESULTS}/private/predictors/{own}utterances.parquet"


rule gather_predictors:
    """Gather what may explain the scores of utterances and of content words."""
    input:
        utterances=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
        words=per_session(
            "<results>/private/transcripts/{child}/{session}.content_words.parquet"
        ),
        media=per_session("<results>/video/{child}/{session}.media.parquet"),
        sessions="<results>/corpus/sessions.parquet",
        norms=NORMS,
        context=CONTEXT,
    output:
        utterances="<results>/private/predictors/utterances.parquet",
        words="<results>/private/predictors/words.parquet",
        described="<results>/vary/predictors.parquet",
        described_csv=report(
            "<results>/vary/predictors.csv",
            caption="../report/predictors.rst",
            category="Tables",
            labels={"table": "predictors", "model": "all"},
        ),
    log:
        "<logs>/vary/gather_predictors.log",
    benchmark:
        "<benchmarks>/vary/gather_predictors.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="60m",
    params:
        transcripts=folder("private/transcripts"),
        video=folder("video"),
        options=options("vary", "predictors"),
        code=code_digest("vary.gather"),
    message:
        "gathering the predictors"
    shell:
        "python -m egoalign gather-predictors --sessions {input.sessions:q} "
        "--transcripts-folder {params.transcripts:q} --video-folder {params.video:q} "
        "--options {params.options:q} --utterances {output.utterances:q} "
        "--words {output.words:q} --described {output.described:q} "
        "--described-csv {output.described_csv:q} --log {log:q}"


rule gather_given_predictors:
    """Gather what may explain scores that were given."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        sessions="<results>/corpus/sessions.parquet",
        context=CONTEXT,
    output:
        utterances="<results>/private/predictors/{model}.utterances.parquet",
        described="<results>/vary/{model}/predictors.parquet",
        described_csv="<results>/vary/{model}/predictors.csv",
    log:
        "<logs>/vary/gather_given_predictors/{model}.log",
    wildcard_constraints:
        model=one_of(GIVEN),
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="60m",
    params:
        options=options("vary", "predictors"),
        code=code_digest("vary.gather"),
    message:
        "gathering the predictors of {wildcards.model}"
    shell:
        "python -m egoalign gather-given-predictors --alignment {input.alignment:q} "
        "--sessions {input.sessions:q} --options {params.options:q} "
        "--utterances {output.utterances:q} --described {output.described:q} "
        "--described-csv {output.described_csv:q} --log {log:q}"


rule fit_model:
    """Fit the mixed model of the score and the means of the children."""
    input:
        "<results>/align/{model}/alignment.parquet",
    output:
        effects="<results>/vary/{model}/effects.parquet",
        effects_csv=report(
            "<results>/vary/{model}/effects.csv",
            caption="../report/effects.rst",
            category="Tables",
            labels={"table": "mixed model", "model": "{model}"},
        ),
        children="<results>/vary/{model}/children.parquet",
        children_csv="<results>/vary/{model}/children.csv",
        summary="<results>/vary/{model}/summary.txt",
    log:
        "<logs>/vary/fit_model/{model}.log",
    benchmark:
        "<benchmarks>/vary/fit_model/{model}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="2h",
    params:
        options=options("vary"),
        code=code_digest("vary.models"),
    message:
        "fitting the mixed model of {wildcards.model}"
    shell:
        "python -m egoalign fit-model --alignment {input:q} --options {params.options:q} "
        "--effects {output.effects:q} --effects-csv {output.effects_csv:q} "
        "--children {output.children:q} --children-csv {output.children_csv:q} "
        "--summary {output.summary:q} --log {log:q}"
