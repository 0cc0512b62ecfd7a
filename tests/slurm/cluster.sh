#!/usr/bin/env bash
# A real SLURM of one node on this machine, for the tests: munged, slurmctld and slurmd, as root.
#   cluster.sh start   partitions main (default) and gpu on one node, with a stand-in GPU (/dev/null);
#                      no accounting; where it runs already, this says so and changes nothing
#   cluster.sh stop    ends slurmctld and slurmd, and leaves no configuration behind
# It writes /etc/slurm and so refuses a machine that is part of another cluster.
set -euo pipefail

run=/run/egoalign-slurm
conf=/etc/slurm/slurm.conf
mark="# written by tests/slurm/cluster.sh"

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
ready() { sinfo --noheader --format %t 2>/dev/null | grep -qE '^(idle|mix|alloc)'; }
fail() { echo "cluster.sh: $1" >&2; exit 1; }

wait_until() { # SECONDS COMMAND...
    local left=$(($1 * 5)); shift
    until "$@"; do
        left=$((left - 1)); [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}

write_config() {
    local host memory
    host=$(hostname -s)
    memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 - 1024))
    # MinJobAge: SLURM otherwise forgets a job that ended before Snakemake asks what became of it.
    # CPUs and memory are more than the machine has: a test waits for jobs, not for resources.
    cat >"$conf" <<CONF
$mark
ClusterName=egoalign-test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$run/state
SlurmdSpoolDir=$run/spool
SlurmctldPidFile=$run/slurmctld.pid
SlurmdPidFile=$run/slurmd.pid
SlurmctldLogFile=$run/slurmctld.log
SlurmdLogFile=$run/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
MinJobAge=3600
KillWait=2
OverTimeLimit=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=$((memory > 65536 ? memory : 65536)) Gres=gpu:1
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$host MaxTime=INFINITE State=UP
CONF
    echo "NodeName=$host Name=gpu File=/dev/null" >/etc/slurm/gres.conf
}

start() {
    [ "$(id -u)" = 0 ] || fail "needs root, to start munged, slurmctld and slurmd"
    for program in munged slurmctld slurmd; do
        command -v "$program" >/dev/null || fail "needs $program; install slurm-wlm and munge"
    done
    [ ! -s "$conf" ] || grep -qF "$mark" "$conf" ||
        fail "$conf belongs to another cluster; this machine is left as it is"
    if ready; then echo "running already"; return 0; fi
    mkdir -p "$run/state" "$run/spool" /etc/slurm /run/munge
    chown munge:munge /run/munge
    if [ ! -s /etc/munge/munge.key ]; then
        (umask 077 && dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=128 status=none)
        chown munge:munge /etc/munge/munge.key
    fi
    munge --no-input >/dev/null 2>&1 || su -s /bin/sh munge -c "munged --force"
    wait_until 10 sh -c "munge --no-input >/dev/null 2>&1" || fail "munged did not start"
    write_config
    alive "$run/slurmctld.pid" || slurmctld
    wait_until 20 sh -c "scontrol ping 2>/dev/null | grep -q UP" ||
        fail "slurmctld did not start; see $run/slurmctld.log"
    alive "$run/slurmd.pid" || slurmd
    scontrol update nodename="$(hostname -s)" state=resume 2>/dev/null || true
    wait_until 30 ready || fail "the node did not come up; see $run/slurmctld.log and $run/slurmd.log"
}

stop() {
    local one
    scancel --user=root --signal=KILL 2>/dev/null || true
    for one in slurmd slurmctld; do
        if alive "$run/$one.pid"; then kill "$(cat "$run/$one.pid")"; fi
        wait_until 10 sh -c "! kill -0 \$(cat $run/$one.pid 2>/dev/null) 2>/dev/null" || true
    done
    if grep -qsF "$mark" "$conf"; then rm -f "$conf" /etc/slurm/gres.conf; fi
    rm -rf "$run"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    *) fail "found '${1:-}', expected start or stop" ;;
esac
