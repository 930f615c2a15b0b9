"""What a compiled graph can become beside a Python object."""
