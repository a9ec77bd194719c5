"""The mail part of `make bench`: Scambio beside Postfix with Dovecot's LMTP and Maildir, and beside Dovecot; each alone, in alternation,
durable as it ships."""
import imaplib
import os
import random
import re
import socket
import statistics
import subprocess
import time
import urllib.request

import peers
import scambio
from mailpeers import Dovecot, Postfix
from scambio import free_port

ROUNDS = int(os.environ.get('ROUNDS', '3'))
MESSAGES = int(os.environ.get('MESSAGES', '10000'))
USER, PASSWORD = 'anna@example.test', 'segreto'
WORDS = ('mercato scambio riunione fattura consegna ordine bilancio progetto cliente ufficio contratto verbale preventivo '
         'budget meeting report invoice schedule draft review deadline office network server backup').split()


class Ours:
    """The release build, every listener of mail open. A machine that knows its senders lets them speak at once: greet_delay is 0, as
    Postfix ships it."""
    name = 'Scambio'

    def __enter__(self):
        self.smtp, self.imap, self.pop3 = free_port(), free_port(), free_port()
        self.server = scambio.Server('[smtp]\ngreet_delay = 0\n[limits]\nmail_connections_address = 5000\n', binary=peers.RELEASE)
        with open(self.server.conf) as f:
            text = f.read()
        with open(self.server.conf, 'w') as f:
            f.write(text.replace('[listen]\n', '[listen]\nsmtp = 127.0.0.1:%d\nimap = 127.0.0.1:%d\npop3 = 127.0.0.1:%d\n'
                                 % (self.smtp, self.imap, self.pop3)))
        self.server.start()
        self.server.user(USER, PASSWORD)
        return self

    def __exit__(self, *_):
        self.server.stop()

    def delivered(self):
        text = urllib.request.urlopen(self.server.base + '/metrics').read().decode()
        return int(re.search(r'^scambio_mail_delivered_total (\d+)', text, re.M).group(1))


class Office:
    """Postfix that hands over to Dovecot."""
    name = 'Postfix + Dovecot'

    def __enter__(self):
        self.dovecot = Dovecot()
        self.dovecot.start()
        self.postfix = Postfix('virtual_mailbox_domains = example.test\nvirtual_mailbox_maps = static:yes\n'
                               'virtual_transport = lmtp:inet:127.0.0.1:%d' % self.dovecot.lmtp)
        self.postfix.start()
        self.smtp = self.postfix.smtp
        return self

    def __exit__(self, *_):
        self.postfix.__exit__()
        self.dovecot.__exit__()

    def delivered(self):
        return sum(len(files) for place, _, files in os.walk(self.dovecot.dir + '/mail') if place.endswith(('/new', '/cur')))


class DovecotImap:
    name = 'Dovecot Maildir'

    def __enter__(self):
        self.dovecot = Dovecot()
        self.dovecot.start()
        self.imap, self.pop3 = self.dovecot.imap, self.dovecot.pop3
        return self

    def __exit__(self, *_):
        self.dovecot.__exit__()


class DovecotSdbox(DovecotImap):
    name = 'Dovecot sdbox'

    def __enter__(self):
        self.dovecot = Dovecot(location='sdbox:~/sdbox')
        self.dovecot.start()
        self.imap, self.pop3 = self.dovecot.imap, self.dovecot.pop3
        return self


def spread(values, form='%.0f'):
    return (form + ' (' + form + '–' + form + ')') % (statistics.median(values), min(values), max(values))


def smtp(table, row, count=5000):
    """`smtp-source -s 20 -l 5120`: how fast messages are accepted, and how fast they are in the mailbox."""
    accepted, delivered = {}, {}
    for _ in range(ROUNDS):
        for kind in (Ours, Office):
            n = count if kind is Ours else count // 5
            with kind() as p:
                before, began = p.delivered(), time.time()
                subprocess.run(['smtp-source', '-s', '20', '-l', '5120', '-m', str(n), '-f', 'sender@elsewhere.test', '-t', USER,
                                'inet:127.0.0.1:%d' % p.smtp], check=True, timeout=600)
                accepted.setdefault(p.name, []).append(n / (time.time() - began))
                while p.delivered() - before < n:
                    if time.time() - began > 600:
                        raise AssertionError('%s has delivered %d of %d' % (p.name, p.delivered() - before, n))
                    time.sleep(0.02)
                delivered.setdefault(p.name, []).append(n / (time.time() - began))
    table('SMTP to delivered, 20 sessions, 5 KB, one message a connection', 'server', 'accepted/s', 'delivered/s', 'ratio')
    ours = statistics.median(delivered['Scambio'])
    for name in delivered:
        row(name, spread(accepted[name]), spread(delivered[name]), '%.1f' % (ours / statistics.median(delivered[name])))


# ---- IMAP ----

