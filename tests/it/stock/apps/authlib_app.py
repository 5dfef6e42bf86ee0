"""A Flask application that signs its users in with Authlib, as its documentation shows.

    python authlib_app.py METHOD ISSUER PORT API

Answers /sign-in, /callback, /refresh and /sign-out at 127.0.0.1:PORT; one user at a time. METHOD is
how it proves who it is: client_secret_basic, or private_key_jwt with a key of its own that it
publishes at /jwks.json.
"""

import sys
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from flask import Flask, jsonify, redirect
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

METHOD, ISSUER, PORT, API = sys.argv[1:]
HOME = f"http://127.0.0.1:{PORT}/"

KEY = ECKey.generate_key("P-256", {"kid": "the-application's", "use": "sig"})
CREDENTIALS = {
    "client_secret_basic": {"client_secret": "cells-demo-secret"},
    "private_key_jwt": {
        "client_secret": KEY,
        "client_auth_methods": [PrivateKeyJWT(alg="ES256", headers={"kid": KEY.kid})],
    },
}

app = Flask(__name__)
app.secret_key = "for the test's one user"
provider = OAuth(app).register(
    "cellgate",
    client_id="demo-service",
    **CREDENTIALS[METHOD],
    server_metadata_url=f"{ISSUER}.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile email offline_access demo.read",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": METHOD,
    },
)
token = {}


def report():
    user = provider.userinfo(token=token)
    answer = provider.get(API, token=token)
    return jsonify(
        sub=user["sub"],
        email=user["email"],
        api=answer.status_code,
        access_token=token["access_token"],
    )


@app.get("/jwks.json")
def jwks():
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.get("/sign-in")
def sign_in():
    return provider.authorize_redirect(HOME + "callback")


@app.get("/callback")
def callback():
    # Verifies state, nonce and the ID token's signature.
    token.update(provider.authorize_access_token())
    assert token["userinfo"]["sub"], token
    return report()


@app.get("/refresh")
def refresh():
    fresh = provider.fetch_access_token(
        grant_type="refresh_token", refresh_token=token["refresh_token"]
    )
    token.update(fresh)
    return report()


@app.get("/sign-out")
def sign_out():
    endpoint = provider.load_server_metadata()["end_session_endpoint"]
    query = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": HOME}
    return redirect(f"{endpoint}?{urlencode(query)}")


@app.get("/")
def home():
    return jsonify({})


# Threads: while a token request is under way the provider asks for the key.
server = make_server("127.0.0.1", int(PORT), app, threaded=True)
print(HOME, flush=True)
server.serve_forever()
