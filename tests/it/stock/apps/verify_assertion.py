"""An application that checks who asks, with joserfc and nothing but the key set of its issuer.

    verify_assertion.py JWKS_URI ISSUER AUDIENCE ASSERTION...
"""

import json
import sys
import urllib.request

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

jwks_uri, issuer, audience, *assertions = sys.argv[1:]
with urllib.request.urlopen(jwks_uri) as answer:
    keys = KeySet.import_key_set(json.load(answer))
checks = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": audience},
    exp={"essential": True},
    iat={"essential": True},
    sub={"essential": True},
)
for assertion in assertions:
    try:
        token = jwt.decode(assertion, keys, algorithms=["ES256"])
        if token.header.get("typ") != "cellgate-assertion+jwt":
            raise ValueError("typ")
        checks.validate(token.claims)
        print("accepted", token.claims["sub"], token.claims.get("email"))
    except (JoseError, ValueError) as error:
        print("refused", type(error).__name__, error)
