"""
Streams whose connections nginx holds.

A client's stream is handed to an nginx with the module Nchan, and what is said
on it is published there. Knows HTTP and ASGI; must not know what is said.
"""
