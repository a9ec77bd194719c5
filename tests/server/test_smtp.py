#!/usr/bin/python3
"""Mail comes in: from other servers on port 25, from own users by submission; by swaks and by hand. What was answered with 250 is in the
mailboxes or in the queue, and what was not is nowhere."""
import base64
import glob
import os
import resource
import signal
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

MX, SUBMISSION, SUBMISSIONS = free_port(), free_port(), free_port()
CONF = """[limits]
message_size = 1M
smtp_memory = 16K
smtp_list_members = 120
smtp_account_messages = 60
smtp_account_recipients = 300
smtp_errors = 1000
smtp_commands = 1000
[smtp]
tarpit = 0s
catch_all = catch.test: alice@example.test
postmaster = carol@example.test
[relay]
host = 127.0.0.1:%d
""" % free_port()  # nobody is there: what is to go out stays in the queue
server = Server(CONF)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('domains = example.test', 'domains = example.test, catch.test')
            .replace('[listen]\n', '[listen]\nsmtp = 127.0.0.1:%d\nsubmission = 127.0.0.1:%d\nsubmissions = 127.0.0.1:%d\n' % (MX, SUBMISSION, SUBMISSIONS)))
server.start()
for name in 'alice', 'bob', 'carol', 'dora', 'full':
    server.user('%s@example.test' % name, 'segreto')
server.command('user', 'disable', 'dora@example.test')


def sql(database, query, *values):
    db = sqlite3.connect('file:%s?mode=ro' % database, uri=True)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def shards():
    return sorted(glob.glob(server.dir + '/data/shard-*.db'))


def mails(address):
    """[(folder, whole message or its size)] of an account, oldest first."""
    (account,), = sql(server.dir + '/data/main.db', 'SELECT principal FROM address WHERE address = ?', address)
    found = []
    for shard in shards():
        for folder, prefix, data, size in sql(shard, 'SELECT c.name, i.prefix, b.data, t.size FROM item i JOIN collection c ON c.id = i.collection '
                                              'JOIN content t ON t.id = i.content LEFT JOIN body b ON b.content = t.id '
                                              'WHERE i.account = ? AND c.kind = 1 ORDER BY i.id', account):
            found.append((folder, (prefix or b'') + data if data is not None else size))
    return found


def queue():
    """[(sender, address, domain, options, prefix, body)] of all that waits to go out; what is new is at the end."""
    found = []
    for shard in shards():
        found += sql(shard, 'SELECT q.sender, r.address, r.domain, r.opts, q.prefix, b.data FROM rcpt r JOIN queue q ON q.id = r.queue '
                     'LEFT JOIN body b ON b.content = q.content ORDER BY q.id, r.n')
    queued.extend(row for row in found if row not in queued)
    return list(queued)


queued = []


def bodies():
    return sum(sql(shard, "SELECT count(*) FROM content WHERE media = 3")[0][0] for shard in shards())


def talk(text, port=MX):
    """All that is answered to a client that says everything at once."""
    with socket.create_connection(('127.0.0.1', port)) as s:
        s.settimeout(30)
        s.sendall(text)
        got = b''
        while part := s.recv(65536):
            got += part
    return got.decode()


def mail(to, text=b'Subject: x\r\n\r\nx\r\n', sender='s@elsewhere.test', parameters=''):
    """Codes of RCPT and of the end of the text, in one go."""
    to = [to] if isinstance(to, str) else to
    got = talk(b'EHLO mta.test\r\nMAIL FROM:<%s>%s\r\n' % (sender.encode(), parameters.encode()) + b''.join(b'RCPT TO:<%s>\r\n' % t.encode() for t in to) +
               b'DATA\r\n' + text + b'.\r\nQUIT\r\n')
    lines = [line for line in got.split('\r\n') if line[3:4] == ' '][2:]
    return [line[:9] for line in lines]


def swaks(port, *args):
    return subprocess.run(['swaks', '--server', '127.0.0.1:%d' % port, '--helo', 'mta.example.test', *args], capture_output=True, text=True,
                          timeout=60)


def submission(user='alice', tls=True):
    context = ssl._create_unverified_context()
    c = smtplib.SMTP('127.0.0.1', SUBMISSION)
    if tls:
        c.starttls(context=context)
    if user:
        c.login('%s@example.test' % user, 'segreto')
    return c


