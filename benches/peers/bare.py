"""`examples/bare_pingora.rs`: what forwarding costs without looking at the token."""

NAME = "bare"
WORKLOADS = ("plain", "hot", "many")
NOTES = """the plainest Pingora proxy; it forwards the tokens of hot and many unread, so that a row of Cellgate's can be
compared with one that carried the same bytes
Needs --opt bare.bin=PATH, the example of this repository built in release."""


def version(ctx):
    return "examples/bare_pingora.rs"


def prepare(ctx):
    ctx.option("bare.bin")
    binary = ctx.binary("bare")
    return [
        {
            "argv": [binary, "--listen", f"127.0.0.1:{port}", "--origin", ctx.origin, "--threads", ctx.workers],
            "wait_port": port,
        }
        for port in (ctx.port, ctx.plain_port)
    ]
