"""Makes in the database of the demo what the runs need, and notes who calls and which ids each may name.

    prepare.py BASE CREDENTIALS DOCUMENT FOLDER CALLER…
"""

import itertools
import json
import sys
from pathlib import Path

import requests

from people import SECONDS, Caller
from totp import totp

base, credentials, document, folder = sys.argv[1], *map(Path, sys.argv[2:5])
callers = {person["username"]: person for person in json.loads(credentials.read_text())}

LISTS = {
    "user": "/users",
    "client": "/clients",
    "plan": "/plans",
    "assignment": "/assignments",
    "value": "/indicator-values",
    "form": "/report-forms",
    "round": "/reporting-rounds",
    "report": "/reports",
}


def call(method: str, path: str, token: str | None, *statuses: int, **more: object) -> dict:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = requests.request(method, f"{base}/api/v1{path}", headers=headers, timeout=SECONDS, **more)
    if answer.status_code not in statuses:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else {}


def signed_in(username: str) -> str:
    """Signs in. Who has a second factor gets a new one with recovery codes: a code of an app is good once in 30 seconds."""
    person = callers[username]
    body = {"username": username, "password": person["password"]}
    if person["totp_secret"] is None:
        return call("POST", "/sessions", None, 201, json=body)["access_token"]
    body["totp"] = totp(person["totp_secret"])
    token = call("POST", "/sessions", None, 201, json=body)["access_token"]
    call("DELETE", "/me/totp", token, 204, json={"password": person["password"]})
    person["totp_secret"] = call("POST", "/me/totp", token, 201)["secret"]
    code = totp(person["totp_secret"])
    person["recovery_codes"] = call("POST", "/me/totp/confirm", token, 200, json={"code": code})["recovery_codes"]
    return token


def ids(path: str, token: str) -> list[str]:
    """The ids of a list, where neighbours allow different things; none where the caller may not read it."""
    kinds: dict[tuple, list[str]] = {}
    for row in call("GET", f"{path}?limit=200", token, 200, 403).get("data", []):
        kinds.setdefault(tuple(row.get("actions", [])), []).append(row["id"])
    turns = itertools.zip_longest(*kinds.values())
    return [one for turn in turns for one in turn if one is not None]


def acting(action: str, unit: str, path: str, token: str) -> str:
    """One of a unit's own with which this may be done."""
    rows = call("GET", f"{path}?limit=200&unit={unit}", token, 200)["data"]
    return next(row["id"] for row in rows if action in row["actions"])


tokens = {username: signed_in(username) for username in ("sgd.all", "pgd-db.all", "mn-db-001.all")}
admin, district, school = tokens.values()

# With every scope that a machine account may have: the document says which.
schemes = json.loads(document.read_text())["components"]["securitySchemes"]
scopes = sorted(schemes["oauth2"]["flows"]["clientCredentials"]["scopes"])
made = call("POST", "/clients", admin, 201, json={"name": "Kho dữ liệu của tỉnh", "unit": "SGD", "scopes": scopes})
callers["client"] = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
tokens["client"] = Caller(base, callers["client"]).token()

# Of each unit's own: reports and plans that move, a file, and a later date that is asked. The department also has a round to come.
current = call("GET", "/reporting-rounds", admin, 200)["data"][0]
call("POST", "/reports", admin, 201, json={"round": current["id"], "unit": "SGD"})
accepted = acting("replace", "MN-DB-001", "/reports", school)
call("POST", f"/reports/{accepted}/replace", school, 201, json={"reason": "Số liệu sai"})
planned = {"code": "THU", "title_vi": "Đợt báo cáo thử", "title_en": "A trial round", "owes": {"within": "SGD"}}
planned |= {member: current[member]["code"] for member in ("period", "form")}
planned |= {"due_on": {"school": "2030-06-17", "district": "2030-06-20", "department": "2030-06-25"}}
call("POST", "/reporting-rounds", admin, 201, json=planned)
extensions, files = [], []
for unit, token in {"SGD": admin, "PGD-DB": district, "MN-DB-001": school}.items():
    plan = {"kind": "annual", "from_year": 2027, "to_year": 2027, "title": "Kế hoạch năm 2027"}
    call("POST", "/plans", token, 201, json=plan | {"unit": unit})
    assignment = acting("extend", unit, "/assignments", token)
    asked = {"due_on": "2030-12-31", "reason": "Chờ hướng dẫn"}
    extensions.append(call("POST", f"/assignments/{assignment}/extensions", token, 201, json=asked)["id"])
    file = {"file": ("danh-sach.csv", "STT,Họ tên\n1,Nguyễn Văn An\n", "text/csv")}
    files.append(call("POST", f"/assignments/{assignment}/evidence", token, 201, files=file)["id"])

# Half of what names something in a path is one of these: what the tool learns from answers alone seldom is, and 404 tells little.
everything = {name: ids(path, admin) for name, path in LISTS.items()} | {"extension": extensions, "evidence": files}
for username in sys.argv[5:]:
    token = tokens.get(username) or Caller(base, callers[username]).token()
    (folder / username).mkdir()
    for name, known in everything.items():
        own = ids(LISTS[name], token)[:20] if name in LISTS else []
        strange = [one for one in known if one not in own]
        lines = [f'"{one}"\n' for one in own + strange[:3]]
        (folder / username / f"{name}.dict").write_text("".join(lines))
(folder / "callers.json").write_text(json.dumps(callers))
