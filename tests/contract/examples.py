"""Runs every example of the contract against a running server, in the order in which they stand.

An example holds made-up ids, codes and tokens. The first answer that shows one says what it is here, and from then on
every request means that one. Everything else in an answer must be as the example says, and fit the schema.

With `--write` the answers are written into the files instead, with what is real here as what is made up.
"""

import argparse
import base64
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "src" / "api" / "examples"
# What the platform is to be told, or said, arrives in its own time.
PATIENCE = 20

MOMENT = re.compile(r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?$")
# What is made up in an example has a digit in it, or is the beginning of a secret; what stands for it may have none.
MADE_UP = re.compile(r"^((?=.*\d)[^\u4e00-\u9fff ]{6,}|k[qos]_.*|….*)$")
REAL = re.compile(r"^([^\u4e00-\u9fff ]{6,}|….*)$")


# Where something owed may have come by the time that it is shown.
ONWARD = {
    *("waiting", "pending", "leased", "done", "requested", "running", "owed", "live", "removing", "removed"),
    *("publishing", "published", "updating", "withdrawing", "withdrawn"),
}


class Different(Exception):
    """The answer is not what the example says."""


class Meaning:
    """What made-up texts stand for here."""

    def __init__(self, known):
        self.known, self.is_moving = dict(known), False

    def here(self, value):
        """A request as it is sent."""
        if isinstance(value, str):
            return self.known.get(value, value)
        if isinstance(value, list):
            return [self.here(item) for item in value]
        if isinstance(value, dict):
            return {name: self.here(item) for name, item in value.items()}
        return value

    def compare(self, told, real, way):
        """Learns from an answer, or says where it differs."""
        if isinstance(told, dict) and isinstance(real, dict):
            if told.keys() != real.keys():
                odd = sorted(told.keys() ^ real.keys())
                raise Different(f"{way}: {', '.join(odd)} on one side only")
            for name, item in told.items():
                self.compare(item, real[name], f"{way}.{name}")
        elif isinstance(told, list) and isinstance(real, list):
            self.compare_lists(told, list(real), way)
        elif isinstance(told, str) and isinstance(real, str):
            self.learn(told, real, way)
        elif isinstance(told, bool) or isinstance(real, bool) or told is None or real is None:
            if told is not real:
                raise Different(f"{way}: {real!r} and not {told!r}")
        elif not isinstance(told, (int, float)) or not isinstance(real, (int, float)):
            raise Different(f"{way}: {real!r} and not {told!r}")

    def compare_lists(self, told, real, way):
        """What is told stands there, in this order; a server that does more than the examples may show more."""
        for number, item in enumerate(told):
            difference = Different(f"{way}: {len(real)} items left for {len(told) - number} that are told")
            while real:
                known = dict(self.known)
                try:
                    self.compare(item, real.pop(0), f"{way}[{number}]")
                    break
                except Different as other:
                    self.known, difference = known, other
            else:
                raise difference

    def learn(self, told, real, way):
        if self.known.get(told, told) == real or (MOMENT.match(told) and MOMENT.match(real)):
            return
        if self.is_moving and {told, real} <= ONWARD:
            return
        if told in self.known or not (MADE_UP.match(told) and REAL.match(real)):
            raise Different(f"{way}: {real!r} and not {self.here(told)!r}")
        self.known[told] = real


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], (method.upper(), path, operation)


