"""Bytes ⇄ pixels: decode, encode, colour, metadata, provenance. libvips, in child processes."""
