#!/usr/bin/python3
"""Mailboxes over IMAP: listing, making, renaming, deleting and subscribing; adding messages to them, copying them, and who may."""
import glob
import imaplib
import os
import re
import resource
import signal
import sqlite3
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

PORT = free_port()
CONF = """[limits]
message_size = 1M
"""
server = Server(CONF)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\nimap = 127.0.0.1:%d\n' % PORT))
server.start()
USERS = 'alice', 'bob', 'carol', 'dave', 'erin', 'full'
for name in USERS:
    server.user('%s@example.test' % name, 'segreto')
imaplib.Commands.update({c: ('AUTH', 'SELECTED') for c in ('GETMETADATA', 'SETMETADATA', 'REPLACE', 'LISTRIGHTS', 'MYRIGHTS')})


def login(name, enable=None):
    c = imaplib.IMAP4('127.0.0.1', PORT)
    c.login('%s@example.test' % name, 'segreto')
    if enable:
        c.enable(enable)
    return c


def say(c, text):
    """One command as it is written: the untagged lines, and the tagged answer without its tag."""
    tag = c._new_tag()
    c.send(tag + b' ' + (text if isinstance(text, bytes) else text.encode()) + b'\r\n')
    lines = []
    while True:
        line = c.readline()
        assert line, 'the connection was closed; so far %r' % lines
        line = line.rstrip(b'\r\n')
        while m := re.search(rb'\{(\d+)\}$', line):
            line += b'\r\n' + c.read(int(m.group(1))) + c.readline().rstrip(b'\r\n')
        if line.startswith(tag + b' '):
            return lines, line[len(tag) + 1:].decode()
        lines.append(line.decode())


def ok(c, text):
    lines, answer = say(c, text)
    assert answer.startswith('OK'), (text, answer)
    return lines


def no(c, text, code=None):
    lines, answer = say(c, text)
    assert answer.startswith('NO'), (text, answer)
    if code:
        assert '[%s' % code in answer, (text, answer)
    return answer


def listed(c, text):
    """{name: attributes} of a LIST."""
    out = {}
    for line in ok(c, text):
        m = re.match(r'\* (?:LIST|LSUB) \(([^)]*)\) "/" (.*)$', line)
        if m:
            out[m.group(2)] = m.group(1).split()
    return out


def test_first_mailboxes():
    c = login('alice')
    boxes = listed(c, 'LIST "" *')
    assert set(boxes) == {'INBOX', 'Sent', 'Drafts', 'Trash', 'Junk', 'Archive'}, boxes
    assert '\\Sent' in boxes['Sent'] and '\\HasNoChildren' in boxes['Sent'], boxes
    assert set(listed(c, 'LSUB "" *')) == set(boxes)
    assert ok(c, 'LIST "" ""') == ['* LIST (\\Noselect) "/" ""']
    assert ok(c, 'LIST "Other Users/" ""') == ['* LIST (\\Noselect) "/" ""']
    c.logout()


