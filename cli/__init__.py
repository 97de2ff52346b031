"""The terminal's door: the same settings, the same looks and the same decisions as the triggers, without HTTP."""
