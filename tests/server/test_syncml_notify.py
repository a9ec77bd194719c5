#!/usr/bin/python3
"""`scambio device notify`: what asks a phone to synchronise, by a program, by a gateway that speaks HTTP, in a file; read by a decoder of
our own, its digest made again by hand; and the phone that does as it is asked."""
import base64
import hashlib
import http.server
import os
import shutil
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, card
from syncml import Phone, Store
from syncml_wire import Style, decode

ALICE = 'alice@example.test'
KINDS = {'two-way': 206, 'from-client': 207, 'refresh-from-client': 208, 'from-server': 209, 'refresh-from-server': 210}


class Notification:
    """OMA DS 1.2: digest, version, how to ask the user, who began, session, server, and each database."""

    def __init__(self, data):
        self.digest, self.rest = data[:16], data[16:]
        self.bits = ''.join('{:08b}'.format(b) for b in self.rest)
        self.version, self.ui, self.by_server = self.take(10), self.take(2), self.take(1)
        assert self.take(27) == 0
        self.session = self.take(16)
        self.server = self.name()
        count = self.take(4)
        assert self.take(4) == 0
        self.databases = []
        for _ in range(count):
            kind = 200 + self.take(4)
            assert self.take(4) == 0 and self.take(24) == 0
            self.databases.append((self.name(), kind))
        assert self.bits == ''

    def take(self, n):
        value, self.bits = int(self.bits[:n], 2), self.bits[n:]
        return value

    def name(self):
        return bytes(self.take(8) for _ in range(self.take(8))).decode()

    def right(self, server, password):
        """MD5(B64(MD5(server:password)) ":" nonce ":" B64(MD5(notification))); the nonce is empty."""
        pair = base64.b64encode(hashlib.md5(('%s:%s' % (server, password)).encode()).digest())
        return self.digest == hashlib.md5(pair + b'::' + base64.b64encode(hashlib.md5(self.rest).digest())).digest()