def message(n, rng):
    """About 2.4 KB: headers as they come, a text, every third with an attachment."""
    body = ' '.join(rng.choice(WORDS) for _ in range(230)) + ' unico%d' % n
    lines = [body[i:i + 70] for i in range(0, len(body), 70)]
    head = ('Return-Path: <s%d@elsewhere.test>\r\nReceived: from mx.elsewhere.test (mx.elsewhere.test [192.0.2.%d])\r\n'
            '\tby mail.example.test with ESMTPS id %08x\r\n\tfor <%s>; Tue, %d Nov 2026 10:%02d:00 +0100\r\n'
            'From: "Mittente %d" <s%d@elsewhere.test>\r\nTo: Anna <%s>\r\nSubject: %s %d\r\n'
            'Date: Tue, %d Nov 2026 09:%02d:00 +0100\r\nMessage-ID: <m%d@elsewhere.test>\r\n%sMIME-Version: 1.0\r\n'
            % (n % 50, n % 250 + 1, n, USER, n % 28 + 1, n % 60, n % 50, n % 50, USER, ' '.join(rng.sample(WORDS, 3)), n % 700,
               n % 28 + 1, n % 60, n, 'In-Reply-To: <m%d@elsewhere.test>\r\n' % (n - 7) if n % 3 == 0 and n > 7 else ''))
    if n % 3:
        return (head + 'Content-Type: text/plain; charset=utf-8\r\n\r\n' + '\r\n'.join(lines) + '\r\n').encode()
    return (head + 'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\nContent-Type: text/plain\r\n\r\n%s\r\n'
            '--b%d\r\nContent-Type: application/pdf; name="f%d.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b%d--\r\n'
            % (n, n, '\r\n'.join(lines), n, n, n)).encode()


