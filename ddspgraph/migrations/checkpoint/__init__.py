"""Checkpoints of magenta/ddsp's trainer: what is in them (`tracked`), and which weight of a graph each is (`match`)."""
