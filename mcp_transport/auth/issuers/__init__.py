"""
Tokens of other authorization servers: Keycloak's, Entra's, whoever's the site names.

Knows what an issuer says of a token, and which user of the site that is; must
not know how issuers let people in, nor send a token anywhere but back to its issuer.
"""

from __future__ import annotations
