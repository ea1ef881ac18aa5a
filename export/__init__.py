"""From checkpoints to what is served: self-describing ONNX files and a Triton model repository."""

import os

# ONNX Runtime's builds for Linux tell their maker which networks run here, unless they find this
# when they are loaded: before any module of ours loads them.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
