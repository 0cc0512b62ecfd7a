# Transcripts that stand together in one table, split by session once for the whole corpus.
#
# REQUIRED: config `transcripts.merged`
# OUTPUT:   <results>/private/split
if CONFIG.transcripts.merged:

    rule split_transcripts:
        """Give each session its own rows of the one token table."""
        input:
            merged=CONFIG.transcripts.merged,
            children=CONFIG.corpus.children,
            sessions=CONFIG.corpus.sessions,
        output:
            [
                f"<results>/private/split/{child}/{session}.csv"
                for child, session in INCLUDED
            ],
        log:
            "<logs>/transcripts/split_transcripts.log",
        conda:
            "../../envs/egoalign.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="2h",
        params:
            root=options("corpus", "root"),
            folder=SPLIT,
            code=code_digest("transcripts.merged"),
        message:
            "splitting the table of transcripts"
        shell:
            "python -m egoalign split-transcripts --merged {input.merged:q} "
            "--children {input.children:q} --sessions {input.sessions:q} --root {params.root:q} "
            "--out {params.folder:q} --log {log:q}"
