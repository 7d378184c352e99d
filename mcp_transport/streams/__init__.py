"""
What is sent to a client beside plain answers: logged events and change hints.

Knows the event log and who listens in this process. Must not know what a
message means, nor over which transport it leaves.
"""
