#!/usr/bin/python3
"""POP3 by hand over the wire: every command, with TLS, in one piece and in many; what QUIT acknowledged is gone for good, and nothing
else is."""
import base64
import os
import poplib
import signal
import smtplib
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port, wait_for

POP, POPS, LMTP = free_port(), free_port(), free_port()
server = Server('[limits]\npop3_errors = 10\n[auth]\nmaster_users = master@example.test\n', https=True)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\nlmtp = 127.0.0.1:%d\npop3 = 127.0.0.1:%d\npop3s = 127.0.0.1:%d\n' % (LMTP, POP, POPS)))
server.start()
for name in 'alice', 'bob', 'carol', 'dave', 'master':
    server.user('%s@example.test' % name, 'segreto')
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def deliver(to, *bodies):
    with smtplib.LMTP('127.0.0.1', LMTP) as c:
        for body in bodies:
            assert c.sendmail('s@elsewhere.test', [to + '@example.test'], body) == {}


def login(user, **more):
    c = poplib.POP3('127.0.0.1', POP, timeout=60)
    c._maxline = 1 << 20
    c.user(user + '@example.test')
    c.pass_('segreto')
    return c


def talk(text, port=POP):
    """All that is answered to who says everything at once."""
    with socket.create_connection(('127.0.0.1', port), 60) as s:
        s.sendall(text)
        got = b''
        while part := s.recv(65536):
            got += part
    return got


def refused(call, *args):
    try:
        call(*args)
    except poplib.error_proto as e:
        return str(e)
    raise AssertionError('%s was not refused' % call)


def counter(name):
    import urllib.request
    with urllib.request.urlopen(server.base + '/metrics') as r:
        for line in r.read().decode().split('\n'):
            if line.startswith(name + ' '):
                return int(line.split()[1])
    raise AssertionError(name)


def test_every_command():
    deliver('alice', b'Subject: one\r\n\r\n.dot\r\nhello\r\n', b'Subject: two\r\n\r\n' + b'line\r\n' * 100, b'Subject: three\r\n\r\nno')
    c = login('alice')
    count, size = c.stat()
    listed = [tuple(map(int, x.split())) for x in c.list()[1]]
    assert count == 3 and [n for n, _ in listed] == [1, 2, 3] and sum(s for _, s in listed) == size, listed
    for n, octets in listed:
        lines = c.retr(n)[1]
        assert sum(len(x) + 2 for x in lines) == octets, (n, lines)
        assert c.list(n) == b'+OK %d %d' % (n, octets)
    assert c.retr(1)[1][-2:] == [b'.dot', b'hello'] and lines[-1] == b'no', lines
    assert c.top(2, 3)[1][-4:] == [b'', b'line', b'line', b'line']
    uids = c.uidl()[1]
    assert len({u.split()[1] for u in uids}) == 3
    assert c.uidl(2) == b'+OK ' + uids[1]
    assert 'STLS' in c.capa() and 'PIPELINING' in c.capa() and 'UTF8' in c.capa()
    c.dele(2)
    assert 'no such message' in refused(c.retr, 2) and 'no such message' in refused(c.dele, 2)
    assert c.stat()[0] == 2
    c.rset()
    assert c.stat() == (3, size)
    assert c.noop().startswith(b'+OK')
    c.dele(1)
    c.close()  # without QUIT
    c = login('alice')
    assert c.stat()[0] == 3 and c.uidl()[1] == uids
    c.dele(1)
    before = counter('scambio_pop3_deleted_total')
    assert c.quit().startswith(b'+OK')
    assert counter('scambio_pop3_deleted_total') == before + 1 and counter('scambio_pop3_retrieved_total') >= 4
    server.stop()
    server.start()
    c = login('alice')
    assert [u.split()[1] for u in c.uidl()[1]] == [u.split()[1] for u in uids[1:]]
    c.quit()