def refused(call, *args):
    try:
        call(*args)
    except smtplib.SMTPResponseException as e:
        return '%d %s' % (e.smtp_code, e.smtp_error.decode())
    except smtplib.SMTPRecipientsRefused as e:
        (code, words), = set(e.recipients.values())
        return '%d %s' % (code, words.decode())
    raise AssertionError('it was taken')


# ---- port 25 ----
def test_one_mail():
    assert mail('Alice@EXAMPLE.test') == ['250 2.1.0', '250 2.1.5', '354 end t', '250 2.0.0', '221 2.0.0']
    (folder, text), = mails('alice@example.test')
    assert folder == 'INBOX' and text.startswith(b'Return-Path: <s@elsewhere.test>\r\nDelivered-To: Alice@EXAMPLE.test\r\nReceived: from mta.test'), text
    assert b' with ESMTP id ' in text and text.endswith(b'Subject: x\r\n\r\nx\r\n'), text


def test_who_gets_none():
    for address, code in (('nobody@example.test', '550 5.1.1'), ('dora@example.test', '550 5.2.1'), ('alice@elsewhere.test', '550 5.7.1'),
                          ('alice@[127.0.0.1]', '550 5.7.1'), ('alice%elsewhere.test@example.test', '550 5.1.1'),
                          ('"alice@elsewhere.test"@example.test', '550 5.1.1'), ('@elsewhere.test:nobody@example.test', '550 5.1.1')):
        got = mail(address)
        assert got == ['250 2.1.0', code, '503 5.5.1', '500 5.5.1', '500 5.5.1', '500 5.5.1'] or got[1] == code, (address, got)
    assert queue() == []


def test_subaddress():
    before = len(mails('bob@example.test'))
    assert mail(['bob+junk@example.test', 'bob+Junk@example.test', 'bob+nothing@example.test'])[1:4] == 3 * ['250 2.1.5']
    folders = [f for f, _ in mails('bob@example.test')[before:]]
    assert sorted(folders) == ['INBOX', 'INBOX', 'Junk'], folders


def test_postmaster():
    before = len(mails('carol@example.test'))
    for address in 'postmaster', 'Postmaster@example.test', 'abuse@catch.test', 'POSTMASTER@catch.test':
        assert mail(address)[1] == '250 2.1.5', address
    assert mail('abuse@elsewhere.test')[1] == '550 5.7.1'
    assert len(mails('carol@example.test')) == before + 4


def test_catch_all():
    before = len(mails('alice@example.test'))
    assert mail('whoever@catch.test')[1] == '250 2.1.5'
    found = mails('alice@example.test')[before:]
    assert len(found) == 1 and b'Delivered-To: whoever@catch.test\r\n' in found[0][1]


def test_aliases_and_lists():
    server.command('alias', 'add', 'info@example.test', 'bob@example.test')
    server.command('group', 'add', 'inner@example.test')
    server.command('group', 'add', 'outer@example.test')
    server.command('group', 'member', 'add', 'inner@example.test', 'bob@example.test', 'dora@example.test', 'outer@example.test')
    server.command('group', 'member', 'add', 'outer@example.test', 'inner@example.test', 'alice@example.test')
    a, b = len(mails('alice@example.test')), len(mails('bob@example.test'))
    assert mail('info@example.test')[1:4] == ['250 2.1.5', '354 end t', '250 2.0.0']
    assert mail(['outer@example.test', 'alice@example.test'])[-2] == '250 2.0.0'
    alice, bob = mails('alice@example.test')[a:], mails('bob@example.test')[b:]
    assert len(alice) == 1 and len(bob) == 2, (alice, bob)  # a cycle of groups, and nobody twice
    assert b'Delivered-To: bob@example.test\r\nDelivered-To: outer@example.test\r\n' in bob[1][1], bob[1]
    got = mail('outer@example.test', b'Delivered-To: outer@example.test\r\nSubject: again\r\n\r\n')
    assert got[-2] == '554 5.4.6', got
    got = mail('alice@example.test', b'Delivered-To: ALICE@example.test\r\nSubject: again\r\n\r\n')
    assert got[-2] == '554 5.4.6', got
    assert len(mails('alice@example.test')) == a + 1 and queue() == []


