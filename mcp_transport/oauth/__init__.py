"""
The site's own authorization server: users of the site let clients in by signing in.

Knows clients, consent, codes and the tokens that come of them; knows nothing
of messages and transports. Optional: an app of its own, which a site installs
beside ``oauth2_provider``. Of that it uses the table of clients and how they
authenticate; codes and tokens are kept here, so that neither the site's other
uses of it nor its settings can weaken them, nor the other way round.
"""

from __future__ import annotations
