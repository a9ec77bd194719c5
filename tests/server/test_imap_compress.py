#!/usr/bin/python3
"""COMPRESS=DEFLATE of IMAP (RFC 4978) over the wire: both ways, with TLS and without, cut anywhere, much from a little, and what is no DEFLATE."""
import imaplib
import os
import socket
import ssl
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

PORT, SECURE = free_port(), free_port()
server = Server('', https=True)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\nimap = 127.0.0.1:%d\nimaps = 127.0.0.1:%d\n' % (PORT, SECURE)))
server.start()
server.user('alice@example.test', 'segreto')


class Client:
    """A session that is logged in and compressed."""

    def __init__(self, tls=False):
        s = socket.create_connection(('127.0.0.1', SECURE if tls else PORT), timeout=30)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            s = context.wrap_socket(s)
        self.s, self.inflater, self.deflater, self.got = s, None, zlib.compressobj(wbits=-15), b''
        self.until(b'\r\n')
        self.say(b'a LOGIN alice@example.test segreto\r\n')
        self.until(b'a OK')
        self.say(b'b COMPRESS DEFLATE\r\n')
        assert self.until(b'\r\n').startswith(b'b OK'), self.got
        self.inflater = zlib.decompressobj(-15)

    def pack(self, data):
        return self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)

    def say(self, data, piece=1 << 20):
        data = data if self.inflater is None else self.pack(data)
        for i in range(0, len(data), piece):
            self.s.sendall(data[i:i + piece])

    def more(self):
        data = self.s.recv(65536)
        self.got += data if self.inflater is None else self.inflater.decompress(data)
        return data

    def until(self, end):
        """What comes up to the line that has `end` in it."""
        while (at := self.got.find(end)) < 0 or (line := self.got.find(b'\r\n', at)) < 0:
            assert self.more(), self.got
        taken, self.got = self.got[:line + 2], self.got[line + 2:]
        return taken


def check(c, piece):
    c.say(b'c CAPABILITY\r\nd NOOP\r\ne COMPRESS DEFLATE\r\n', piece)
    got = c.until(b'\ne ')
    assert b'COMPRESS' not in got[:got.index(b'c OK')] and b'd OK' in got and b'e NO [COMPRESSIONACTIVE]' in got, got
    c.say(b'f LOGOUT\r\n', piece)
    assert b'* BYE' in c.until(b'f OK')
    while c.more():
        pass


def test_both_ways():
    for piece in 1, 3, 1 << 20:
        check(Client(), piece)


def test_over_tls():
    for piece in 1, 1 << 20:
        check(Client(tls=True), piece)


def test_announced_behind_the_login_only():
    c = imaplib.IMAP4('127.0.0.1', PORT)
    assert 'COMPRESS=DEFLATE' not in c.capabilities
    c.login('alice@example.test', 'segreto')
    assert b'COMPRESS=DEFLATE' in c.capability()[1][0]
    assert c.xatom('COMPRESS', 'LZMA')[0] == 'NO'
    c.logout()


def test_many_commands_at_once():
    c = Client()
    count = 20000
    c.say(b''.join(b'n%d CAPABILITY\r\n' % i for i in range(count)))
    got = c.until(b'n%d OK' % (count - 1))
    assert got.count(b'* CAPABILITY') == count
    c.s.close()


def test_much_from_a_little():
    """A hundred megabytes of one character in a hundred kilobytes: no more than a command's bounds are kept of it."""
    c = Client()
    try:
        for _ in range(100):
            c.s.sendall(c.pack(b'x' * (1 << 20)))
        while c.more():
            pass
    except OSError:
        pass
    assert b'BAD' in c.got or b'BYE' in c.got, c.got[:200]
    check(Client(), 1 << 20)


def test_what_is_no_deflate_ends_the_connection():
    for junk in b'c NOOP\r\n' * 4, b'\xff' * 100, zlib.compress(b'c NOOP\r\n'):
        c = Client()
        c.s.sendall(junk)
        try:
            while c.more():
                pass
        except ConnectionError:
            pass
        assert c.got == b'', c.got


def test_the_end_of_the_stream():
    c = Client()
    c.s.sendall(c.deflater.compress(b'c NOOP\r\n') + c.deflater.flush())
    c.until(b'c OK')
    while c.more():
        pass


def test_what_came_too_early_is_of_the_new_stream():
    s = socket.create_connection(('127.0.0.1', PORT), timeout=30)
    z = zlib.compressobj(wbits=-15)
    s.sendall(b'a LOGIN alice@example.test segreto\r\nb COMPRESS DEFLATE\r\n' + z.compress(b'c LOGOUT\r\n') + z.flush(zlib.Z_SYNC_FLUSH))
    got = b''
    while part := s.recv(65536):
        got += part
    end = got.index(b'\r\n', got.index(b'b OK')) + 2
    assert b'c OK' in zlib.decompressobj(-15).decompress(got[end:])

suite.main(globals(), last=server.stop)
