"""Servers that break off, hang or drip: whatever they do, it has failed, and in time."""

import gzip
import socket
import time

import pytest

from interlock.probes.ask import ask
from interlock.probes.probe import ANONYMOUS, Answer, Probe, Proof

PUBLIC = Probe("/", expect={ANONYMOUS: frozenset({200})}, schemas={200: {"type": "object"}})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def asked(url: str, timeout_seconds: float = 2.0, probe: Probe = PUBLIC) -> Answer:
    (answer,) = ask(url, [probe], timeout_seconds=timeout_seconds).answers
    return answer


def test_a_refused_connection_has_failed(closed_port):
    answer = asked(f"http://127.0.0.1:{closed_port}")

    assert (answer.proof, answer.status, answer.reason) == (Proof.FAILED, None, "the connection was refused")


def test_a_refusal_on_every_address_of_a_host_is_a_refused_connection(closed_port):
    assert asked(f"http://localhost:{closed_port}").reason == "the connection was refused"


def test_a_host_without_an_address_has_failed():
    assert asked("http://nowhere.invalid", 5.0).reason == "the name of the host cannot be resolved"


def test_a_server_that_never_answers_has_failed_in_time(behave):
    began = time.monotonic()
    answer = asked(behave(lambda connection: connection.recv(1)), 0.3)

    assert (answer.proof, answer.reason) == (Proof.FAILED, "no complete answer within 0.3 s")
    assert time.monotonic() - began < 2


def drip(connection: socket.socket, text: bytes) -> None:
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def test_a_server_that_drips_its_head_has_failed_in_time(behave):
    began = time.monotonic()
    answer = asked(behave(lambda connection: drip(connection, HEAD)), 0.5)

    assert (answer.proof, answer.status) == (Proof.FAILED, None)
    assert time.monotonic() - began < 2


def test_a_server_that_drips_its_body_has_failed_in_time(behave):
    def slowly(connection):
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n")
        drip(connection, b" " * 100)

    answer = asked(behave(slowly), 0.5)

    assert (answer.proof, answer.reason) == (Proof.FAILED, "answered 200, but no complete answer within 0.5 s")


def test_a_reset_before_the_answer_has_failed(behave, reset):
    assert asked(behave(reset)).reason == "the connection was reset"


def test_a_reset_in_the_body_has_failed(behave, reset):
    def midway(connection):
        connection.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"a": ')
        time.sleep(0.1)
        reset(connection)

    answer = asked(behave(midway))

    assert (answer.proof, answer.reason) == (Proof.FAILED, "answered 200, but the connection was reset")


def test_a_truncated_body_has_failed(behave):
    def cut(connection):
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{}")

    answer = asked(behave(cut))

    assert (answer.proof, "before the answer was complete" in answer.reason) == (Proof.FAILED, True)


def test_a_truncated_chunked_body_has_failed(behave):
    def cut(connection):
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")

    assert asked(behave(cut)).proof is Proof.FAILED


@pytest.mark.parametrize("bytes_sent", [b"", b"SSH-2.0-OpenSSH_9.7\r\n", b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n"])
def test_what_is_not_http_has_failed(behave, bytes_sent):
    answer = asked(behave(lambda connection: connection.sendall(bytes_sent)))

    assert (answer.proof, answer.reason.endswith("or it is not HTTP")) == (Proof.FAILED, True)


def test_a_server_without_tls_has_failed_where_tls_is_asked_for(serve, told):
    server = serve(lambda _: told())

    answer = asked(server.url.replace("http:", "https:"))

    assert (answer.proof, answer.reason.startswith("TLS failed")) == (Proof.FAILED, True)


def test_a_body_that_cannot_be_decompressed_has_failed(serve, told):
    server = serve(lambda _: told(200, b"not gzip", headers=[("Content-Encoding", "gzip")]))

    assert asked(server.url).reason == "answered 200, but the body cannot be decompressed"


def test_a_compressed_body_is_read(serve, told):
    server = serve(lambda _: told(200, gzip.compress(b"{}"), headers=[("Content-Encoding", "gzip")]))

    assert asked(server.url).proof is Proof.PROVED


def test_a_body_of_many_megabytes_is_read_no_further_than_needed(serve, told):
    server = serve(lambda _: told(200, b'"' + b"x" * 6_000_000 + b'"'))

    answer = asked(server.url, 5.0)

    assert (answer.proof, "larger than 5 MB" in answer.reason) == (Proof.UNPROVED, True)


def test_a_body_that_unpacks_to_many_megabytes_is_not_read_to_its_end(serve, told):
    bomb = gzip.compress(b" " * 100_000_000)
    server = serve(lambda _: told(200, bomb, headers=[("Content-Encoding", "gzip")]))

    assert asked(server.url, 5.0).proof is Proof.UNPROVED


def test_an_endless_stream_of_events_is_not_waited_for(behave):
    def events(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        connection.recv(1)

    answer = asked(behave(events), 1.0, Probe("/", expect={ANONYMOUS: frozenset({200})}))

    assert answer.proof is Proof.PROVED


DOWNLOAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n"
CHUNKED = DOWNLOAD + b"Transfer-Encoding: chunked\r\n\r\n"
OPEN = Probe("/", expect={ANONYMOUS: frozenset({200})})


@pytest.mark.parametrize("begun", [b"", b"4\r\na,b\n\r\n"], ids=["before its first byte", "in the middle"])
def test_a_download_that_breaks_off_after_its_head_has_failed(behave, begun: bytes):
    """A framework sends the head of a stream before what feeds it asks the database anything."""
    answer = asked(behave(lambda connection: connection.sendall(CHUNKED + begun)), 2.0, OPEN)

    assert (answer.proof, answer.status) == (Proof.FAILED, 200)


@pytest.mark.parametrize(
    ("sent", "proof"),
    [
        (CHUNKED + b"4\r\na,b\n\r\n0\r\n\r\n", Proof.PROVED),
        (DOWNLOAD + b"Content-Length: 4\r\n\r\na,b\n", Proof.PROVED),
        (DOWNLOAD + b"\r\na,b\n", Proof.UNPROVED),
    ],
    ids=["in chunks", "of a told length", "until the connection closes"],
)
def test_a_download_is_proved_by_its_end(behave, sent: bytes, proof: Proof):
    assert asked(behave(lambda connection: connection.sendall(sent)), 2.0, OPEN).proof is proof


def test_a_download_that_never_begins_proves_nothing(behave):
    def stall(connection):
        connection.sendall(CHUNKED)
        connection.recv(1)

    answer = asked(behave(stall), 1.0, OPEN)

    assert (answer.proof, "nothing came" in answer.reason) == (Proof.UNPROVED, True)


def test_a_download_that_goes_on_for_long_is_not_waited_for(behave):
    def drip(connection):
        connection.sendall(CHUNKED)
        while True:
            connection.sendall(b"4\r\na,b\n\r\n")
            time.sleep(0.05)

    answer = asked(behave(drip), 1.0, OPEN)

    assert (answer.proof, "not waited for" in answer.reason) == (Proof.PROVED, True)


def test_a_redirect_to_itself_is_not_followed(serve, told):
    server = serve(lambda heard: told(302, headers=[("Location", heard.path)]))

    answer = asked(server.url)

    assert (answer.proof, answer.status, len(server.heard)) == (Proof.FAILED, 302, 1)
