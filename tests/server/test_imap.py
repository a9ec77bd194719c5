#!/usr/bin/python3
"""IMAP over the wire: selecting, fetching, flags, what other sessions hear, resynchronisation, long answers, a server that dies."""
import imaplib
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from imap import Client, Mail, message
from scambio import wait_for

mail = Mail('[limits]\nmessage_size = 60M\n', users=('alice', 'bob', 'carol', 'dora', 'erik', 'fritz', 'gina', 'hugo'))
mail.__enter__()

MULTI = ('From: a@example.org\r\nTo: b@example.org\r\nSubject: parts\r\nMIME-Version: 1.0\r\n'
         'Content-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n'
         '--x\r\nContent-Type: text/plain\r\nX-One: 1\r\n\r\nfirst\r\n'
         '--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n'
         '--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\nFrom: c@example.org\r\n\r\ninner text\r\n'
         '--x--\r\n')


def number_of(lines, pattern):
    for line in lines:
        found = re.search(pattern, line)
        if found:
            return int(found.group(1))
    raise AssertionError((pattern, lines))


def one(lines):
    assert len(lines) == 1, lines
    return lines[0]


def test_select_says_what_there_is():
    mail.deliver(message('first'))
    mail.deliver(message('second'))
    c = mail.client()
    lines = c.ok('SELECT INBOX')
    assert b'* 2 EXISTS' in lines and b'* 0 RECENT' in lines
    for word in b'UIDVALIDITY', b'UIDNEXT 3', b'HIGHESTMODSEQ', b'MAILBOXID (F', b'PERMANENTFLAGS (', b'UNSEEN 1':
        assert any(word in line for line in lines), (word, lines)
    status, lines = c.run('EXAMINE INBOX')
    assert status.startswith(b'OK [READ-ONLY]') and lines[0].startswith(b'* OK [CLOSED]'), (status, lines)
    c.no('STORE 1 +FLAGS (\\Seen)')
    c.no('EXPUNGE')
    c.no('SELECT nowhere', b'NO [NONEXISTENT]')
    c.no('FETCH 1 FLAGS', b'BAD')
    c.ok('SELECT INBOX')
    c.ok('UNSELECT')
    c.no('NOTACOMMAND', b'BAD')


def test_an_inbox_is_there_from_the_start():
    c = mail.client('hugo')
    assert b'* 0 EXISTS' in c.ok('SELECT INBOX')
    assert c.ok('UID FETCH 1:* FLAGS') == []
    assert c.ok('EXPUNGE') == []
    mail.deliver(message('first'), 'hugo')
    assert c.ok('NOOP') == [b'* 1 EXISTS']


def test_fetch_items():
    c = mail.client(select='INBOX')
    line = one(c.ok('FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY EMAILID THREADID SAVEDATE PREVIEW MODSEQ)'))
    for word in (b'* 1 FETCH (UID 1', b'FLAGS ()', b'INTERNALDATE "', b'RFC822.SIZE ', b'ENVELOPE ("Tue, 24 Nov 2026 10:00:00 +0100" "first"',
                 b'BODYSTRUCTURE ("text" "plain"', b'EMAILID (M', b'THREADID (T', b'SAVEDATE "', b'PREVIEW "hello"', b'MODSEQ ('):
        assert word.lower() in line.lower(), (word, line)
    assert c.ok('FETCH 1:2 UID') == [b'* 1 FETCH (UID 1)', b'* 2 FETCH (UID 2)']
    assert c.ok('UID FETCH 2:* (UID)') == [b'* 2 FETCH (UID 2)']
    assert c.ok('UID FETCH 77 (UID)') == []
    c.no('FETCH 3 UID', b'BAD')
    page = c.ok('UID FETCH 1:* (FLAGS) (PARTIAL -1:-1)')
    assert len(page) == 1 and b'UID 2' in page[0], page