def test_log_in():
    assert 'AUTH' in refused(lambda: (lambda c: (c.user('alice@example.test'), c.pass_('wrong')))(poplib.POP3('127.0.0.1', POP)))
    plain = base64.b64encode(b'\0bob@example.test\0segreto')
    assert talk(b'AUTH PLAIN ' + plain + b'\r\nSTAT\r\nQUIT\r\n').split(b'\r\n')[1:] == [b'+OK 0 messages', b'+OK 0 0', b'+OK good-bye', b'']
    got = talk(b'AUTH LOGIN\r\n' + base64.b64encode(b'bob@example.test') + b'\r\n' + base64.b64encode(b'segreto') + b'\r\nQUIT\r\n')
    assert got.count(b'+OK') == 3, got
    assert b'-ERR log in first\r\n' in talk(b'STAT\r\nQUIT\r\n')


def test_tls():
    c = poplib.POP3_SSL('127.0.0.1', POPS, context=context, timeout=60)
    assert 'STLS' not in c.capa()
    c.user('alice@example.test')
    c.pass_('segreto')
    assert c.quit().startswith(b'+OK')
    c = poplib.POP3('127.0.0.1', POP, timeout=60)
    c.stls(context)
    assert 'STLS' not in c.capa()
    c.user('alice@example.test')
    c.pass_('segreto')
    assert c.quit().startswith(b'+OK')
    # what came in the clear behind STLS is not taken for what came in TLS
    with socket.create_connection(('127.0.0.1', POP), 60) as s:
        s.sendall(b'STLS\r\nUSER alice@example.test\r\n')
        got = b''
        while b'TLS now\r\n' not in got:
            got += s.recv(1000)
        with context.wrap_socket(s) as t:
            t.sendall(b'PASS segreto\r\nQUIT\r\n')
            got = b''
            while part := t.recv(1000):
                got += part
    assert got == b'-ERR say USER first\r\n+OK good-bye\r\n', got


def test_pipelined_and_cut():
    """All at once, and a byte at a time, is answered alike."""
    text = b'USER alice@example.test\r\nPASS segreto\r\n' + b'RETR 1\r\nRETR 2\r\nTOP 1 0\r\n' * 50 + b'QUIT\r\n'
    whole = talk(text)
    assert whole.count(b'Subject: two') == 100 and whole.endswith(b'+OK good-bye\r\n'), whole[-300:]
    with socket.create_connection(('127.0.0.1', POP), 60) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(text)):
            s.sendall(text[i:i + 1])
        got = b''
        while part := s.recv(65536):
            got += part
    assert got == whole


def test_junk():
    got = talk(os.urandom(300).replace(b'\n', b'x') + b'\r\n\r\n\0\r\nUSER\r\nLIST 1\r\nQUIT\r\n')
    assert got.count(b'-ERR') == 5 and got.endswith(b'+OK good-bye\r\n'), got
    got = talk(b'x' * (1 << 20) + b'\r\nQUIT\r\n')
    assert got.endswith(b'-ERR the line is too long\r\n+OK good-bye\r\n'), got[-200:]
    got = talk(b'nonsense\r\n' * 20)
    assert got.count(b'-ERR') == 10, got
    login('alice').quit()


def test_utf8():
    deliver('bob', 'Subject: Nicolò\r\n\r\nperché\r\n'.encode())
    got = talk(b'UTF8\r\nUSER bob@example.test\r\nPASS segreto\r\nRETR 1\r\nQUIT\r\n')
    assert 'Subject: Nicolò\r\n\r\nperché\r\n.\r\n'.encode() in got, got


def test_large_messages():
    """Longer than anything that is held of them, with dots, over TLS too."""
    body = b''.join(b'.%d line\r\n' % i for i in range(400000))
    deliver('carol', b'Subject: large\r\n\r\n' + body, b'Subject: small\r\n\r\nx\r\n')
    for c in login('carol'), None:
        if not c:
            c = poplib.POP3_SSL('127.0.0.1', POPS, context=context, timeout=120)
            c.user('carol@example.test')
            c.pass_('segreto')
        lines = c.retr(1)[1]
        assert b'\r\n'.join(lines[lines.index(b'') + 1:]) + b'\r\n' == body
        assert c.top(1, 2)[1][-2:] == [b'.0 line', b'.1 line']
        assert c.retr(2)[1][-1] == b'x'
        c.quit()


