# The functions that rules call for their inputs and params.
from egoalign.provenance.files import planned_as, sources_path


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


def options_told(wildcards):
    """Return those sections as JSON."""
    return json.dumps({name: OPTIONS[name] for name in TOLD}, sort_keys=True)


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
    found = files.files_to_wait_for(session, CONFIG.corpus.root, RESULTS, models)
    # Whether the others have changed is said by the parameter `state` of ingest_session.
    return [*found.watched, *map(ancient, found.kept_in_mind)]


def session_sources(wildcards):
    """Return where it is kept what a session's files were when they were read."""
    return sources_path(RESULTS, wildcards.child, wildcards.session)


def state_of_files(wildcards):
    """Return a text that changes when the content of a session's files changes."""
    return planned_as(session_sources(wildcards), CONFIG.corpus.root)


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
