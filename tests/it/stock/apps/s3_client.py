"""Files of Cells by boto3, as its documentation shows: the token is the key, the secret is everybody's.

Prints what the server made of each call, one line of JSON for each.
"""

import json
import sys
import urllib.request

import boto3
from botocore.config import Config

endpoint, token, secret = sys.argv[1:]
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id=token,
    aws_secret_access_key=secret,
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
)
key = "a folder/b+c~é.txt"

s3.put_object(Bucket="io", Key=key, Body=b"text" * 1000)
print(s3.get_object(Bucket="io", Key=key)["Body"].read().decode())
url = s3.generate_presigned_url("get_object", Params={"Bucket": "io", "Key": key}, ExpiresIn=60)
with urllib.request.urlopen(url) as answer:
    print(answer.read().decode())
try:
    urllib.request.urlopen(url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"))
    sys.exit("a URL that was not signed is taken")
except urllib.error.HTTPError as error:
    print(json.dumps({"status": error.code}))
