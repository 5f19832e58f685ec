"""A CGI program: Python starts for each request, reads it from its environment and standard input, and ends."""

import os
import platform
import sys
from datetime import datetime, timezone
from urllib.parse import parse_qs


def respond(status, text):
    print(f"Status: {status}\nContent-Type: text/plain; charset=utf-8\n\n{text}")


path = os.environ.get("PATH_INFO", "/")
if path in ("", "/"):
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    respond("200 OK", f"Hello from Python {platform.python_version()}: it is {now}")
elif path == "/sum":
    values = parse_qs(os.environ.get("QUERY_STRING", "")).get("n", [])
    respond("200 OK", f"{' + '.join(values)} = {sum(float(value) for value in values):g}")
elif path == "/upper":
    respond("200 OK", sys.stdin.read().upper())
else:
    respond("404 Not Found", "There are /, /sum?n=1&n=2 and /upper (POST)")
