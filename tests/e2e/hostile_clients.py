"""Clients that no server would wish for. They come from 127.0.0.2, so that they count as one client and 127.0.0.1 as
another. Each attack runs in a process of its own until its event is set, and returns what it saw."""
import collections
import itertools
import json
import multiprocessing
import os
import re
import selectors
import socket
import time
import urllib.parse

SOURCE = "127.0.0.2"
PATH = "/v1/streams/ClickStream/records"
# Sent at once, as by a network card: some kernels do nothing else on the processor while they copy what one call gives them.
PIECE = 1 << 16
NAMED = {400, 408, 413, 415, 429, 431, 503}


def click(user):
    return json.dumps({"UserId": user, "Device": "mobile", "Event": "P9", "EventType": "Promotion",
                       "Timestamp": int(time.time() * 1000)})


def post(body, *fields):
    body = body.encode() if isinstance(body, str) else body
    head = "".join(f"{field}\r\n" for field in (f"POST {PATH} HTTP/1.1", "host: localhost", *fields,
                                                  f"content-length: {len(body)}"))
    return head.encode() + b"\r\n" + body


def connect(address, source=SOURCE, receive_buffer=None):
    connection = socket.socket()
    try:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(30)
        connection.bind((source, 0))
        connection.connect(address)
        return connection
    except OSError:
        connection.close()
        raise


class Answers:
    """Takes answers apart as they come, and counts them."""

    def __init__(self):
        self.rest = b""
        self.statuses = collections.Counter()
        self.accepted = 0
        self.unnamed = []

    def feed(self, received):
        """How many answers were completed."""
        self.rest += received
        at, whole = 0, 0
        while (end := self.rest.find(b"\r\n\r\n", at)) >= 0:
            head = self.rest[at:end + 4].lower()
            length = re.search(rb"\r\ncontent-length: (\d+)", head)
            size = int(length.group(1)) if length else 0
            if len(self.rest) < end + 4 + size:
                break
            self.count(int(head[9:12]), head, self.rest[end + 4:end + 4 + size])
            at = end + 4 + size
            whole += 1
        self.rest = self.rest[at:]
        return whole

    def count(self, status, head, body):
        self.statuses[status] += 1
        if status == 200 and b'"accepted"' in body:
            self.accepted += json.loads(body)["accepted"]
        elif status != 200:
            named = status in NAMED and b'"code":"' in body and b'"message":"' in body
            later = status not in (429, 503) or b"\r\nretry-after: " in head
            if not (named and later):
                self.unnamed.append((head + body).decode(errors="replace")[:500])


def once(address, request, source=SOURCE):
    """The counted answers to bytes that may be refused half-way."""
    answers = Answers()
    with connect(address, source) as connection:
        try:
            for at in range(0, len(request), PIECE):
                connection.sendall(request[at:at + PIECE])
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while received := connection.recv(1 << 16):
                answers.feed(received)
        except OSError:
            pass
    return answers


