"""The containers, tried by a real Docker engine on this machine: `make test-containers`."""
