"""From checkpoints to what is served: self-describing ONNX files and a Triton model repository."""
