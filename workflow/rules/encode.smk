# Pictures and texts to unit vectors, one job a session and model.
#
# REQUIRED: config `encode`; weights on disk or in the cache (egoalign fetch-weights)
# OUTPUT:   <results>/encode/<model>
from egoalign.encode.handover import offer_workers

# No param: how long a model stays loaded changes no result.
offer_workers(CONFIG.encode.keep_model_s, workflow.is_main_process)


rule encode_session:
    """Embed one session's grid of frames, its distinct texts and lemmas with one model."""
    input:
        files=session_files,
        model=model_files,
        media="<results>/video/{child}/{session}.media.parquet",
        frames="<results>/video/{child}/{session}.frames.parquet",
        utterances="<results>/private/transcripts/{child}/{session}.utterances.parquet",
        words="<results>/private/transcripts/{child}/{session}.content_words.parquet",
    output:
        frames="<results>/encode/{model}/{child}/{session}.frame_embeddings.arrow",
        texts="<results>/encode/{model}/{child}/{session}.text_embeddings.arrow",
        words="<results>/encode/{model}/{child}/{session}.word_embeddings.arrow",
    log:
        "<logs>/encode/encode_session/{model}/{child}/{session}.log",
    benchmark:
        "<benchmarks>/encode/encode_session/{model}/{child}/{session}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    # A GPU is asked for by the profile (set-resources), which knows the machine.
    threads: 1
    resources:
        mem_mb=megabytes(6000, per_hour=200),
        runtime=minutes(20, per_hour=90),
    params:
        row=session_row,
        root=options("corpus", "root"),
        model=model_options,
        precision=CONFIG.encode.precision,
        batch_size=CONFIG.encode.batch_size,
        picture=CONFIG.encode.picture,
        template=options("align", "words", "template"),
        sources=session_sources,
        # Pictures may differ where all that ingest_session wrote is the same.
        state=state_of_files,
        code=code_digest("encode.session"),
    message:
        "encoding {wildcards.child} {wildcards.session} with {wildcards.model}"
    shell:
        "python -m egoalign encode-session --row {params.row:q} --root {params.root:q} "
        "--media {input.media:q} --frames {input.frames:q} --utterances {input.utterances:q} "
        "--model {params.model:q} --precision {params.precision} "
        "--batch-size {params.batch_size} --picture {params.picture} --threads {threads} "
        "--frame-embeddings {output.frames:q} --text-embeddings {output.texts:q} "
        "--content-words {input.words:q} --word-embeddings {output.words:q} "
        "--word-template {params.template:q} --sources {params.sources:q} --log {log:q}"
