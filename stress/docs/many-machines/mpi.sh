#!/bin/bash
# One run on hosts that can be reached by ssh, without a scheduler: HOSTS=a,b,c ./mpi.sh mpirun|mpiexec, in a directory with
# walrus-stress and plan.toml. `mpirun` is Open MPI's and `mpiexec` MPICH's (mpirun.openmpi and mpiexec.hydra in Debian).
# The exit code is that of `merge`.
set -u

launcher=${1:?mpirun or mpiexec}
hosts=${HOSTS:?the hosts, separated by commas}
IFS=, read -ra each <<<"$hosts"
# MPI's own names of jobs occur again: every start needs a new one, so that it makes new blobs.
run=${RUN_ID:-$launcher-$(date -u +%Y%m%dT%H%M%SZ)}
results=$PWD/results-$run
program=/tmp/walrus-stress-$run

mkdir "$results" || exit
# The binary and the plan go to every host.
for host in "${each[@]}"; do
    scp -q walrus-stress "$host:$program" && scp -q plan.toml "$host:$program.toml" || exit
done
part=("$program" run --plan "$program.toml" --shard auto --run-id "$run" --report "$program.json")

# This directory need not exist there: the parts run in /tmp.
case $launcher in
mpirun)
    # Open MPI has no barrier for programs without an MPI library, so that the parts start by their clocks. A part whose
    # thresholds break exits with 1, which must not end the others. Of the environment, Open MPI passes on what -x names:
    # secrets stay out of the command line.
    start=$(date -u -d "+${LEAD_SECONDS:-20} seconds" +%Y-%m-%dT%H:%M:%SZ)
    mpirun.openmpi -n "${#each[@]}" --host "$hosts" --map-by ppr:1:node --wdir /tmp \
        --mca orte_abort_on_non_zero_status 0 \
        ${WALRUS_STRESS_BEARER:+-x WALRUS_STRESS_BEARER} "${part[@]}" --start-at "$start" >"$results/output" 2>&1
    ;;
mpiexec)
    # MPICH passes the whole environment on.
    mpiexec.hydra -n "${#each[@]}" -hosts "$hosts" -ppn 1 -wdir /tmp "${part[@]}" --barrier pmi >"$results/output" 2>&1
    ;;
*)
    echo "the launchers are mpirun and mpiexec, not $launcher" >&2
    exit 2
    ;;
esac
ended=$?
echo "$launcher ended with $ended, which says nothing about the parts; these do:"
# Parts that it has stopped get 5 s for requests under way, and then write what they have.
[ $ended = 0 ] || sleep 10
for host in "${each[@]}"; do
    # A host that is down has no report, and is missing below.
    scp -q -o ConnectTimeout=10 "$host:$program.json" "$results/part-$host.json"
    ssh -o ConnectTimeout=10 "$host" rm -f "$program" "$program.toml" "$program.json"
done

./walrus-stress merge "$results"/part-*.json --expect "${#each[@]}" --output "$results/report.json"