def test_a_list_has_bounds():
    names = ['u%03d@example.test' % i for i in range(100)]
    server.command('group', 'add', 'all@example.test')
    for name in names:
        server.command('user', 'add', name, '--password-stdin', stdin='segreto-%s\n' % name)
    for i in range(0, 100, 10):
        server.command('group', 'member', 'add', 'all@example.test', *names[i:i + 10])
    before = bodies()
    assert mail('all@example.test', b'Subject: to all\r\n\r\n' + b'x' * 5000 + b'\r\n')[-2] == '250 2.0.0'
    assert bodies() - before in (1, len(shards()))
    assert all(len(mails(name)) == 1 for name in names)
    before = bodies()
    assert mail(names, b'Subject: to each\r\n\r\n' + b'x' * 100000 + b'\r\n')[-2] == '250 2.0.0'
    assert bodies() - before in (1, len(shards())) and all(len(mails(name)) == 2 for name in names)
    for i in range(100, 130):
        server.command('group', 'member', 'add', 'all@example.test', 'm%d@elsewhere.test' % i)
    got = mail('all@example.test')
    assert got[-2] == '550 5.2.4', got
    assert all(len(mails(name)) == 2 for name in names[:3]) and queue() == []


def test_smuggling():
    """Of what some server takes for an end none is one: the second mail stays text, and bare line ends are none."""
    ends = [b'\n.\n', b'\n.\r\n', b'\r.\r\n', b'\r\n.\n', b'\r\n.\r', b'\r.\r', b'\n.\r', b'\r\n\0.\r\n', b'\r\n.\0\r\n', b'\r\n.\r\r\n', b'\r\r\n.\r\r\n',
            b'\r\n.\x0b\r\n', b'\r\n. \r\n', b'\n\n.\r\n\r\n']
    for end in ends:
        before = len(mails('alice@example.test')), len(mails('bob@example.test'))
        second = b'MAIL FROM:<evil@elsewhere.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n.\r\n'
        got = talk(b'EHLO mta\r\nMAIL FROM:<s@elsewhere.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: first\r\n\r\nfirst' + end + second +
                   b'QUIT\r\n')
        assert got.count('354 ') == 1 and got.count('250 2.0.0') == 1, (end, got)
        assert (len(mails('alice@example.test')), len(mails('bob@example.test'))) == (before[0] + 1, before[1]), end


def test_starttls_injection():
    """What came in the clear behind STARTTLS is forgotten."""
    context = ssl._create_unverified_context()
    with socket.create_connection(('127.0.0.1', MX)) as plain:
        plain.settimeout(30)
        plain.recv(1000)
        plain.sendall(b'EHLO mta\r\n')
        assert b'STARTTLS' in plain.recv(4000)
        plain.sendall(b'STARTTLS\r\nMAIL FROM:<evil@elsewhere.test>\r\n')
        assert plain.recv(1000).startswith(b'220 2.0.0')
        with context.wrap_socket(plain) as s:
            s.sendall(b'NOOP\r\nRCPT TO:<alice@example.test>\r\nEHLO mta\r\nRCPT TO:<alice@example.test>\r\nQUIT\r\n')
            got = b''
            while part := s.recv(4000):
                got += part
    lines = [line for line in got.decode().split('\r\n') if line[3:4] == ' ']
    assert [line[:3] for line in lines] == ['250', '503', '250', '503', '221'] and 'STARTTLS' not in got.decode(), got


def test_junk():
    for junk in (b'\0' * 100000, os.urandom(100000), b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'A' * 100000 + b'\r\n', b'EHLO \xff\r\n' * 100,
                 b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'\0' * 200):
        try:
            talk(junk + b'\r\nQUIT\r\n')
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert mail('alice@example.test')[-2] == '250 2.0.0'


def test_swaks():
    r = swaks(MX, '--from', 'a@elsewhere.test', '--to', 'bob@example.test', '--tls')
    assert r.returncode == 0 and b' with ESMTPS id ' in mails('bob@example.test')[-1][1], r.stdout + r.stderr
    r = swaks(MX, '--from', 'a@elsewhere.test', '--to', 'bob@elsewhere.test')
    assert r.returncode == 24 and '550 5.7.1' in r.stdout, r.stdout


