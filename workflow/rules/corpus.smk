# The corpus as tables: its list of sessions, and what probe and transcript say of each.
#
# REQUIRED: config `corpus`, `transcripts`, `video`, `encode.fps`, `encode.frames`
# OUTPUT:   <results>/corpus/sessions.parquet, <results>/video, <results>/private/transcripts

WINDOW = json.dumps(config["align"]["window"], sort_keys=True)


rule prepare_corpus:
    """Check the two tables and write the sessions without paths and names."""
    input:
        children=CONFIG.corpus.children,
        sessions=CONFIG.corpus.sessions,
    output:
        table="<results>/corpus/sessions.parquet",
        csv="<results>/corpus/sessions.csv",
    log:
        "<logs>/corpus/prepare_corpus.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        root=options("corpus", "root"),
        code=code_digest("corpus.prepare"),
    message:
        "checking the corpus tables"
    shell:
        "python -m egoalign prepare-corpus --children {input.children:q} "
        "--sessions {input.sessions:q} --root {params.root:q} --out {output.table:q} "
        "--csv {output.csv:q} --log {log:q}"


rule ingest_session:
    """Probe one session's video, read its transcript, lay the grid of frames."""
    input:
        session_files,
    output:
        media="<results>/video/{child}/{session}.media.parquet",
        frames="<results>/video/{child}/{session}.frames.parquet",
        utterances="<results>/private/transcripts/{child}/{session}.utterances.parquet",
        words="<results>/private/transcripts/{child}/{session}.words.parquet",
        content_words="<results>/private/transcripts/{child}/{session}.content_words.parquet",
    log:
        "<logs>/corpus/ingest_session/{child}/{session}.log",
    benchmark:
        "<benchmarks>/corpus/ingest_session/{child}/{session}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, per_hour=200),
        runtime=minutes(15, per_hour=10),
    params:
        row=session_row,
        root=options("corpus", "root"),
        transcripts=options("transcripts"),
        video=options("video"),
        fps=CONFIG.encode.fps,
        frames=CONFIG.encode.frames,
        grid=CONFIG.encode.grid,
        tolerance=CONFIG.encode.keyframe_tolerance_s,
        window=WINDOW if CONFIG.encode.frames == "speech" else "{}",
        tag_words=CONFIG.align.words.score,
        sources=session_sources,
        state=state_of_files,
        code=code_digest("corpus.ingest"),
    message:
        "reading {wildcards.child} {wildcards.session}"
    shell:
        "python -m egoalign ingest-session --row {params.row:q} --root {params.root:q} "
        "--transcripts {params.transcripts:q} --video {params.video:q} --fps {params.fps} "
        "--frames {params.frames} --grid {params.grid} "
        "--keyframe-tolerance {params.tolerance} --window {params.window:q} --media {output.media:q} --utterances {output.utterances:q} "
        "--words {output.words:q} --content-words {output.content_words:q} "
        "--tag-words {params.tag_words} --frames-out {output.frames:q} "
        "--sources {params.sources:q} --planned-as {params.state:q} --log {log:q}"
