#!/usr/bin/env bash
# A virtual environment with a real Triton: tritonserver and its Python backend, from NVIDIA's
# pytriton wheel. Its own, since the backend needs numpy 1 and the service runs on numpy 2.
# ONNX Runtime is the service's version, so that both engines give the same pixels.
#
#   deploy/triton/install.sh [FOLDER]      default: $RIALTO_CACHE/triton-venv, ~/.cache/rialto/…
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:-${RIALTO_CACHE:-$HOME/.cache/rialto}/triton-venv}"
runtime="$(grep '^onnxruntime==' "$here/../../constraints.txt")"
wanted="nvidia-pytriton==0.7.0 numpy==1.26.4 $runtime"

[ "$(cat "$folder/installed" 2>/dev/null)" = "$wanted" ] && exit 0

# numpy 1.26 and the wheel's stubs meet on Python 3.9 to 3.12.
for python in "${PYTHON:-python3}" python3.12 python3.11 python3.10; do
  "$python" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info < (3, 13))' 2>/dev/null && break
  python=""
done
[ -n "$python" ] || { echo "install.sh: Triton's models need Python 3.9 to 3.12" >&2; exit 1; }

"$python" -m venv --clear "$folder"
pip=("$folder/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" numpy==1.26.4 "$runtime"
"${pip[@]}" --no-deps nvidia-pytriton==0.7.0  # a box of binaries: its Python is never imported
# This one release ships NVIDIA's perf_analyzer, for benchmarks/triton.py; nothing imports it.
"${pip[@]}" --no-deps tritonclient==2.49.0
echo "$wanted" >"$folder/installed"
