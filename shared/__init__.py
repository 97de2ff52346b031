"""The application: everything that a trigger or the command line calls. Observe, decide, perform, announce."""
