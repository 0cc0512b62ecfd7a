# What all rules share: the config and the corpus as read, and the functions that rules call.
import json
import os
import re
import shlex
import sys

SOURCE = os.path.join(workflow.basedir, "workflow", "src")
sys.path.insert(0, SOURCE)
# Rules reach the package installed or not, from any folder and inside any environment; and unless
# Snakemake makes the environment (--sdm), they use the Python that runs Snakemake itself.
PREFIX = f"export PYTHONPATH={shlex.quote(SOURCE)}${{PYTHONPATH:+:$PYTHONPATH}}; "
if not workflow.deployment_settings.deployment_method:
    PREFIX += f"export PATH={shlex.quote(os.path.dirname(sys.executable))}:$PATH; "
# Snakemake formats the prefix, hence the doubled braces.
shell.prefix(PREFIX.replace("{", "{{").replace("}", "}}"))

from egoalign.config import Config, dump_config, parse_section
from egoalign.corpus.read import missing_files, read_corpus
from egoalign.log import UserError
from egoalign.privacy.zone import make_private_zone
from egoalign.provenance.digest import code_digest
from egoalign.report.banner import Banner
from egoalign.report.numbers import Numbers
from egoalign.tables import ID_PATTERN

try:
    CONFIG = parse_section(
        Config, config, " ".join(map(str, workflow.configfiles)) or "config"
    )
    CORPUS = read_corpus(
        CONFIG.corpus.children, CONFIG.corpus.sessions, CONFIG.corpus.root
    )
    if not CORPUS.sessions:
        raise UserError(
            f"{CONFIG.corpus.sessions}: no sessions yet; write a row a recording, or use "
            "'egoalign scan FOLDER --out-dir config', or try the demo: make demo"
        )
except UserError as error:
    print(f"egoalign: {error}", file=sys.stderr)
    sys.exit(2)

config.update(dump_config(CONFIG))
RESULTS = CONFIG.pathvars.get("results", "results")
LOGS = CONFIG.pathvars.get("logs", f"{RESULTS}/logs")
MODELS = {model.model_id: model for model in CONFIG.encode.models}
FIRST_MODEL = next(iter(MODELS))
SESSIONS = {(row.child_id, row.session_id): row for row in CORPUS.sessions}
INCLUDED = [key for key, row in SESSIONS.items() if not row.exclude]
JUDGED = ["accuracy"] if CONFIG.validate_.judgments else []
FIGURES = ["null", "children", "age", *JUDGED]
# Captions of the report read the numbers that they state through this.
config["numbers"] = Numbers(RESULTS)
BANNER = Banner(CONFIG, CORPUS, RESULTS, missing_files(CORPUS))


wildcard_constraints:
    child=ID_PATTERN,
    session=ID_PATTERN,
    model=ID_PATTERN,
    figure="[a-z]+",


def options(section):
    """Return one section of the config as JSON, for the step that reads it."""
    return json.dumps(config[section], sort_keys=True)


def session_row(wildcards):
    """Return a session's row of the sessions table as JSON."""
    return json.dumps(
        SESSIONS[wildcards.child, wildcards.session].row(), sort_keys=True
    )


def session_files(wildcards):
    """Return the session's files that exist or that a rule makes; others become a reason."""
    made = os.path.join(RESULTS, "raw", "")
    paths = [
        os.path.normpath(os.path.join(CONFIG.corpus.root, name))
        for name in SESSIONS[wildcards.child, wildcards.session].files()
    ]
    return [path for path in paths if path.startswith(made) or os.path.exists(path)]


def children_with_transcripts(suffix):
    """Return a pattern of the children whose transcripts end in `suffix`, or one that fits none."""
    children = sorted(
        {
            row.child_id
            for row in CORPUS.sessions
            if (row.transcript or "").endswith(suffix)
        }
    )
    return "|".join(map(re.escape, children)) or "(?!)"


def model_options(wildcards):
    """Return one model's options as JSON."""
    return MODELS[wildcards.model].model_dump_json()


def model_files(wildcards):
    """Return the model's files that lie on this disk, so that a new file encodes again."""
    model = MODELS[wildcards.model]
    names = [name for name in (model.name, model.pretrained) if name]
    return [name for name in names if os.path.isfile(name)]


def per_session(pattern):
    """Return an input function: `pattern` for every included session, of the job's model if any."""

    def paths(wildcards):
        filled = pattern.replace("{model}", getattr(wildcards, "model", ""))
        return [
            filled.replace("{child}", child).replace("{session}", session)
            for child, session in INCLUDED
        ]

    return paths


def folder(path):
    """Return a params function: a folder of the results, of the job's model or the first one."""

    def below_results(wildcards):
        model = getattr(wildcards, "model", FIRST_MODEL)
        return os.path.join(RESULTS, path.replace("{model}", model))

    return below_results


def wanted_outputs():
    """Return everything that `rule all` makes."""
    wanted = [
        "<results>/report/sessions_status.csv",
        "<results>/report/summary.html",
        "<results>/report/config.yaml",
        *expand("<results>/private/scores/{model}.csv", model=MODELS),
        *expand("<results>/align/{model}/alignment.csv", model=MODELS),
        *expand("<results>/figures/{model}/{figure}.pdf", model=MODELS, figure=FIGURES),
        "<results>/figures/models.pdf",
    ]
    if CONFIG.demo:
        wanted += expand("<results>/truth/{model}.evaluation.json", model=MODELS)
    return wanted


start_banner, end_banner, error_banner = BANNER.start, BANNER.end, BANNER.error
