"""A DNS server for a test: answers by a table, in a thread, on a UDP port of the loopback.

    with Dns({('mail.example.test', 'A'): ['192.0.2.1'], ('_caldavs._tcp.example.test', 'SRV'): [(0, 1, 443, 'mail.example.test')]}) as d:
        config = 'resolver = 127.0.0.1:%d' % d.port

A value is a list of records, an rcode (int), or bytes: an answer section to the letter, counted as one record."""
import socket
import struct
import threading

TYPES = {'A': 1, 'MX': 15, 'AAAA': 28, 'SRV': 33}


def name(text):
    return b''.join(bytes([len(label)]) + label.encode() for label in text.split('.') if label) + b'\0'


def data(kind, value):
    if kind == 'A':
        return socket.inet_pton(socket.AF_INET, value)
    if kind == 'AAAA':
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == 'MX':
        return struct.pack('>H', value[0]) + name(value[1])
    return struct.pack('>HHH', *value[:3]) + name(value[3])


class Dns:
    def __init__(self, table, family=socket.AF_INET):
        self.table, self.asked = table, []
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1' if family == socket.AF_INET else '::1', 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def run(self):
        while True:
            try:
                query, client = self.socket.recvfrom(2048)
                answer = self.answer(query)
                if answer:
                    self.socket.sendto(answer, client)
            except OSError:
                return

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        number = struct.unpack('>H', query[at + 1:at + 3])[0]
        kind = {v: k for k, v in TYPES.items()}.get(number, str(number))
        key = ('.'.join(labels).lower(), kind)
        self.asked.append(key)
        found = self.table.get(key, self.table.get('*', 3))
        if found == 'silence':
            return None
        rcode, records = (found, []) if isinstance(found, int) else (0, found)
        if isinstance(records, bytes):
            body, count = records, 1
        else:
            body = b''.join(b'\xc0\x0c' + struct.pack('>HHIH', number, 1, 60, len(d)) + d for d in (data(kind, r) for r in records))
            count = len(records)
        return query[:2] + struct.pack('>HHHHH', 0x8180 | rcode, 1, count, 0, 0) + query[12:at + 5] + body