# ---- quota ----
def test_over_quota():
    server.command('user', 'set', 'full@example.test', '--quota', '3K')
    big = b'Subject: big\r\n\r\n' + (b'x' * 70 + b'\r\n') * 20
    assert mail('full@example.test', parameters=' SIZE=100000')[1] == '452 4.2.2'
    assert mail(['full@example.test', 'alice@example.test'], big)[-2] == '250 2.0.0'
    got = mail('full@example.test', big)
    assert got[-2] == '452 4.2.2', got
    assert queue() == []
    # together with others it waits for him
    before = len(mails('bob@example.test'))
    assert mail(['full@example.test', 'bob@example.test'], big)[-2] == '250 2.0.0'
    (sender, address, domain, opts, prefix, body), = queue()
    assert (sender, address, domain) == ('s@elsewhere.test', 'full@example.test', 'example.test') and b'Subject: big' in body
    assert len(mails('bob@example.test')) == before + 1
    server.command('user', 'set', 'full@example.test', '--quota', '1K')
    assert mail('full@example.test')[1] == '452 4.2.2'
    reconfigure('over_quota = refuse')
    assert mail('full@example.test')[1] == '552 5.2.2'
    reconfigure('over_quota = later')


def reconfigure(line):
    with open(server.conf) as f:
        text = f.read()
    key = line.split(' = ')[0]
    lines = [l for l in text.split('\n') if not l.startswith(key + ' ')]
    lines.insert(lines.index('[smtp]') + 1, line)
    with open(server.conf, 'w') as f:
        f.write('\n'.join(lines))
    before = server.log_text()
    server.process.send_signal(signal.SIGHUP)
    end = time.time() + 20
    while 'reload' not in server.log_text()[len(before):] and time.time() < end:
        time.sleep(0.05)
    time.sleep(0.3)


def test_warning():
    server.user('warned@example.test', 'segreto')
    server.command('user', 'set', 'warned@example.test', '--quota', '20K')
    text = b'Subject: fill\r\n\r\n' + (b'x' * 98 + b'\r\n') * 60
    for count, warnings in ((1, 0), (2, 0), (3, 1)):
        assert mail('warned@example.test', text)[-2] == '250 2.0.0'
        end = time.time() + 10
        while time.time() < end and len(mails('warned@example.test')) < count + warnings:
            time.sleep(0.05)
        found = mails('warned@example.test')
        assert len(found) == count + warnings, (count, len(found))
    warning = [m for _, m in found if b'nearly full' in m][0]
    assert b'Return-Path: <>\r\n' in warning and b'From: <postmaster@example.test>\r\n' in warning and b'Auto-Submitted: auto-generated' in warning, warning


# ---- submission ----
def test_nothing_without_login():
    got = talk(b'EHLO c\r\nMAIL FROM:<alice@example.test>\r\nVRFY alice\r\nQUIT\r\n', SUBMISSION)
    assert got.count('530 5.7.0') == 2, got
    with submission(None) as c:
        c.ehlo()
        assert c.mail('alice@example.test')[0] == 530
        assert refused(c.login, 'alice@example.test', 'falsch').startswith('535 5.7.8')
    r = swaks(SUBMISSION, '--from', 'alice@example.test', '--to', 'x@elsewhere.test')
    assert r.returncode == 23 and '530 5.7.0' in r.stdout, r.stdout


def test_submit():
    before = len(queue())
    with submission() as c:
        assert c.sendmail('alice@example.test', ['bob@example.test', 'Zed@Else-Where.TEST', 'z@' + 'b\u00fccher.test'.encode('idna').decode()],
                          'Subject: out\r\n\r\nout\r\n', rcpt_options=['NOTIFY=FAILURE']) == {}
    folder, text = mails('bob@example.test')[-1]
    head = text.split(b'\r\n\r\n')[0]
    assert b' with ESMTPSA id ' in head and b'\r\nDate: ' in head and b'\r\nMessage-ID: <' in head, head
    rows = queue()[before:]
    assert [(r[0], r[1], r[2], r[3], r[4]) for r in rows] == [
        ('alice@example.test', 'Zed@else-where.test', 'else-where.test', b'NOTIFY=FAILURE', None),
        ('alice@example.test', 'z@xn--bcher-kva.test', 'xn--bcher-kva.test', b'NOTIFY=FAILURE', None)], rows
    assert rows[0][5] == text[text.index(b'Received: '):]  # the same body