class Runner:
    def __init__(self, url, key, baidu):
        self.url, self.baidu = url, baidu
        # How callers show who they are, by the names that the document has for it.
        self.tokens = {"session": None, "key": key, "operator": None}
        with urllib.request.urlopen(f"{url}/openapi.json") as reply:
            self.document = json.load(reply)
        self.operations = dict(operations(self.document))
        self.meaning = Meaning(
            {
                "https://baidu.example.com": baidu,
                "4fecoAqgCIUtzIyA4FAPgoyrc4oUc25c": "sim-app-key",
                "aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1cE": "SimAppSecret00000000000000000001",
            }
        )

    def login_code(self, open_id):
        body = json.dumps({"app_key": "sim-app-key", "open_id": open_id}).encode()
        with urllib.request.urlopen(f"{self.baidu}/_sim/login_code", body) as reply:
            return json.load(reply)["code"]

    def request(self, example):
        method, path, operation = self.operations[example["operation"]]
        for name, value in self.meaning.here(example.get("path", {})).items():
            path = path.replace("{%s}" % name, urllib.parse.quote(str(value), safe=""))
        query = self.meaning.here(example.get("query", {}))
        if query:
            path += "?" + urllib.parse.urlencode(query)
        headers, data = {}, None
        kinds = {name for scheme in operation["security"] for name in scheme}
        for token in [token for kind, token in self.tokens.items() if kind in kinds][:1]:
            headers["authorization"] = f"Bearer {token}"
        if "idempotency_key" in example:
            headers["idempotency-key"] = example["idempotency_key"]
        if "body" in example:
            body = self.meaning.here(example["body"])
            [kind] = operation["requestBody"]["content"]
            headers["content-type"], data = encoded(kind, body)
        return urllib.request.Request(self.url + path, data, headers, method=method)

    def ask(self, example):
        if example["operation"] == "mini_session_open":
            self.meaning.known[example["body"]["code"]] = self.login_code("open-1")
        try:
            reply = urllib.request.urlopen(self.request(example))
        except urllib.error.HTTPError as refused:
            reply = refused
        with reply:
            kind = reply.headers.get_content_type()
            text = reply.read()
        is_json = kind in ("application/json", "application/problem+json")
        return reply.status, kind, json.loads(text) if is_json and text else None

    def run(self, example):
        """Asks until the answer is as told, or patience ends."""
        until = time.monotonic() + PATIENCE
        while True:
            status, kind, answer = self.ask(example)
            try:
                self.check(example, status, kind, answer)
                break
            except Different:
                method = self.operations[example["operation"]][0]
                later = method == "GET" or status == 409
                if not later or time.monotonic() > until:
                    raise
                time.sleep(0.1)
        self.learn_token(example, answer)
        return answer

    def learn_token(self, example, answer):
        """Who logged in last speaks from then on."""
        kind = {"mini_session_open": "session", "operator_session_open": "operator"}.get(example["operation"])
        if kind and answer and "token" in answer:
            self.tokens[kind] = answer["token"]

    def check(self, example, status, kind, answer):
        if status != example["status"]:
            raise Different(f"{status} and not {example['status']}: {json.dumps(answer, ensure_ascii=False)}")
        told = self.operations[example["operation"]][2]["responses"][str(status)]
        content = told.get("content", {})
        if content and kind not in content:
            raise Different(f"{kind} is not among {', '.join(content)}")
        if answer is not None:
            schema = content[kind]["schema"] | {"components": self.document["components"]}
            problems = jsonschema.Draft202012Validator(schema).iter_errors(answer)
            for problem in problems:
                raise Different(f"{problem.json_path}: {problem.message}")
        if "response" in example:
            known = dict(self.meaning.known)
            self.meaning.is_moving = self.operations[example["operation"]][0] != "GET"
            try:
                self.meaning.compare(example["response"], answer, "$")
            except Different:
                self.meaning.known = known
                raise
        elif answer is not None and example["operation"] != "openapi_show":
            raise Different("the example does not tell the answer")


def encoded(kind, body):
    if kind == "application/json":
        return kind, json.dumps(body).encode()
    if kind != "multipart/form-data":
        return kind, body.encode()
    edge = uuid.uuid4().hex
    data = b""
    for name, value in body.items():
        if name == "image":
            head, value = f'name="{name}"; filename="picture.png"', base64.b64decode(value)
        else:
            head, value = f'name="{name}"', value.encode()
        data += f"--{edge}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
    return f"{kind}; boundary={edge}", data + f"--{edge}--\r\n".encode()


def record(runner, example):
    """Takes the answer down as it is, when it has become what it was, or patience ends."""
    until = time.monotonic() + PATIENCE
    while True:
        status, kind, answer = runner.ask(example)
        try:
            runner.check(example, status, kind, answer)
            break
        except Different as difference:
            if "response" not in example and status == example["status"]:
                break
            if time.monotonic() > until:
                print(f"{example['operation']}: {difference}", flush=True)
                break
        time.sleep(0.1)
    runner.learn_token(example, answer)
    back = {real: told for told, real in runner.meaning.known.items()}
    if answer is not None and example["operation"] != "openapi_show":
        example["response"] = Meaning(back).here(answer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    runner = Runner(os.environ["KAQUAN_URL"], os.environ["KAQUAN_KEY"], os.environ["BAIDU_URL"])
    ran, failed = set(), []
    for file in sorted(PLACE.glob("*.json")):
        examples = json.loads(file.read_text())
        for number, example in enumerate(examples):
            ran.add(example["operation"])
            if options.write:
                record(runner, example)
                continue
            try:
                runner.run(example)
            except Different as difference:
                failed.append(f"{file.name}[{number}] {example['operation']}: {difference}")
        if options.write:
            file.write_text(json.dumps(examples, ensure_ascii=False, indent=2) + "\n")
    missing = sorted(runner.operations.keys() - ran)
    failed += [f"{operation} has no example" for operation in missing]
    print(f"{len(ran)} operations have run as their examples say", flush=True)
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
