#!/bin/bash
# A batch as a SLURM array: every task does its part of the corpus into the same folder.
#
#   sbatch examples/slurm-array.sh /data/videos /data/out
#
# Submitting it again goes on with whatever was not done, also after a time limit: SLURM sends
# SIGTERM first, and long videos go on where they stopped.
#SBATCH --job-name=prosopon
#SBATCH --array=1-16
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=1G
#SBATCH --time=08:00:00
#SBATCH --signal=TERM@60
#SBATCH --output=prosopon-%A-%a.log
set -euo pipefail

corpus=${1:?usage: sbatch slurm-array.sh CORPUS OUT}
out=${2:?usage: sbatch slurm-array.sh CORPUS OUT}
export OMP_NUM_THREADS=1

# srun hands signals on; the number of workers is that of the cores given to the task.
srun prosopon batch "$corpus" -o "$out" --resume \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --workers "$SLURM_CPUS_PER_TASK"
