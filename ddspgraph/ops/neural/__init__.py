"""Networks: what turns features into controls, and controls into features."""