HEAD = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\nx-padding: ".encode()
SLOW = {
    # name: what is sent at once, what is dripped for ever, the receive buffer
    "head": (HEAD, b"a", None),
    "body": (post(b"")[:-5] + b"1000000\r\n\r\n", b" ", None),
    "reader": (b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n" * 64, b"", 1),
    "handshake": (b"\x16\x03\x01\x02\x00\x01", b"\x00", None),
}


# name: the request, the status of its refusal
HTTP_BOMBS = {
    "gzip": (post(b"\x1f\x8b\x08\x00" + bytes(10_000), "content-encoding: gzip"), 415),
    "gzip of any size": (post(b"", "content-encoding: gzip")[:-5] + b"1073741824\r\n\r\n", 415),
    "one GiB": (post(b"")[:-5] + b"1073741824\r\n\r\n", 413),
    "endless chunks": (post(b"", "transfer-encoding: chunked").replace(b"content-length: 0\r\n", b"") +
                       (b"100000\r\n" + bytes(0x100000) + b"\r\n") * 64, 413),
    "100,000 header fields": (b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 100_000 + b"\r\n", 431),
    "65 header fields": (b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 64 + b"\r\n", 431),
    "a line of 1 MiB": (b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", 431),
    "no HTTP": (b"\x16\x03\x01\x02\x00" + bytes(512) + b"\r\n\r\n", 400),
}
DEEP = 1_000_000
JSON_BOMBS = ("[" * 400_000 + "]" * 400_000, '{"a":' * 150_000 + "1" + "}" * 150_000, '{"a":' + "[" * DEEP + "]" * DEEP + "}",
              "[" * DEEP, '{"a":' * DEEP, '{"a":"' + "x" * (7 << 20) + '"}', "{}\n" * 2_500_000)


def bombs(address, stop, report):
    """Throws one after the other."""
    requests = [request for request, _ in HTTP_BOMBS.values()] + [post(text) for text in JSON_BOMBS]
    total, thrown = Answers(), 0
    report.put("open")
    for request in itertools.cycle(requests):
        if stop.is_set():
            break
        answers = once(address, request)
        total.statuses += answers.statuses
        total.accepted += answers.accepted
        total.unnamed += answers.unnamed
        thrown += 1
    report.put({"thrown": thrown, "statuses": dict(total.statuses), "accepted": total.accepted, "unnamed": total.unnamed[:5]})


def slow_connections(address, kinds, count, stop, report):
    """Keeps `count` slow connections open: one that the server ends is opened again."""
    selector = selectors.DefaultSelector()
    opened, ended, answers = 0, 0, Answers()

    def add(kind):
        nonlocal opened
        first, drip, receive_buffer = SLOW[kind]
        try:
            connection = connect(address, receive_buffer=receive_buffer)
        except OSError:
            return
        try:
            connection.sendall(first)
        except OSError:
            connection.close()
            return
        connection.setblocking(False)
        opened += 1
        if kind == "reader":
            readers.append(connection)
        else:
            selector.register(connection, selectors.EVENT_READ, (kind, drip))

    readers = []
    for i in range(count):
        add(kinds[i % len(kinds)])
    report.put("open")
    steps = 20  # Each connection drips once in 0.2 s, not all of them at the same moment.
    for step in itertools.cycle(range(steps)):
        if stop.is_set():
            break
        for key, _ in selector.select(0):
            try:
                received = key.fileobj.recv(1 << 16)
                if received and key.data[0] != "handshake":
                    answers.feed(received)
            except OSError:
                received = b""
            if not received:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                ended += 1
                add(key.data[0])
        for key in list(selector.get_map().values())[step::steps]:
            try:
                key.fileobj.send(key.data[1])
            except OSError:
                pass
        stop.wait(0.2 / steps)
    for connection in readers + [key.fileobj for key in selector.get_map().values()]:
        connection.close()
    report.put({"opened": opened, "ended": ended, "statuses": dict(answers.statuses), "unnamed": answers.unnamed})


def flood(address, connections, depth, stop, report):
    """Every connection sends `depth` requests at once, reads all answers, and does so again."""
    selector = selectors.DefaultSelector()
    request = post(click("flood") + "\n")
    total = Answers()

    class Flooder:
        def __init__(self):
            self.connection = connect(address)
            self.connection.setblocking(False)
            self.answers = Answers()
            self.begin()
            selector.register(self.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

        def begin(self):
            self.unsent = memoryview(request * depth)
            self.due = depth

        def step(self, events):
            if events & selectors.EVENT_WRITE and self.unsent:
                self.unsent = self.unsent[self.connection.send(self.unsent[:PIECE]):]
            if events & selectors.EVENT_READ:
                received = self.connection.recv(PIECE)
                if not received:
                    raise ConnectionError("closed")
                self.due -= self.answers.feed(received)
                if self.due == 0 and not stop.is_set():
                    self.begin()
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
            selector.modify(self.connection, wanted, self)

    flooders = [Flooder() for _ in range(connections)]
    report.put("open")
    lost = 0
    deadline = None
    while any(f.due for f in flooders):
        if stop.is_set():
            deadline = deadline or time.monotonic() + 60
            if time.monotonic() > deadline:
                break
        for key, events in selector.select(1):
            try:
                key.data.step(events)
            except BlockingIOError:
                pass
            except OSError:
                lost += 1
                key.data.due = 0
                selector.unregister(key.data.connection)
    for flooder in flooders:
        flooder.connection.close()
        total.statuses += flooder.answers.statuses
        total.accepted += flooder.answers.accepted
        total.unnamed += flooder.answers.unnamed
    report.put({"statuses": dict(total.statuses), "accepted": total.accepted, "unnamed": total.unnamed[:5], "lost": lost,
                "unanswered": sum(f.due for f in flooders)})


def with_spare_time(function, *arguments):
    """Runs it only while nothing else wants the processor, as if it ran on a machine of its own."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    function(*arguments)


class Attack:
    """Runs one of the functions above in a process of its own. With `spare` it takes no processor time from others."""

    def __init__(self, function, server, *arguments, spare=False):
        where = urllib.parse.urlparse(server.url)
        self.stop = multiprocessing.Event()
        self.report = multiprocessing.Queue()
        call = (function, (where.hostname, where.port), *arguments, self.stop, self.report)
        self.process = multiprocessing.Process(
            target=with_spare_time if spare else call[0], args=call if spare else call[1:], daemon=True)
        self.process.start()
        assert self.report.get(timeout=120) == "open"

    def finish(self):
        """What the attack saw."""
        self.stop.set()
        seen = self.report.get(timeout=120)
        self.process.join()
        return seen


def peak_memory_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024
