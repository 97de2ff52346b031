"""`make prove`: no history, crash, race or fault breaks a promise; at three depths, each with its figures."""
