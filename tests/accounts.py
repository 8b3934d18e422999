"""Makes, as an admin of the demo, the accounts that programs and front ends use, and prints them as settings of a shell.

    accounts.py BASE CREDENTIALS BACK
"""

import json
import shlex
import sys
import urllib.error
import urllib.request
from pathlib import Path

from totp import totp

base, credentials, back = sys.argv[1:]
people = {person["username"]: person for person in json.loads(Path(credentials).read_text())}


def post(path: str, body: dict, token: str | None = None) -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(f"{base}/api/v1{path}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{path}: {error.code} {error.read().decode()}")


admin = people["sgd.all"]
signing = {"username": "sgd.all", "password": admin["password"], "totp": totp(admin["totp_secret"])}
token = post("/sessions", signing)["access_token"]
scopes = ["units:read", "indicators:read", "changes:read", "indicator-values:write"]
client = post("/clients", {"name": "Kho dữ liệu của tỉnh", "unit": "SGD", "scopes": scopes}, token)
scopes = ["account:read", "units:read"]
app = {"type": "web", "name": "Ứng dụng điều hành", "unit": "SGD", "scopes": scopes, "redirect_uris": [back]}
invited = {"username": "mn.thuy", "full_name": "Đinh Thị Thuỷ", "unit": "MN-DB-001", "duties": ["editor"]}
settings = {
    "CLIENT_ID": client["client_id"],
    "CLIENT_SECRET": client["client_secret"],
    "APP_ID": post("/clients", app, token)["client_id"],
    "APP_BACK": back,
    "USERNAME": "pgd-db.editor",
    "PASSWORD": people["pgd-db.editor"]["password"],
    # Not the one above: a code is taken once, and its own was just used.
    "ADMIN_USERNAME": "pgd-db.all",
    "ADMIN_PASSWORD": people["pgd-db.all"]["password"],
    "ADMIN_TOTP_SECRET": people["pgd-db.all"]["totp_secret"],
    "INVITED_USERNAME": invited["username"],
    "INVITATION": post("/users", invited, token)["invitation"]["token"],
}
print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in settings.items()))
