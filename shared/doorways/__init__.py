"""What stands behind each trigger, in plain data and without the Functions SDK.

`clockwork`: the timer and the queue. `people`: HTTP. `notices`: events that Azure sends. A trigger says who may come
in and hands on what it was given; here it is read, the conductor called, and the answer formed. Whatever fails is
named and logged once; nothing is half said.
"""
