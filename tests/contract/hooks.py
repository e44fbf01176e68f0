"""What schemathesis has to be told: who asks what, and of JSON what JSON Schema does not know."""

import json
import os
import urllib.request

import schemathesis

URL, KEY, BAIDU = os.environ["KAQUAN_URL"], os.environ["KAQUAN_KEY"], os.environ["BAIDU_URL"]
OWN_KEY = os.environ["KAQUAN_KEY_ID"]
APP_KEY, APP_SECRET = "sim-app-key", "SimAppSecret00000000000000000001"
LOGIN, PASSWORD = "contract", "what nobody would think of"
# Calls log people out, and change what logins need: all sessions are opened before the first of them.
SESSIONS = 20


def post(url, body):
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def app():
    """The app that Baidu's simulator knows; somebody else may have made it before."""
    request = urllib.request.Request(f"{URL}/v1/admin/apps", headers={"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as reply:
        there = [app["id"] for app in json.load(reply)["data"] if app["app_key"] == APP_KEY]
    settings = {"open_api_url": BAIDU, "session_api_url": BAIDU}
    new = {"platform": "baidu", "app_key": APP_KEY, "name": "商城", "secret": APP_SECRET, "settings": settings}
    return there[0] if there else post(f"{URL}/v1/admin/apps", new)["id"]


def holders():
    shop = app()
    for number in range(1, SESSIONS + 1):
        code = post(f"{BAIDU}/_sim/login_code", {"app_key": APP_KEY, "open_id": f"open-{number}"})["code"]
        yield post(f"{URL}/v1/mini/sessions", {"app_id": shop, "code": code})["token"]


def operators():
    post(f"{URL}/v1/admin/operators", {"login": LOGIN, "name": "契约", "role": "owner", "password": PASSWORD})
    for _ in range(SESSIONS):
        yield post(f"{URL}/v1/admin/sessions", {"login": LOGIN, "password": PASSWORD})["token"]


TOKENS = {"session": list(holders()), "operator": list(operators()), "key": [KEY]}


def caller(context):
    """What shows who asks, as the operation wants it."""
    schemes = {name for scheme in context.operation.definition.raw.get("security", []) for name in scheme}
    return next((name for name in ("session", "key", "operator") if name in schemes), "key")


@schemathesis.auth(cache_by_key=lambda case, context: caller(context))
class Caller:
    """Whoever was logged out comes back as somebody else."""

    def get(self, case, context):
        tokens = TOKENS[caller(context)]
        return tokens.pop(0) if len(tokens) > 1 else tokens[0]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def plain(value):
    """For JSON Schema 2.0 is a whole number, and for readers of whole numbers it is none: nobody writes it so."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    case.body = plain(case.body)
    if case.path_parameters.get("key") == OWN_KEY:
        # Whoever gives up the key that they ask with is told nothing more.
        case.path_parameters["key"] = "key_" + "0" * 32
