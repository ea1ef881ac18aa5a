"""Networks that estimate the clean image: `compact` (ours, for CPUs too), `adm` (the authors')."""
