"""`mailer run` as whoever watches it sees it: by HTTP, and by its log."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.system.test_daemon import SATURDAY, Port, port

__all__ = ["port"]


def test_a_saturday_in_figures(port: Port) -> None:
    """Ready before its hour; then what left is counted; alive to the end."""
    port.build(SATURDAY)
    daemon = port.start()
    port.until(lambda: "admin.listens" in port.log())
    found = re.search(r"admin\.listens.*port\W+(\d+)", port.log())
    assert found
    url = f"http://127.0.0.1:{found[1]}"
    port.until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
    assert httpx.get(f"{url}/healthz").json()["pid"] == daemon.pid
    before = _figures(url)
    hour = before['mailer_next_send_timestamp_seconds{publication="letter"}']
    assert hour == 1773468000  # 14 March 2026, 07:00 in Paris
    assert before['mailer_next_send_approved{publication="letter"}'] == 1
    port.set("2026-03-14T07:00:00+01:00")
    port.says("letter-1-1 is sent: 3 = 3 accepted")
    accepted = (
        'mailer_deliveries_total{publication="letter",relay="folder",result="accepted"}'
    )
    port.until(lambda: _figures(url)[accepted] == 3)
    sent = 'mailer_last_success_timestamp_seconds{publication="letter"}'
    port.until(lambda: _figures(url).get(sent, 0) >= hour)  # rows are counted every 5 s
    after = _figures(url)
    assert after['mailer_delivery_seconds_count{relay="folder"}'] == 3
    assert after['mailer_smtp_connections{relay="folder"}'] == 0
    port.stop(daemon)


def test_a_listener_that_is_taken_keeps_nobody_from_sending(port: Port) -> None:
    """It is told, and the edition leaves."""
    port.build(SATURDAY)
    port.start()
    port.until(lambda: "admin.listens" in port.log())
    found = re.search(r"admin\.listens.*port\W+(\d+)", port.log())
    assert found
    port.environ["MAILER_WEB__ADMIN"] = f"127.0.0.1:{found[1]}"
    port.start()
    port.says("nobody can ask how the daemon is")
    port.set("2026-03-14T07:00:00+01:00")
    port.until(lambda: sum(port.copies().values()) == 3)


def _figures(url: str) -> dict[str, float]:
    found = {}
    text = httpx.get(f"{url}/metrics").text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_operators_hear_of_a_run_that_ends(port: Port) -> None:
    """By a letter of their own, and by what is posted to a program of theirs, signed."""
    heard: list[tuple[str, bytes]] = []

    class Program(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Mailer-Signature"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Program)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        port.build(SATURDAY)
        (port.data / "hook").write_text("secret\n", encoding="ascii")
        port.configure(
            more='\n[alerts]\nto = ["Ops <ops@house.example>"]\n'
            f'webhook = "http://127.0.0.1:{server.server_port}/"\n'
            f'webhook_key_file = "{port.data}/hook"\n'
        )
        port.start()
        port.set("2026-03-14T07:00:00+01:00")
        port.until(lambda: port.copies()["ops@house.example"] and heard)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    signed, body = heard[0]
    told = json.loads(body)
    assert (told["event"], told["run"]) == ("run.finished", "letter-1-1")
    assert told["balance"]["accepted"] == 3
    moment = signed.removeprefix("t=").partition(",")[0]
    digest = hmac.new(b"secret", moment.encode() + b"." + body, hashlib.sha256)
    assert signed == f"t={moment},v1={digest.hexdigest()}"
    assert port.copies()["ops@house.example"] == 1
