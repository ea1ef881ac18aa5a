"""One command each; every figure of docs/06-measurements names the command that made it."""
