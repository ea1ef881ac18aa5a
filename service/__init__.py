"""The doors: photos come in by HTTP, are restored, and go out; one at a time or by the archive."""

import os

# ONNX Runtime's builds for Linux tell their maker which networks run here, unless they find this
# when they are loaded: before any module of ours loads them.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
