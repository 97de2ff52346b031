"""The consumers of the load proof: one program for each kind of client, each with the code of its language's sample."""