def test_fetch_sections():
    mail.deliver(MULTI, 'bob')
    c = mail.client('bob', select='INBOX')
    whole = one(c.ok('FETCH 1 BODY.PEEK[]'))
    assert MULTI.encode() in whole
    size = int(re.search(rb'\{(\d+)\}', whole).group(1))
    assert number_of(c.ok('FETCH 1 RFC822.SIZE'), rb'SIZE (\d+)') == size
    text = whole[whole.index(b'}\r\n') + 3:-1]

    def body(item):
        line = one(c.ok('FETCH 1 (%s)' % item))
        found = re.match(rb'\* 1 FETCH \(\S+.*?[\]>] ~?\{(\d+)\}\r\n', line, re.S)
        assert found, line
        return line[found.end():found.end() + int(found.group(1))]

    assert body('BODY.PEEK[HEADER]') + body('BODY.PEEK[TEXT]') == text
    assert body('BODY.PEEK[HEADER.FIELDS (subject TO)]') == b'To: b@example.org\r\nSubject: parts\r\n\r\n'
    assert b'Subject' not in body('BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]')
    assert body('BODY.PEEK[1]') == b'first'
    assert body('BODY.PEEK[1.MIME]') == b'Content-Type: text/plain\r\nX-One: 1\r\n\r\n'
    assert body('BODY.PEEK[2]') == b'AAECAwQ='
    assert body('BINARY.PEEK[2]') == bytes([0, 1, 2, 3, 4])
    assert body('BINARY.PEEK[2]<1.2>') == bytes([1, 2])
    assert one(c.ok('FETCH 1 BINARY.SIZE[2]')) == b'* 1 FETCH (BINARY.SIZE[2] 5)'
    assert body('BODY.PEEK[3.HEADER]') == b'Subject: inside\r\nFrom: c@example.org\r\n\r\n'
    assert body('BODY.PEEK[3.TEXT]') == b'inner text'
    assert body('BODY.PEEK[3.1]') == b'inner text'
    assert body('BODY.PEEK[]<5.7>') == text[5:12]
    assert body('BODY.PEEK[]<999999.7>') == b''
    assert one(c.ok('FETCH 1 BODY.PEEK[9]')) == b'* 1 FETCH (BODY[9] NIL)'
    assert b'FLAGS' not in b''.join(c.ok('FETCH 1 RFC822.HEADER'))
    assert b'FLAGS (\\Seen)' in one(c.ok('FETCH 1 BODY[1]'))
    assert c.ok('FETCH 1 FLAGS') == [b'* 1 FETCH (FLAGS (\\Seen))']


def test_flags_and_who_hears_of_them():
    c, other = mail.client(select='INBOX'), mail.client(select='INBOX')
    assert one(c.ok('STORE 1 +FLAGS (\\Flagged $Work)')).startswith(b'* 1 FETCH (FLAGS (\\Flagged $Work)')
    heard = other.ok('NOOP')
    assert any(line.startswith(b'* FLAGS') and b'$Work' in line for line in heard), heard
    assert heard[-1] == b'* 1 FETCH (FLAGS (\\Flagged $Work))', heard
    assert other.ok('NOOP') == []
    assert c.ok('STORE 1 -FLAGS.SILENT ($Work)') == []
    assert c.ok('NOOP') == []
    assert one(other.ok('UID STORE 1 FLAGS (\\Answered)')) == b'* 1 FETCH (UID 1 FLAGS (\\Answered))'
    assert one(c.ok('NOOP')) == b'* 1 FETCH (FLAGS (\\Answered))'


def test_store_on_condition():
    c = mail.client(select='INBOX (CONDSTORE)')
    first = number_of(c.ok('FETCH 1 MODSEQ'), rb'MODSEQ \((\d+)\)')
    line = one(c.ok('STORE 1 (UNCHANGEDSINCE %d) +FLAGS (\\Draft)' % first))
    assert number_of([line], rb'MODSEQ \((\d+)\)') > first
    status, lines = c.run('STORE 1:2 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Flagged)' % first)
    assert status.startswith(b'OK [MODIFIED 1]'), (status, lines)
    assert re.match(rb'\* 2 FETCH \(MODSEQ \(\d+\)\)$', one(lines)), lines
    assert [re.match(rb'\* (\d+)', x).group(1) for x in c.ok('FETCH 1:* (FLAGS) (CHANGEDSINCE %d)' % first)] == [b'1', b'2']
    assert c.ok('STORE 1 -FLAGS.SILENT (\\Draft)') and c.ok('STORE 2 -FLAGS.SILENT (\\Flagged)')


