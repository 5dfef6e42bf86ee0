"""Calls of gRPC by the stock library, as Cells' desktop clients make them: the token is in the metadata.

Prints what came of each call, one line for each: the texts of its messages, or the code of its error.
"""

import sys

import grpc

target, authority, *tokens = sys.argv[1:]
with open(authority, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())


def text(message):
    """A message is one text in its first field."""
    assert message[0] == 0x0A and message[1] == len(message) - 2, message
    return message[2:].decode()


with grpc.secure_channel(target, credentials) as channel:
    one = channel.unary_unary("/tree.NodeProvider/ReadNode", response_deserializer=text)
    many = channel.unary_stream("/tree.NodeProvider/ListNodes", response_deserializer=text)
    upload = channel.stream_unary("/tree.NodeReceiver/CreateNode", response_deserializer=text)
    for token in tokens:
        metadata = [("x-pydio-bearer", token)] if token else []
        for call, argument in (
            (one, b"\x0a\x01/"),
            (many, b"\x0a\x01/"),
            (upload, iter([b"\x0a\x01/"] * 50)),
        ):
            try:
                said = call(argument, metadata=metadata, timeout=20)
                print(said if isinstance(said, str) else "; ".join(said))
            except grpc.RpcError as error:
                print(error.code().name)
