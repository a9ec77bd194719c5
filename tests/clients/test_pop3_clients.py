#!/usr/bin/python3
"""POP3 by those who fetch mail: mpop, fetchmail and curl, each with TLS both ways; what they bring is what was delivered, once."""
import glob
import mailbox
import os
import smtplib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

POP, POPS, LMTP = free_port(), free_port(), free_port()
server = Server(https=True)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\nlmtp = 127.0.0.1:%d\npop3 = 127.0.0.1:%d\npop3s = 127.0.0.1:%d\n' % (LMTP, POP, POPS)))
server.start()
for name in 'mpop', 'fetch', 'curl':
    server.user('%s@example.test' % name, 'segreto')
HOME = tempfile.mkdtemp(dir=server.dir)
BODIES = [b'one\r\n', b'.dot\r\n..\r\n.\r\nend\r\n', b'x' * 990 + b'\r\n', b'perch\xc3\xa9\r\n', b''.join(b'line %d\r\n' % i for i in range(30000))]


def deliver(to, bodies=BODIES):
    with smtplib.LMTP('127.0.0.1', LMTP) as c:
        for i, body in enumerate(bodies):
            assert c.sendmail('s@elsewhere.test', [to + '@example.test'], b'From: s@elsewhere.test\r\nSubject: mail %d\r\n\r\n' % i + body) == {}


def run(*args, ok=(0,), **more):
    r = subprocess.run(args, capture_output=True, timeout=120, env=dict(os.environ, HOME=HOME), **more)
    assert r.returncode in ok, (args, r.returncode, r.stdout[-2000:], r.stderr[-2000:])
    return r.stdout


def fetched(folder):
    """The bodies in a Maildir, with LF, as the client wrote them."""
    found = []
    for path in glob.glob(folder + '/new/*') + glob.glob(folder + '/cur/*'):
        with open(path, 'rb') as f:
            head, body = f.read().replace(b'\r\n', b'\n').split(b'\n\n', 1)
        subject = [x for x in head.split(b'\n') if x.startswith(b'Subject: ')][0]
        found.append((subject, body))
    return [body for _, body in sorted(found)]


LF = [b.replace(b'\r\n', b'\n') for b in BODIES]


def maildir(name):
    path = os.path.join(HOME, name)
    mailbox.Maildir(path, create=True)
    return path


def mpop(folder, *args, starttls=True):
    return run('mpop', '--host=127.0.0.1', '--port=%d' % (POP if starttls else POPS), '--user=mpop@example.test', '--passwordeval=echo segreto',
               '--tls=on', '--tls-starttls=%s' % ('on' if starttls else 'off'), '--tls-certcheck=off', '--auth=plain',
               '--delivery=maildir,' + folder, '--uidls-file=%s/uidls' % HOME, '--half-quiet', *args)


def test_mpop():
    deliver('mpop')
    folder = maildir('m1')
    mpop(folder, '--keep=on')
    assert fetched(folder) == LF
    mpop(folder, '--keep=on', starttls=False)  # it knows the UIDs
    assert len(fetched(folder)) == len(LF)
    deliver('mpop', [b'another\r\n'])
    mpop(folder, '--keep=off')
    assert len(fetched(folder)) == len(LF) + 1
    fresh = maildir('m2')
    os.unlink(HOME + '/uidls')
    mpop(fresh)
    assert fetched(fresh) == []


def fetchmail(folder, *args, ok=(0,)):
    """By a program of ours that writes what it gets into a Maildir."""
    rc = os.path.join(HOME, 'fetchmailrc')
    with open(rc, 'w') as f:
        f.write('poll 127.0.0.1 protocol POP3 port %d auth password uidl user "fetch@example.test" password "segreto" '
                '%s mda "sh -c \'cat >%s/new/$$\'"\n' % (POP, ' '.join(args), folder))
    os.chmod(rc, 0o600)
    run('fetchmail', '-f', rc, '--pidfile', HOME + '/pid', '--nosyslog', ok=ok)


def test_fetchmail():
    deliver('fetch')
    folder = maildir('f1')
    fetchmail(folder, 'keep', 'sslproto "tls1.2+"', 'no sslcertck')
    assert fetched(folder) == LF
    fetchmail(folder, 'keep', 'sslproto "tls1.2+"', 'no sslcertck', ok=(1,))  # 1: nothing new
    assert len(fetched(folder)) == len(LF)
    fetchmail(folder, 'nokeep', 'fetchall', 'sslproto ""')
    fetchmail(folder, 'nokeep', 'fetchall', 'sslproto ""', ok=(1,))
    assert len(fetched(folder)) == 2 * len(LF)


def curl(url, *args):
    return run('curl', '-sS', '-k', '--user', 'curl@example.test:segreto', url, *args)


def test_curl():
    deliver('curl')
    listed = curl('pop3s://127.0.0.1:%d/' % POPS).split(b'\r\n')
    assert len(listed) == len(BODIES) + 1 and listed[-1] == b'', listed
    for i, body in enumerate(BODIES):
        for url in 'pop3://127.0.0.1:%d/%d' % (POP, i + 1), 'pop3s://127.0.0.1:%d/%d' % (POPS, i + 1):
            got = curl(url, '--ssl-reqd')
            assert len(got) == int(listed[i].split()[1]) and got.split(b'\r\n\r\n', 1)[1] == body, (i, got[-200:])
    uids = curl('pop3://127.0.0.1:%d/' % POP, '-X', 'UIDL').split(b'\r\n')[:-1]
    assert len({u.split()[1] for u in uids}) == len(BODIES)
    curl('pop3://127.0.0.1:%d/2' % POP, '-X', 'DELE', '-l')
    assert len(curl('pop3s://127.0.0.1:%d/' % POPS).split(b'\r\n')) == len(BODIES)


suite.main(globals(), last=server.stop)
