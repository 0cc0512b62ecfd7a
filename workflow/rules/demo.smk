# The demo corpus: made scenes with known truth. Only with a `demo` section in the config.
#
# REQUIRED: config `demo`; the two tables that `egoalign make-demo-tables` wrote
# OUTPUT:   <results>/raw/{videos,transcripts,rttm}, <results>/raw/judgments.csv, <results>/raw/captions.tar,
#           <results>/truth
TRUTH = per_session("<results>/truth/{child}/{session}.utterances.parquet")
MADE = made_files(CORPUS.sessions if CONFIG.demo else [], RESULTS)
VISIBLE = per_session("<results>/truth/{child}/{session}.visible.parquet")


rule demo_corpus:
    """Make the demo corpus and nothing else."""
    input:
        TRUTH,
        "<results>/raw/judgments.csv",


for patterns, children in MADE.items():

    rule:
        name:
            "_".join(
                ["make_demo_session", *(name.rpartition(".")[2] for name in patterns)]
            )
        output:
            *(f"<results>/{pattern}" for pattern in patterns),
            visible="<results>/truth/{child}/{session}.visible.parquet",
            utterances="<results>/truth/{child}/{session}.utterances.parquet",
        log:
            "<logs>/demo/make_demo_session/{child}/{session}.log",
        benchmark:
            "<benchmarks>/demo/make_demo_session/{child}/{session}.tsv"
        wildcard_constraints:
            child="|".join(map(re.escape, children)),
        conda:
            "../../envs/egoalign.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="20m",
        params:
            options=options("demo"),
            corpus=folder("raw"),
            truth=folder("truth"),
            code=code_digest("demo.session"),
        message:
            "making the recording {wildcards.child} {wildcards.session}"
        shell:
            "python -m egoalign make-demo-session --options {params.options:q} "
            "--child {wildcards.child:q} --session {wildcards.session:q} "
            "--corpus {params.corpus:q} --truth-dir {params.truth:q} --log {log:q}"


rule make_demo_judgments:
    """Let simulated raters judge the recordings."""
    input:
        TRUTH,
        VISIBLE,
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


rule make_demo_captions:
    """Make captioned pictures of the same kinds of scenes, as another data set."""
    output:
        shard="<results>/raw/captions.tar",
        truth="<results>/truth/captions.parquet",
    log:
        "<logs>/demo/make_demo_captions.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        options=options("demo"),
        code=code_digest("demo.captioned"),
    message:
        "making captioned pictures"
    shell:
        "python -m egoalign make-demo-captions --options {params.options:q} "
        "--out {output.shard:q} --truth {output.truth:q} --log {log:q}"


rule evaluate_demo:
    """Say how well a model's score finds the planted truth."""
    input:
        truth=TRUTH,
        visible=VISIBLE,
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
        alignment="<results>/align/{model}/alignment.parquet",
    output:
        "<results>/truth/{model}.evaluation.json",
    log:
        "<logs>/demo/evaluate_demo/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
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
    threads: 8
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
