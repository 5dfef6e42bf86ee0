"""Makes pyjwt.json: access tokens and their JWK Set by another implementation.

    pip install pyjwt cryptography
    python make_tokens.py > pyjwt.json

The private keys are thrown away; each run makes new ones.
"""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

ISSUED_AT = 1767225600  # 2026-01-01
EXPIRES_AT = 2082758400  # 2036-01-01

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "RS256": RSA,
    "RS512": RSA,
    "PS256": RSA,
    "PS384": RSA,
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def main():
    algorithms = get_default_algorithms()
    keys, tokens = [], {}
    for name, key in KEYS.items():
        jwk = json.loads(algorithms[name].to_jwk(key.public_key()))
        jwk.pop("key_ops", None)
        jwk.update(kid=name.lower(), use="sig", alg=name)
        keys.append(jwk)
        claims = {
            "iss": "https://issuer.example",
            "sub": "alice",
            "aud": ["api", "files"],
            "client_id": "reports",
            "scope": "read write",
            "jti": "4f6a",
            "iat": ISSUED_AT,
            "nbf": ISSUED_AT,
            "exp": EXPIRES_AT,
            "groups": ["staff", "zo\u00eb"],
        }
        headers = {"typ": "at+jwt", "kid": name.lower()}
        tokens[name] = jwt.encode(claims, key, algorithm=name, headers=headers)
    print(json.dumps({"jwks": {"keys": keys}, "tokens": tokens}, indent=2))


main()
