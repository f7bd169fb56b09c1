#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Servers on loopback that do what providers, proxies and their networks do wrong, for the case files.

    test/peer.py plain | tls CERT KEY | old-tls CERT KEY | proxy | front URL CERT KEY ...

starts each server named (they follow one another), writes "NAME_port=N" lines to the file "ports" when all
listen, and ends by itself after PEER_SECONDS (60) or when it is killed. "connections" gets a line for each connection
accepted: the server's name, and "resumed" where TLS resumed a session.

A request's first path segment says what happens: http://127.0.0.1:N/redirect/v1/messages is redirected.
"ok" and unknown ones get a whole answer. The proxy connects whatever CONNECT asks for with the server "tls" and
answers other requests itself, but refuses hosts with "refused" and does not reach those with "unreachable" in them. "front" speaks TLS and passes everything on to the URL's host and port.
"""
import gzip
import json
import os
import select
import socket
import ssl
import sys
import threading
import time

EVENTS = [
    {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "answered"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"}]
STREAM = "".join(f"data: {json.dumps(event)}\n\n" for event in EVENTS).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


def whole(body, head=HEAD):
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def again(connection, piece, pause_s=0.0):
    while True:
        connection.sendall(piece)
        time.sleep(pause_s)


def drip(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    again(connection, b"x-slow: yes\r\n", 0.1)


def hints(connection):
    again(connection, b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 100)


def slow_hints(connection):
    again(connection, b"HTTP/1.1 100 Continue\r\n\r\n", 0.1)


def endless(connection):
    connection.sendall(HEAD + b"\r\n")
    again(connection, b": ping\n" * 150_000)


def bad_chunk(connection):
    connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\ndata:\r\nzz\r\n")
    time.sleep(0.2)


def redirect(connection):
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: https://elsewhere.example/v1/messages?t=secret\r\n"
                       b"content-length: 0\r\n\r\n")


BOMB = gzip.compress(bytes(5_000_000))


def compressed(connection):
    connection.sendall(whole(BOMB, HEAD + b"content-encoding: gzip\r\n"))


def page(body, kind, status=b"200 OK", more=b""):
    head = b"HTTP/1.1 " + status + b"\r\n" + (b"content-type: " + kind + b"\r\n" if kind else b"") + more
    return lambda connection: connection.sendall(whole(body, head))


ARTICLE = ("<!doctype html><title>The \u2018page\u2019</title><nav>menu</nav><h1>Heading</h1><p>One <b>bold</b> word and "
           "<a href='/other?x=1'>a link</a>.<script>no()</script><ul><li>first<li>second</ul>"
           "<pre><code class=language-c>int x;\x1b[31m</code></pre>").encode()
# What a tool that fetches pages may get; the others are for providers.
PAGES = {
    "page": page(ARTICLE, b"text/html; charset=utf-8"),
    "latin": page("<p>caf\xe9".encode("latin-1"), b"text/html;charset=ISO-8859-1"),
    "koi": page(b"<meta charset=koi8-r><p>\xd0\xd2\xc9", b"text/html"),
    "data": page(b'{"a": [1, 2]}', b"application/json"),
    "untyped": page(b"<html><p>guessed", b""),
    "lines": page(b"".join(b"line %d\n" % i for i in range(10_000)), b"text/plain"),
    "pdf": page(b"%PDF-1.7 and so on", b"application/pdf"),
    "zeros": page(bytes(100), b"text/plain"),
    "empty": page(b"", b"text/plain"),
    "missing": page(b"<h1>Not here</h1>" + b"<p>filler" * 1000, b"text/html", b"404 Not Found"),
    "deep": page(b"<div>" * 300_000, b"text/html"),
    "six-megabytes": page(bytes(6 << 20), b"text/plain"),
    "bomb": page(gzip.compress(bytes(100_000_000)), b"text/plain", more=b"content-encoding: gzip\r\n"),
    "near": page(b"", b"", b"302 Found", b"location: /page\r\n"),
    "away": page(b"", b"", b"302 Found", b"location: http://127.0.0.2:1/page\r\n"),
    "silent": lambda connection: time.sleep(60),
}

WAYS = PAGES | {
    "drip": drip, "hints": hints, "slow-hints": slow_hints, "endless": endless, "bad-chunk": bad_chunk,
    "redirect": redirect, "compressed": compressed,
    "long-head": lambda c: again(c, b"x-long: " + b"a" * 8000 + b"\r\n") if c.sendall(
        b"HTTP/1.1 200 OK\r\n") is None else None,
    "long-line": lambda c: again(c, b"a" * 8000) if c.sendall(b"HTTP/1.1 200 OK\r\nx: ") is None else None,
    "short": lambda c: c.sendall(HEAD + b"content-length: 100000\r\n\r\n" + STREAM[:40]),
    "more": lambda c: c.sendall(whole(STREAM) + b"HTTP/1.1 200 OK\r\n\r\nmore"),
    "both-lengths": lambda c: c.sendall(HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
                                        % (len(STREAM), STREAM)),
    "odd-status": lambda c: c.sendall(b"HTTP/1.1 099 Odd\r\ncontent-length: 2\r\n\r\n{}"),
    "not-http": lambda c: c.sendall(b"220 mail.example ESMTP\r\n"),
    "html": lambda c: c.sendall(whole(b"<html><title>Login</title></html>",
                                      b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n")),
    "wrong-type": lambda c: c.sendall(whole(STREAM, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")),
    "json-error": lambda c: c.sendall(whole(
        b'{"type":"error","error":{"type":"invalid_request_error","message":"no such thing"}}',
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")),
    "json-other": lambda c: c.sendall(whole(b'{"status":"up"}',
                                            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")),
    "json-broken": lambda c: c.sendall(whole(b'{"type":"message","content":[',
                                             b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")),
    "unauthorized": lambda c: c.sendall(whole(
        b'{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}',
        b"HTTP/1.1 401 Unauthorized\r\n")),
    "forbidden": lambda c: c.sendall(whole(b'{"error":{"message":"not yours"}}', b"HTTP/1.1 403 Forbidden\r\n")),
}


def read_request(connection):
    """(head, body), or None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
        if data.startswith(b"\x16"):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                piece = connection.recv(65536)
                if not piece:
                    return None
                body += piece
    return head, body