def test_submission_with_swaks():
    for port, more in ((SUBMISSION, '--tls'), (SUBMISSIONS, '--tls-on-connect')):
        for mechanism in 'PLAIN', 'LOGIN':
            r = swaks(port, more, '--auth', mechanism, '--auth-user', 'alice@example.test', '--auth-password', 'segreto', '--from',
                      'alice@example.test', '--to', 'bob@example.test')
            assert r.returncode == 0, r.stdout + r.stderr
    r = swaks(SUBMISSIONS, '--tls-on-connect', '--auth', 'PLAIN', '--auth-user', 'alice@example.test', '--auth-password', 'x', '--from',
              'alice@example.test', '--to', 'bob@example.test')
    assert r.returncode == 28 and '535 5.7.8' in r.stdout, r.stdout


def test_sender_rights():
    server.command('alias', 'add', 'ali@example.test', 'alice@example.test')
    server.command('group', 'add', 'desk@example.test')
    server.command('group', 'member', 'add', 'desk@example.test', 'alice@example.test')
    server.command('alias', 'add', 'out@example.test', 'bob@elsewhere.test')
    with submission() as c:
        # whose mail reaches her she may send as: of the catch-all too
        for sender in 'Alice@Example.test', 'ali@example.test', 'alice+list@example.test', 'whoever@catch.test':
            assert c.sendmail(sender, ['bob@example.test'], 'Subject: me\r\n\r\n') == {}, sender
        for sender in 'bob@example.test', 'x@elsewhere.test', 'nobody@example.test', 'desk@example.test', 'postmaster@example.test':
            code = refused(c.sendmail, sender, ['bob@example.test'], 'Subject: not me\r\n\r\n')
            assert code.startswith('553 5.7.1'), (sender, code)
        assert refused(c.sendmail, '', ['bob@example.test'], 'Subject: null\r\n\r\n').startswith('550 5.7.1')
        reconfigure('senders = groups')
        assert c.sendmail('desk@example.test', ['bob@example.test'], 'Subject: us\r\n\r\n') == {}
        assert refused(c.sendmail, 'bob@example.test', ['bob@example.test'], 'Subject: not me\r\n\r\n').startswith('553 5.7.1')
        reconfigure('senders = any')
        assert c.sendmail('x@elsewhere.test', ['bob@example.test'], 'Subject: any\r\n\r\n') == {}
        reconfigure('senders = own')


def test_rates():
    with submission('bob') as c:
        for n in range(60):
            assert c.mail('bob@example.test')[0] == 250 and c.rset()[0] == 250, n
        code, words = c.mail('bob@example.test')
        assert code == 450 and b'4.7.1' in words, (code, words)
    with submission('carol') as c:
        c.mail('carol@example.test')
        for n in range(300):
            assert c.rcpt('x%d@elsewhere.test' % n)[0] == 250, n
        code, words = c.rcpt('x@elsewhere.test')
        assert code == 450 and b'4.7.1' in words, (code, words)


