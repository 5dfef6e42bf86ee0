"""Cells' events by a stock WebSocket library: says by a message who it is, as the pages of Cells do.

Prints what each subscription brought, one line for each: the event, or the status and text of the close.
"""

import json
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

url, *tokens = sys.argv[1:]
for token in tokens:
    # The library offers compression, as browsers do.
    with connect(url) as socket:
        message = json.dumps({"@type": "subscribe", "jwt": token})
        try:
            # In fragments, with a ping in between.
            def fragments():
                yield message[:20]
                socket.ping()
                yield message[20:]

            socket.send(fragments())
            print(socket.recv(timeout=20))
            socket.ping().wait(20)
        except ConnectionClosed as closed:
            print(json.dumps({"closed": closed.rcvd.code, "text": closed.rcvd.reason}))
