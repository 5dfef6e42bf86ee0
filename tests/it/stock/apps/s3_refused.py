"""A call to the files of Cells by boto3 with a secret that is not everybody's, and a URL signed with it.

Prints the status of each.
"""

import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, token, secret = sys.argv[1:]
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id=token,
    aws_secret_access_key=secret,
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
)
try:
    s3.get_object(Bucket="io", Key="x")
except ClientError as error:
    print(error.response["ResponseMetadata"]["HTTPStatusCode"])
try:
    urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": "io", "Key": "x"}))
except urllib.error.HTTPError as error:
    print(error.code)