# ---- mail that goes on ----
def test_forwarding():
    server.command('alias', 'add', 'fwd@example.test', 'far@elsewhere.test')
    server.command('alias', 'add', 'both@example.test', 'alice@example.test', 'far@elsewhere.test', 'far2@elsewhere.test')
    assert 'both@example.test\tgroup\talice@example.test far2@elsewhere.test far@elsewhere.test' in server.command('alias', 'list')
    r = server.command('alias', 'add', 'bad@example.test', 'nobody@example.test', check=False)
    assert r.returncode == 1 and 'nobody' in r.stderr, r
    before = len(queue())
    assert mail('fwd@example.test', sender='Anna@origin.test')[-2] == '250 2.0.0'
    (sender, address, domain, opts, prefix, body), = queue()[before:]
    assert address == 'far@elsewhere.test' and opts == b'ORCPT=rfc822;fwd@example.test' and prefix == b'Delivered-To: fwd@example.test\r\n'
    assert sender.startswith('SRS0=') and sender.endswith('=origin.test=Anna@example.test'), sender
    # its bounce finds the way back; what we did not write, and what is no bounce, does not
    before = len(queue())
    assert mail(sender, sender='')[-2] == '250 2.0.0'
    assert [(r[0], r[1], r[2]) for r in queue()[before:]] == [('', 'Anna@origin.test', 'origin.test')]
    assert mail(sender, sender='x@elsewhere.test')[1] == '550 5.1.1'
    assert mail(sender.replace('Anna', 'Otto'), sender='')[1] == '550 5.1.1'
    # a list: nobody is told who is on it
    before, a = len(queue()), len(mails('alice@example.test'))
    assert mail('both@example.test', sender='anna@origin.test', parameters=' RET=HDRS ENVID=e')[-2] == '250 2.0.0'
    rows = queue()[before:]
    assert [(r[1], r[3]) for r in rows] == [('far2@elsewhere.test', b'NOTIFY=NEVER'), ('far@elsewhere.test', b'NOTIFY=NEVER')], rows
    assert len(mails('alice@example.test')) == a + 1
    server.command('group', 'member', 'remove', 'both@example.test', 'far2@elsewhere.test')
    assert 'both@example.test\tgroup\talice@example.test far@elsewhere.test\n' in server.command('alias', 'list')
    # it comes back: a circle
    assert mail('fwd@example.test', prefix + body)[-2] == '554 5.4.6'
    # own senders stay
    with submission() as c:
        assert c.sendmail('alice@example.test', ['fwd@example.test'], 'Subject: own\r\n\r\n') == {}
    assert queue()[-1][0] == 'alice@example.test'
    reconfigure('srs = no')
    assert mail('fwd@example.test', sender='anna@origin.test')[-2] == '250 2.0.0'
    assert queue()[-1][0] == 'anna@origin.test'
    reconfigure('srs = yes')
    server.command('alias', 'delete', 'fwd@example.test')
    assert mail('fwd@example.test')[1] == '550 5.1.1'


def test_success_is_told_to_who_asks():
    before, a = len(queue()), len(mails('alice@example.test'))
    with submission() as c:
        assert c.sendmail('alice@example.test', ['bob@example.test', 'out2@elsewhere.test', 'both@example.test'], 'Subject: tell me\r\n\r\nbody\r\n',
                          mail_options=['ENVID=e+2B1'], rcpt_options=['NOTIFY=SUCCESS', 'ORCPT=rfc822;x@example.test']) == {}
    told = [m for _, m in mails('alice@example.test')[a:] if b'report-type=delivery-status' in m]
    assert len(told) == 1 and told[0].startswith(b'Return-Path: <>\r\nDelivered-To: alice@example.test\r\n'), told
    text = told[0].decode()
    assert 'Original-Envelope-Id: e+1\r\n' in text or 'Original-Envelope-Id: e+2B1\r\n' in text, text
    assert text.count('Action: delivered\r\nStatus: 2.1.5') == 1 and text.count('Action: expanded\r\nStatus: 2.1.5') == 1, text
    assert 'Final-Recipient: rfc822;bob@example.test' in text and 'out2@' not in text and 'far@' not in text, text
    rows = queue()[before:]
    assert [(r[1], r[3]) for r in rows if r[1].startswith('out2')] == [('out2@elsewhere.test', b'NOTIFY=SUCCESS ORCPT=rfc822;x@example.test')], rows
    before = len(queue())
    got = talk(b'EHLO mta\r\nMAIL FROM:<s@elsewhere.test>\r\nRCPT TO:<bob@example.test> NOTIFY=SUCCESS\r\nDATA\r\nA: b\r\n\r\n.\r\n'
               b'MAIL FROM:<>\r\nRCPT TO:<bob@example.test> NOTIFY=SUCCESS\r\nDATA\r\nA: b\r\n\r\n.\r\nQUIT\r\n')
    assert got.count('250 2.0.0') == 2, got
    assert [(r[0], r[1]) for r in queue()[before:]] == [('', 's@elsewhere.test')]


# ---- faults ----
def serving():
    """The process under the supervisor."""
    end = time.time() + 20
    while time.time() < end:
        found = subprocess.run(['pgrep', '-P', str(server.process.pid)], capture_output=True, text=True).stdout.split()
        if found:
            return int(found[0])
        time.sleep(0.05)
    raise AssertionError('nobody serves')


