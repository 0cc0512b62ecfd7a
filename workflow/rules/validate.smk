# Scores against what people say. Only with `validate.judgments` in the config.
#
# REQUIRED: config `validate`
# OUTPUT:   <results>/validate


rule read_judgments:
    """Check every judgment's ids against the corpus."""
    input:
        judgments=CONFIG.validate_.judgments or [],
        sessions="<results>/corpus/sessions.parquet",
        frames=per_session("<results>/video/{child}/{session}.frames.parquet"),
        utterances=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
    output:
        "<results>/validate/judgments.parquet",
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
        code=code_digest("validate.judgments"),
    message:
        "reading human judgments"
    shell:
        "python -m egoalign read-judgments --judgments {input.judgments:q} "
        "--sessions {input.sessions:q} --frames-folder {params.frames:q} "
        "--utterances-folder {params.utterances:q} --out {output:q} --log {log:q}"


rule validate_model:
    """Give one model the items that people had, and compare."""
    input:
        judgments="<results>/validate/judgments.parquet",
        grid=per_session("<results>/video/{child}/{session}.frames.parquet"),
        speech=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
        frames=per_session(
            "<results>/encode/{model}/{child}/{session}.frame_embeddings.parquet"
        ),
        texts=per_session(
            "<results>/encode/{model}/{child}/{session}.text_embeddings.parquet"
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
    log:
        "<logs>/validate/validate_model/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
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
        "--csv {output.csv:q} --log {log:q}"


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
            "<results>/encode/{model}/{child}/{session}.frame_embeddings.parquet"
        ),
        texts=per_session(
            "<results>/encode/{model}/{child}/{session}.text_embeddings.parquet"
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
        mem_mb=8000,
        runtime="2h",
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
    """Put the main numbers of all models side by side."""
    input:
        summaries=expand("<results>/align/{model}/summary.parquet", model=MODELS),
        validations=(
            expand("<results>/validate/{model}/validation.parquet", model=NETWORKS)
            if CONFIG.validate_.judgments
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
    log:
        "<logs>/validate/compare_models.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        code=code_digest("validate.compare"),
    message:
        "comparing models"
    shell:
        "python -m egoalign compare-models --summaries {input.summaries:q} "
        "--validations {input.validations:q} --out {output.table:q} --csv {output.csv:q} "
        "--log {log:q}"
