# What became of every session, and the report's first page.
#
# REQUIRED: config `report`
# OUTPUT:   <results>/report, <results>/stats

from egoalign.report.values import QUOTED_FILES

# Sections that the methods text tells of.
TOLD = ("transcripts", "encode", "align", "validate", "reference")


rule collect_status:
    """Say for every session what happened and where its log is."""
    input:
        media=per_session("<results>/video/{child}/{session}.media.parquet"),
        grid=per_session("<results>/video/{child}/{session}.frames.parquet"),
        speech=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
        frames=per_session(
            f"<results>/encode/{FIRST_MODEL}/{{child}}/{{session}}.frame_embeddings.arrow"
        ),
        scores=per_session(
            f"<results>/align/{FIRST_MODEL}/{{child}}/{{session}}.alignment.parquet"
        ),
        # Where there is no model that encodes, neither videos nor transcripts need be there.
        given_scores=(
            [] if NETWORKS else f"<results>/align/{FIRST_MODEL}/alignment.parquet"
        ),
        children=CONFIG.corpus.children,
        sessions=CONFIG.corpus.sessions,
    output:
        table="<results>/report/sessions_status.parquet",
        csv=report(
            "<results>/report/sessions_status.csv",
            caption="../report/sessions_status.rst",
            category="Corpus",
            labels={"table": "what became of every session", "model": "all"},
        ),
    log:
        "<logs>/report/collect_status.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        root=CONFIG.corpus.root,
        media=folder("video"),
        align=folder("align/{model}"),
        encode=folder("encode/{model}"),
        utterances=folder("private/transcripts"),
        logs=LOGS,
        code=code_digest("corpus.status"),
    message:
        "collecting what became of every session"
    shell:
        "python -m egoalign collect-status --children {input.children:q} "
        "--sessions {input.sessions:q} --root {params.root:q} --media-folder {params.media:q} "
        "--align-folder {params.align:q} --encode-folder {params.encode:q} "
        "--utterances-folder {params.utterances:q} --logs {params.logs:q} "
        "--given-scores {input.given_scores:q} --out {output.table:q} "
        "--csv {output.csv:q} --log {log:q}"


rule write_config:
    """Write the config as used, with every default: whole, and what may leave."""
    output:
        private="<results>/private/config.yaml",
        shared="<results>/report/config.yaml",
    log:
        "<logs>/report/write_config.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime="5m",
    params:
        config=options(),
        code=code_digest("report.effective_config"),
    message:
        "writing the config as used"
    shell:
        "python -m egoalign write-config --config {params.config:q} --out {output.private:q} "
        "--shared {output.shared:q} --log {log:q}"


rule write_summary:
    """Write the report's first page: the corpus in numbers and the main results."""
    input:
        sessions="<results>/corpus/sessions.parquet",
        status="<results>/report/sessions_status.parquet",
        alignments=expand("<results>/align/{model}/alignment.parquet", model=MODELS),
        models="<results>/validate/models.parquet",
        calibrations=expand(
            "<results>/validate/{model}/calibration.parquet",
            model=NETWORKS if JUDGED else [],
        ),
        statistical=expand(
            "<results>/vary/{model}/{table}.parquet",
            model=MODELS,
            table=["fits", "effects", "variance"],
        ),
    output:
        report(
            "<results>/report/summary.html",
            caption="../report/first_page.rst",
            category="Corpus",
            labels={"table": "first page", "model": "all"},
        ),
    log:
        "<logs>/report/write_summary.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("report"),
        vary=[f"{RESULTS}/vary/{model}" for model in MODELS],
        code=code_digest("report.summary"),
    message:
        "writing the report's first page"
    shell:
        "python -m egoalign write-summary --sessions {input.sessions:q} --status {input.status:q} "
        "--alignments {input.alignments:q} --models {input.models:q} "
        "--calibrations {input.calibrations:q} --vary-folders {params.vary:q} --options {params.options:q} --out {output:q} --log {log:q}"


rule write_values:
    """Write every number a paper would quote, as JSON and as LaTeX macros."""
    input:
        sessions="<results>/corpus/sessions.parquet",
        status="<results>/report/sessions_status.parquet",
        models="<results>/validate/models.parquet",
        calibrations=expand(
            "<results>/validate/{model}/calibration.parquet",
            model=NETWORKS if JUDGED else [],
        ),
        reliability=["<results>/validate/reliability.parquet"] if JUDGED else [],
        statistical=expand(
            "<results>/vary/{model}/{table}.parquet", model=MODELS, table=QUOTED_FILES
        ),
    output:
        json="<results>/stats/values.json",
        tex="<results>/stats/values.tex",
    log:
        "<logs>/report/write_values.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        vary=[f"{RESULTS}/vary/{model}" for model in MODELS],
        code=code_digest("report.values"),
    message:
        "writing the numbers to quote"
    shell:
        "python -m egoalign write-values --sessions {input.sessions:q} --status {input.status:q} "
        "--models {input.models:q} --calibrations {input.calibrations:q} "
        "--reliability {input.reliability:q} --vary-folders {params.vary:q} "
        "--json {output.json:q} --tex {output.tex:q} --log {log:q}"


rule write_methods:
    """Write the methods text from the options and from what the steps say that they did."""
    input:
        status="<results>/report/sessions_status.parquet",
        fits=expand("<results>/vary/{model}/fits.parquet", model=MODELS),
        reliability=["<results>/validate/reliability.parquet"] if JUDGED else [],
    output:
        markdown="<results>/report/methods.md",
        html=report(
            "<results>/report/methods.html",
            caption="../report/methods.rst",
            category="Corpus",
            labels={"table": "methods", "model": "all"},
        ),
    log:
        "<logs>/report/write_methods.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        config=options_told,
        code=code_digest("report.methods"),
    message:
        "writing the methods text"
    shell:
        "python -m egoalign write-methods --config {params.config:q} --status {input.status:q} "
        "--fits {input.fits:q} --reliability {input.reliability:q} "
        "--markdown {output.markdown:q} --html {output.html:q} --log {log:q}"


rule write_child_pages:
    """Write a page for each child, with numbers and ids only."""
    input:
        status="<results>/report/sessions_status.parquet",
        alignments=expand("<results>/align/{model}/alignment.parquet", model=MODELS),
        children=expand("<results>/vary/{model}/children.parquet", model=MODELS),
    output:
        report(
            directory("<results>/report/children"),
            patterns=["{child}.html"],
            caption="../report/child.rst",
            category="Children",
            labels={"table": "child {child}", "model": "all"},
        ),
    log:
        "<logs>/report/write_child_pages.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        code=code_digest("report.child_pages"),
    message:
        "writing a page for each child"
    shell:
        "python -m egoalign write-child-pages --status {input.status:q} "
        "--alignments {input.alignments:q} --children {input.children:q} "
        "--out-folder {output:q} --log {log:q}"
