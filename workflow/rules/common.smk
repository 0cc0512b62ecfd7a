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
from egoalign.config import Config, dump_config, parse_section
from egoalign.corpus import files
from egoalign.demo.made import made_files
from egoalign.log import UserError
from egoalign.privacy.zone import make_private_zone
from egoalign.provenance.bundle import open_run
from egoalign.provenance.digest import code_digest
from egoalign.provenance.record import record_variables
from egoalign.report.banner import Banner
from egoalign.report.numbers import Numbers
from egoalign.tables import ID_PATTERN

try:
    CONFIG = parse_section(
        Config, config, " ".join(map(str, workflow.configfiles)) or "config"
    )
    BUNDLE, CORPUS = open_run(CONFIG, workflow.configfiles)
except UserError as error:
    print(f"egoalign: {error}", file=sys.stderr)
    sys.exit(2)

OPTIONS = dump_config(CONFIG)
config.update(OPTIONS)
RESULTS = CONFIG.pathvars.get("results", "results")
PREFIX += record_variables(RESULTS, OPTIONS)
# Snakemake formats the prefix, hence the doubled braces.
shell.prefix(PREFIX.replace("{", "{{").replace("}", "}}"))
LOGS = CONFIG.pathvars.get("logs", f"{RESULTS}/private/logs")
MODELS = {model.model_id: model for model in CONFIG.encode.models}
# Models that encode, and those with scores of the lab's own.
NETWORKS = [name for name, model in MODELS.items() if not model.scores]
GIVEN = [name for name, model in MODELS.items() if model.scores]
FIRST_MODEL = [*NETWORKS, *GIVEN][0]
SPLIT = f"{RESULTS}/private/split"
BANNER = Banner(CONFIG, CORPUS, RESULTS, LOGS, files.missing_files(CORPUS, NETWORKS))
if CONFIG.transcripts.merged:
    CORPUS = files.with_split_transcripts(CORPUS, SPLIT)
SESSIONS = {(row.child_id, row.session_id): row for row in CORPUS.sessions}
INCLUDED = [key for key, row in SESSIONS.items() if NETWORKS and not row.exclude]
JUDGED = bool(CONFIG.validate_.judgment_files)
# Captions of the report read the numbers that they state through this.
config["numbers"] = Numbers(RESULTS)


wildcard_constraints:
    child=ID_PATTERN,
    session=ID_PATTERN,
    model=ID_PATTERN,
    figure="[a-z]+",
    reference=ID_PATTERN,


def options(*place):
    """Return a params function: a part of the config, or all of it, as JSON unless it is text.

    A text instead of a function would have "{word}" taken for a wildcard.
    """

    def part(wildcards):
        found = OPTIONS
        for name in place:
            found = found[name]
        return found if isinstance(found, str) else json.dumps(found, sort_keys=True)

    return part


def some_options(section, *names):
    """Return a params function: the named options of a section, as JSON for the step that reads them."""

    def part(wildcards):
        return json.dumps(
            {name: OPTIONS[section][name] for name in names}, sort_keys=True
        )

    return part


def session_row(wildcards):
    """Return a session's row of the sessions table as JSON, with what its jobs look at."""
    session = SESSIONS[wildcards.child, wildcards.session]
    row = session.row(with_languages=CONFIG.transcripts.by_childrens_languages)
    return json.dumps(row, sort_keys=True)


def session_files(wildcards):
    """Return the session's files that exist or that a rule makes; others become a reason."""
    session = SESSIONS[wildcards.child, wildcards.session]
    models = [wildcards.model] if "model" in wildcards.keys() else NETWORKS
    return files.files_to_wait_for(session, CONFIG.corpus.root, RESULTS, models)


def model_options(wildcards):
    """Return one model's options as JSON."""
    return MODELS[wildcards.model].model_dump_json()


def model_files(wildcards):
    """Return the model's files that lie on this disk, so that a new file encodes again."""
    return MODELS[wildcards.model].files_here()


def given_scores(wildcards):
    """Return the table of scores that stands for one model."""
    return MODELS[wildcards.model].scores


def one_of(models):
    """Return a pattern of the ids of these models, or one that fits none."""
    return "|".join(map(re.escape, models)) or "(?!)"


def per_session(pattern):
    """Return an input function: `pattern` for every session that has jobs, of the job's model."""

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


start_banner, end_banner, error_banner = BANNER.start, BANNER.end, BANNER.error