def test_list():
    c = login('bob')
    for name in 'a/b/c', 'a/d', 'ab', 'x':
        ok(c, 'CREATE ' + name)
    assert set(listed(c, 'LIST "" a%')) == {'a', 'ab'}
    assert set(listed(c, 'LIST "a/" %')) == {'a/b', 'a/d'}
    assert set(listed(c, 'LIST "" a/*')) == {'a/b', 'a/b/c', 'a/d'}
    assert set(listed(c, 'LIST "" inbox')) == {'INBOX'}
    assert set(listed(c, 'LIST "" (x a/% nothing)')) == {'x', 'a/b', 'a/d'}
    boxes = listed(c, 'LIST "" (a a/b a/d)')
    assert '\\HasChildren' in boxes['a'] and '\\HasChildren' in boxes['a/b'] and '\\HasNoChildren' in boxes['a/d'], boxes
    assert set(listed(c, 'LIST (SPECIAL-USE) "" *')) == {'Sent', 'Drafts', 'Trash', 'Junk', 'Archive'}
    for name in 'a/b/c', 'gone/x/y':
        ok(c, 'SUBSCRIBE ' + name)
    boxes = listed(c, 'LIST (SUBSCRIBED) "" *')
    assert '\\NonExistent' in boxes['gone/x/y'] and '\\Subscribed' in boxes['a/b/c'] and 'a' not in boxes, boxes
    lines = ok(c, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" %')
    assert '* LIST (\\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))' in lines, lines
    assert any(' gone ("CHILDINFO" ("SUBSCRIBED"))' in l and '\\NonExistent' in l for l in lines), lines
    assert not any(' ab' in l or ' x' in l for l in lines), lines
    lines = ok(c, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" a*')
    assert lines == ['* LIST (\\HasNoChildren \\Subscribed) "/" a/b/c'], lines
    assert listed(c, 'LSUB "" gone/%') == {'gone/x': ['\\Noselect']}
    assert set(listed(c, 'LIST "" *')) == {'INBOX', 'Sent', 'Drafts', 'Trash', 'Junk', 'Archive', 'a', 'a/b', 'a/b/c', 'a/d', 'ab', 'x'}
    lines = ok(c, 'LIST "" x RETURN (SUBSCRIBED CHILDREN MYRIGHTS STATUS (MESSAGES UIDNEXT))')
    assert lines == ['* LIST (\\HasNoChildren) "/" x', '* MYRIGHTS x lrswipkxteacd', '* STATUS x (MESSAGES 0 UIDNEXT 1)'], lines
    answer = say(c, 'LIST (RECURSIVEMATCH) "" *')[1]
    assert answer.startswith('BAD'), answer
    no(c, 'LIST "" (%s)' % ' '.join('p%d' % i for i in range(101)), 'LIMIT')
    ok(c, 'UNSUBSCRIBE gone/x/y')
    assert listed(c, 'LSUB "" gone/%') == {}
    c.logout()


def test_status():
    c = login('bob')
    lines = ok(c, 'STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ APPENDLIMIT MAILBOXID DELETED-STORAGE)')
    assert re.match(r'\* STATUS INBOX \(MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY [1-9]\d* UNSEEN 0 DELETED 0 SIZE 0 HIGHESTMODSEQ [1-9]\d* '
                    r'DELETED-STORAGE 0 APPENDLIMIT 1048576 MAILBOXID \(F\d+\)\)$', lines[0]), lines
    no(c, 'STATUS nothing (MESSAGES)', 'NONEXISTENT')
    no(c, 'STATUS "Other Users/alice@example.test/INBOX" (MESSAGES)', 'NONEXISTENT')
    c.logout()


def test_create_delete_rename():
    c = login('carol')
    tagged = say(c, 'CREATE Work/')[1]
    assert re.match(r'OK \[MAILBOXID \(F\d+\)\]', tagged), tagged
    no(c, 'CREATE Work', 'ALREADYEXISTS')
    no(c, 'CREATE inbox', 'ALREADYEXISTS')
    ok(c, 'CREATE Spam (USE (\\Junk))')
    assert '\\Junk' in listed(c, 'LIST "" Spam')['Spam']
    no(c, 'CREATE Starred (USE (\\Flagged))', 'USEATTR')
    no(c, 'CREATE "Other Users/alice@example.test/x"', 'NOPERM')
    no(c, 'CREATE "Other Users/nobody@example.test/x"', 'NOPERM')
    no(c, 'CREATE "Other Users"', 'NOPERM')
    no(c, 'CREATE Shared/x', 'NOPERM')
    ident = ok(c, 'STATUS Work (MAILBOXID)')[0].split()[-1]
    ok(c, 'CREATE Work/below')
    no(c, 'DELETE Work', 'HASCHILDREN')
    ok(c, 'RENAME Work Play')
    assert ok(c, 'STATUS Play (MAILBOXID)')[0].split()[-1] == ident
    assert set(listed(c, 'LIST "" Play*')) == {'Play', 'Play/below'}
    no(c, 'RENAME Play Play/inside')
    no(c, 'RENAME Play Spam', 'ALREADYEXISTS')
    no(c, 'RENAME nothing else', 'NONEXISTENT')
    no(c, 'RENAME Play "Other Users/alice@example.test/Play"')
    no(c, 'DELETE INBOX', 'CANNOT')
    no(c, 'DELETE nothing', 'NONEXISTENT')
    ok(c, 'DELETE Play/below')
    ok(c, 'DELETE Play')
    assert listed(c, 'LIST "" Play*') == {}
    c.logout()


def test_odd_names():
    c = login('dave')
    good = {b'&U,BTF2XlZyyKng-': '台北日本語', b'"a b"': 'a b', b'"q\\"uote"': None, b'Entw&APw-rfe': 'Entwürfe', b'&-': '&', b'"in*side%"': None,
            b'~peter': None, b'#news': None, b'a.b.c': None, b'"(x)"': None, b'x' * 200: None, b'Inbox.x': None}
    for name in good:
        ok(c, b'CREATE ' + name)
        assert b'* LIST (\\HasNoChildren) "/" ' + name in [l.encode() for l in ok(c, b'LIST "" ' + name)] or b'*' in name, name
    bad = [b'""', b'/', b'/a', b'a//b', b'"a\tb"', b'&Jjo', b'&Jjo!-', b'&AGE-', b'&2AA-', b'&AAA-', b'"\xff"', b'x' * 5000, b'/'.join([b'd'] * 300)]
    before = listed(c, 'LIST "" *')
    for name in bad:
        answer = say(c, b'CREATE ' + name)[1]
        assert not answer.startswith('OK'), (name, answer)
        c.noop()
    assert listed(c, 'LIST "" *') == before
    ok(c, b'CREATE inbox/Sub')
    assert 'INBOX/Sub' in listed(c, 'LIST "" INBOX/%')
    d = login('dave', 'UTF8=ACCEPT')
    assert '"Entwürfe"' in listed(d, 'LIST "" *')
    ok(d, 'CREATE "Größe"')
    assert 'Gr&APYA3w-e' in listed(c, 'LIST "" Gr*')
    nfd = 'CREATE "Gro\u0308\u00dfe"'
    no(d, nfd, 'ALREADYEXISTS')  # the same name, composed otherwise
    assert set(listed(d, 'LIST "" "Gro\u0308*"')) == {'"Größe"'}
    c.logout()
    d.logout()


def append(c, mailbox, text, flags='', date=''):
    """APPEND with one literal that need not wait: the tagged answer."""
    head = 'APPEND %s %s%s{%d+}' % (mailbox, '(%s) ' % flags if flags else '', '"%s" ' % date if date else '', len(text))
    return say(c, head.encode() + b'\r\n' + text)[1]


def status(c, mailbox, items):
    """{item: number}"""
    words = re.search(r'\(([^)]*)\)$', ok(c, 'STATUS %s (%s)' % (mailbox, items))[0]).group(1).split()
    return {k: int(v) for k, v in zip(words[::2], words[1::2])}


def bodies(address, folder):
    """The messages of a mailbox as they are stored, by UID."""
    found = []
    main = sqlite3.connect('file:%s/data/main.db?mode=ro' % server.dir, uri=True)
    account = main.execute('SELECT principal FROM address WHERE address = ?', (address,)).fetchone()[0]
    for path in sorted(glob.glob(server.dir + '/data/shard-*.db')):
        shard = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        found += [r[0] for r in shard.execute(
            'SELECT b.data FROM item i JOIN collection c ON c.id = i.collection JOIN body b ON b.content = i.content '
            'WHERE i.account = ? AND c.name = ? AND c.kind = 1 AND c.gone = 0 ORDER BY i.uid', (account, folder))]
    return found


MAIL = b'From: a@example.test\r\nSubject: hello\r\n\r\nbody\r\n'


def test_append():
    c = login('erin')
    answer = append(c, 'INBOX', MAIL, '\\Seen $Label1', '01-Feb-2020 10:00:00 +0100')
    assert re.match(r'OK \[APPENDUID [1-9]\d* 1\]', answer), answer
    assert re.match(r'OK \[APPENDUID [1-9]\d* 2\]', append(c, 'INBOX', MAIL)), 'the second'
    assert status(c, 'INBOX', 'MESSAGES UNSEEN SIZE') == {'MESSAGES': 2, 'UNSEEN': 1, 'SIZE': 2 * len(MAIL)}
    assert '[TRYCREATE]' in append(c, 'nothing', MAIL)
    assert '[TRYCREATE]' in append(c, '"Other Users/alice@example.test/INBOX"', MAIL)
    assert append(c, 'INBOX', b'').startswith('NO')
    answer = append(c, 'INBOX', MAIL, '\\Recent')
    assert not answer.startswith('OK'), answer
    many = b'APPEND INBOX {%d+}\r\n%s (\\Flagged) {%d+}\r\n%s ~{%d+}\r\n%s' % (len(MAIL), MAIL, len(MAIL), MAIL, len(MAIL) + 1, MAIL + b'\0')
    answer = say(c, many)[1]
    assert re.match(r'OK \[APPENDUID [1-9]\d* 3:5\]', answer), answer
    none = b'APPEND INBOX {%d+}\r\n%s {0+}\r\n' % (len(MAIL), MAIL)
    assert say(c, none)[1].startswith('NO')
    assert status(c, 'INBOX', 'MESSAGES UIDNEXT') == {'MESSAGES': 5, 'UIDNEXT': 6}
    assert bodies('erin@example.test', 'INBOX') == [MAIL] * 4 + [MAIL + b'\0']
    big = append(c, 'INBOX', b'x' * (1 << 20) + b'y')
    assert not big.startswith('OK'), big
    c = login('erin')
    assert status(c, 'INBOX', 'MESSAGES') == {'MESSAGES': 5}
    utf8 = 'Subject: Grüße\r\n\r\n'.encode()
    text = b'APPEND INBOX UTF8 (~{%d+}\r\n%s)' % (len(utf8), utf8)
    assert say(c, text)[1].startswith('NO')
    c.enable('UTF8=ACCEPT')
    assert say(c, text)[1].startswith('OK')
    assert bodies('erin@example.test', 'INBOX')[-1] == utf8
    c.logout()


def test_catenate():
    c = login('erin')
    ok(c, 'CREATE parts')
    validity = status(c, 'parts', 'UIDVALIDITY')['UIDVALIDITY']
    mime = (b'Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nfirst part\r\n'
            b'--b\r\nContent-Type: text/plain; x=2\r\n\r\nsecond\r\n--b--\r\n')
    assert append(c, 'parts', mime).startswith('OK')
    cases = {b'/parts/;UID=1': mime, b'/parts;UIDVALIDITY=%d/;UID=1/;SECTION=1' % validity: b'first part', b'/parts/;uid=1/;section=2.MIME': b'Content-Type: text/plain; x=2\r\n\r\n',
             b'/parts/;UID=1/;SECTION=HEADER': mime[:mime.index(b'--b')], b'/p%61rts/;UID=1/;SECTION=TEXT/;PARTIAL=3.4': mime[mime.index(b'--b') + 3:][:4],
             b'/parts/;UID=1/;PARTIAL=20': mime[20:]}
    for url, got in cases.items():
        answer = say(c, b'APPEND INBOX CATENATE (TEXT {10+}\r\nA: b\r\n\r\n<< URL "%s" TEXT {2+}\r\n>>)' % url)[1]
        assert answer.startswith('OK [APPENDUID'), (url, answer)
        assert bodies('erin@example.test', 'INBOX')[-1] == b'A: b\r\n\r\n<<' + got + b'>>', url
    before = status(c, 'INBOX', 'MESSAGES UIDNEXT')
    for url in (b'/parts/;UID=2', b'/parts;UIDVALIDITY=%d/;UID=1' % (validity + 1), b'/parts/;UID=1/;SECTION=3', b'/parts/;UID=0', b'/nothing/;UID=1', b'x', b'/',
                b'imap://elsewhere/parts/;UID=1', b'/parts/;UID=1/;SECTION=1.HEADER', b'/parts/;UID=1/;SECTION=HEADER.FIELDS (To)', b'/parts/;UID=1/x', b'/%zz/;UID=1',
                b'/Other Users/alice@example.test/INBOX/;UID=1', b'/parts/;UID=1/;PARTIAL=x', b'/parts/;UID=1/;SECTION=' + b'1.' * 200 + b'1'):
        answer = say(c, b'APPEND INBOX CATENATE (TEXT {2+}\r\nab URL "%s")' % url)[1]
        assert answer.startswith('NO [BADURL '), (url, answer)
    assert status(c, 'INBOX', 'MESSAGES UIDNEXT') == before
    c.logout()


def test_append_after_kill():
    c = login('carol')
    for i in range(20):
        assert append(c, 'Drafts', b'Subject: %d\r\n\r\n' % i).startswith('OK')
    with open('/proc/%d/task/%d/children' % (server.process.pid, server.process.pid)) as f:
        os.kill(int(f.read().split()[0]), signal.SIGKILL)
    for _ in range(100):  # the supervisor starts another one
        try:
            login('carol').logout()
            break
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    assert bodies('carol@example.test', 'Drafts') == [b'Subject: %d\r\n\r\n' % i for i in range(20)]


def test_many_at_once():
    """Single APPENDs of eight connections have commits in common."""
    def commits():
        text = urllib.request.urlopen(server.base + '/metrics').read().decode()
        return int(re.search(r'^scambio_store_commits_total (\d+)', text, re.M).group(1))
    clients = [login('dave') for _ in range(8)]
    for c in clients:
        c.noop()
    before, failed = commits(), []

    def work(c, n):
        for i in range(25):
            if not append(c, 'Archive', b'Subject: %d %d\r\n\r\n' % (n, i)).startswith('OK'):
                failed.append((n, i))
    threads = [threading.Thread(target=work, args=(c, n)) for n, c in enumerate(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed, failed
    assert len(set(bodies('dave@example.test', 'Archive'))) == 200
    took = commits() - before
    assert took < 150, took


def test_quota():
    c = login('full')
    assert ok(c, 'GETQUOTAROOT INBOX') == ['* QUOTAROOT INBOX ""', '* QUOTA "" ()']
    server.command('user', 'set', 'full@example.test', '--quota', '64K')
    assert ok(c, 'GETQUOTA ""') == ['* QUOTA "" (STORAGE 0 64)']
    assert append(c, 'INBOX', b'x' * 40000).startswith('OK')
    assert ok(c, 'GETQUOTA ""') == ['* QUOTA "" (STORAGE 40 64)']
    text = b'y' * 20000
    answer = say(c, b'APPEND INBOX {%d+}\r\n%s {%d+}\r\n%s' % (len(text), text, len(text), text + b''))[1]
    assert answer.startswith('NO [OVERQUOTA]'), answer
    assert status(c, 'INBOX', 'MESSAGES') == {'MESSAGES': 1}
    no(c, 'SETQUOTA "" (STORAGE 512)', 'NOPERM')
    no(c, 'GETQUOTA other', 'NONEXISTENT')
    c.logout()


def test_rights():
    server.command('group', 'add', 'staff@example.test')
    server.command('group', 'member', 'add', 'staff@example.test', 'carol@example.test')
    a, b, c = login('alice'), login('bob'), login('carol')
    ok(a, 'CREATE Team')
    assert append(a, 'Team', MAIL).startswith('OK')
    assert ok(a, 'GETACL Team') == ['* ACL Team "alice@example.test" lrswipkxteacd'] or ok(a, 'GETACL Team') == ['* ACL Team alice@example.test lrswipkxteacd']
    theirs = '"Other Users/alice@example.test/Team"'
    no(b, 'STATUS %s (MESSAGES)' % theirs, 'NONEXISTENT')
    no(b, 'MYRIGHTS ' + theirs, 'NONEXISTENT')
    ok(a, 'SETACL Team bob@example.test lr')
    ok(a, 'SETACL Team staff@example.test lrswit')
    assert status(b, theirs, 'MESSAGES UNSEEN') == {'MESSAGES': 1, 'UNSEEN': 1}
    assert ok(b, 'MYRIGHTS ' + theirs) == ['* MYRIGHTS %s lr' % theirs]
    assert ok(c, 'MYRIGHTS ' + theirs) == ['* MYRIGHTS %s lrswitd' % theirs]
    assert theirs in listed(b, 'LIST "" *') and '"Other Users"' in listed(b, 'LIST "" %')
    assert '[NOPERM]' in append(b, theirs, MAIL)
    assert append(c, theirs, MAIL, '\\Seen').startswith('OK [APPENDUID')
    assert status(a, 'Team', 'MESSAGES UNSEEN') == {'MESSAGES': 2, 'UNSEEN': 2}
    assert status(c, theirs, 'MESSAGES UNSEEN') == {'MESSAGES': 2, 'UNSEEN': 1}
    ok(a, 'SETACL Team bob@example.test +ik')
    assert ok(b, 'MYRIGHTS ' + theirs) == ['* MYRIGHTS %s lrikc' % theirs]
    ok(b, 'CREATE "Other Users/alice@example.test/Team/below"')
    assert 'Team/below' in listed(a, 'LIST "" Team/%')
    ok(a, 'SETACL Team bob@example.test -ik')
    assert '[NOPERM]' in append(b, theirs, MAIL)
    no(b, 'GETACL ' + theirs, 'NOPERM')
    no(b, 'SETACL %s bob@example.test lrswipkxtea' % theirs, 'NOPERM')
    no(b, 'DELETE ' + theirs, 'NOPERM')
    no(a, 'SETACL Team alice@example.test l', 'CANNOT')
    no(a, 'SETACL Team nobody@example.test l', 'CANNOT')
    no(a, 'SETACL Team -bob@example.test l', 'CANNOT')
    no(a, 'SETACL Team bob@example.test z', 'CANNOT')
    assert ok(a, 'LISTRIGHTS Team bob@example.test')[0].endswith('"" l r s w i p k x t e a c d')
    ok(a, 'DELETEACL Team bob@example.test')
    no(b, 'STATUS %s (MESSAGES)' % theirs, 'NONEXISTENT')
    ok(a, 'SETACL Team anyone lr')
    assert status(b, theirs, 'MESSAGES') == {'MESSAGES': 2}
    assert re.search(r' anyone lr(\s|$)', ok(a, 'GETACL Team')[0])
    for x in a, b, c:
        x.logout()


def test_copy_and_move():
    a, b = login('alice'), login('bob')
    ok(a, 'CREATE From')
    ok(a, 'CREATE To')
    for i in range(5):
        assert append(a, 'From', b'Subject: %d\r\n\r\n' % i, '$Mark \\Flagged' if i == 1 else '').startswith('OK')
    ok(a, 'SELECT From')
    lines, answer = say(a, 'COPY 2,4:5 To')
    assert re.match(r'OK \[COPYUID [1-9]\d* 2,4:5 1:3\]', answer) and not lines, (lines, answer)
    no(a, 'UID COPY 1 nothing', 'TRYCREATE')
    lines, answer = say(a, 'UID COPY 77 To')
    assert answer.startswith('OK ') and 'COPYUID' not in answer and not lines, (lines, answer)
    assert say(a, 'COPY 77 To')[1].startswith('BAD')
    lines, answer = say(a, 'MOVE 1:2 To')
    assert answer.startswith('OK') and re.match(r'\* OK \[COPYUID [1-9]\d* 1:2 4:5\]', lines[0]), (lines, answer)
    assert sum(' EXPUNGE' in l for l in lines[1:]) == 2, lines
    assert status(a, 'To', 'MESSAGES') == {'MESSAGES': 5} and status(a, 'From', 'MESSAGES') == {'MESSAGES': 3}
    assert bodies('alice@example.test', 'To')[3:] == [b'Subject: 0\r\n\r\n', b'Subject: 1\r\n\r\n']
    ok(b, 'CREATE Given')
    ok(b, 'SETACL Given alice@example.test lrswi')
    theirs = '"Other Users/bob@example.test/Given"'
    lines, answer = say(a, 'UID MOVE 3 ' + theirs)  # the two may be in different shards
    assert answer.startswith('OK') and re.match(r'\* OK \[COPYUID [1-9]\d* 3 1\]', lines[0]), (lines, answer)
    assert bodies('bob@example.test', 'Given') == [b'Subject: 2\r\n\r\n']
    ok(b, 'SETACL Given alice@example.test lr')
    no(a, 'COPY 1 ' + theirs, 'NOPERM')
    ok(a, 'EXAMINE From')
    no(a, 'MOVE 1 To', 'NOPERM')
    assert status(a, 'From', 'MESSAGES') == {'MESSAGES': 2}
    a.logout()
    b.logout()


def test_replace():
    c = login('carol')
    ok(c, 'CREATE Work')
    for i in range(3):
        assert append(c, 'Work', b'Subject: %d\r\n\r\n' % i).startswith('OK')
    ok(c, 'SELECT Work')
    new = b'Subject: new\r\n\r\n'
    lines, answer = say(c, b'REPLACE 2 Work (\\Draft) {%d+}\r\n%s' % (len(new), new))
    assert answer.startswith('OK'), answer
    assert re.match(r'\* OK \[APPENDUID [1-9]\d* 4\]', lines[0]) and '* 2 EXPUNGE' in lines, lines
    assert bodies('carol@example.test', 'Work') == [b'Subject: 0\r\n\r\n', b'Subject: 2\r\n\r\n', new]
    lines, answer = say(c, b'UID REPLACE 1 Trash {%d+}\r\n%s' % (len(new), new))
    assert answer.startswith('OK') and '* 1 EXPUNGE' in lines, (lines, answer)
    assert say(c, b'UID REPLACE 1 Trash {%d+}\r\n%s' % (len(new), new))[1].startswith('NO')
    assert '[TRYCREATE]' in say(c, b'REPLACE * nothing {%d+}\r\n%s' % (len(new), new))[1]
    assert bodies('carol@example.test', 'Work') == [b'Subject: 2\r\n\r\n', new]
    ok(c, 'EXAMINE Work')
    assert '[NOPERM]' in say(c, b'REPLACE 1 Work {%d+}\r\n%s' % (len(new), new))[1]
    c.logout()


def test_metadata():
    a, b = login('alice'), login('bob')
    ok(a, 'CREATE Notes')
    ok(a, 'SETMETADATA Notes (/private/comment "mine" /shared/Comment "for all" /private/vendor/x/y {3+}\r\na"b)')
    assert ok(a, 'GETMETADATA Notes /private/comment') == ['* METADATA Notes (/private/comment mine)'] or ok(a, 'GETMETADATA Notes /private/comment') == ['* METADATA Notes (/private/comment "mine")']
    assert ok(a, 'GETMETADATA Notes (/shared/comment /private/none)') == ['* METADATA Notes (/shared/comment "for all" /private/none NIL)']
    deep = ok(a, 'GETMETADATA (DEPTH infinity) Notes /private')
    assert '/private/vendor/x/y' in deep[0] and '/private/comment' in deep[0] and '/shared' not in deep[0], deep
    assert 'vendor/x/y' not in ok(a, 'GETMETADATA (DEPTH 1) Notes /private/vendor')
    lines, answer = say(a, 'GETMETADATA (MAXSIZE 5) Notes (/shared/comment /private/comment)')
    assert '[METADATA LONGENTRIES 7]' in answer and '/shared' not in lines[0], (lines, answer)
    theirs = '"Other Users/alice@example.test/Notes"'
    no(b, 'GETMETADATA %s /shared/comment' % theirs, 'NONEXISTENT')
    ok(a, 'SETACL Notes bob@example.test lr')
    assert ok(b, 'GETMETADATA %s (/shared/comment /private/comment)' % theirs) == ['* METADATA %s (/shared/comment "for all" /private/comment NIL)' % theirs]
    no(b, 'SETMETADATA %s (/shared/comment "x")' % theirs, 'NOPERM')
    ok(b, 'SETMETADATA %s (/private/comment "of bob")' % theirs)
    assert 'of bob' in ok(b, 'GETMETADATA %s /private/comment' % theirs)[0]
    assert 'mine' in ok(a, 'GETMETADATA Notes /private/comment')[0]
    ok(a, 'SETMETADATA "" (/private/color "red")')
    assert 'red' in ok(a, 'GETMETADATA "" /private/color')[0]
    assert 'NIL' in ok(a, 'GETMETADATA INBOX /private/color')[0]
    no(a, 'SETMETADATA "" (/shared/color "red")', 'NOPERM')
    no(a, 'SETMETADATA Notes (/other/x "y")', 'CANNOT')
    no(a, b'SETMETADATA Notes (/private/big {300000+}\r\n%s)' % (b'x' * 300000), 'METADATA MAXSIZE ')
    for i in range(2000):
        answer = say(a, 'SETMETADATA Notes (/private/n%d "y")' % i)[1]
        if not answer.startswith('OK'):
            break
    assert '[METADATA TOOMANY]' in answer, answer
    ok(a, 'SETMETADATA Notes (/shared/comment NIL)')
    assert 'NIL' in ok(a, 'GETMETADATA Notes /shared/comment')[0]
    lines = ok(a, 'LIST "" Notes RETURN (METADATA (/private/comment))')
    assert len(lines) == 2 and lines[1].startswith('* METADATA Notes (/private/comment '), lines
    a.logout()
    b.logout()


def test_a_full_disk():
    """NO, and nothing half there; when there is room again, it goes on."""
    c = login('erin')
    before = status(c, 'INBOX', 'MESSAGES UIDNEXT')
    with open('/proc/%d/task/%d/children' % (server.process.pid, server.process.pid)) as f:
        pid = int(f.read().split()[0])
    limit = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    largest = max(os.path.getsize(p) for p in glob.glob(server.dir + '/data/*') if os.path.isfile(p))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + 4096, limit[1]))
    try:
        answers = [append(c, 'INBOX', b'Subject: %d\r\n\r\n' % i + b'z' * 60000) for i in range(200)]
        answers.append(append(c, 'INBOX', b'Subject: large\r\n\r\n' + b'z' * (largest + 8192)) if largest < 900000 else 'NO [')
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
    good = sum(a.startswith('OK') for a in answers)
    assert good < len(answers) and all(a.startswith(('OK [APPENDUID', 'NO [')) for a in answers), set(answers)
    after = status(c, 'INBOX', 'MESSAGES UIDNEXT')
    assert after['MESSAGES'] == before['MESSAGES'] + good, (before, after, good)
    assert append(c, 'INBOX', MAIL).startswith('OK')
    c.logout()


def test_doctor():
    out = server.command('doctor', '--store')
    assert 'FAIL' not in out, out


suite.main(globals(), last=server.stop)