def test_expunge_is_told_when_it_may():
    for i in range(5):
        mail.deliver(message('m%d' % i), 'carol')
    c, other = mail.client('carol', select='INBOX'), mail.client('carol', select='INBOX')
    before = number_of(other.ok('SELECT INBOX'), rb'HIGHESTMODSEQ (\d+)')
    c.ok('STORE 2,4 +FLAGS.SILENT (\\Deleted)')
    assert c.ok('EXPUNGE') == [b'* 4 EXPUNGE', b'* 2 EXPUNGE']
    mail.deliver(message('late'), 'carol')
    assert not any(b'EXPUNGE' in x for x in other.ok('FETCH 1 UID')), 'numbers stay during FETCH'
    other.no('FETCH 1:5 UID', b'NO [EXPUNGEISSUED]')
    assert other.ok('NOOP') == [b'* 4 EXPUNGE', b'* 2 EXPUNGE']
    assert [re.search(rb'UID (\d+)', x).group(1) for x in other.ok('FETCH 1:* UID')] == [b'1', b'3', b'5', b'6']
    c.ok('UID STORE 1,3 +FLAGS.SILENT (\\Deleted)')
    assert [x for x in c.ok('UID EXPUNGE 3:9') if b'EXPUNGE' in x] == [b'* 2 EXPUNGE']
    c.ok('CLOSE')
    assert b'* 2 EXISTS' in c.ok('SELECT INBOX')
    assert before


def test_resynchronisation():
    for i in range(6):
        mail.deliver(message('m%d' % i), 'dora')
    c = mail.client('dora')
    lines = c.ok('SELECT INBOX')
    validity, modseq = number_of(lines, rb'UIDVALIDITY (\d+)'), number_of(lines, rb'HIGHESTMODSEQ (\d+)')
    c.ok('STORE 2:3 +FLAGS.SILENT (\\Deleted)')
    c.ok('EXPUNGE')
    c.ok('UID STORE 5 +FLAGS.SILENT (\\Seen)')
    mail.deliver(message('new'), 'dora')
    c.no('SELECT INBOX (QRESYNC (%d %d))' % (validity, modseq), b'BAD')
    q = mail.client('dora', enable='QRESYNC')
    lines = q.ok('SELECT INBOX (QRESYNC (%d %d))' % (validity, modseq))
    assert b'* VANISHED (EARLIER) 2:3' in lines, lines
    changed = [x for x in lines if b' FETCH ' in x]
    assert [re.search(rb'UID (\d+)', x).group(1) for x in changed] == [b'5', b'7'] and all(b'MODSEQ (' in x for x in changed), changed
    lines = q.ok('SELECT INBOX (QRESYNC (%d %d 1:2))' % (validity, modseq))
    assert b'* VANISHED (EARLIER) 2' in lines and not [x for x in lines if b' FETCH ' in x], lines
    now = number_of(lines, rb'HIGHESTMODSEQ (\d+)')
    lines = q.ok('SELECT INBOX (QRESYNC (%d %d))' % (validity, now))
    assert not [x for x in lines if b'VANISHED' in x or b' FETCH ' in x], lines
    lines = q.ok('UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)' % modseq)
    assert lines[0] == b'* VANISHED (EARLIER) 2:3' and len(lines) == 3, lines
    c.ok('UID STORE 1 +FLAGS.SILENT (\\Deleted)')
    c.ok('EXPUNGE')
    assert q.ok('NOOP') == [b'* VANISHED 1']


