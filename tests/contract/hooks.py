"""What schemathesis has to be told: who asks, of what there is something, and of JSON what its schemas do not know."""

import json
import os
import random
import re
import urllib.request
import uuid

import schemathesis

URL, KEY, BAIDU = os.environ["KAQUAN_URL"], os.environ["KAQUAN_KEY"], os.environ["BAIDU_URL"]
OWN_KEY = os.environ["KAQUAN_KEY_ID"]
APP_KEY, APP_SECRET = "sim-app-key", "SimAppSecret00000000000000000001"
LOGIN, PASSWORD = "contract", "what nobody would think of"
# Calls log people out, and change what logins need: all sessions are opened before the first of them.
SESSIONS = 20
CHANCE = random.Random(20261111)
ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")


def post(url, body, token=KEY):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    headers["idempotency-key"] = uuid.uuid4().hex
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def app():
    """The app that Baidu's simulator knows; somebody else may have made it before."""
    apps = json.loads(shown("/v1/admin/apps"))["data"]
    there = [app["id"] for app in apps if app["app_key"] == APP_KEY]
    settings = {"open_api_url": BAIDU, "session_api_url": BAIDU}
    new = {"platform": "baidu", "app_key": APP_KEY, "name": "商城", "secret": APP_SECRET, "settings": settings}
    return there[0] if there else post(f"{URL}/v1/admin/apps", new)["id"]


def shown(path):
    request = urllib.request.Request(URL + path, headers={"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as reply:
        return reply.read().decode()


def placement():
    """An offer that everybody may claim, often."""
    terms = {
        **{"title": "满 30 减 5", "kind": "cash", "benefit": {"type": "amount", "off_fen": 500}},
        **{"threshold": {"type": "none"}, "validity": {"type": "after_claim", "days": 7}, "per_person_limit": 99},
        **{"claim_from": "2026-01-01T00:00:00Z", "claim_until": "2036-01-01T00:00:00Z"},
        "texts": {"description": "全场通用", "introduction": "下单时选用，一单一张。"},
    }
    template = post(f"{URL}/v1/admin/templates", terms)["id"]
    placement = post(f"{URL}/v1/admin/placements", {"app_id": APP, "template_id": template})["id"]
    stock = {"name": f"stock-{placement}", "way": "claim", "amount": 10_000}
    post(f"{URL}/v1/admin/placements/{placement}/stock-additions", stock)
    return placement


def session():
    code = post(f"{BAIDU}/_sim/login_code", {"app_key": APP_KEY, "open_id": "open-1"})["code"]
    return post(f"{URL}/v1/mini/sessions", {"app_id": APP, "code": code})["token"]


def operators():
    post(f"{URL}/v1/admin/operators", {"login": LOGIN, "name": "契约", "role": "owner", "password": PASSWORD})
    for _ in range(SESSIONS):
        yield post(f"{URL}/v1/admin/sessions", {"login": LOGIN, "password": PASSWORD})["token"]


APP = app()
HOLDERS = [session() for _ in range(SESSIONS)]
OFFER = placement()
OWN = [post(f"{URL}/v1/mini/claims", {"placement_id": OFFER}, HOLDERS[0]) for _ in range(10)]
TOKENS = {"session": HOLDERS, "operator": list(operators()), "key": [KEY]}


def there():
    """Ids of what there is, by their beginnings, and codes of coupons."""
    lists = ("apps", "templates", "placements", "deliveries", "reconciliations", "operators", "webhook-endpoints")
    texts = [shown(f"/v1/admin/{name}") for name in lists] + [shown("/v1/admin/exports/coupons?format=json")]
    found = {"plc_": ids(texts[2:3], "plc_"), "cpn_": ids(texts, "cpn_")}
    texts += [shown(f"/v1/admin/placements/{placement}/banners") for placement in found["plc_"]]
    texts += [shown(f"/v1/admin/coupons/{coupon}/events") for coupon in found["cpn_"]]
    found |= {kind: ids(texts, kind) for kind in ("tpl_", "dlv_", "rcn_", "opr_", "ban_", "rdm_")}
    # An endpoint for webhooks has an id like an app's, and is none to those who ask for apps.
    found["app_"] = ids(texts[:1], "app_")
    good = [ids([shown(f"/v1/admin/exports/coupons?format=json&state={state}")], "cpn_") for state in ("usable", "used")]
    return found, [json.loads(shown(f"/v1/coupons/{coupon}"))["code"] for coupon in sum(good, [])]


def ids(texts, kind):
    return list(dict.fromkeys(match for text in texts for match in ID.findall(text) if match.startswith(kind)))


THERE, CODES = there()
# What people reach: their own.
MINE = {"cpn_": [coupon["id"] for coupon in OWN], "plc_": [OFFER]}, [coupon["code"] for coupon in OWN]


def meant(value, known, name=None):
    """Nobody has an id that is made up, so that half of them are made to mean something."""
    if isinstance(value, list):
        return [meant(item, known) for item in value]
    if isinstance(value, dict):
        return {name: meant(item, known, name) for name, item in value.items()}
    if not isinstance(value, str):
        return value
    ids, codes = known
    names = ids.get(value[:4]) if ID.fullmatch(value) else codes if name == "code" and value else None
    return CHANCE.choice(names) if names and CHANCE.random() < 0.5 else value


def caller(context):
    """What shows who asks, as the operation wants it."""
    schemes = {name for scheme in context.operation.definition.raw.get("security", []) for name in scheme}
    return next((name for name in ("session", "key", "operator") if name in schemes), "key")


@schemathesis.auth(cache_by_key=lambda case, context: caller(context))
class Caller:
    """Whoever was logged out comes back with another session."""

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
    known = MINE if caller(context) == "session" else (THERE, CODES)
    case.body = meant(plain(case.body), known)
    case.path_parameters = meant(case.path_parameters, known)
    case.query = meant(case.query, known)
    if case.path_parameters.get("key") == OWN_KEY:
        # Whoever gives up the key that they ask with is told nothing more.
        case.path_parameters["key"] = "key_" + "0" * 32
