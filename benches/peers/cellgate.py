"""Cellgate: one process that checks tokens, and one that does not for the plain workload."""
import json

NAME = "cellgate"
WORKLOADS = ("plain", "hot", "many", "bad")
NOTES = """bearer tokens verified by signature once and remembered by digest; issuer's keys from a file
Checks signature, typ, crit, iss, aud, exp, nbf and iat; 401 with WWW-Authenticate. Verified tokens: 100,000 remembered (the
default). Sets X-Auth-Request-*, X-Forwarded-* and X-Request-Id, removes what the client sent under these names. Routes do
not match by listener, so `plain` is a second process with the same file but an anonymous route; it idles meanwhile.
Departures from the defaults: the access log is off, and so is the limit of failed tokens per address (one address sends all
the load). Needs --opt cellgate.bin=PATH."""


def version(ctx):
    return ctx.output(ctx.binary("cellgate"), "--version")


def configuration(ctx, port, authentication):
    """One gateway on `port` in front of the origin. JSON is YAML."""
    route = {"name": "all", "path": "/", "upstream": "origin", "authentication": authentication}
    configuration = {
        "listeners": [{"name": "edge", "address": f"127.0.0.1:{port}"}],
        "server": {"threads": ctx.workers},
        "log": {"access": False, "filter": "warn"},
        "limits": {"token_failures_per_minute": 1_000_000, "connections_per_address": 10_000},
        "trusted_issuers": [{
            "issuer": ctx.issuer,
            "jwks_file": str(ctx.fixture("jwks.json")),
            "algorithms": ["RS256", "ES256"],
            # The harness's tokens are plain JWTs, not `at+jwt`.
            "types": ["JWT", "at+jwt", ""],
        }],
        "upstreams": [{"name": "origin", "servers": [str(ctx.origin)]}],
        "routes": [route],
    }
    if authentication == "required":
        route["audience"] = [ctx.audience]
    return ctx.write(f"cellgate-{authentication}.yaml", json.dumps(configuration, indent=1))


def prepare(ctx):
    binary = ctx.binary("cellgate")
    guarded = configuration(ctx, ctx.port, "required")
    plain = configuration(ctx, ctx.plain_port, "anonymous")
    return [
        {"argv": [binary, "run", "--config", str(guarded)]},
        {"argv": [binary, "run", "--config", str(plain)]},
    ]
