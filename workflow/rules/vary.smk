# Who, when and what: the variability of alignment explained.
#
# REQUIRED: config `vary`
# OUTPUT:   <results>/vary/<model>


rule fit_model:
    """Fit the mixed model of the score and the means of the children."""
    input:
        "<results>/align/{model}/alignment.parquet",
    output:
        effects="<results>/vary/{model}/effects.parquet",
        effects_csv=report(
            "<results>/vary/{model}/effects.csv",
            caption="../report/effects.rst",
            category="Tables",
            labels={"table": "mixed model", "model": "{model}"},
        ),
        children="<results>/vary/{model}/children.parquet",
        children_csv="<results>/vary/{model}/children.csv",
        summary="<results>/vary/{model}/summary.txt",
    log:
        "<logs>/vary/fit_model/{model}.log",
    benchmark:
        "<benchmarks>/vary/fit_model/{model}.tsv"
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="2h",
    params:
        options=options("vary"),
        code=code_digest("vary.models"),
    message:
        "fitting the mixed model of {wildcards.model}"
    shell:
        "python -m egoalign fit-model --alignment {input:q} --options {params.options:q} "
        "--effects {output.effects:q} --effects-csv {output.effects_csv:q} "
        "--children {output.children:q} --children-csv {output.children_csv:q} "
        "--summary {output.summary:q} --log {log:q}"
