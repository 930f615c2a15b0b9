"""Edits of the text of a spec that leave its meaning: nodes into a sub-graph (`extract`), uses out of it (`inline`)."""
