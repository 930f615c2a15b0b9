"""Recordings and arrays in files: read with suspicion, written whole or not at all."""
