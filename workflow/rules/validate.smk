# Scores against what people say. Only with `validate.judgments` in the config.
#
# REQUIRED: config `validate`
# OUTPUT:   <results>/validate


rule read_judgments:
    """Check every judgment's ids against the corpus."""
    input:
        judgments=CONFIG.validate_.judgment_files,
        lab_children=CONFIG.corpus.children,
        lab_sessions=CONFIG.corpus.sessions,
        sessions="<results>/corpus/sessions.parquet",
        frames=per_session("<results>/video/{child}/{session}.frames.parquet"),
        utterances=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
    output:
        table="<results>/validate/judgments.parquet",
        unmatched="<results>/validate/unmatched.parquet",
        unmatched_csv="<results>/validate/unmatched.csv",
    log:
        "<logs>/validate/read_judgments.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        frames=folder("video"),
        utterances=folder("private/transcripts"),
        options=options("validate"),
        code=code_digest("validate.judgments"),
    message:
        "reading human judgments"
    shell:
        "python -m egoalign read-judgments --judgments {input.judgments:q} "
        "--lab-children {input.lab_children:q} --lab-sessions {input.lab_sessions:q} "
        "--sessions {input.sessions:q} --frames-folder {params.frames:q} "
        "--utterances-folder {params.utterances:q} --options {params.options:q} "
        "--out {output.table:q} --unmatched {output.unmatched:q} "
        "--unmatched-csv {output.unmatched_csv:q} --log {log:q}"


rule measure_reliability:
    """Say how far people agree with each other."""
    input:
        "<results>/validate/judgments.parquet",
    output:
        table="<results>/validate/reliability.parquet",
        csv=report(
            "<results>/validate/reliability.csv",
            caption="../report/people.rst",
            category="Tables",
            labels={"table": "reliability of people", "model": "all"},
        ),
    log:
        "<logs>/validate/measure_reliability.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        options=options("validate"),
        code=code_digest("validate.raters"),
    message:
        "measuring how far people agree with each other"
    shell:
        "python -m egoalign measure-reliability --judgments {input:q} "
        "--options {params.options:q} --out {output.table:q} --csv {output.csv:q} --log {log:q}"


rule validate_model:
    """Give one model the items that people had, and compare."""
    input:
        judgments="<results>/validate/judgments.parquet",
        grid=per_session("<results>/video/{child}/{session}.frames.parquet"),
        speech=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
        frames=per_session(
            "<results>/encode/{model}/{child}/{session}.frame_embeddings.arrow"
        ),
        texts=per_session(
            "<results>/encode/{model}/{child}/{session}.text_embeddings.arrow"
        ),
    output:
        item_table="<results>/validate/{model}/items.parquet",
        table="<results>/validate/{model}/validation.parquet",
        csv=report(
            "<results>/validate/{model}/validation.csv",
            caption="../report/validation.rst",
            category="Tables",
            labels={"table": "agreement with people", "model": "{model}"},
        ),
        curves="<results>/validate/{model}/psychometric.parquet",
        curves_csv="<results>/validate/{model}/psychometric.csv",
    log:
        "<logs>/validate/validate_model/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(60, per_1000_sessions=10),
    params:
        embeddings=folder("encode/{model}"),
        frames=folder("video"),
        utterances=folder("private/transcripts"),
        options=options("validate"),
        code=code_digest("validate.model"),
    message:
        "validating {wildcards.model} against people"
    shell:
        "python -m egoalign validate-model --judgments {input.judgments:q} "
        "--embeddings-folder {params.embeddings:q} --utterances-folder {params.utterances:q} "
        "--frames-folder {params.frames:q} --model-id {wildcards.model:q} "
        "--options {params.options:q} --items {output.item_table:q} --out {output.table:q} "
        "--csv {output.csv:q} --curves {output.curves:q} --curves-csv {output.curves_csv:q} "
        "--log {log:q}"


rule calibrate_model:
    """Turn one model's scores into probabilities, and tell how many moments are aligned."""
    input:
        judgments="<results>/validate/judgments.parquet",
        alignment="<results>/align/{model}/alignment.parquet",
        grid=per_session("<results>/video/{child}/{session}.frames.parquet"),
        speech=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
        words=per_session(
            "<results>/private/transcripts/{child}/{session}.words.parquet"
        ),
        frames=per_session(
            "<results>/encode/{model}/{child}/{session}.frame_embeddings.arrow"
        ),
        texts=per_session(
            "<results>/encode/{model}/{child}/{session}.text_embeddings.arrow"
        ),
    output:
        table="<results>/validate/{model}/calibration.parquet",
        csv=report(
            "<results>/validate/{model}/calibration.csv",
            caption="../report/calibration.rst",
            category="Tables",
            labels={"table": "probabilities from scores", "model": "{model}"},
        ),
        curve="<results>/validate/{model}/calibration_curve.parquet",
        calibrated="<results>/validate/{model}/calibrated.parquet",
    log:
        "<logs>/validate/calibrate_model/{model}.log",
    benchmark:
        "<benchmarks>/validate/calibrate_model/{model}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(6000, per_1000_sessions=400),
        runtime=minutes(60, per_1000_sessions=30),
    params:
        embeddings=folder("encode/{model}"),
        frames=folder("video"),
        utterances=folder("private/transcripts"),
        fps=CONFIG.encode.fps,
        options=options("validate"),
        align=options("align"),
        code=code_digest("validate.calibrate"),
    message:
        "calibrating {wildcards.model}"
    shell:
        "python -m egoalign calibrate-model --judgments {input.judgments:q} "
        "--alignment {input.alignment:q} --embeddings-folder {params.embeddings:q} "
        "--utterances-folder {params.utterances:q} --frames-folder {params.frames:q} "
        "--model-id {wildcards.model:q} --fps {params.fps} --options {params.options:q} "
        "--align-options {params.align:q} --out {output.table:q} --csv {output.csv:q} "
        "--curve {output.curve:q} --calibrated {output.calibrated:q} --log {log:q}"


rule compare_models:
    """Put the main numbers of all models side by side, and compare each two."""
    input:
        summaries=expand("<results>/align/{model}/summary.parquet", model=MODELS),
        validations=(
            expand("<results>/validate/{model}/validation.parquet", model=NETWORKS)
            if CONFIG.validate_.judgment_files
            else []
        ),
        item_tables=(
            expand("<results>/validate/{model}/items.parquet", model=NETWORKS)
            if CONFIG.validate_.judgment_files
            else []
        ),
    output:
        table="<results>/validate/models.parquet",
        csv=report(
            "<results>/validate/models.csv",
            caption="../report/models_table.rst",
            category="Tables",
            labels={"table": "comparison of models", "model": "all"},
        ),
        contrasts="<results>/validate/contrasts.parquet",
        contrasts_csv=report(
            "<results>/validate/contrasts.csv",
            caption="../report/contrasts.rst",
            category="Tables",
            labels={"table": "each two models on the same items", "model": "all"},
        ),
    log:
        "<logs>/validate/compare_models.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(60, per_1000_sessions=10),
    params:
        options=options("validate"),
        code=code_digest("validate.compare"),
    message:
        "comparing models"
    shell:
        "python -m egoalign compare-models --summaries {input.summaries:q} "
        "--validations {input.validations:q} --items {input.item_tables:q} "
        "--options {params.options:q} --out {output.table:q} --csv {output.csv:q} "
        "--contrasts {output.contrasts:q} --contrasts-csv {output.contrasts_csv:q} --log {log:q}"
