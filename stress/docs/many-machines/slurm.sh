#!/bin/bash
# One run on three nodes: sbatch slurm.sh, in a directory with walrus-stress and plan.toml. Only the first node has to see it.
# The job's exit code is that of `merge`: a job that lost a part has failed, whatever srun says.
#SBATCH --job-name=walrus-stress
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
# A part that is started again would find the blobs of its first attempt stored: walrus-stress refuses that, too.
#SBATCH --no-requeue
# When a node dies, the parts on the others go on, and their reports are worth having.
#SBATCH --no-kill
#SBATCH --time=01:00:00
#SBATCH --output=walrus-stress-%j.log

# How long the others may still take when the first part has ended: more than --grace and the slowest request.
drain=${DRAIN_SECONDS:-120}
program=/tmp/walrus-stress-$SLURM_JOB_ID
results=$PWD/results-$SLURM_JOB_ID

mkdir "$results" || exit
# The binary and the plan reach the nodes through Slurm itself. Secrets do through the environment, which sbatch passes on:
# `WALRUS_STRESS_BEARER=… sbatch slurm.sh`.
sbcast --force walrus-stress "$program" && sbcast --force plan.toml "$program.toml" || exit

# scancel ends the parts, which then write what they have; this script has to outlive that.
trap 'echo "cancelled: the parts write what they have"' TERM

# --mpi=pmi2 offers the barrier at which the parts wait for each other. A part whose thresholds break exits with 1, which must
# not end the others (--kill-on-bad-exit=0). The reports come back over stdout: into one file, in which --label names the part
# of each line. Slurm cuts lines of more than a kilobyte, so that they are sent as Base64. Its SIGTERM reaches every process of
# a part; only walrus-stress is to act on it.
srun --mpi=pmi2 --no-kill --kill-on-bad-exit=0 --wait="$drain" --label --output="$results/stdout" --error="$results/stderr" \
    bash -c 'trap "" TERM; "$0" run --plan "$0.toml" --shard auto --barrier pmi --report - | base64' "$program"
echo "srun ended with $?, which says nothing about the parts; these do:"
for ((part = 0; part < SLURM_NTASKS; part++)); do
    sed -n "s/^ *$part: //p" "$results/stdout" | base64 --decode >"$results/part-$part.json"
done

./walrus-stress merge "$results"/part-*.json --expect "$SLURM_NTASKS" --output "$results/report.json"
merged=$?
# Best effort: a cancelled job has left its nodes already, and a dead one does not answer.
timeout 10 srun --quiet --no-kill rm -f "$program" "$program.toml" 2>/dev/null
exit $merged
