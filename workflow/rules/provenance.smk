# Tables of an exported bundle in place of recordings. Only with `bundle` in the config.
#
# REQUIRED: config `bundle`
# OUTPUT:   the tables that the bundle holds, at their places
if BUNDLE:

    rule take_tables:
        """Check a bundle's tables against their checksums and take them over."""
        input:
            BUNDLE.sources,
        output:
            [f"{RESULTS}/{name}" for name in BUNDLE.taken],
        log:
            "<logs>/provenance/take_tables.log",
        conda:
            "../../envs/egoalign.yaml"
        threads: 1
        resources:
            mem_mb=4000,
            runtime="60m",
        params:
            bundle=str(BUNDLE.folder),
            results=RESULTS,
            code=code_digest("provenance.bundle"),
        message:
            "taking the tables of {params.bundle}"
        shell:
            "python -m egoalign take-tables --bundle {params.bundle:q} "
            "--out-folder {params.results:q} --log {log:q}"

    # What the bundle holds is not made of recordings, words and the lab's own files.
    ruleorder: take_tables > prepare_corpus > align_session > import_scores > collect_alignment
    ruleorder: take_tables > summarise_words > read_judgments > validate_model > calibrate_model
    ruleorder: take_tables > gather_predictors > gather_given_predictors > score_reference
    ruleorder: take_tables > collect_status
