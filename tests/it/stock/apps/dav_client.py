"""Files of Cells by WebDAV: prints what the server made of the login and each password or token."""

import sys

from webdav4.client import Client, HTTPError

endpoint, login, *secrets = sys.argv[1:]
for secret in secrets:
    client = Client(endpoint, auth=(login, secret), retry=False)
    try:
        names = [entry["name"] for entry in client.ls("/")]
        print("listed", *names)
    except HTTPError as error:
        print("refused", error.status_code)