def note(line):
    with open("connections", "a") as file:
        file.write(line + "\n")


def serve(connection):
    while request := read_request(connection):
        segment = request[0].split(b" ")[1].split(b"/")[1].decode()
        way = WAYS.get(segment)
        if way:
            way(connection)
            return
        connection.sendall(whole(STREAM))


def relay(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def pass_on(connection, address):
    """A TLS connection is not for two threads at once: one waits for both ends."""
    with socket.create_connection(address) as other:
        while True:
            ready = [connection] if connection.pending() else \
                select.select([connection, other], [], [])[0]
            for end in ready:
                piece = end.recv(65536)
                if not piece:
                    return
                (other if end is connection else connection).sendall(piece)


def proxy(connection, port):
    head, body = read_request(connection)
    method, target, _ = head.split(b"\r\n")[0].split(b" ", 2)
    note(f"proxy {method.decode()} {target.decode()}")
    if b"refused" in target:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        return
    if b"unreachable" in target:
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
        return
    if method != b"CONNECT":
        connection.sendall(whole(STREAM))
        return
    with socket.create_connection(("127.0.0.1", port)) as other:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nx-proxy: yes\r\n\r\n")
        threading.Thread(target=relay, args=(other, connection), daemon=True).start()
        relay(connection, other)


def handle(name, connection, wrap, serve_one):
    try:
        connection = wrap(connection) if wrap else connection
        resumed = wrap and connection.session_reused
        note(f"{name} resumed" if resumed else name)
        serve_one(connection)
    except OSError:
        pass
    finally:
        connection.close()


def listen(name, wrap, serve_one):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(200)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(name, connection, wrap, serve_one), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def tls(certificate, key, is_old):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if is_old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(certificate, key)
    return lambda connection: context.wrap_socket(connection, server_side=True)


def main(words):
    lines, number, first_tls = [], {}, 0
    while words:
        kind = words.pop(0)
        number[kind] = number.get(kind, 0) + 1
        name = kind.replace("-", "_") + (str(number[kind]) if number[kind] > 1 else "")
        if kind == "plain":
            port = listen(name, None, serve)
        elif kind == "proxy":
            port = listen(name, None, lambda c, target=first_tls: proxy(c, target))
        elif kind == "front":
            host, target = words.pop(0).partition("://")[2].split(":")
            port = listen(name, tls(words.pop(0), words.pop(0), False),
                          lambda c, to=(host, int(target)): pass_on(c, to))
        else:
            port = listen(name, tls(words.pop(0), words.pop(0), kind == "old-tls"), serve)
            first_tls = first_tls or port
        lines.append(f"{name}_port={port}\n")
    with open("ports.new", "w") as file:
        file.writelines(lines)
    os.rename("ports.new", "ports")
    time.sleep(float(os.environ.get("PEER_SECONDS", "60")))


if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore")
    main(sys.argv[1:])
