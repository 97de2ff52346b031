"""`make demo`: a hundred days of three accounts in a hundred seconds, and the promises checked from outside."""
