"""A program of others: it gets tokens, verifies them with the published keys and calls the API until it is told to stop.

oauthlib speaks OAuth, PyJWT verifies. The first refusal is the end.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import jwt
from oauthlib.oauth2 import BackendApplicationClient

SECONDS = 30
ISSUER = os.environ["ISSUER"]
INSTANCES = os.environ["INSTANCES"].split()
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
STOP = Path(os.environ["STOP"])


class Refused(Exception):
    """What the service answered instead."""


class Caller:
    """A client and what it saw."""

    def __init__(self) -> None:
        self.calls = 0
        self.kids: set[str] = set()
        self.metadata = self.ask(f"{ISSUER}/.well-known/oauth-authorization-server")
        # RFC 8414, section 3.3.
        if self.metadata["issuer"] != ISSUER:
            raise Refused(f"issued by {self.metadata['issuer']}")
        self.keys = jwt.PyJWKClient(self.metadata["jwks_uri"], timeout=SECONDS)

    def ask(self, url: str, headers: dict | None = None, body: str | None = None) -> dict:
        request = urllib.request.Request(url, body.encode() if body else None, headers or {})
        self.calls += 1
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(f"{url}: {error.code} {error.read().decode()}") from None

    def token(self, instance: str, scope: str) -> BackendApplicationClient:
        """A new token, from this instance."""
        client = BackendApplicationClient(CLIENT_ID, scope=scope)
        endpoint = urllib.parse.urlsplit(self.metadata["token_endpoint"]).path
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"}
        told = self.ask(instance + endpoint, headers, client.prepare_request_body())
        client.parse_request_body_response(json.dumps(told))
        return client

    def verify(self, token: str) -> None:
        """As RFC 9068 asks: signature, issuer, audience, time, type."""
        key = self.keys.get_signing_key_from_jwt(token)
        required = ["iss", "aud", "exp", "iat", "sub", "jti", "client_id", "scope"]
        whole = jwt.decode_complete(
            token, key, algorithms=["ES256"], issuer=ISSUER, audience="tiendo", options={"require": required}
        )
        if whole["header"]["typ"] != "at+jwt" or whole["payload"]["client_id"] != CLIENT_ID:
            raise Refused(f"another kind of token: {whole}")
        self.kids.add(key.key_id)

    def refuses_a_forged_one(self, token: str) -> None:
        """What another signed is refused: that the verifier verifies at all."""
        signed, signature = token.rsplit(".", 1)
        other = "B" if signature[0] == "A" else "A"
        try:
            self.verify(f"{signed}.{other}{signature[1:]}")
        except jwt.InvalidSignatureError:
            return
        raise Refused("a forged token was taken")

    def get(self, instance: str, client: BackendApplicationClient, path: str) -> dict:
        url, headers, _ = client.add_token(f"{instance}/api/v1{path}", headers={"Accept-Language": "en"})
        return self.ask(url, headers)

    def work(self, instance: str, client: BackendApplicationClient, after: int) -> int:
        """What a data warehouse does: units, figures, results, and the changes since it asked last."""
        first = self.get(instance, client, "/units?limit=2&sort=name")
        cursor = urllib.parse.quote(first["page"]["next"])
        second = self.get(instance, client, f"/units?limit=2&sort=name&cursor={cursor}")
        if first["data"][0]["id"] == second["data"][0]["id"]:
            raise Refused("the second page is the first")
        indicator = self.get(instance, client, "/indicators?limit=1")["data"][0]["code"]
        if not self.get(instance, client, f"/indicators/{indicator}/results?year=2024")["data"]:
            raise Refused(f"{indicator} has no results")
        self.get(instance, client, "/indicator-values?limit=5")
        return self.get(instance, client, f"/changes?after={after}&limit=50")["last"]


def run() -> None:
    """Until it is told to stop: a new token each turn, and the very first one as long as it lives."""
    caller = Caller()
    oldest = caller.token(ISSUER, "units:read")
    caller.refuses_a_forged_one(oldest.access_token)
    turns = after = 0
    while turns < 3 or not STOP.exists():
        # One instance gives the token, another is shown it.
        giving, taking = (INSTANCES[(turns + more) % len(INSTANCES)] for more in (0, 1))
        client = caller.token(giving, "units:read indicators:read changes:read")
        caller.verify(client.access_token)
        after = caller.work(taking, client, after)
        caller.verify(oldest.access_token)
        caller.get(giving, oldest, "/units/SGD")
        turns += 1
        time.sleep(0.25)
    print(json.dumps({"turns": turns, "calls": caller.calls, "kids": sorted(caller.kids)}))


try:
    run()
except (Refused, jwt.PyJWTError) as error:
    sys.exit(f"refused: {error}")
