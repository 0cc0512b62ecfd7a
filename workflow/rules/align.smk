# Scores of every utterance beside what unrelated speech and sight would score.
#
# REQUIRED: config `align`
# OUTPUT:   <results>/align/<model>, <results>/private/scores, <results>/private/lemmas


rule align_session:
    """Score one session's utterances and words, and move speech against sight."""
    input:
        media="<results>/video/{child}/{session}.media.parquet",
        frames="<results>/video/{child}/{session}.frames.parquet",
        utterances="<results>/private/transcripts/{child}/{session}.utterances.parquet",
        words="<results>/private/transcripts/{child}/{session}.words.parquet",
        content_words="<results>/private/transcripts/{child}/{session}.content_words.parquet",
        frame_embeddings="<results>/encode/{model}/{child}/{session}.frame_embeddings.arrow",
        text_embeddings="<results>/encode/{model}/{child}/{session}.text_embeddings.arrow",
        word_embeddings="<results>/encode/{model}/{child}/{session}.word_embeddings.arrow",
    output:
        alignment="<results>/align/{model}/{child}/{session}.alignment.parquet",
        lags="<results>/align/{model}/{child}/{session}.lag_profile.parquet",
        words="<results>/align/{model}/{child}/{session}.word_alignment.parquet",
    log:
        "<logs>/align/align_session/{model}/{child}/{session}.log",
    benchmark:
        "<benchmarks>/align/align_session/{model}/{child}/{session}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, per_hour=500),
        runtime=minutes(10, per_hour=10),
    params:
        row=session_row,
        fps=CONFIG.encode.fps,
        options=some_options(
            "align", "seed", "window", "nulls", "top_k", "lags", "words"
        ),
        code=code_digest("align.session"),
    message:
        "aligning {wildcards.child} {wildcards.session} by {wildcards.model}"
    shell:
        "python -m egoalign align-session --row {params.row:q} --media {input.media:q} "
        "--utterances {input.utterances:q} --words {input.words:q} --frames {input.frames:q} "
        "--frame-embeddings {input.frame_embeddings:q} "
        "--text-embeddings {input.text_embeddings:q} --model-id {wildcards.model:q} "
        "--fps {params.fps} --options {params.options:q} --out {output.alignment:q} "
        "--lag-profile {output.lags:q} --content-words {input.content_words:q} "
        "--word-embeddings {input.word_embeddings:q} --word-alignment {output.words:q} "
        "--log {log:q}"


rule import_scores:
    """Take over scores that the lab has already, as those of all sessions."""
    input:
        scores=given_scores,
        children=CONFIG.corpus.children,
        sessions=CONFIG.corpus.sessions,
    output:
        table="<results>/align/{model}/alignment.parquet",
        csv="<results>/align/{model}/alignment.csv",
    log:
        "<logs>/align/import_scores/{model}.log",
    wildcard_constraints:
        model=one_of(GIVEN),
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        transcripts=options("transcripts"),
        code=code_digest("align.import_scores"),
    message:
        "taking over the scores {wildcards.model}"
    shell:
        "python -m egoalign import-scores --children {input.children:q} "
        "--sessions {input.sessions:q} --scores {input.scores:q} --model-id {wildcards.model:q} "
        "--transcripts {params.transcripts:q} --out {output.table:q} --csv {output.csv:q} "
        "--log {log:q}"


rule draw_nulls:
    """Draw for all utterances the nulls that need other sessions."""
    input:
        alignment=per_session(
            "<results>/align/{model}/{child}/{session}.alignment.parquet"
        ),
        frames=per_session("<results>/video/{child}/{session}.frames.parquet"),
        utterances=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
        words=per_session(
            "<results>/private/transcripts/{child}/{session}.words.parquet"
        ),
        frame_embeddings=per_session(
            "<results>/encode/{model}/{child}/{session}.frame_embeddings.arrow"
        ),
        text_embeddings=per_session(
            "<results>/encode/{model}/{child}/{session}.text_embeddings.arrow"
        ),
        sessions="<results>/corpus/sessions.parquet",
    output:
        "<results>/align/{model}/nulls.parquet",
    log:
        "<logs>/align/draw_nulls/{model}.log",
    benchmark:
        "<benchmarks>/align/draw_nulls/{model}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(60, per_1000_sessions=30),
    params:
        align=folder("align/{model}"),
        encode=folder("encode/{model}"),
        video=folder("video"),
        transcripts=folder("private/transcripts"),
        fps=CONFIG.encode.fps,
        options=some_options("align", "seed", "window", "nulls"),
        code=code_digest("align.corpus_null"),
    message:
        "drawing nulls from other sessions by {wildcards.model}"
    shell:
        "python -m egoalign draw-nulls --sessions {input.sessions:q} "
        "--align-folder {params.align:q} --encode-folder {params.encode:q} "
        "--video-folder {params.video:q} --transcripts-folder {params.transcripts:q} "
        "--model-id {wildcards.model:q} --fps {params.fps} --options {params.options:q} "
        "--out {output:q} --log {log:q}"


