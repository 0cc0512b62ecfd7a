# What `rule all` makes, by what the config asks for.

# Models that can embed pictures and texts of another data set, and those sets.
ENCODERS = [name for name in NETWORKS if not MODELS[name].text_vectors]
REFERENCES = {
    one.name: {"path": one.path, "options": one.model_dump_json()}
    for one in CONFIG.reference.sets
}
FIGURES = ["null", "nulls", "children", "age"]
# Figures of the statistical models, and of what goes into them.
FIGURES += ["intercepts", "trajectories", "variance", "effects", "context", "course"]
# Figures of models that encode.
MORE_FIGURES = ["accuracy", "reliability"] if JUDGED else []
MORE_FIGURES += ["lag"] if CONFIG.align.lags.profile else []
MORE_FIGURES += ["lemmas"] if CONFIG.align.words.score else []


def wanted_outputs():
    """Return everything that `rule all` makes."""
    wanted = [
        "<results>/report/sessions_status.csv",
        "<results>/report/summary.html",
        "<results>/report/config.yaml",
        *([] if BUNDLE else ["<results>/report/methods.md"]),
        "<results>/report/children",
        "<results>/stats/values.json",
        *expand(
            "<results>/private/scores/{model}.csv", model=[] if BUNDLE else NETWORKS
        ),
        *expand("<results>/align/{model}/alignment.csv", model=MODELS),
        *expand("<results>/figures/{model}/{figure}.pdf", model=MODELS, figure=FIGURES),
        *expand(
            "<results>/figures/{model}/{figure}.pdf",
            model=NETWORKS,
            figure=MORE_FIGURES,
        ),
        *expand(
            "<results>/align/{model}/words.csv",
            model=NETWORKS if CONFIG.align.words.score else [],
        ),
        "<results>/figures/models.pdf",
        *expand("<results>/vary/{model}/predictors.csv", model=GIVEN),
    ]
    if NETWORKS:
        wanted.append("<results>/vary/predictors.csv")
    if REFERENCES:
        wanted += expand(
            "<results>/reference/{model}/{reference}.summary.csv",
            model=ENCODERS,
            reference=REFERENCES,
        )
        wanted += expand("<results>/figures/{model}/reference.pdf", model=ENCODERS)
    if JUDGED:
        wanted.append("<results>/validate/reliability.csv")
    if CONFIG.demo:
        wanted += expand("<results>/truth/{model}.evaluation.json", model=NETWORKS)
    return [*wanted, *BANNER.unmade()]
