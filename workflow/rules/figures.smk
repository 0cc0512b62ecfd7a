# Figures as PDF and PNG, each with the facts that its caption states.
#
# REQUIRED: config `figures`
# OUTPUT:   <results>/figures


rule plot_null:
    """True scores over those of the null."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        summary="<results>/align/{model}/summary.parquet",
    output:
        pdf="<results>/figures/{model}/null.pdf",
        png=report(
            "<results>/figures/{model}/null.png",
            caption="../report/null.rst",
            category="Figures",
            labels={"figure": "1 scores and null", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/null.json",
    log:
        "<logs>/figures/plot_null/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("figures"),
        code=code_digest("figures.null"),
    message:
        "plotting scores and null of {wildcards.model}"
    shell:
        "python -m egoalign plot-null --alignment {input.alignment:q} "
        "--summary {input.summary:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_nulls:
    """True scores over those of every null scheme."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        summary="<results>/align/{model}/summary.parquet",
    output:
        pdf="<results>/figures/{model}/nulls.pdf",
        png=report(
            "<results>/figures/{model}/nulls.png",
            caption="../report/nulls.rst",
            category="Figures",
            labels={"figure": "2 scores and every null", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/nulls.json",
    log:
        "<logs>/figures/plot_nulls/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("figures"),
        code=code_digest("figures.nulls"),
    message:
        "plotting scores and all nulls of {wildcards.model}"
    shell:
        "python -m egoalign plot-nulls --alignment {input.alignment:q} "
        "--summary {input.summary:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_accuracy:
    """People's accuracy against the score of the true pair."""
    input:
        item_table="<results>/validate/{model}/items.parquet",
        validation="<results>/validate/{model}/validation.parquet",
        curves="<results>/validate/{model}/psychometric.parquet",
    output:
        pdf="<results>/figures/{model}/accuracy.pdf",
        png=report(
            "<results>/figures/{model}/accuracy.png",
            caption="../report/accuracy.rst",
            category="Figures",
            labels={"figure": "4 people and score", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/accuracy.json",
    log:
        "<logs>/figures/plot_accuracy/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.accuracy"),
    message:
        "plotting people's accuracy against {wildcards.model}"
    shell:
        "python -m egoalign plot-accuracy --items {input.item_table:q} "
        "--validation {input.validation:q} --curves {input.curves:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_reliability:
    """Probabilities as told against shares as found, and both fits against the score."""
    input:
        calibration="<results>/validate/{model}/calibration.parquet",
        curve="<results>/validate/{model}/calibration_curve.parquet",
    output:
        pdf="<results>/figures/{model}/reliability.pdf",
        png=report(
            "<results>/figures/{model}/reliability.png",
            caption="../report/reliability.rst",
            category="Figures",
            labels={"figure": "5 probability from score", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/reliability.json",
    log:
        "<logs>/figures/plot_reliability/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.reliability"),
    message:
        "plotting the reliability of {wildcards.model}"
    shell:
        "python -m egoalign plot-reliability --calibration {input.calibration:q} "
        "--curve {input.curve:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_children:
    """Children ordered by their mean, beside their null."""
    input:
        "<results>/vary/{model}/children.parquet",
    output:
        pdf="<results>/figures/{model}/children.pdf",
        png=report(
            "<results>/figures/{model}/children.png",
            caption="../report/children.rst",
            category="Figures",
            labels={"figure": "6 children", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/children.json",
    log:
        "<logs>/figures/plot_children/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.children"),
    message:
        "plotting children by {wildcards.model}"
    shell:
        "python -m egoalign plot-children --children {input:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_age:
    """Score against age, with each child's line and the population's."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        children="<results>/vary/{model}/children.parquet",
        fits="<results>/vary/{model}/fits.parquet",
        effects="<results>/vary/{model}/effects.parquet",
        lines="<results>/vary/{model}/lines.parquet",
    output:
        pdf="<results>/figures/{model}/age.pdf",
        png=report(
            "<results>/figures/{model}/age.png",
            caption="../report/age.rst",
            category="Figures",
            labels={"figure": "7 age", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/age.json",
    log:
        "<logs>/figures/plot_age/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("figures"),
        code=code_digest("figures.age"),
    message:
        "plotting age by {wildcards.model}"
    shell:
        "python -m egoalign plot-age --alignment {input.alignment:q} "
        "--children {input.children:q} --fits {input.fits:q} --effects {input.effects:q} "
        "--lines {input.lines:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_reference:
    """The corpus beside other data sets."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        pairs=expand(
            "<results>/reference/{{model}}/{reference}.pairs.parquet",
            reference=REFERENCES,
        ),
        comparison="<results>/reference/{model}/comparison.parquet",
    output:
        pdf="<results>/figures/{model}/reference.pdf",
        png=report(
            "<results>/figures/{model}/reference.png",
            caption="../report/reference.rst",
            category="Figures",
            labels={"figure": "8 other data sets", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/reference.json",
    log:
        "<logs>/figures/plot_reference/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.reference"),
    message:
        "plotting the corpus beside other sets by {wildcards.model}"
    shell:
        "python -m egoalign plot-reference --alignment {input.alignment:q} "
        "--pairs {input.pairs:q} --comparison {input.comparison:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_lag:
    """Score against the time shift between speech and sight."""
    input:
        lags="<results>/align/{model}/lags.parquet",
        peaks="<results>/align/{model}/lag_peaks.parquet",
    output:
        pdf="<results>/figures/{model}/lag.pdf",
        png=report(
            "<results>/figures/{model}/lag.png",
            caption="../report/lag.rst",
            category="Figures",
            labels={"figure": "3 lag of speech and sight", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/lag.json",
    log:
        "<logs>/figures/plot_lag/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.lag"),
    message:
        "plotting the lag profile of {wildcards.model}"
    shell:
        "python -m egoalign plot-lag --lags {input.lags:q} --peaks {input.peaks:q} "
        "--pdf {output.pdf:q} --png {output.png:q} --facts {output.facts:q} "
        "--options {params.options:q} --log {log:q}"


rule plot_models:
    """The main numbers of all models side by side."""
    input:
        "<results>/validate/models.parquet",
    output:
        pdf="<results>/figures/models.pdf",
        png=report(
            "<results>/figures/models.png",
            caption="../report/models.rst",
            category="Figures",
            labels={"figure": "9 comparison of models", "model": "all"},
        ),
        facts="<results>/figures/models.json",
    log:
        "<logs>/figures/plot_models.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.models"),
    message:
        "plotting the comparison of models"
    shell:
        "python -m egoalign plot-models --models {input:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} --log {log:q}"
