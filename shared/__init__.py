"""The application: everything a trigger or the command line calls. Look, decide, do, tell."""
