#!/usr/bin/python3
"""Log-in by SCRAM-SHA-256 over IMAP, POP3 and submission, bound to TLS and not; what must fail, and what must not be told; a real client."""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

PORTS = {name: free_port() for name in ('imap', 'imaps', 'submission', 'submissions', 'pop3', 'pop3s')}
server = Server('[auth]\nfailures_address = 1000\nfailures_account = 1000\n', https=True)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\n' + ''.join('%s = 127.0.0.1:%d\n' % x for x in PORTS.items())))
server.start()
server.user('alice@example.test', 'segreto')


def b64(data):
    return base64.b64encode(data).decode()


class Refused(Exception):
    pass


class Scram:
    """The client's side (RFC 5802), as the RFC has it."""

    def __init__(self, user, password, flag='n', data=b'', authorize='', nonce='abcdefgh'):
        self.password, self.nonce = password.encode(), nonce
        self.header = '%s,%s,' % (flag, authorize and 'a=' + authorize)
        self.binding = self.header.encode() + data
        self.bare = 'n=%s,r=%s' % (user.replace('=', '=3D').replace(',', '=2C'), nonce)

    def first(self):
        return b64((self.header + self.bare).encode())

    def final(self, challenge, wrong=False):
        said = base64.b64decode(challenge).decode()
        values = dict(x.split('=', 1) for x in said.split(','))
        assert values['r'].startswith(self.nonce) and len(values['r']) >= len(self.nonce) + 18
        self.salt, self.iterations = values['s'], int(values['i'])
        assert self.iterations >= 4096
        salted = hashlib.pbkdf2_hmac('sha256', self.password, base64.b64decode(self.salt), self.iterations)
        digest = lambda key, m: hmac.new(key, m, 'sha256').digest()
        key = digest(salted, b'Client Key')
        bare = 'c=%s,r=%s' % (b64(self.binding), values['r'])
        message = ('%s,%s,%s' % (self.bare, said, bare)).encode()
        signature = digest(hashlib.sha256(key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.signature = b64(digest(digest(salted, b'Server Key'), message))
        return b64(('%s,p=%s' % (bare, b64(proof[::-1] if wrong else proof))).encode())

    def check(self, challenge):
        assert base64.b64decode(challenge).decode() == 'v=' + self.signature, challenge


class Line:
    """One connection, over TLS or not."""

    def __init__(self, protocol, tls=False):
        self.protocol = protocol
        port = PORTS[protocol + 's' if tls else protocol]
        self.s = socket.create_connection(('127.0.0.1', port), timeout=30)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.s = context.wrap_socket(self.s)
        self.f = self.s.makefile('rb')
        self.line()
        if protocol == 'submission':
            self.say('EHLO c.test')
            while self.line()[3] == '-':
                pass

    def certificate_hash(self):
        return hashlib.sha256(self.s.getpeercert(True)).digest()

    def line(self):
        return self.f.readline().decode().rstrip('\r\n')

    def say(self, text):
        self.s.sendall(text.encode() + b'\r\n')

    def challenge(self):
        """What follows '+ ' or '334 '; anything else is the end."""
        line = self.line()
        mark = '334 ' if self.protocol == 'submission' else '+ '
        if not line.startswith(mark):
            raise Refused(line)
        return line[len(mark):]

    def log_in(self, scram, mechanism='SCRAM-SHA-256', wrong=False, initial=True):
        command = {'imap': 'a AUTHENTICATE', 'submission': 'AUTH', 'pop3': 'AUTH'}[self.protocol]
        self.say('%s %s%s' % (command, mechanism, ' ' + scram.first() if initial else ''))
        if not initial:
            assert self.challenge() == ''
            self.say(scram.first())
        self.say(scram.final(self.challenge(), wrong))
        scram.check(self.challenge())
        self.say('')
        line = self.line()
        good = {'imap': 'a OK', 'submission': '235', 'pop3': '+OK'}[self.protocol]
        if not line.startswith(good):
            raise Refused(line)
        return self


PROTOCOLS = 'imap', 'submission', 'pop3'


def refused(do, *words):
    try:
        do()
    except Refused as e:
        assert any(w in str(e) for w in words or ('AUTHENTICATIONFAILED', '535', '[AUTH]')), e
        return
    assert False, 'it was taken'


def test_good():
    for protocol in PROTOCOLS:
        for initial in True, False:
            Line(protocol).log_in(Scram('alice@example.test', 'segreto'), initial=initial)
            Line(protocol, tls=True).log_in(Scram('alice@example.test', 'segreto'), initial=initial)


def test_bound_to_tls():
    for protocol in PROTOCOLS:
        c = Line(protocol, tls=True)
        c.log_in(Scram('alice@example.test', 'segreto', 'p=tls-server-end-point', c.certificate_hash()), 'SCRAM-SHA-256-PLUS')
        c = Line(protocol, tls=True)
        other = Scram('alice@example.test', 'segreto', 'p=tls-server-end-point', b'x' * 32)
        refused(lambda: c.log_in(other, 'SCRAM-SHA-256-PLUS'))


def test_bound_to_the_exporter():
    """By openssl, whose own key of the connection we cannot know here: a wrong one is refused, and the name is known."""
    c = Line('imap', tls=True)
    refused(lambda: c.log_in(Scram('alice@example.test', 'segreto', 'p=tls-exporter', b'x' * 32), 'SCRAM-SHA-256-PLUS'))
    c = Line('imap', tls=True)
    refused(lambda: c.log_in(Scram('alice@example.test', 'segreto', 'p=tls-unique', b'x' * 12), 'SCRAM-SHA-256-PLUS'), 'BAD')


def test_nobody_is_talked_down():
    """Who says that we cannot bind, though we said that we can, was lied to."""
    c = Line('imap', tls=True)
    refused(lambda: c.log_in(Scram('alice@example.test', 'segreto', 'y')), 'BAD')
    Line('imap').log_in(Scram('alice@example.test', 'segreto', 'y'))


def test_wrong():
    for protocol in PROTOCOLS:
        refused(lambda: Line(protocol).log_in(Scram('alice@example.test', 'sbagliato')))
    refused(lambda: Line('imap').log_in(Scram('alice@example.test', 'segreto'), wrong=True))
    refused(lambda: Line('imap').log_in(Scram('alice@example.test', 'segreto', authorize='bob@example.test')))
    for first in 'n,,n=alice@example.test', 'n,,r=abc', 'p=x,,n=a,r=b', 'n,b,n=a,r=b', 'n,,n=a=2Db,r=c', 'n,,m=x,n=a,r=b', '', 'n,,n=,r=b', 'n,,n=a,r=' + 'x' * 300:
        c = Line('imap')
        c.say('a AUTHENTICATE SCRAM-SHA-256 ' + (b64(first.encode()) or '='))
        assert c.line().startswith('a BAD'), first


def test_who_does_not_exist_has_a_salt():
    salts = []
    for _ in range(2):
        s = Scram('nobody@example.test', 'x')
        refused(lambda: Line('imap').log_in(s))
        salts.append((s.salt, s.iterations))
    real = Scram('alice@example.test', 'segreto')
    Line('imap').log_in(real)
    assert salts[0] == salts[1] and salts[0][1] == real.iterations and len(salts[0][0]) == len(real.salt)
    server.stop()
    server.start()
    s = Scram('nobody@example.test', 'x')
    refused(lambda: Line('imap').log_in(s))
    assert s.salt == salts[0][0], 'a restart would tell who is none'


def test_announced():
    c = Line('imap')
    c.say('a CAPABILITY')
    plain = c.line()
    c = Line('imap', tls=True)
    c.say('a CAPABILITY')
    secure = c.line()
    assert ' AUTH=SCRAM-SHA-256 ' in plain + ' ' and 'PLUS' not in plain and ' AUTH=SCRAM-SHA-256-PLUS' in secure, (plain, secure)


def test_a_changed_password_counts_at_once():
    server.user('bob@example.test', 'uno')
    Line('imap').log_in(Scram('bob@example.test', 'uno'))
    server.command('user', 'passwd', 'bob@example.test', '--password-stdin', stdin='due\n')
    refused(lambda: Line('imap').log_in(Scram('bob@example.test', 'uno')))
    Line('imap').log_in(Scram('bob@example.test', 'due'))


def test_a_real_client():
    """mpop, by its library's SCRAM: bound to TLS when it can."""
    for tls, mechanism in ((False, 'scram-sha-256'), (True, 'scram-sha-256')):
        for password, good in (('segreto', True), ('sbagliato', False)):
            arguments = ['mpop', '--host=127.0.0.1', '--port=%d' % PORTS['pop3s' if tls else 'pop3'], '--user=alice@example.test',
                         '--passwordeval=printf %s ' + password, '--auth=' + mechanism, '--auth-only', '--delivery=mbox,/dev/null', '--timeout=30', '--tls-starttls=off']
            arguments += ['--tls=on', '--tls-certcheck=off'] if tls else ['--tls=off']
            r = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
            assert (r.returncode == 0) == good, (tls, password, r)


suite.main(globals(), last=server.stop)
