# The demo corpus: made scenes with known truth. Only with a `demo` section in the config.
#
# REQUIRED: config `demo`; the two tables that `egoalign make-demo-tables` wrote
# OUTPUT:   <results>/raw/{videos,transcripts}, <results>/raw/judgments.csv, <results>/truth
TRUTH = per_session("<results>/truth/{child}/{session}.utterances.parquet")


rule demo_corpus:
    """Make the demo corpus and nothing else."""
    input:
        per_session("<results>/raw/videos/{child}/{session}.mp4"),
        "<results>/raw/judgments.csv",


rule make_demo_session:
    """Make one recording: video with sound, transcript and truth."""
    output:
        video="<results>/raw/videos/{child}/{session}.mp4",
        transcript="<results>/raw/transcripts/{child}/{session}.csv",
        visible="<results>/truth/{child}/{session}.visible.parquet",
        utterances="<results>/truth/{child}/{session}.utterances.parquet",
    log:
        "<logs>/demo/make_demo_session/{child}/{session}.log",
    benchmark:
        "<benchmarks>/demo/make_demo_session/{child}/{session}.tsv"
    wildcard_constraints:
        child=children_with_transcripts(".csv"),
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        options=options("demo"),
        truth=folder("truth"),
        code=code_digest("demo.session"),
    message:
        "making the recording {wildcards.child} {wildcards.session}"
    shell:
        "python -m egoalign make-demo-session --options {params.options:q} "
        "--child {wildcards.child:q} --session {wildcards.session:q} --video {output.video:q} "
        "--transcript {output.transcript:q} --truth-dir {params.truth:q} --log {log:q}"


use rule make_demo_session as make_demo_session_json with:
    output:
        video="<results>/raw/videos/{child}/{session}.mp4",
        transcript="<results>/raw/transcripts/{child}/{session}.json",
        visible="<results>/truth/{child}/{session}.visible.parquet",
        utterances="<results>/truth/{child}/{session}.utterances.parquet",
    wildcard_constraints:
        child=children_with_transcripts(".json"),


rule make_demo_judgments:
    """Let simulated raters judge the recordings."""
    input:
        TRUTH,
    output:
        judgments="<results>/raw/judgments.csv",
        parameters="<results>/truth/parameters.json",
    log:
        "<logs>/demo/make_demo_judgments.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        options=options("demo"),
        truth=folder("truth"),
        code=code_digest("demo.judgments"),
    message:
        "simulating people's judgments"
    shell:
        "python -m egoalign make-demo-judgments --options {params.options:q} "
        "--truth-dir {params.truth:q} --out {output.judgments:q} "
        "--parameters {output.parameters:q} --log {log:q}"


rule evaluate_demo:
    """Say how well a model's score finds the planted truth."""
    input:
        truth=TRUTH,
        alignment="<results>/align/{model}/alignment.parquet",
    output:
        "<results>/truth/{model}.evaluation.json",
    log:
        "<logs>/demo/evaluate_demo/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        truth=folder("truth"),
        embeddings=folder("encode/{model}"),
        utterances=folder("private/transcripts"),
        frames=folder("video"),
        code=code_digest("demo.evaluate"),
    message:
        "comparing {wildcards.model} with the planted truth"
    shell:
        "python -m egoalign evaluate-demo --truth-dir {params.truth:q} "
        "--alignment {input.alignment:q} --embeddings-folder {params.embeddings:q} "
        "--utterances-folder {params.utterances:q} --frames-folder {params.frames:q} "
        "--out {output:q} --log {log:q}"


rule train_demo_model:
    """Train the demo's small model; by hand only, the trained copy lies in config/demo/model."""
    output:
        directory("<results>/model"),
    log:
        "<logs>/demo/train_demo_model.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        options=options("demo"),
        code=code_digest("demo.training"),
    message:
        "training the demo's model"
    shell:
        "python -m egoalign train-demo-model --options {params.options:q} --threads {threads} "
        "--out {output:q} --log {log:q}"
