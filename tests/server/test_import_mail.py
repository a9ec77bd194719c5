#!/usr/bin/python3
"""`scambio import` of mail, written by Python's mailbox module and by hand: mbox in all its spellings, Maildir with folders and flags, single
messages; running it twice adds nothing twice."""
import email.utils
import glob
import mailbox
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server

server = Server('[limits]\nmessage_size = 1M\n')
server.start()
for name in 'alice', 'bob', 'carol', 'dave':
    server.user('%s@example.test' % name, 'segreto')
WHEN = 1700000000


def mails(user):
    """[(folder, bytes, flags, date)] of an account by folder and UID; of a large one the size."""
    found = []
    main = sqlite3.connect('file:%s/data/main.db?mode=ro' % server.dir, uri=True)
    account = main.execute('SELECT principal FROM address WHERE address = ?', (user + '@example.test',)).fetchone()[0]
    for path in sorted(glob.glob(server.dir + '/data/shard-*.db')):
        shard = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        found += shard.execute(
            'WITH RECURSIVE p(id, path) AS (SELECT id, name FROM collection WHERE account = ?1 AND kind = 1 AND parent = 0 UNION ALL '
            "SELECT c.id, p.path || '/' || c.name FROM collection c JOIN p ON c.parent = p.id) "
            'SELECT p.path, coalesce(b.data, t.size), e.flags, e.date FROM p JOIN entry e ON e.collection = p.id JOIN item i ON i.id = e.item '
            'JOIN content t ON t.id = i.content LEFT JOIN body b ON b.content = t.id ORDER BY p.path, e.uid', (account,)).fetchall()
    return found


def write(name, data):
    path = os.path.join(server.dir, name)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def load(user, *args, check=True):
    r = server.command('import', '--user', user + '@example.test', *args, check=False)
    assert not check or r.returncode == 0, (r.stdout, r.stderr)
    return r.stdout.strip() if check else (r.stdout.strip(), r.stderr)


def message(n, body, extra=''):
    return ('Message-ID: <%d@test>\nSubject: mail %d\n%s\n%s' % (n, n, extra, body)).encode()


def test_mbox_of_python():
    path = os.path.join(server.dir, 'python.mbox')
    box = mailbox.mbox(path)
    bodies = ['plain\n', 'From here on\nand\n\nFrom there on\n', 'no end', '', '\n\nempty lines\n\n\n', 'x\n' * 200000]
    for i, body in enumerate(bodies):
        m = mailbox.mboxMessage(message(i, body))
        m.set_from('s@elsewhere.test', __import__('time').gmtime(WHEN + i))
        m.set_flags(['', 'R', 'RO', 'F', 'A', 'D'][i])
        box.add(m)
    box.close()
    assert load('alice', path) == '6 added, 0 updated, 0 unchanged, 0 failed'
    assert load('alice', path) == '0 added, 0 updated, 6 unchanged, 0 failed'
    found = mails('alice')
    assert [(f, flags, date) for f, _, flags, date in found] == [
        ('INBOX', flags, WHEN + i) for i, flags in enumerate([0, 1, 1, 4, 2, 8])], [x[2:] for x in found]
    for i, (_, data, _, _) in enumerate(found):
        want = message(i, bodies[i])
        want += b'' if want.endswith(b'\n') else b'\n'
        want = want.replace(b'\n', b'\r\n')
        assert data == (want if len(want) <= 65536 else len(want)), (i, data, want)


def test_spellings_of_mbox():
    """Quoting or none, lengths that are true and that lie, LF and CR LF, From lines of many programs."""
    quoted = b'From a@b Tue Nov 14 22:13:20 2023\nSubject: q\n\n>From x\n>>From y\n>other\n\n'
    plain = b'From here on\n\nFrom z@z Tue Nov 14 22:13:20 2023\nstill it\n'
    length = b'From a@b  Tue Nov 14 22:13:20 +0000 2023\nSubject: cl\nContent-Length: %d\n\n%s\n' % (len(plain), plain)
    lies = b'From - Tue Nov 14 22:13:20 2023\nX-Mozilla-Status: 0005\nX-Mozilla-Status2: 00000000\nSubject: lie\nContent-Length: 100000\n\nlie\n\n'
    short = b'From MAILER-DAEMON Tue Nov 14 23:13:20 2023 +0100\nSubject: short\nContent-Length: 2\n\nshort\n\n'
    crlf = b'From "a b"@c Tue Nov 14 22:13 2023\r\nSubject: crlf\r\n\r\nFrom no date\r\nend\r\n\r\n'
    folder = b"From MAILER-DAEMON Tue Nov 14 22:13:20 2023\nSubject: DON'T DELETE\nX-IMAP: 1 2\n\ninternal\n\n"
    path = write('all.mbox', folder + quoted + length + lies + short + crlf + quoted.replace(b'Subject: q', b'Subject: last')[:-1])
    assert load('bob', '--collection', 'Old/Mail', path) == '6 added, 0 updated, 0 unchanged, 0 failed'
    assert load('bob', '--collection', 'Old/Mail', path) == '0 added, 0 updated, 6 unchanged, 0 failed'
    found = mails('bob')
    assert {f for f, *_ in found} == {'Old/Mail'} and {d for *_, d in found} <= {WHEN, WHEN - 20}, found
    unquoted = b'From x\r\n>From y\r\n>other\r\n'
    assert [(data, flags) for _, data, flags, _ in found] == [
        (b'Subject: q\r\n\r\n' + unquoted, 0), (b'Subject: cl\r\n\r\n' + plain.replace(b'\n', b'\r\n'), 0),
        (b'Subject: lie\r\n\r\nlie\r\n', 5), (b'Subject: short\r\n\r\nshort\r\n', 0), (b'Subject: crlf\r\n\r\nFrom no date\r\nend\r\n', 0),
        (b'Subject: last\r\n\r\n' + unquoted, 0)], found