def test_two_sessions():
    """They share the mailbox; what one has expunged the other is told of, and its own QUIT still counts."""
    deliver('dave', *[b'Subject: %d\r\n\r\n%d\r\n' % (i, i) for i in range(1, 6)])
    one, two = login('dave'), login('dave')
    one.dele(2)
    one.dele(5)
    one.quit()
    assert two.stat()[0] == 5
    assert 'no such message any more' in refused(two.retr, 2)
    assert two.retr(3)[1][-1] == b'3'
    assert 'no such message any more' in refused(two.top, 5, 1)
    for n in 1, 2, 5:
        two.dele(n)
    assert two.quit().startswith(b'+OK')
    c = login('dave')
    assert [c.retr(n)[1][-1] for n in (1, 2)] == [b'3', b'4'] and c.stat()[0] == 2
    c.quit()


def test_master_reads_only():
    c = poplib.POP3('127.0.0.1', POP, timeout=60)
    c.user('dave@example.test*master@example.test')
    c.pass_('segreto')
    assert c.retr(1)[1][-1] == b'3'
    assert c.quit().startswith(b'+OK')
    c = poplib.POP3('127.0.0.1', POP, timeout=60)
    c.user('dave@example.test*master@example.test')
    c.pass_('segreto')
    c.dele(1)
    assert 'SYS/PERM' in refused(c.quit)
    c = login('dave')
    assert c.stat()[0] == 2
    c.quit()


def closed(port):
    """Has the last process that listened there died too?"""
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) != 0


def seen(address):
    import sqlite3
    import glob
    main = sqlite3.connect('file:%s/data/main.db?mode=ro' % server.dir, uri=True)
    account = main.execute('SELECT principal FROM address WHERE address = ?', (address + '@example.test',)).fetchone()[0]
    for path in glob.glob(server.dir + '/data/shard-*.db'):
        db = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        rows = db.execute("SELECT e.flags & 1 FROM entry e JOIN collection c ON c.id = e.collection WHERE c.account = ? AND c.name = 'INBOX' "
                          'ORDER BY e.uid', (account,)).fetchall()
        if rows:
            return [r[0] for r in rows]
    return []


def test_what_was_retrieved_is_seen():
    deliver('dave', b'Subject: new\r\n\r\nx\r\n')
    before = seen('dave')
    assert before[-1] == 0
    c = login('dave')
    c.top(len(before), 0)
    c.quit()
    assert seen('dave') == before
    c = login('dave')
    c.retr(len(before))
    c.quit()
    assert seen('dave') == before[:-1] + [1]


def test_acknowledged_is_gone():
    """The process dies between QUIT and its answer, or behind it: all is deleted or nothing, and nothing comes back that was answered."""
    for round in range(4):
        deliver('bob', *[b'Subject: %d\r\n\r\nx\r\n' % i for i in range(40)])
        s = socket.create_connection(('127.0.0.1', POP), 60)
        s.settimeout(60)
        s.sendall(b'USER bob@example.test\r\nPASS segreto\r\nSTAT\r\n')
        got = b''
        while got.count(b'\r\n') < 4:
            got += s.recv(1000)
        count = int(got.split(b'\r\n')[3].split()[1])
        s.sendall(b''.join(b'DELE %d\r\n' % (n + 1) for n in range(count)) + b'QUIT\r\n')
        answered = False
        if round % 2:
            got = b''
            while part := s.recv(65536):
                got += part
            answered = got.endswith(b'+OK good-bye\r\n')
            assert answered, got[-200:]
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.process = None
        s.close()
        for port in POP, POPS, LMTP, server.port, server.https_port:
            wait_for('the end of the killed server', lambda: closed(port), pause=0.01)
        server.start()
        c = login('bob')
        left = c.stat()[0]
        c.quit()
        assert left == 0 if answered else left in (0, count), (left, count)


def test_doctor():
    out = server.command('doctor', '--store')
    assert 'FAIL' not in out, out


suite.main(globals(), last=server.stop)
