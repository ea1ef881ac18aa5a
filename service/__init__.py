"""The doors: photos come in by HTTP, are restored, and go out; one at a time or by the archive."""
