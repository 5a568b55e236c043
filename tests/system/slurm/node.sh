#!/usr/bin/env bash
# One-node Slurm for tests, as root, without systemd, cgroups and accounting: node.sh install | up DIR | down DIR
# All that it writes lies under DIR, but for the link /etc/slurm/slurm.conf; `down` stops what `up` started, by its id.
set -euo pipefail

install() {
  command -v slurmctld slurmd srun munged > /dev/null && return
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge > /dev/null
}

up() {
  local dir=$1 host; host=$(hostname -s)
  mkdir -p "$dir"/{state,spool,log,run} /etc/slurm
  chmod 755 "$dir" "$dir/run"
  [ -s "$dir/munge.key" ] || (umask 277; head -c 1024 /dev/urandom > "$dir/munge.key")
  [ -e "$dir/run/gpu0" ] || mknod "$dir/run/gpu0" c 1 3  # what stands in for a GPU: a /dev/null of its own
  echo "NodeName=$host Name=gpu File=$dir/run/gpu0" > "$dir/gres.conf"
  # The node claims more than the machine has (config_overrides), so that the profile's requests fit everywhere.
  # A requeued job waits until the credential of its first start has expired: 5 seconds here, 2 minutes by default.
  cat > "$dir/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
SwitchType=switch/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=0
MinJobAge=3600
KillWait=15
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=128000 Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes=$host Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$host MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=$host PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
CONF
  if [ -e /etc/slurm/slurm.conf ] && [ "$(readlink /etc/slurm/slurm.conf)" != "$dir/slurm.conf" ]; then
    echo "/etc/slurm/slurm.conf belongs to another Slurm; it is left alone" >&2
    return 1
  fi
  ln -sfn "$dir/slurm.conf" /etc/slurm/slurm.conf  # job steps are started without SLURM_CONF and look there
  export SLURM_CONF=$dir/slurm.conf
  munged --force --key-file="$dir/munge.key" --socket="$dir/run/munge.sock" --pid-file="$dir/run/munged.pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/run/munge.seed" --num-threads=2
  slurmctld -i -f "$dir/slurm.conf"
  slurmd -f "$dir/slurm.conf"
  for _ in $(seq 300); do
    [ "$(sinfo -h -p gpu -o %T 2> /dev/null)" = idle ] && return
    sleep 0.1
  done
  tail -n 5 "$dir"/log/*.log >&2
  return 1
}

down() {
  local dir=$1 name pid
  export SLURM_CONF=$dir/slurm.conf
  if [ -f "$dir/run/slurmctld.pid" ] && timeout 10 scancel --user=root; then
    for _ in $(seq 300); do [ -n "$(timeout 10 squeue -h)" ] || break; sleep 0.1; done  # steps end before their daemon
  fi
  for name in slurmd slurmctld munged; do
    [ -f "$dir/run/$name.pid" ] || continue
    pid=$(cat "$dir/run/$name.pid")
    [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = "$name" ] || continue
    kill "$pid"
    for _ in $(seq 100); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2> /dev/null || true
  done
  [ "$(readlink /etc/slurm/slurm.conf)" != "$dir/slurm.conf" ] || rm -f /etc/slurm/slurm.conf
}

"$1" ${2:+"$(readlink -m "$2")"}
