"""Cellgate as a gateway for a foreign issuer with a static JWKS."""
import json

NAME = "cellgate"
WORKLOADS = ("plain", "hot", "many", "bad")
NOTES = """release build, access log off, verified tokens remembered (its default cache of 100,000)
Checks signature, alg, typ, iss, aud, exp, nbf, iat and sub; on a cache hit exp and nbf again, and the route's policy
each time. Its own limit of failed verifications for each address is raised out of the way. One process listens with
authentication and one without, each with all workers; only one of them is loaded at a time.
Needs --opt cellgate.bin=PATH unless cellgate is on PATH."""


def version(ctx):
    return ctx.output(ctx.binary("cellgate"), "--version")


def config(ctx, port, route):
    """A whole configuration; JSON is YAML."""
    jwks = ctx.write("jwks.json", ctx.jwks)
    return json.dumps({
        "listeners": [{"name": "edge", "address": f"127.0.0.1:{port}"}],
        "server": {"threads": int(ctx.workers)},
        "log": {"filter": "error", "access": False},
        "limits": {
            "keepalive_s": 3600,
            "connections": 8192,
            "connections_per_address": 8192,
            "token_failures_per_minute": 1_000_000,
        },
        "trusted_issuers": [{
            "issuer": ctx.issuer,
            "jwks_file": str(jwks),
            "algorithms": ["RS256", "ES256"],
            "types": ["at+jwt", "JWT", ""],
        }],
        "upstreams": [{"name": "origin", "servers": [f"http://{ctx.origin}"], "idle_timeout_s": 3600}],
        "routes": [{"name": "all", "path": "/", "upstream": "origin", **route}],
    }, indent=1)


def prepare(ctx):
    binary = ctx.binary("cellgate")
    required = {
        "authentication": "required",
        "issuers": [ctx.issuer],
        "audience": [ctx.audience],
        "token": "pass",
    }
    checked = ctx.write("checked.yaml", config(ctx, ctx.port, required))
    plain = ctx.write("plain.yaml", config(ctx, ctx.plain_port, {"authentication": "anonymous"}))
    return [
        {"argv": [binary, "run", "--config", checked], "wait_port": ctx.port},
        {"argv": [binary, "run", "--config", plain], "wait_port": ctx.plain_port},
    ]
