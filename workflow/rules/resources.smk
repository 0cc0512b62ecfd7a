# What jobs ask of a cluster: more for long sessions and large corpora, and twice as much at every
# further attempt. Resources are no params: none of this makes a job run again.
import math

from egoalign.corpus.length import session_hours


# Steps of seconds that read small tables: not worth a place in a queue.
localrules:
    prepare_corpus,
    write_config,
    write_values,
    write_summary,
    plot_accuracy,
    plot_reliability,
    plot_lag,
    plot_models,
    plot_intercepts,
    plot_variance,
    plot_effects,


def job_size(wildcards):
    """Return hours of the job's session, or thousands of sessions if it reads the whole corpus."""
    if "session" in wildcards.keys():
        session = SESSIONS[wildcards.child, wildcards.session]
        return session_hours(session, CONFIG.corpus.root)
    return len(SESSIONS) / 1000


def growing(base, more):
    """Return a resource function: `base`, and `more` for each hour or thousand sessions."""

    def asked(wildcards, attempt):
        return math.ceil((base + more * job_size(wildcards)) * 2 ** (attempt - 1))

    return asked


def megabytes(base, per_hour=0, per_1000_sessions=0):
    """Return a function for `mem_mb` of a rule that works on a session, or on all of them."""
    return growing(base, per_hour or per_1000_sessions)


def minutes(base, per_hour=0, per_1000_sessions=0):
    """Return a function for `runtime` of a rule that works on a session, or on all of them."""
    return growing(base, per_hour or per_1000_sessions)
