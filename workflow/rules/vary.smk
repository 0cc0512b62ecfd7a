# Who, when and what: the variability of alignment explained.
#
# REQUIRED: config `vary`
# OUTPUT:   <results>/private/predictors, <results>/vary, <results>/vary/<model>
include: "vary_inputs.smk"


NORMS = [table.path for table in CONFIG.vary.predictors.norms]
CONTEXT = (
    [CONFIG.vary.predictors.context.path] if CONFIG.vary.predictors.context else []
)


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
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(30, per_1000_sessions=20),
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
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(30, per_1000_sessions=20),
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


rule summarise_children:
    """Reduce the scores of each child to its mean and its line over age."""
    input:
        "<results>/align/{model}/alignment.parquet",
    output:
        table="<results>/vary/{model}/children.parquet",
        csv="<results>/vary/{model}/children.csv",
    log:
        "<logs>/vary/summarise_children/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        code=code_digest("vary.children"),
    message:
        "summarising children by {wildcards.model}"
    shell:
        "python -m egoalign summarise-children --alignment {input:q} --out {output.table:q} "
        "--csv {output.csv:q} --log {log:q}"


rule fit_models:
    """Fit the config's statistical models to the scores of utterances and of words."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        predictors=predictors_of,
        sessions="<results>/corpus/sessions.parquet",
        word_predictors=word_predictors_of,
        words=word_scores_of,
    output:
        fits="<results>/vary/{model}/fits.parquet",
        fits_csv=report(
            "<results>/vary/{model}/fits.csv",
            caption="../report/fits.rst",
            category="Tables",
            labels={"table": "what was fitted", "model": "{model}"},
        ),
        effects="<results>/vary/{model}/effects.parquet",
        effects_csv=report(
            "<results>/vary/{model}/effects.csv",
            caption="../report/effects_table.rst",
            category="Tables",
            labels={"table": "fixed effects", "model": "{model}"},
        ),
        components="<results>/vary/{model}/components.parquet",
        components_csv=report(
            "<results>/vary/{model}/components.csv",
            caption="../report/components.rst",
            category="Tables",
            labels={"table": "random effects' spread", "model": "{model}"},
        ),
        variance="<results>/vary/{model}/variance.parquet",
        variance_csv=report(
            "<results>/vary/{model}/variance.csv",
            caption="../report/variance_table.rst",
            category="Tables",
            labels={"table": "variance explained", "model": "{model}"},
        ),
        random_effects="<results>/vary/{model}/random_effects.parquet",
        random_effects_csv="<results>/vary/{model}/random_effects.csv",
        tests="<results>/vary/{model}/tests.parquet",
        tests_csv=report(
            "<results>/vary/{model}/tests.csv",
            caption="../report/tests.rst",
            category="Tables",
            labels={"table": "tests of terms", "model": "{model}"},
        ),
        means="<results>/vary/{model}/means.parquet",
        means_csv="<results>/vary/{model}/means.csv",
        contrasts="<results>/vary/{model}/contrasts.parquet",
        contrasts_csv=report(
            "<results>/vary/{model}/contrasts.csv",
            caption="../report/contrasts_of_levels.rst",
            category="Tables",
            labels={"table": "contrasts of levels", "model": "{model}"},
        ),
        diagnostics="<results>/vary/{model}/diagnostics.parquet",
        diagnostics_csv="<results>/vary/{model}/diagnostics.csv",
        robustness="<results>/vary/{model}/robustness.parquet",
        robustness_csv=report(
            "<results>/vary/{model}/robustness.csv",
            caption="../report/robustness.rst",
            category="Tables",
            labels={"table": "robustness", "model": "{model}"},
        ),
        lines="<results>/vary/{model}/lines.parquet",
        lines_csv="<results>/vary/{model}/lines.csv",
        summary="<results>/vary/{model}/summary.txt",
    log:
        "<logs>/vary/fit_models/{model}.log",
    benchmark:
        "<benchmarks>/vary/fit_models/{model}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(4000, per_1000_sessions=2000),
        runtime=minutes(120, per_1000_sessions=250),
    params:
        options=options("vary"),
        align=folder("align/{model}"),
        out=folder("vary/{model}"),
        code=code_digest("vary.models"),
    message:
        "fitting the statistical models of {wildcards.model}"
    shell:
        "python -m egoalign fit-models --alignment {input.alignment:q} "
        "--predictors {input.predictors:q} --sessions {input.sessions:q} "
        "--word-predictors {input.word_predictors:q} --align-folder {params.align:q} "
        "--options {params.options:q} --out-folder {params.out:q} --log {log:q}"
