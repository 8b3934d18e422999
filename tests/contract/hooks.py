"""What the runs add to the tool: who calls, and what was answered."""

import atexit
import collections
import json
import os
from pathlib import Path

import schemathesis
from schemathesis import AuthContext, Case, HookContext, Response

from people import Caller

folder = Path(os.environ["CONTRACT_FOLDER"])
callers = json.loads((folder.parent / "callers.json").read_text())
caller = Caller(os.environ["CONTRACT_URL"], callers[folder.name])
answers: collections.Counter[tuple[str, int]] = collections.Counter()


@schemathesis.auth()
class Token:
    """Asked for again whenever an answer is 401: some operations end the session of whoever calls them."""

    def get(self, case: Case, context: AuthContext) -> str:
        return caller.token()

    def set(self, case: Case, token: str, context: AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict) -> None:
    # One of two headers is required of a PUT, which a document cannot say: who gives neither means something new.
    asked = {parameter.name for parameter in case.operation.headers}
    if "If-None-Match" in asked and not {"If-Match", "If-None-Match"} & set(case.headers):
        case.headers["If-None-Match"] = "*"


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    if response.request.method == case.operation.method.upper():
        answers[case.operation.label, response.status_code] += 1


@atexit.register
def note() -> None:
    lines = [f"{label}\t{status}\t{count}\n" for (label, status), count in sorted(answers.items())]
    (folder / "answers").write_text("".join(lines))
