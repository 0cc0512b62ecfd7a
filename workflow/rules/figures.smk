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
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.null"),
    message:
        "plotting scores and null of {wildcards.model}"
    shell:
        "python -m egoalign plot-null --alignment {input.alignment:q} "
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
            labels={"figure": "2 people and score", "model": "{model}"},
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
            labels={"figure": "3 children", "model": "{model}"},
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
        effects="<results>/vary/{model}/effects.parquet",
    output:
        pdf="<results>/figures/{model}/age.pdf",
        png=report(
            "<results>/figures/{model}/age.png",
            caption="../report/age.rst",
            category="Figures",
            labels={"figure": "4 age", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/age.json",
    log:
        "<logs>/figures/plot_age/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.age"),
    message:
        "plotting age by {wildcards.model}"
    shell:
        "python -m egoalign plot-age --alignment {input.alignment:q} "
        "--children {input.children:q} --effects {input.effects:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} --log {log:q}"


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
            labels={"figure": "5 comparison of models", "model": "all"},
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