def test_disk_full():
    """No file may grow any more: what cannot be kept is refused with 452, and nothing half is there."""
    pid = serving()
    before = len(mails('alice@example.test')), bodies(), sorted(glob.glob(server.dir + '/data/blobs/*/*'))
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        got = mail('alice@example.test', b'Subject: large\r\n\r\n' + (b'x' * 98 + b'\r\n') * 3000)
        assert got[-2][:3] == '452', got
        got = mail('alice@example.test')
        assert got[-2][:2] == '45', got
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert (len(mails('alice@example.test')), bodies()) == before[:2]
    assert mail('alice@example.test', b'Subject: large\r\n\r\n' + (b'x' * 98 + b'\r\n') * 3000)[-2] == '250 2.0.0'
    found = sorted(glob.glob(server.dir + '/data/blobs/*/*'))
    assert len(found) == len(before[2]) + 1, found
    assert len(mails('alice@example.test')) == before[0] + 1


def test_a_postmaster_who_is_gone():
    assert 'postmaster and abuse are carol@example.test' in server.command('doctor')
    before = len(mails('alice@example.test'))
    reconfigure('postmaster = nobody@example.test')
    assert mail('postmaster')[1] == '250 2.1.5'
    assert len(mails('alice@example.test')) == before + 1  # the first user
    assert '[smtp] postmaster: nobody has the address nobody@example.test' in server.command('doctor')
    reconfigure('postmaster = carol@example.test')
    r = server.command('check-config')
    with open(server.conf) as f:
        text = f.read()
    with open(server.conf, 'w') as f:
        f.write(text.replace('catch_all = catch.test', 'catch_all = elsewhere.test'))
    r = server.command('check-config', check=False)
    assert r.returncode == 1 and "[smtp] catch_all: 'elsewhere.test: alice@example.test'" in r.stderr, r
    with open(server.conf, 'w') as f:
        f.write(text)


def test_killed_under_load():
    """The serving process is killed again and again: what was answered with 250 is there once, at each of its recipients."""
    sent, stop = [], threading.Event()

    def send(who):
        n = 0
        while not stop.is_set():
            n += 1
            mark = 'kill-%d-%d' % (who, n)
            try:
                with smtplib.SMTP('127.0.0.1', MX, timeout=20) as c:
                    if c.sendmail('s@elsewhere.test', ['dora2@example.test', 'both2@example.test'], 'Subject: %s\r\n\r\nx\r\n' % mark) == {}:
                        sent.append(mark)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.02)

    server.user('dora2@example.test', 'segreto')
    server.command('alias', 'add', 'both2@example.test', 'bob@example.test', 'kill@elsewhere.test')
    threads = [threading.Thread(target=send, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for _ in range(3):
        time.sleep(0.7)
        os.kill(serving(), signal.SIGKILL)
    time.sleep(1.5)
    stop.set()
    for t in threads:
        t.join()
    assert len(sent) > 10, len(sent)
    places = [[m for _, m in mails('dora2@example.test')], [m for _, m in mails('bob@example.test')],
              [row[5] for row in queue() if row[1] == 'kill@elsewhere.test']]
    for place in places:
        subjects = [m.split(b'Subject: ')[1].split(b'\r\n')[0].decode() for m in place if isinstance(m, bytes) and b'Subject: kill-' in m]
        for mark in sent:
            assert subjects.count(mark) == 1, (mark, subjects.count(mark))


def test_metrics():
    assert mail('nobody@example.test')[1] == '550 5.1.1'
    text = server.command('stats')
    values = dict(line.split() for line in text.split('\n') if line.startswith('scambio_mail_'))
    assert all(int(values['scambio_mail_%s_total' % name]) > 0 for name in ('received', 'delivered', 'refused', 'queued')), values


def test_after_a_restart():
    before = {name: mails(name + '@example.test') for name in ('alice', 'bob', 'carol')}, queue()
    server.stop()
    server.start()
    assert ({name: mails(name + '@example.test') for name in ('alice', 'bob', 'carol')}, queue()) == before
    assert 'FAIL' not in server.command('doctor', '--store')


suite.main(globals(), last=server.stop)
