# egoalign: raw egocentric video and transcripts in; scores, nulls, statistics, figures, a report out.
# Paths: <results>/<stage>/[<model>/]<child>/<session>.<table>.parquet for what belongs to a session,
# <results>/<stage>/[<model>/]<table>.parquet for what belongs to the corpus. <results> is "results"
# unless the config's `pathvars` says otherwise. Words, names and logs stay in <results>/private.
#   snakemake --cores all                                           your corpus, config/config.yaml
#   snakemake --cores all --configfile config/demo/config.yaml      the demo corpus
from snakemake.utils import min_version

min_version("9.19")


if not workflow.configfiles:

    configfile: "config/config.yaml"


pathvars:
    results="results",
    logs="<results>/private/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/targets.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        wanted_outputs(),


include: "workflow/rules/demo.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/transcripts.smk"
include: "workflow/rules/encode.smk"
include: "workflow/rules/align.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/vary.smk"
include: "workflow/rules/reference.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/model_figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/provenance.smk"


onstart:
    print(start_run(), file=sys.stderr)


onsuccess:
    print(end_banner(), file=sys.stderr)


onerror:
    print(error_banner(workflow.scheduler.failed), file=sys.stderr)
