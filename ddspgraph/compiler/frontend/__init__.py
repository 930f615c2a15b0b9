"""From text to a checked graph: reading, validation, building."""
