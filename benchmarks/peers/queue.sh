#!/bin/sh
# Installs the queues that Rialto's is measured against, in a virtual environment of their own:
# into the folder given, or ${RIALTO_CACHE:-~/.cache/rialto}/peers-queue.
#
#   benchmarks/peers/queue.sh [FOLDER]        about 40 MB
set -eu

peers="${1:-${RIALTO_CACHE:-$HOME/.cache/rialto}/peers-queue}"
python="${PYTHON:-python3}"

mkdir -p "$peers"
[ -x "$peers/venv/bin/python" ] || "$python" -m venv "$peers/venv"
"$peers/venv/bin/pip" install --quiet --disable-pip-version-check \
  streaq==7.2.0 taskiq==0.13.0 taskiq-redis==1.2.4
echo "peers are in $peers"
