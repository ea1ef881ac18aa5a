"""A Kubernetes deployment, and what builds its parts."""