def test_maildir():
    path = os.path.join(server.dir, 'Maildir')
    box = mailbox.Maildir(path, create=True)
    for folder, flags in ('', ''), ('', 'S'), ('Sent', 'RS'), ('Archive.2023', 'FS'), ('Caff&AOg-', 'D'), ('Caff&AOg-', 'T'):
        where = box.add_folder(folder) if folder else box
        m = mailbox.MaildirMessage(message(len(mails('carol')), folder + flags + '\n'))
        m.set_subdir('cur' if flags else 'new')
        m.set_flags(flags)
        m.set_date(WHEN)
        where.add(m)
    assert load('carol', path) == '6 added, 0 updated, 0 unchanged, 0 failed'
    assert load('carol', path) == '0 added, 0 updated, 6 unchanged, 0 failed'
    found = [(folder, data.split(b'\r\n\r\n')[1].decode(), flags, date) for folder, data, flags, date in mails('carol')]
    assert found == [('Archive/2023', 'Archive.2023FS\r\n', 5, WHEN), ('Caffè', 'Caff&AOg-D\r\n', 16, WHEN), ('Caffè', 'Caff&AOg-T\r\n', 8, WHEN),
                     ('INBOX', 'S\r\n', 1, WHEN), ('INBOX', '\r\n', 0, WHEN), ('Sent', 'SentRS\r\n', 3, WHEN)], found
    assert load('carol', '--collection', 'Copy', path) == '6 added, 0 updated, 0 unchanged, 0 failed'
    assert {f for f, *_ in mails('carol')} >= {'Copy', 'Copy/Sent', 'Copy/Archive/2023'}


def test_single_messages():
    date = email.utils.formatdate(WHEN)
    one = write('one.eml', b'Received: by x;\r\n ' + date.encode() + b'\r\nDate: Mon, 1 Jan 2001 00:00:00 +0000\r\nStatus: RO\r\n\r\n>From me\r\n')
    two = write('two', b'Date: ' + date.encode() + b'\n\n>From me\nFrom you\n')
    assert load('dave', one, two) == '2 added, 0 updated, 0 unchanged, 0 failed'
    assert [d for *_, d in mails('dave')] == [WHEN, WHEN]
    assert load('dave', one, two, one) == '0 added, 0 updated, 3 unchanged, 0 failed'


def test_what_is_wrong():
    large = write('large.mbox', b'From a Tue Nov 14 22:13:20 2023\nSubject: l\n\n' + b'x' * 70 + b'\n' * 2 + (b'y' * 70 + b'\n') * 100000 +
                  b'\nFrom a Tue Nov 14 22:13:20 2023\nSubject: behind\n\nsmall\n')
    before = len(mails('dave'))
    out, err = load('dave', large, check=False)
    assert out == '1 added, 0 updated, 0 unchanged, 1 failed', (out, err)
    assert mails('dave')[-1][1] == b'Subject: behind\r\n\r\nsmall\r\n' and len(mails('dave')) == before + 1
    out, err = load('dave', write('junk', os.urandom(100)), check=False)
    assert 'nor mail' in err, err
    server.command('user', 'set', 'dave@example.test', '--quota', '1K')
    out, err = load('dave', write('full.eml', b'Subject: full\n\n' + b'x' * 2000), check=False)
    assert '1 failed' in out and 'quota' in err, (out, err)
    server.command('user', 'set', 'dave@example.test', '--quota', '0')


def test_standard_input_and_no_server():
    server.stop()
    r = server.command('import', '--user', 'bob@example.test', '-', stdin='From a Tue Nov 14 22:13:20 2023\nSubject: in\n\nby hand\n')
    assert r.strip() == '1 added, 0 updated, 0 unchanged, 0 failed', r
    server.start()


def test_export():
    """Python reads what is written, and import finds nothing new in it."""
    path = os.path.join(server.dir, 'out.mbox')
    for user, folder in ('alice', 'INBOX'), ('bob', 'Old/Mail'), ('carol', 'Caffè'), ('carol', 'Archive/2023'):
        server.command('export', '--user', user + '@example.test', '--collection', folder, '-o', path)
        want = [(data, flags, date) for f, data, flags, date in mails(user) if f == folder]
        box = mailbox.mbox(path)
        assert len(box) == len(want) > 0
        for m, (data, flags, date) in zip(box, want):
            got = sum(bit for letter, bit in zip('RAFDT', (1, 2, 4, 8, 16)) if letter in m.get_flags())
            assert got == flags, (m.get_flags(), flags)
            assert __import__('calendar').timegm(__import__('time').strptime(m.get_from().split(' ', 1)[1])) == date
        box.close()
        assert load(user, '--collection', folder, path) == '0 added, 0 updated, %d unchanged, 0 failed' % len(want)
        assert load('dave', '--collection', 'Copy/' + folder, path).startswith('%d added' % len(want)) or user == 'alice'
    r = server.command('export', '--user', 'bob@example.test', '--collection', 'None', check=False)
    assert r.returncode == 1 and 'None' in r.stderr, r


def test_doctor():
    out = server.command('doctor', '--store')
    assert 'FAIL' not in out, out


suite.main(globals(), last=server.stop)
