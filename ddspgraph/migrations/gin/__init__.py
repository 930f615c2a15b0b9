"""Version 0: the gin files of magenta/ddsp, read as data."""
