#!/bin/bash
# Makes a cluster of this machine: nodes.sh FOLDER COUNT, as root within network, mount, host name and process namespaces of its
# own. Each node is a process namespace whose death is the node's; the first node alone sees FOLDER/work, and each has a /tmp
# of its own. Slurm, munge and sshd run as they are installed.
set -eu
folder=$1 count=$2

mkdir -p "$folder"/{work,log,spool,state,ssh}
chmod 755 "$folder"
hostname control
ip link set lo up
ip link add name br0 type bridge
ip address add 10.0.0.1/24 dev br0
ip link set br0 up

{
    echo "127.0.0.1 localhost"
    echo "10.0.0.1 control"
    for ((n = 1; n <= count; n++)); do echo "10.0.0.1$n node$n"; done
} >"$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts

# Keys for this cluster alone, in place of root's own.
ssh-keygen -q -t ed25519 -N '' -f "$folder/ssh/id_ed25519"
ssh-keygen -q -t ed25519 -N '' -f "$folder/host_key"
cp "$folder/ssh/id_ed25519.pub" "$folder/ssh/authorized_keys"
printf '%s\n' 'Host *' ' StrictHostKeyChecking no' ' UserKnownHostsFile /dev/null' ' LogLevel ERROR' \
    ' ServerAliveInterval 2' ' ServerAliveCountMax 3' >"$folder/ssh/config"
chmod 700 "$folder/ssh"
chmod 600 "$folder"/ssh/*
mkdir -p /root/.ssh /run/sshd
mount --bind "$folder/ssh" /root/.ssh

head -c 128 /dev/urandom >"$folder/munge.key"
chmod 400 "$folder/munge.key"
munged --foreground --force --key-file "$folder/munge.key" --socket "$folder/munge.socket" \
    --pid-file "$folder/munged.pid" --log-file "$folder/log/munged" --seed-file "$folder/munge.seed" \
    </dev/null >"$folder/log/munged.output" 2>&1 &

cat >"$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=control(10.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/linear
ReturnToService=2
SlurmdTimeout=10
KillWait=10
MailProg=/bin/true
NodeName=node[1-$count] NodeAddr=10.0.0.1[1-$count] CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
END
export SLURM_CONF=$folder/slurm.conf
until [ -S "$folder/munge.socket" ]; do sleep 0.05; done
slurmctld -D </dev/null >"$folder/log/slurmctld" 2>&1 &

for ((n = 1; n <= count; n++)); do
    mkfifo "$folder/fifo$n"
    unshare --net --uts --mount --pid --fork --kill-child --mount-proc bash -c '
        read -r <"$1/fifo$2"
        hostname "node$2"
        ip link set lo up
        ip address add "10.0.0.1$2/24" dev eth0
        ip link set eth0 up
        mount -t tmpfs tmpfs /tmp
        [ "$2" = 1 ] || mount -t tmpfs tmpfs "$1/work"
        /usr/sbin/sshd -h "$1/host_key" -o PidFile=none -o StrictModes=no
        exec slurmd -D -N "node$2"' bash "$folder" "$n" </dev/null >"$folder/log/node$n" 2>&1 &
    node=$!
    echo "$node" >"$folder/node$n.pid"
    # The child of unshare is in the node's namespaces.
    until inside=$(pgrep -P "$node"); do sleep 0.05; done
    ip link add name "veth$n" type veth peer name eth0 netns "$inside"
    ip link set "veth$n" master br0 up
    echo ready >"$folder/fifo$n"
done
until timeout 5 sinfo --noheader --states=idle --format=%D 2>/dev/null | grep -qx "$count"; do sleep 0.1; done
echo "the nodes are up"
