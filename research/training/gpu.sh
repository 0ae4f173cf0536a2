#!/usr/bin/env bash
# Trains the embedded model on one CUDA GPU for at most MINUTES (8.5 without the start), and goes on where it was.
#   OUT      folder for what is kept: state-* (research/training/portable.py, 60 MiB at most, in files of 15 MiB), the log, and at the end
#            evaluation.json and sheet.png
#   IN       folder with an earlier OUT's state-*, to go on from on another machine
#   WORK     scratch folder; a second call on the same machine goes on from it exactly (default: /tmp/latentdial-world)
#   PYTHON   the interpreter that has torch, or can install it (default: python3)
# Exit status: 0 trained to the end (and examined, where time was left), 75 call again.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${OUT:?set OUT to the folder for the checkpoint}"
work=${WORK:-/tmp/latentdial-world} python=${PYTHON:-python3} minutes=${MINUTES:-8.5}
mkdir -p "$OUT" "$work"

# Wheels in .whl (for a machine without a package registry) come first, then PyPI.
for package in torch diffusers transformers safetensors numpy PIL; do
  "$python" -c "import $package" 2>/dev/null && continue
  wanted=${package/PIL/pillow}
  "$python" -m pip install -q --find-links .whl --no-index "$wanted" 2>/dev/null || "$python" -m pip install -q "$wanted" ||
    { echo "$wanted is neither installed nor to be had from .whl or PyPI" >&2; exit 2; }
done
"$python" -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else "torch sees no CUDA device: use python -m research.training for a CPU")'

if [[ -n ${IN:-} && ! -e $work/denoiser.pt && ! -e $work/vae ]]; then
  "$python" -m research.training.portable unpack "$IN" --work "$work"
fi
# What was reached is kept every two minutes, in case the machine goes away.
(while sleep 120; do "$python" -m research.training.portable pack "$OUT" --work "$work" --threads 1 >/dev/null 2>&1 || true; done) &
keeper=$!
trap 'kill $keeper 2>/dev/null || true' EXIT

status=0
PYTHONUNBUFFERED=1 "$python" -m research.training --resume --work "$work" --out "$work/model" --no-examination --minutes "$minutes" "$@" 2>&1 |
  tee -a "$OUT/log" || status=${PIPESTATUS[0]}
kill $keeper 2>/dev/null || true
"$python" -m research.training.portable pack "$OUT" --work "$work" | tee -a "$OUT/log"
[[ $status == 0 ]] || exit "$status"

if ((SECONDS + 100 > $("$python" -c "print(round($minutes * 60))"))); then
  echo "trained; no time for the examination: call again" && exit 0
fi
"$python" -m research.training.sample --model "$work/model" --out "$OUT/sheet.png" || true
"$python" -m research.training.evaluate --work "$work" --model "$work/model" --out "$OUT/evaluation.json" 2>&1 | tee -a "$OUT/log"
