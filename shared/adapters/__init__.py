"""One file for each thing outside. Azure's own clients and exceptions live here and come no further in."""
