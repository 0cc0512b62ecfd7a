# Other data sets, scored as the corpus is. Only with `reference.sets` in the config.
#
# REQUIRED: config `reference`, `encode`, `align.nulls.draws`, `align.cutoffs`
# OUTPUT:   <results>/reference, <results>/private/reference


rule sample_reference:
    """Read an image-caption set and draw pairs of it."""
    input:
        lookup("{reference}/path", within=REFERENCES),
    output:
        sample="<results>/private/reference/{reference}.sample.parquet",
        counts="<results>/reference/{reference}.sample.json",
    log:
        "<logs>/reference/sample_reference/{reference}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        options=lookup("{reference}/options", within=REFERENCES),
        seed=CONFIG.reference.seed,
        code=code_digest("reference.sample"),
    message:
        "drawing pairs of the set {wildcards.reference}"
    shell:
        "python -m egoalign sample-reference --set {params.options:q} --seed {params.seed} "
        "--out {output.sample:q} --counts {output.counts:q} --log {log:q}"


rule score_reference:
    """Score one set's pairs with one model, and draw their nulls."""
    input:
        set=lookup("{reference}/path", within=REFERENCES),
        model=model_files,
        sample="<results>/private/reference/{reference}.sample.parquet",
    output:
        "<results>/reference/{model}/{reference}.pairs.parquet",
    log:
        "<logs>/reference/score_reference/{model}/{reference}.log",
    benchmark:
        "<benchmarks>/reference/score_reference/{model}/{reference}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime="2h",
    params:
        options=lookup("{reference}/options", within=REFERENCES),
        model=model_options,
        draws=CONFIG.align.nulls.draws,
        seed=CONFIG.reference.seed,
        on_bad_picture=CONFIG.reference.on_bad_picture,
        precision=CONFIG.encode.precision,
        batch_size=CONFIG.encode.batch_size,
        picture=CONFIG.encode.picture,
        code=code_digest("reference.score"),
    message:
        "scoring the set {wildcards.reference} with {wildcards.model}"
    shell:
        "python -m egoalign score-reference --set {params.options:q} --sample {input.sample:q} "
        "--model {params.model:q} --draws {params.draws} --seed {params.seed} "
        "--on-bad-picture {params.on_bad_picture} --precision {params.precision} "
        "--batch-size {params.batch_size} --picture {params.picture} --threads {threads} "
        "--out {output:q} --log {log:q}"


rule summarise_reference:
    """Reduce one set's scores and nulls to the numbers that papers quote."""
    input:
        "<results>/reference/{model}/{reference}.pairs.parquet",
    output:
        table="<results>/reference/{model}/{reference}.summary.parquet",
        csv="<results>/reference/{model}/{reference}.summary.csv",
    log:
        "<logs>/reference/summarise_reference/{model}/{reference}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        cutoffs=CONFIG.align.cutoffs,
        draws=CONFIG.align.nulls.draws,
        seed=CONFIG.reference.seed,
        code=code_digest("reference.summary"),
    message:
        "summarising the set {wildcards.reference} by {wildcards.model}"
    shell:
        "python -m egoalign summarise-reference --pairs {input:q} --cutoffs {params.cutoffs} "
        "--draws {params.draws} --seed {params.seed} --out {output.table:q} "
        "--csv {output.csv:q} --log {log:q}"


rule compare_references:
    """Put the corpus beside every set, at equal numbers of pairs."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        pairs=expand(
            "<results>/reference/{{model}}/{reference}.pairs.parquet",
            reference=REFERENCES,
        ),
    output:
        table="<results>/reference/{model}/comparison.parquet",
        csv=report(
            "<results>/reference/{model}/comparison.csv",
            caption="../report/reference_table.rst",
            category="Tables",
            labels={"table": "other data sets", "model": "{model}"},
        ),
    log:
        "<logs>/reference/compare_references/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        cutoffs=CONFIG.align.cutoffs,
        draws=CONFIG.align.nulls.draws,
        seed=CONFIG.reference.seed,
        code=code_digest("reference.compare"),
    message:
        "comparing the corpus with other sets by {wildcards.model}"
    shell:
        "python -m egoalign compare-references --alignment {input.alignment:q} "
        "--pairs {input.pairs:q} --model-id {wildcards.model:q} --cutoffs {params.cutoffs} "
        "--draws {params.draws} --seed {params.seed} --out {output.table:q} "
        "--csv {output.csv:q} --log {log:q}"