class Session:
    """A raw IMAP connection: `run` sends a command and reads to its tagged answer, at the speed of the socket."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), 600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0
        self._until(b'\r\n')
        self.run('LOGIN %s %s' % (USER, PASSWORD))

    def _until(self, end):
        got = bytearray()
        while not got.endswith(end):
            data = self.socket.recv(1 << 20)
            if not data:
                raise AssertionError('the server closed the connection: %r' % bytes(got[-200:]))
            got += data
        return got

    def send(self, data):
        self.socket.sendall(data)

    def run(self, command):
        self.number += 1
        tag = b't%d' % self.number
        self.send(tag + b' ' + (command.encode() if isinstance(command, str) else command) + b'\r\n')
        return self.answer(tag)

    def answer(self, tag):
        got = bytearray()
        while True:
            data = self.socket.recv(1 << 20)
            if not data:
                raise AssertionError('the server closed the connection: %r' % bytes(got[-200:]))
            got += data
            if got.endswith(b'\r\n'):
                before = got.rfind(b'\r\n', 0, len(got) - 2)
                start = before + 2 if before >= 0 else 0
                last = bytes(got[start:])
                if last.startswith(tag + b' '):
                    if not last.startswith(tag + b' OK'):
                        raise AssertionError(last)
                    return got

    def close(self):
        self.socket.close()


def timed(fn):
    began = time.time()
    fn()
    return time.time() - began


def append_single(port, messages):
    s = Session(port)
    for m in messages:
        s.run(b'APPEND INBOX {%d+}\r\n' % len(m) + m)
    s.close()


def append_many(port, messages, connections=8):
    pids = []
    for k in range(connections):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                append_single(port, messages[k::connections])
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    if any(os.waitpid(pid, 0)[1] for pid in pids):
        raise AssertionError('an APPEND failed')


def append_multi(port, messages, batch=250):
    s = Session(port)
    for at in range(0, len(messages), batch):
        s.run(b'APPEND INBOX' + b''.join(b' {%d+}\r\n' % len(m) + m for m in messages[at:at + batch]))
    s.close()


HEADERS = 'BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)]'
COMMANDS = [
    ('FETCH FLAGS', 'UID FETCH 1:* (UID FLAGS)'),
    ('FETCH ENVELOPE', 'FETCH 1:* (ENVELOPE RFC822.SIZE INTERNALDATE)'),
    ('FETCH Thunderbird headers', 'UID FETCH 1:* (UID RFC822.SIZE FLAGS %s)' % HEADERS),
    ('FETCH BODYSTRUCTURE', 'FETCH 1:* (BODYSTRUCTURE)'),
    ('FETCH 1:1000 BODY.PEEK[]', 'FETCH 1:1000 (BODY.PEEK[])'),
    ('SEARCH UNSEEN', 'SEARCH UNSEEN'),
    ('SEARCH SUBJECT', 'SEARCH SUBJECT "bilancio"'),
    ('SEARCH BODY', 'SEARCH BODY "unico4711"'),
    ('SORT (DATE)', 'SORT (DATE) UTF-8 ALL'),
    ('THREAD REFERENCES', 'THREAD REFERENCES UTF-8 ALL'),
    ('STORE 1:* +FLAGS.SILENT', 'STORE 1:* +FLAGS.SILENT (\\Flagged)'),
]


def store_flags(s, count=200):
    for n in range(1, count + 1):
        s.run('STORE %d +FLAGS.SILENT (\\Answered)' % n)


def imap(table, row):
    """Filling a mailbox, then what clients ask of it: the first time, and the median of three."""
    rng = random.Random(7)
    messages = [message(n, rng) for n in range(1, MESSAGES + 1)]
    results = {}
    kinds = (Ours, DovecotImap, DovecotSdbox)
    for kind in kinds:
        with kind() as p:
            got = results.setdefault(p.name, {})
            few = messages[:min(1000, len(messages) // 10)]
            got['APPEND, 1 connection /s'] = len(few) / timed(lambda: append_single(p.imap, few))
            got['APPEND, 8 connections /s'] = len(few) / timed(lambda: append_many(p.imap, few))
            s = Session(p.imap)
            s.run('SELECT INBOX')
            s.run('STORE 1:* +FLAGS.SILENT (\\Deleted)')
            s.run('EXPUNGE')
            s.close()
            got['MULTIAPPEND 250 /s'] = len(messages) / timed(lambda: append_multi(p.imap, messages))
            selects = []
            for _ in range(4):
                s = Session(p.imap)
                selects.append(1000 * timed(lambda: s.run('SELECT INBOX')))
                s.close()
            got['SELECT ms'] = selects[0], statistics.median(selects[1:])
            s = Session(p.imap)
            s.run('SELECT INBOX')
            for name, command in COMMANDS:
                times = [1000 * timed(lambda: s.run(command)) for _ in range(4)]
                got[name + ' ms'] = times[0], statistics.median(times[1:])
            got['STORE one flag /s'] = 200 / timed(lambda: store_flags(s))
            s.close()
    table('IMAP, %d messages of 2.4 KB: first / median of three' % MESSAGES, 'operation', *[k.name for k in kinds], 'ratio')
    for name in results['Scambio']:
        cells = [results[k.name][name] for k in kinds]
        shown = ['%.1f / %.1f' % c if isinstance(c, tuple) else '%.0f' % c for c in cells]
        last = [c[1] if isinstance(c, tuple) else c for c in cells]
        ratios = ['%.1f' % (x / last[0] if isinstance(cells[0], tuple) else last[0] / x) for x in last[1:]]
        row(name, *shown, ', '.join(ratios))


# ---- POP3 ----

def pop3(table, row, count=1000):
    rng = random.Random(9)
    messages = [message(n, rng) * 2 for n in range(1, count + 1)]
    rates = {}
    for kind in (Ours, DovecotImap):
        with kind() as p:
            append_multi(p.imap, messages)
            for _ in range(ROUNDS):
                c = socket.create_connection(('127.0.0.1', p.pop3), 60)
                f = c.makefile('rb')
                f.readline()
                for line in ('USER ' + USER, 'PASS ' + PASSWORD):
                    c.sendall(line.encode() + b'\r\n')
                    assert f.readline().startswith(b'+OK')
                began = time.time()
                for at in range(0, count, 100):
                    c.sendall(b''.join(b'RETR %d\r\n' % (n + 1) for n in range(at, at + 100)))
                    for _ in range(100):
                        assert f.readline().startswith(b'+OK')
                        while f.readline() != b'.\r\n':
                            pass
                rates.setdefault(p.name, []).append(count / (time.time() - began))
                c.close()
    table('POP3: RETR of %d messages of 5 KB, 100 at once' % count, 'server', 'messages/s', 'ratio')
    for name in rates:
        row(name, spread(rates[name]), '%.2f' % (statistics.median(rates['Scambio']) / statistics.median(rates[name])))


# ---- idle connections ----

def idle(table, row, count=1000):
    """What a connection that idles costs, and how soon all of them hear of a delivery."""
    with Ours() as p:
        pid = p.server.process.pid

        def pss():
            total = 0
            for child in [pid] + [int(x) for x in subprocess.run(['pgrep', '-P', str(pid)], capture_output=True, text=True).stdout.split()]:
                with open('/proc/%d/smaps_rollup' % child) as f:
                    total += int(re.search(r'^Pss:\s+(\d+)', f.read(), re.M).group(1))
            return total
        append_single(p.imap, [b'Subject: first\r\n\r\nx\r\n'])
        before, held = pss(), []
        for _ in range(count):
            s = Session(p.imap)
            s.run('SELECT INBOX')
            s.send(b'i IDLE\r\n')
            s._until(b'idling\r\n')
            held.append(s)
        after = pss()
        began = time.time()
        subprocess.run(['smtp-source', '-m', '1', '-f', 'sender@elsewhere.test', '-t', USER, 'inet:127.0.0.1:%d' % p.smtp], check=True)
        sent = time.time()
        for s in held:
            s._until(b'EXISTS\r\n')
        heard = time.time()
        table('%d idle connections' % count, 'KB a connection', 'all heard of a delivery within ms', 'of which the delivery')
        row('%.1f' % ((after - before) / count), '%.0f' % (1000 * (heard - began)), '%.0f' % (1000 * (sent - began)))
        for s in held:
            s.close()
