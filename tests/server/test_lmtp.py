#!/usr/bin/python3
"""Mail that another server hands over by LMTP: over TCP and a local socket, with TLS, by swaks and by hand; what was answered with 250 is in
the mailboxes, across a restart."""
import glob
import os
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

PORT = free_port()
CONF = """[limits]
message_size = 1M
smtp_memory = 16K
"""
server = Server(CONF, https=True)
SOCKET = os.path.join(server.dir, 'lmtp.sock')
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\nlmtp = 127.0.0.1:%d, unix:%s\n' % (PORT, SOCKET)))
server.start()
for name in 'alice', 'bob':
    server.user('%s@example.test' % name, 'segreto')
server.command('group', 'add', 'staff@example.test')


def mails(address):
    """[(folder, whole message)] of an account, oldest first."""
    found = []
    main = sqlite3.connect('file:%s/data/main.db?mode=ro' % server.dir, uri=True)
    account = main.execute('SELECT principal FROM address WHERE address = ?', (address,)).fetchone()[0]
    for path in sorted(glob.glob(server.dir + '/data/shard-*.db')):
        shard = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        for folder, prefix, data, digest, size in shard.execute(
                'SELECT c.name, i.prefix, b.data, t.hash, t.size FROM item i JOIN collection c ON c.id = i.collection '
                'JOIN content t ON t.id = i.content LEFT JOIN body b ON b.content = t.id '
                'WHERE i.account = ? AND c.kind = 1 ORDER BY i.id', (account,)):
            found.append((folder, (prefix or b'') + data if data is not None else size))
    return found


def lmtp():
    return smtplib.LMTP('127.0.0.1', PORT)


def swaks(*args):
    return subprocess.run(['swaks', '--server', '127.0.0.1:%d' % PORT, '--protocol', 'LMTP', '--helo', 'mta.example.test', *args],
                          capture_output=True, text=True, timeout=60)


def test_one_mail():
    with lmtp() as c:
        assert c.sendmail('sender@elsewhere.test', ['alice@example.test'], 'Subject: one\r\n\r\n.dot\r\nhello\r\n') == {}
    (folder, mail), = mails('alice@example.test')
    assert folder == 'INBOX', folder
    head, body = mail.split(b'\r\n\r\n', 1)
    assert body == b'.dot\r\nhello\r\n', body
    assert head.startswith(b'Return-Path: <sender@elsewhere.test>\r\nDelivered-To: alice@example.test\r\nReceived: from '), head
    assert b'\tby localhost with LMTP id ' in head and b'\tfor <alice@example.test>;' in head and head.endswith(b'Subject: one'), head


def talk(address, text):
    """All that is answered to a client that says everything at once."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as s:
        s.settimeout(30)
        s.connect(address)
        s.sendall(text)
        got = b''
        while part := s.recv(65536):
            got += part
    return got


def test_recipients_have_answers_of_their_own():
    names = ['alice@example.test', 'nobody@example.test', 'staff@example.test', 'BOB+Lists@Example.TEST', 'alice@elsewhere.test']
    got = talk(('127.0.0.1', PORT), b'LHLO mta\r\nMAIL FROM:<s@elsewhere.test>\r\n' + b''.join(b'RCPT TO:<%s>\r\n' % n.encode() for n in names) +
               b'DATA\r\nSubject: two\r\n\r\nboth\r\n.\r\nQUIT\r\n').decode()
    codes = [line[:9] for line in got.split('\r\n')[11:]]
    assert codes == ['250 2.1.0', '250 2.1.5', '550 5.1.1', '550 5.2.1', '250 2.1.5', '550 5.1.1', '354 end t', '250 2.1.5', '250 2.1.5',
                     '221 2.0.0', ''], got
    assert len(mails('alice@example.test')) == 2
    (folder, mail), = mails('bob@example.test')
    assert folder == 'INBOX' and b'Delivered-To: BOB+Lists@Example.TEST\r\n' in mail, mail


def test_whatever_tag_finds_its_user():
    """What is no mailbox's name, or names none, goes into INBOX; a mailbox of that name is taken."""
    tags = ['', 'a//b', '/', 'x' * 55, '..', '&', 'Junk', 'other users', '\u00e8']
    before = len(mails('bob@example.test'))
    got = talk(('127.0.0.1', PORT), b'LHLO mta\r\n' + b''.join(
        b'MAIL FROM:<s@elsewhere.test> SMTPUTF8\r\nRCPT TO:<"bob+%s"@example.test>\r\nDATA\r\nSubject: tag\r\n\r\n.\r\n' % t.encode() for t in tags) + b'QUIT\r\n').decode()
    assert got.count('250 2.1.5 delivered\r\n') == len(tags), got
    folders = [f for f, _ in mails('bob@example.test')[before:]]
    assert folders == ['Junk' if t == 'Junk' else 'INBOX' for t in tags], folders


