#!/bin/bash
# Runs job.yaml with ../plan.toml, and merges: an indexed Job has no last step of its own. The exit code is
# that of `merge`, so that this script can be the last step of a pipeline. Needs kubectl and walrus-stress here.
set -u
cd "$(dirname "$0")" || exit
parts=$(sed -n 's/^ *completions: //p' job.yaml)
lead=${LEAD_SECONDS:-120}

# The time must leave every pod enough to be scheduled, and its image to be pulled. A part that misses it fails.
start=$(date -u -d "+$lead seconds" +%Y-%m-%dT%H:%M:%SZ)
kubectl delete job walrus-stress --ignore-not-found --wait
kubectl create configmap walrus-stress --from-file=../plan.toml --from-literal=start-at="$start" \
    --dry-run=client --output=yaml | kubectl apply --filename - || exit
kubectl apply --filename job.yaml || exit

until kubectl get job walrus-stress --output jsonpath='{.status.conditions[*].type}' | grep -qE 'Complete|Failed'; do
    sleep 5
done

results=results-$(kubectl get job walrus-stress --output jsonpath='{.metadata.uid}')
mkdir -p "$results"
for ((part = 0; part < parts; part++)); do
    # A log has both streams of a pod: merge finds the report between the lines.
    kubectl logs --tail=-1 --selector \
        "batch.kubernetes.io/job-name=walrus-stress,batch.kubernetes.io/job-completion-index=$part" >"$results/part-$part.log"
done
walrus-stress merge "$results"/part-*.log --expect "$parts" --output "$results/report.json"
