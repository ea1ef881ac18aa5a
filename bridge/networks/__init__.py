"""Networks that estimate the clean image: `compact` (ours, for CPUs and GPUs alike), `adm` (the paper's)."""
