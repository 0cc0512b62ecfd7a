# What all rules share: the config and the corpus as read.
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


include: "functions.smk"


start_run, end_banner, error_banner = BANNER.begin, BANNER.end, BANNER.error