class Gateway:
    """Keeps what is posted to it, answers `status`."""

    def __init__(self, tls=None):
        self.posts, self.status = [], 202
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                outer.posts.append((self.path, self.headers, body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


server = Server()
server.start()
server.user(ALICE, 'secret')
with open(server.conf) as f:
    PLAIN = f.read()
serial = iter(range(1, 1000))


def configure(text):
    """The command reads the file itself: the server need not begin anew."""
    with open(server.conf, 'w') as f:
        f.write(PLAIN + '[syncml]\n' + text)


def phone_of(version='1.2', devid='IMEI:%d'):
    """A phone that has synchronised once, and its number."""
    devid = devid % next(serial)
    phone = Phone(server.port, ALICE, 'secret', devid, [Store('contacts', 'text/x-vcard'), Store('notes', 'text/plain')], auth='basic',
                  style=Style(version=version))
    phone.sync()
    return phone, str(server.device(devid)['id'])


def package(number, *args):
    """What the command writes into a file."""
    out = os.path.join(server.dir, 'out')
    server.command('device', 'notify', number, *args, '-o', out)
    with open(out, 'rb') as f:
        return f.read()


def refused(code, words, *args):
    r = server.command('device', 'notify', *args, check=False)
    assert r.returncode == code and words in r.stderr, (args, r)
    return r.stderr


def test_gateway():
    phone, number = phone_of(devid='IMEI:1%d/3')
    gateway = Gateway()
    configure('notify_url = http://pusher:word@127.0.0.1:%d/push?to={device}&user={user}\n' % gateway.port)
    server.command('device', 'notify', number, '--database', 'contacts', '--alert=refresh-from-server')
    path, headers, body = gateway.posts.pop()
    assert path == '/push?to=%s&user=alice%%40example.test' % phone.devid.replace(':', '%3A').replace('/', '%2F'), path
    assert headers['Content-Type'] == 'application/vnd.syncml.notification', headers
    assert headers['Authorization'] == 'Basic ' + base64.b64encode(b'pusher:word').decode(), headers
    n = Notification(body)
    assert n.digest == bytes(16) and n.server == 'localhost' and n.databases == [('contacts', 210)], vars(n)
    gateway.status = 503
    assert 'word' not in refused(1, '127.0.0.1: it answers 503', number)
    gateway.server.shutdown()
    gateway.server.server_close()
    refused(1, 'refused', number)


def test_gateway_with_tls():
    """A certificate that no authority has signed, the system's or those of notify_ca, or that is another host's, is refused before anything
    is sent."""
    phone, number = phone_of()
    pem = os.path.join(server.dir, 'gateway.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', pem, '-out', pem + '.crt',
                    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem + '.crt', pem)
    gateway = Gateway(tls)
    trust = 'notify_ca = %s.crt\n' % pem
    for host, more, words in (('localhost', '', 'certificate is NOT trusted'), ('127.0.0.1', trust, 'name in the certificate'),
                              ('localhost', 'notify_ca = %s.none\n' % pem, 'notify_ca'), ('localhost', trust, '')):
        assert not gateway.posts
        configure('notify_url = https://%s:%d/\n%s' % (host, gateway.port, more))
        r = server.command('device', 'notify', number, check=False)
        assert r.returncode == (1 if words else 0) and words in r.stderr, (host, r)
    assert len(gateway.posts) == 1


def test_old_forms():
    """The message of 1.0 and 1.1 for devices of that version, its Cred over the server's own name."""
    configure('server_id = us\nserver_password = pw\n')
    for version in ('1.0', '1.1'):
        phone, number = phone_of(version)
        m = decode(package(number, '--alert', 'from-client'), 'wbxml')
        assert m.text('SyncHdr/VerDTD') == version and m.text('SyncHdr/MsgID') == '1', version
        assert m.text('SyncHdr/Target/LocURI') == phone.devid and m.text('SyncHdr/Source/LocURI') == 'us'
        whole = b'us:pw' if version == '1.0' else base64.b64encode(hashlib.md5(b'us:pw').digest())
        assert base64.b64decode(m.text('SyncHdr/Cred/Data')) == hashlib.md5(whole + b':').digest(), version
        asked = [(a.text('Item/Source/LocURI'), a.text('Data')) for a in m.get('SyncBody').all('Alert')]
        assert asked == [('contacts', '207'), ('notes', '207')], asked
        n = Notification(package(number, '--form', '1.2', '--database', 'all'))
        assert n.databases == [] and n.right('us', 'pw'), vars(n)


def test_phone_obeys():
    """From the notification to the new contact on the phone."""
    phone, number = phone_of()
    dav = server.dav(ALICE, 'secret')
    for i, (word, code) in enumerate(KINDS.items()):
        dav.put('/dav/addressbooks/%s/contacts/x.vcf' % ALICE, card('x', 'Anna %d' % i), 'text/vcard')
        n = Notification(package(number, '--alert', word, '--database', 'contacts'))
        assert n.databases == [('contacts', code)], vars(n)
        phone.session = n.session - 1
        phone.sync(dict(n.databases))
        assert phone.failed == [], (word, phone.failed)
    assert 'Anna 4' in ''.join(map(str, phone['contacts'].texts())), phone['contacts'].items


def test_wrong_usage():
    phone, number = phone_of()
    configure('')
    refused(2, 'usage:')
    refused(2, 'one of two-way', number, '--alert', 'x')
    refused(2, 'one of 1.2', number, '--form', '2')
    for names in ('a,,b', 'a,' * 15 + 'a', 'a' * 256):
        refused(2, 'at most', number, '--database', names)
    for wrong in ('0', '99999', 'x'):
        refused(1, 'no such device', wrong)
    refused(1, 'set notify_command or notify_url', number)
    refused(1, 'names each database', number, '--form', '1.1', '--database', 'all')
    server.command('device', 'block', number)
    refused(1, 'blocked', number)


def test_program():
    """With the server and without."""
    phone, number = phone_of()
    script, out = os.path.join(server.dir, 'push'), os.path.join(server.dir, 'pushed')
    with open(script, 'w') as f:
        f.write('#!/bin/sh\ncat > %s\nprintf "%%s|" "$@" > %s.args\nexit ${FAIL:-0}\n' % (out, out))
    os.chmod(script, 0o755)
    configure('server_id = sync.example.test\nserver_password = topsecret\nnotify_command = %s --port 2948\n' % script)
    for stopped in (False, True):
        if stopped:
            server.stop()
        server.command('device', 'notify', number)
        with open(out, 'rb') as f:
            n = Notification(f.read())
        assert (n.version, n.ui, n.by_server, n.server) == (12, 1, 1, 'sync.example.test'), vars(n)
        assert n.databases == [('contacts', 206), ('notes', 206)] and n.session > 0, vars(n)
        assert n.right('sync.example.test', 'topsecret') and not n.right('sync.example.test', 'wrong')
        with open(out + '.args') as f:
            args = f.read()
        assert args == '--port|2948|%s|%s|application/vnd.syncml.notification|Scambio Test phone|' % (phone.devid, ALICE), args
    os.environ['FAIL'] = '3'
    refused(1, 'push: exit status 3', number)


def the_end():
    server.stop()
    shutil.rmtree(server.dir)


if __name__ == '__main__':
    suite.main(globals(), last=the_end)