rule collect_alignment:
    """Put all sessions' scores and nulls into one table."""
    input:
        tables=per_session(
            "<results>/align/{model}/{child}/{session}.alignment.parquet"
        ),
        nulls="<results>/align/{model}/nulls.parquet",
        sessions="<results>/corpus/sessions.parquet",
    output:
        table="<results>/align/{model}/alignment.parquet",
        csv="<results>/align/{model}/alignment.csv",
    log:
        "<logs>/align/collect_alignment/{model}.log",
    wildcard_constraints:
        model=one_of(NETWORKS),
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        folder=folder("align/{model}"),
        code=code_digest("align.collect"),
    message:
        "collecting the scores of {wildcards.model}"
    shell:
        "python -m egoalign collect-alignment --sessions {input.sessions:q} "
        "--folder {params.folder:q} --nulls {input.nulls:q} --out {output.table:q} "
        "--csv {output.csv:q} --log {log:q}"


rule summarise_alignment:
    """Reduce the scores and their nulls to the numbers that papers quote."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        sessions="<results>/corpus/sessions.parquet",
    output:
        table="<results>/align/{model}/summary.parquet",
        csv=report(
            "<results>/align/{model}/summary.csv",
            caption="../report/summary.rst",
            category="Tables",
            labels={"table": "alignment and null", "model": "{model}"},
        ),
        groups="<results>/align/{model}/groups.parquet",
        groups_csv="<results>/align/{model}/groups.csv",
    log:
        "<logs>/align/summarise_alignment/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("align"),
        code=code_digest("align.summary"),
    message:
        "summarising the scores of {wildcards.model}"
    shell:
        "python -m egoalign summarise-alignment --alignment {input.alignment:q} "
        "--sessions {input.sessions:q} --options {params.options:q} --out {output.table:q} "
        "--csv {output.csv:q} --groups {output.groups:q} --groups-csv {output.groups_csv:q} "
        "--log {log:q}"


rule summarise_lags:
    """Put all sessions' lag profiles together, with their null, intervals and peaks."""
    input:
        tables=per_session(
            "<results>/align/{model}/{child}/{session}.lag_profile.parquet"
        ),
        sessions="<results>/corpus/sessions.parquet",
    output:
        table="<results>/align/{model}/lags.parquet",
        csv="<results>/align/{model}/lags.csv",
        peaks="<results>/align/{model}/lag_peaks.parquet",
        peaks_csv=report(
            "<results>/align/{model}/lag_peaks.csv",
            caption="../report/lag_peaks.rst",
            category="Tables",
            labels={"table": "lag of speech and sight", "model": "{model}"},
        ),
    log:
        "<logs>/align/summarise_lags/{model}.log",
    wildcard_constraints:
        model=one_of(NETWORKS),
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        folder=folder("align/{model}"),
        options=options("align"),
        code=code_digest("align.lag_summary"),
    message:
        "summarising the lag profiles of {wildcards.model}"
    shell:
        "python -m egoalign summarise-lags --sessions {input.sessions:q} "
        "--folder {params.folder:q} --model-id {wildcards.model:q} --options {params.options:q} "
        "--out {output.table:q} --csv {output.csv:q} --out-peaks {output.peaks:q} "
        "--csv-peaks {output.peaks_csv:q} --log {log:q}"


rule summarise_words:
    """Reduce the scores of content words to lemmas and to classes of words."""
    input:
        tables=per_session(
            "<results>/align/{model}/{child}/{session}.word_alignment.parquet"
        ),
        words=per_session(
            "<results>/private/transcripts/{child}/{session}.content_words.parquet"
        ),
        sessions="<results>/corpus/sessions.parquet",
    output:
        table="<results>/align/{model}/words.parquet",
        csv=report(
            "<results>/align/{model}/words.csv",
            caption="../report/words.rst",
            category="Tables",
            labels={"table": "content words", "model": "{model}"},
        ),
        lemmas="<results>/private/lemmas/{model}.parquet",
        lemmas_csv="<results>/private/lemmas/{model}.csv",
        numbers="<results>/align/{model}/lemma_numbers.parquet",
        numbers_csv="<results>/align/{model}/lemma_numbers.csv",
    log:
        "<logs>/align/summarise_words/{model}.log",
    wildcard_constraints:
        model=one_of(NETWORKS),
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        folder=folder("align/{model}"),
        words=folder("private/transcripts"),
        options=options("align"),
        code=code_digest("align.word_summary"),
    message:
        "summarising the words by {wildcards.model}"
    shell:
        "python -m egoalign summarise-words --sessions {input.sessions:q} "
        "--folder {params.folder:q} --words-folder {params.words:q} "
        "--model-id {wildcards.model:q} --options {params.options:q} "
        "--out {output.table:q} --csv {output.csv:q} "
        "--out-lemmas {output.lemmas:q} --csv-lemmas {output.lemmas_csv:q} "
        "--out-numbers {output.numbers:q} --csv-numbers {output.numbers_csv:q} --log {log:q}"


rule write_scores:
    """Write the score table in the layout that labs already read."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        children=CONFIG.corpus.children,
        sessions=CONFIG.corpus.sessions,
        utterances=per_session(
            "<results>/private/transcripts/{child}/{session}.utterances.parquet"
        ),
    output:
        "<results>/private/scores/{model}.csv",
    log:
        "<logs>/align/write_scores/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        root=options("corpus", "root"),
        folder=folder("private/transcripts"),
        code=code_digest("corpus.scores"),
    message:
        "writing the lab's score table of {wildcards.model}"
    shell:
        "python -m egoalign write-scores --children {input.children:q} "
        "--sessions {input.sessions:q} --root {params.root:q} --alignment {input.alignment:q} "
        "--utterances-folder {params.folder:q} --out {output:q} --log {log:q}"