def test_over_the_local_socket():
    got = talk(SOCKET, b'LHLO mta\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 6\r\nA: b\r\nBDAT 2 LAST\r\n\r\nQUIT\r\n')
    assert got.endswith(b'250 2.0.0 6 octets received\r\n250 2.1.5 delivered\r\n221 2.0.0 good-bye\r\n'), got
    assert b'from mta (local socket)' in mails('bob@example.test')[-1][1]


def test_swaks():
    before = len(mails('bob@example.test'))
    r = swaks('--from', 'a@elsewhere.test', '--to', 'bob@example.test', '--tls')
    assert r.returncode == 0 and '~>' in r.stdout, r.stdout + r.stderr
    r = swaks('--from', 'a@elsewhere.test', '--to', 'nobody@example.test')
    assert r.returncode == 24, r.stdout  # no recipient was accepted
    found = mails('bob@example.test')
    assert len(found) == before + 1 and b' with LMTPS id ' in found[-1][1], found[-1]


def test_large_ones():
    line = b'0123456789' * 7 + b'\r\n'
    with lmtp() as c:
        assert c.sendmail('s@elsewhere.test', ['alice@example.test'], b'Subject: large\r\n\r\n' + line * 10000) == {}
        try:
            c.sendmail('s@elsewhere.test', ['alice@example.test'], b'Subject: too large\r\n\r\n' + line * 20000)
            raise AssertionError('it was taken')
        except smtplib.SMTPDataError as e:
            assert e.smtp_code == 552, e
        except smtplib.SMTPSenderRefused as e:  # SIZE= says it first
            assert e.smtp_code == 552, e
    folder, size = mails('alice@example.test')[-1]
    assert 720000 < size < 721000, size  # in a file: not in the table


def test_quota():
    server.command('user', 'set', 'bob@example.test', '--quota', '1K')
    with lmtp() as c:
        try:
            c.sendmail('s@elsewhere.test', ['bob@example.test'], 'Subject: x\r\n\r\n' + 'x' * 2000 + '\r\n')
            raise AssertionError('it was taken')
        except (smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused) as e:
            assert '4.2.2' in str(e), e
        assert c.sendmail('s@elsewhere.test', ['alice@example.test'], 'Subject: y\r\n\r\ny\r\n') == {}
    server.command('user', 'set', 'bob@example.test', '--quota', '0')


def test_nothing_acknowledged_is_lost():
    """Clients deliver while the server is stopped and started: every 250 is there, once."""
    sent, stop = [], threading.Event()

    def deliver(who):
        n = 0
        while not stop.is_set():
            n += 1
            mark = 'mark-%d-%d' % (who, n)
            try:
                with lmtp() as c:
                    if c.sendmail('s@elsewhere.test', ['alice@example.test'], 'Subject: %s\r\n\r\nx\r\n' % mark) == {}:
                        sent.append(mark)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.02)

    threads = [threading.Thread(target=deliver, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    time.sleep(1)
    server.stop()
    server.start()
    time.sleep(1)
    stop.set()
    for t in threads:
        t.join()
    subjects = [m.split(b'Subject: ')[1].split(b'\r\n')[0].decode() for _, m in mails('alice@example.test') if not isinstance(m, int)]
    assert len(sent) > 10, len(sent)
    for mark in sent:
        assert subjects.count(mark) == 1, (mark, subjects.count(mark))


def test_reload():
    server.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    r = swaks('--from', 'a@elsewhere.test', '--to', 'bob@example.test', '--tls')
    assert r.returncode == 0, r.stdout + r.stderr


def test_doctor():
    out = server.command('doctor', '--store')
    assert 'FAIL' not in out, out


suite.main(globals(), last=server.stop)
