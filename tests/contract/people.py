"""Who calls: a person of the demo, or a machine client. Either gets a token as often as it takes."""

import threading
import time

import requests

from totp import totp

SECONDS = 60
# Access tokens live ten minutes.
FRESH = 300


class Caller:
    """One of `callers.json`, that `prepare.py` writes."""

    def __init__(self, base: str, known: dict) -> None:
        self.base = base
        self.known = known
        self.access: str | None = None
        self.refresh: str | None = None
        self.since = 0.0
        self.lock = threading.Lock()

    def token(self) -> str:
        """One that lets in: that of before, or a new one by the shortest way that is open."""
        with self.lock:
            if not self._still_good():
                self.access = self._anew()
                self.since = time.monotonic()
            return self.access

    def _anew(self) -> str:
        return self._by_credentials() if "client_id" in self.known else self._by_refresh() or self._by_password()

    def _still_good(self) -> bool:
        if self.access is None or time.monotonic() - self.since > FRESH:
            return False
        headers = {"Authorization": f"Bearer {self.access}"}
        # Whoever may not ask this is refused with 403.
        return requests.get(f"{self.base}/api/v1/me", headers=headers, timeout=SECONDS).status_code != 401

    def _by_credentials(self) -> str:
        given = (self.known["client_id"], self.known["client_secret"])
        form = {"grant_type": "client_credentials"}
        return self._taken(requests.post(f"{self.base}/oauth/token", data=form, auth=given, timeout=SECONDS), 200)

    def _by_refresh(self) -> str | None:
        if self.refresh is None:
            return None
        body = {"refresh_token": self.refresh}
        answer = requests.post(f"{self.base}/api/v1/sessions/refresh", json=body, timeout=SECONDS)
        # What is called may end the session of whoever calls it: then that one signs in anew.
        return None if answer.status_code == 401 else self._taken(answer, 200)

    def _by_password(self) -> str:
        body = {"username": self.known["username"], "password": self.known["password"]}
        if self.known.get("recovery_codes"):
            body["totp"] = self.known["recovery_codes"].pop()
        elif self.known["totp_secret"] is not None:
            # A code is good once, so this is at the beginning of the next step.
            time.sleep(30 - time.time() % 30)
            body["totp"] = totp(self.known["totp_secret"])
        return self._taken(requests.post(f"{self.base}/api/v1/sessions", json=body, timeout=SECONDS), 201)

    def _taken(self, answer: requests.Response, status: int) -> str:
        if answer.status_code != status:
            raise RuntimeError(f"no token: {answer.status_code} {answer.text}")
        told = answer.json()
        self.refresh = told.get("refresh_token")
        return told["access_token"]
