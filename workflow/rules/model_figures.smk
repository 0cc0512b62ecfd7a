# Figures of the statistical models, and of what goes into them.
#
# REQUIRED: config `figures`, `vary`
# OUTPUT:   <results>/figures/<model>


rule plot_intercepts:
    """What each child differs by from the population."""
    input:
        random_effects="<results>/vary/{model}/random_effects.parquet",
        components="<results>/vary/{model}/components.parquet",
        fits="<results>/vary/{model}/fits.parquet",
    output:
        pdf="<results>/figures/{model}/intercepts.pdf",
        png=report(
            "<results>/figures/{model}/intercepts.png",
            caption="../report/intercepts.rst",
            category="Figures",
            labels={"figure": "S1 children's effects", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/intercepts.json",
    log:
        "<logs>/figures/plot_intercepts/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.intercepts"),
    message:
        "plotting the children's effects by {wildcards.model}"
    shell:
        "python -m egoalign plot-intercepts --random-effects {input.random_effects:q} "
        "--components {input.components:q} --fits {input.fits:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} "
        "--log {log:q}"


rule plot_trajectories:
    """Each child's line over age, over the population's."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        predictors=predictors_of,
        fits="<results>/vary/{model}/fits.parquet",
        effects="<results>/vary/{model}/effects.parquet",
        random_effects="<results>/vary/{model}/random_effects.parquet",
        lines="<results>/vary/{model}/lines.parquet",
    output:
        pdf="<results>/figures/{model}/trajectories.pdf",
        png=report(
            "<results>/figures/{model}/trajectories.png",
            caption="../report/trajectories.rst",
            category="Figures",
            labels={"figure": "S2 age of each child", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/trajectories.json",
    log:
        "<logs>/figures/plot_trajectories/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("figures"),
        code=code_digest("figures.trajectories"),
    message:
        "plotting the children's lines over age by {wildcards.model}"
    shell:
        "python -m egoalign plot-trajectories --alignment {input.alignment:q} "
        "--predictors {input.predictors:q} --fits {input.fits:q} --effects {input.effects:q} "
        "--random-effects {input.random_effects:q} --lines {input.lines:q} --pdf {output.pdf:q} "
        "--png {output.png:q} --facts {output.facts:q} --options {params.options:q} "
        "--log {log:q}"


rule plot_variance:
    """Shares of variance of every statistical model."""
    input:
        variance="<results>/vary/{model}/variance.parquet",
        fits="<results>/vary/{model}/fits.parquet",
    output:
        pdf="<results>/figures/{model}/variance.pdf",
        png=report(
            "<results>/figures/{model}/variance.png",
            caption="../report/variance.rst",
            category="Figures",
            labels={"figure": "S3 variance", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/variance.json",
    log:
        "<logs>/figures/plot_variance/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.variance"),
    message:
        "plotting the shares of variance by {wildcards.model}"
    shell:
        "python -m egoalign plot-variance --variance {input.variance:q} --fits {input.fits:q} "
        "--pdf {output.pdf:q} --png {output.png:q} --facts {output.facts:q} "
        "--options {params.options:q} --log {log:q}"


rule plot_effects:
    """Fixed effects of every statistical model."""
    input:
        effects="<results>/vary/{model}/effects.parquet",
        variance="<results>/vary/{model}/variance.parquet",
        means="<results>/vary/{model}/means.parquet",
        fits="<results>/vary/{model}/fits.parquet",
    output:
        pdf="<results>/figures/{model}/effects.pdf",
        png=report(
            "<results>/figures/{model}/effects.png",
            caption="../report/effects.rst",
            category="Figures",
            labels={"figure": "S4 fixed effects", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/effects.json",
    log:
        "<logs>/figures/plot_effects/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.effects"),
    message:
        "plotting the fixed effects by {wildcards.model}"
    shell:
        "python -m egoalign plot-effects --effects {input.effects:q} "
        "--variance {input.variance:q} --means {input.means:q} --fits {input.fits:q} "
        "--pdf {output.pdf:q} --png {output.png:q} --facts {output.facts:q} "
        "--options {params.options:q} --log {log:q}"


rule plot_lemmas:
    """Scores of lemmas by frequency and concreteness."""
    input:
        lemma_numbers="<results>/align/{model}/lemma_numbers.parquet",
        word_predictors="<results>/private/predictors/words.parquet",
    output:
        pdf="<results>/figures/{model}/lemmas.pdf",
        png=report(
            "<results>/figures/{model}/lemmas.png",
            caption="../report/lemmas.rst",
            category="Figures",
            labels={"figure": "S5 lemmas", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/lemmas.json",
    log:
        "<logs>/figures/plot_lemmas/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="20m",
    params:
        options=options("figures"),
        code=code_digest("figures.lemmas"),
    message:
        "plotting the lemmas by {wildcards.model}"
    shell:
        "python -m egoalign plot-lemmas --lemma-numbers {input.lemma_numbers:q} "
        "--word-predictors {input.word_predictors:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_context:
    """Score by location and activity."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        predictors=predictors_of,
    output:
        pdf="<results>/figures/{model}/context.pdf",
        png=report(
            "<results>/figures/{model}/context.png",
            caption="../report/context.rst",
            category="Figures",
            labels={"figure": "S6 location and activity", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/context.json",
    log:
        "<logs>/figures/plot_context/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("figures"),
        code=code_digest("figures.context"),
    message:
        "plotting the score by location and activity by {wildcards.model}"
    shell:
        "python -m egoalign plot-context --alignment {input.alignment:q} "
        "--predictors {input.predictors:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"


rule plot_course:
    """Score over the course of a session."""
    input:
        alignment="<results>/align/{model}/alignment.parquet",
        predictors=predictors_of,
    output:
        pdf="<results>/figures/{model}/course.pdf",
        png=report(
            "<results>/figures/{model}/course.png",
            caption="../report/course.rst",
            category="Figures",
            labels={"figure": "S7 course of a session", "model": "{model}"},
        ),
        facts="<results>/figures/{model}/course.json",
    log:
        "<logs>/figures/plot_course/{model}.log",
    conda:
        "../../envs/egoalign.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000, per_1000_sessions=400),
        runtime=minutes(20, per_1000_sessions=10),
    params:
        options=options("figures"),
        code=code_digest("figures.course"),
    message:
        "plotting the course of sessions by {wildcards.model}"
    shell:
        "python -m egoalign plot-course --alignment {input.alignment:q} "
        "--predictors {input.predictors:q} --pdf {output.pdf:q} --png {output.png:q} "
        "--facts {output.facts:q} --options {params.options:q} --log {log:q}"
