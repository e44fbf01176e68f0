"""Starts both simulators and a server of kaquan's, and lets programs speak to them that are not ours.

usage: run.py KAQUAN [examples|mini-program|mini-program-wechat|contract]

The database is the one of DATABASE_URL, which `kaquan with-postgres` sets. Only the standard library is used here.
"""

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
READY_WITHIN = 60


class Started:
    """A program that runs beside us; what it says is kept for when something goes wrong."""

    def __init__(self, command, environment, until):
        self.said = []
        self.found = None
        self._until = re.compile(until)
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(READY_WITHIN) or self.found is None:
            self.stop()
            sys.exit(f"{command} is not ready:\n" + "\n".join(self.said))

    def _listen(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            found = self._until.search(line)
            if found and self.found is None:
                self.found = found.group(1)
                self._ready.set()
        self._ready.set()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def started(*arguments):
    program = Started(*arguments)
    try:
        yield program
    finally:
        program.stop()


def environment():
    names = ("PATH", "HOME", "DATABASE_URL", "TMPDIR", "LANG")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    key = base64.b64encode(os.urandom(32)).decode()
    # Whoever tries everything asks more often than anybody who uses it, and knows no code.
    limits = ("server_rate", "server_burst", "person_rate", "person_burst", "stranger_rate", "stranger_burst")
    limits += ("unauthenticated_rate", "unauthenticated_burst", "unknown_codes")
    kept |= {f"KAQUAN__LIMITS__{name.upper()}": "1000000" for name in limits}
    return kept | {
        "KAQUAN__SERVER__LISTEN": "127.0.0.1:0",
        "KAQUAN__METRICS__LISTEN": "127.0.0.1:0",
        "KAQUAN__SECRETS__MASTER_KEYS": f"1 {key}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
    }


def step(name, command, env, cwd=ROOT):
    began = time.monotonic()
    print(f"== {name}", flush=True)
    done = subprocess.run(command, env=env, cwd=cwd)
    print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


def valid(document):
    """Whether the document is OpenAPI 3.1."""
    from openapi_spec_validator import validate

    print("== the document is OpenAPI 3.1", flush=True)
    validate(document)
    return True


def check_contract(url, key, baidu, env):
    with urllib.request.urlopen(f"{url}/openapi.json") as reply:
        document = json.load(reply)
    with tempfile.TemporaryDirectory() as place:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(HERE / "schemathesis.toml"),
            "run",
            f"{url}/openapi.json",
        ]
        env = env | {
            "KAQUAN_URL": url,
            "KAQUAN_KEY": key["key"],
            "KAQUAN_KEY_ID": key["id"],
            "BAIDU_URL": baidu,
            "HYPOTHESIS_STORAGE_DIRECTORY": place,
            "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
        }
        return valid(document) and step("schemathesis", command, env, cwd=place)


def check_examples(url, key, baidu, env):
    env = env | {"KAQUAN_URL": url, "KAQUAN_KEY": key["key"], "BAIDU_URL": baidu}
    return step("the examples", [sys.executable, str(HERE / "examples.py")], env)


def check_mini_program(url, key, platform, env, folder="mini-program"):
    """`platform` names the simulator's address: one of BAIDU_URL and WECHAT_URL."""
    place = ROOT / "examples" / folder
    env = env | {"KAQUAN_URL": url, "KAQUAN_KEY": key["key"]} | platform
    tests = sorted(str(path.relative_to(place)) for path in place.glob("test/*.test.js"))
    return step(f"the sample {folder}", ["node", "--test", *tests], env, cwd=place)


def main():
    kaquan, which = sys.argv[1], sys.argv[2:] or ["examples", "mini-program", "mini-program-wechat", "contract"]
    env = environment()
    simulate = [kaquan, "simulate", "--listen", "127.0.0.1:0"]
    listening = r"kaquan is listening.*\baddress=(\S+)"
    with (
        started(simulate, env, r"Baidu is simulated at (\S+)") as baidu,
        started([*simulate, "--platform", "wechat"], env, r"WeChat is simulated at (\S+)") as wechat,
        started([kaquan, "serve"], env, listening) as server,
    ):
        create = [kaquan, "key", "create", "--name", "contract", "--json"]
        made = subprocess.run(create, env=env, capture_output=True, text=True, check=True)
        key = json.loads(made.stdout)
        url, baidu_url = f"http://{server.found}", baidu.found.rstrip("/")
        checks = {
            "examples": lambda: check_examples(url, key, baidu_url, env),
            "contract": lambda: check_contract(url, key, baidu_url, env),
            "mini-program": lambda: check_mini_program(url, key, {"BAIDU_URL": baidu_url}, env),
            "mini-program-wechat": lambda: check_mini_program(
                url, key, {"WECHAT_URL": wechat.found.rstrip("/")}, env, "mini-program-wechat"
            ),
        }
        failed = [name for name in which if not checks[name]()]
        panics = [line for line in server.said if "panicked at" in line or "request failed" in line]
    if failed or panics:
        sys.exit("\n".join([f"failed: {', '.join(failed)}", *panics[:20]]))


main()
