"""Long random lives: many targets, faults at random, the promises checked before and after every call."""