def test_idle_hears_of_deliveries():
    mail.deliver(message('the first'), 'erik')
    sessions = [mail.client('erik', select='INBOX') for _ in range(20)]
    for c in sessions:
        c.tag_of_idle = c.send('IDLE')
        assert c.line() == b'+ idling'
    worst = 0
    for i in range(5):
        mail.deliver(message('hello'), 'erik')
        began = time.time()
        for c in sessions:
            assert c.line() == b'* %d EXISTS' % (i + 2)
        worst = max(worst, time.time() - began)
    assert worst < 2, worst
    for c in sessions:
        c.sock.sendall(b'DONE\r\n')
        status, lines = c.finish(c.tag_of_idle)
        assert status.startswith(b'OK') and lines == [], (status, lines)
    idler, c = sessions[:2]
    tag = idler.send('IDLE')
    idler.line()
    c.ok('STORE 1 +FLAGS.SILENT (\\Deleted)')
    assert idler.line() == b'* 1 FETCH (FLAGS (\\Deleted))'
    c.ok('EXPUNGE')
    assert idler.line() == b'* 1 EXPUNGE'
    idler.sock.sendall(b'DONE\r\n')
    idler.finish(tag)
    for c in sessions[2:]:
        c.send('IDLE')
        c.close()  # in the middle of it
    mail.deliver(message('more'), 'erik')
    assert b'* 6 EXISTS' in idler.ok('NOOP')


def test_large_messages_come_in_pieces():
    line = ('x' * 74 + '\r\n') * 1000
    text = message('large', line * 400)
    mail.deliver(text, 'fritz')
    mail.deliver(message('small'), 'fritz')
    c = mail.client('fritz', select='INBOX')
    whole = c.ok('FETCH 1:2 (UID BODY.PEEK[] RFC822.SIZE)')
    assert len(whole) == 2 and text.encode() in whole[0] and whole[0].endswith(b')') and b'RFC822.SIZE' in whole[0][-40:], whole[0][-60:]
    assert b'small' in whole[1]
    assert text[-1000:].encode() in one(c.ok('FETCH 1 BODY.PEEK[TEXT]'))
    # somebody else is served while one does not read
    slow = mail.client('fritz', select='INBOX')
    slow.send('FETCH 1 BODY.PEEK[]')
    time.sleep(0.3)
    began = time.time()
    c.ok('NOOP')
    assert time.time() - began < 5
    slow.close()


def test_many_messages():
    with Mail() as m:
        for _ in range(300):
            m.deliver(message('x', 'y' * 70 + '\r\n'))
        c = m.client(select='INBOX')
        assert len(c.ok('FETCH 1:* (FLAGS BODY.PEEK[])')) == 300
        assert len(c.ok('STORE 1:* +FLAGS (\\Seen)')) == 300
        assert c.ok('NOOP') == []
        assert len(c.ok('UID FETCH 5:9,200:* FLAGS')) == 106
        both = threading.Thread(target=lambda: m.client(select='INBOX').ok('FETCH 1:* ENVELOPE'))
        both.start()
        assert len(c.ok('FETCH 1:* BODYSTRUCTURE')) == 300
        both.join()


def test_python_client():
    c = imaplib.IMAP4('127.0.0.1', mail.imap_port)
    c.login('gina@example.test', 'segreto')
    mail.deliver(message('by imaplib'), 'gina')
    assert c.select('INBOX') == ('OK', [b'1'])
    kind, data = c.fetch('1', '(RFC822 FLAGS)')
    assert kind == 'OK' and b'by imaplib' in data[0][1], data
    assert c.store('1', '+FLAGS', '\\Deleted')[0] == 'OK'
    assert c.expunge() == ('OK', [b'1'])
    assert c.close()[0] == 'OK'
    c.logout()


def test_answered_flags_survive_a_kill():
    c = mail.client(select='INBOX')
    c.ok('STORE 1:2 FLAGS.SILENT (\\Flagged $Kept)')
    pids = [int(p) for p in os.popen('pgrep -P %d' % mail.server.process.pid).read().split()]
    assert pids
    os.kill(pids[0], signal.SIGKILL)
    again = []

    def select():
        try:
            again[:] = [mail.client(select='INBOX')]
            return True
        except (OSError, EOFError, AssertionError):
            return False
    wait_for('a server after the kill', select)
    lines = again[0].ok('FETCH 1:2 FLAGS')
    assert all(b'\\Flagged $Kept' in x for x in lines) and len(lines) == 2, lines


suite.main(globals(), last=lambda: mail.__exit__(None, None, None))
