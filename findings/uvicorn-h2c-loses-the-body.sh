#!/bin/sh
# uvicorn with httptools answers a request that offers HTTP/2 ("Upgrade: h2c", as Java's HttpClient
# does by default on http://) as if it had no body, and refuses the body as a second request.
# Tillwatch: core/emulator and dashboard/receiver run on it; tests/clients/sessions/Session.java asks
# for HTTP/1.1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'uvicorn==0.54.0' 'httptools==0.9.0' 'h11==0.16.0'
echo "RFC 9110, 7.8: a server MAY ignore a received Upgrade header field, and answers as if it had"
echo "not been there."
"$folder/venv/bin/python" - <<'PYTHON'
import socket
import threading
import time

import uvicorn

HEAD = (
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nContent-Length: 15\r\n\r\n"
)


def body_seen(http):
    """What an application gets of a body of fifteen bytes."""
    bodies = []

    async def app(scope, receive, send):
        message = await receive()
        bodies.append(message.get("body", b""))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, port=0, http=http, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(HEAD + b"outcome=succeed")
        answer = client.recv(65536).split(b"\r\n")[0]
    server.should_exit = True
    return answer, bodies


for http in ("h11", "httptools"):
    answer, bodies = body_seen(http)
    print(f"uvicorn {uvicorn.__version__} with {http}: {answer.decode()}, bodies {bodies}")
    assert bodies == [b"outcome=succeed" if http == "h11" else b""], bodies
PYTHON
