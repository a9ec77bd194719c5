#!/usr/bin/python3
"""SEARCH, SORT and THREAD of IMAP over the wire: decoded headers and texts in every encoding, what is in files, results that are saved, paged and
counted, and a mailbox of many messages that is searched in slices."""
import base64
import os
import smtplib
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, free_port

LMTP, IMAP = free_port(), free_port()
server = Server('[limits]\nmessage_size = 4M\n')
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', '[listen]\nlmtp = 127.0.0.1:%d\nimap = 127.0.0.1:%d\n' % (LMTP, IMAP)))
server.start()
for name in 'alice', 'bob', 'carol':
    server.user('%s@example.test' % name, 'segreto')


def mail(head, body=b'', **more):
    lines = ['%s: %s' % (k.replace('_', '-'), v) for k, v in more.items()]
    return (head.strip() + '\n' + '\n'.join(lines) + ('\n' if lines else '') + '\n').replace('\n', '\r\n').encode() + body


MAILS = [
    mail('From: Alice Rossi <alice@x.test>\nTo: bob@y.test\nSubject: Piano di lavoro\nDate: Mon, 2 Nov 2026 23:30:00 -0800\nMessage-ID: <1@x>\n'
         'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable', b'Un caff=C3=A8 alle d=\r\nieci\r\n'),
    mail('From: =?utf-8?q?Nicol=C3=B2?= <nicolo@x.test>\nTo: "Verdi, Carla" <carla@y.test>\nCc: zoe@z.test\n'
         'Subject: =?utf-8?q?Caff=C3=A8?= =?utf-8?b?IGUgdMOo?=\nDate: Tue, 3 Nov 2026 09:00:00 +0100\nMessage-ID: <2@x>\n'
         'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64', base64.b64encode('Perché no? STRASSE\r\n'.encode('latin-1')) + b'\r\n'),
    mail('From: list@x.test\nTo: bob@y.test\nSubject: Re: Piano di lavoro\nDate: Wed, 4 Nov 2026 09:00:00 +0100\nMessage-ID: <3@x>\nReferences: <1@x>\n'
         'X-Spam: no =?utf-8?q?per=C3=B2?=\nContent-Type: multipart/mixed; boundary=q', b'\r\n'.join([
             b'preamble-word', b'--q', b'Content-Type: text/html; charset=utf-8', b'', b'<p>marked <b>up</b></p>', b'--q',
             b'Content-Type: application/octet-stream; name=notes.bin', b'Content-Transfer-Encoding: base64', b'', base64.b64encode(b'attached-word'), b'--q',
             b'Content-Type: message/rfc822', b'', b'Subject: =?utf-8?q?inner_=C3=A0_subject?=', b'From: inner@x.test', b'', b'inner body', b'--q--', b'epilogue-word', b''])),
    mail('From: big@x.test\nTo: bob@y.test\nSubject: large\nDate: Thu, 5 Nov 2026 09:00:00 +0100\nMessage-ID: <4@x>\nIn-Reply-To: <3@x>',
         b'filling the text\r\n' * 12000 + b'needle at the end\r\n'),
    mail('From: none@x.test\nTo: a@y.test', b'no subject, no date\r\n'),
]


def deliver(address, mails):
    with smtplib.LMTP('127.0.0.1', LMTP) as c:
        for m in mails:
            assert c.sendmail('sender@x.test', [address], m) == {}


class Client:
    def __init__(self, user, select=True):
        self.s = socket.create_connection(('127.0.0.1', IMAP), timeout=60)
        self.f, self.n = self.s.makefile('rb'), 0
        self.f.readline()
        self.do('LOGIN %s@example.test segreto' % user)
        if select:
            self.do('SELECT INBOX')

    def say(self, command):
        """(untagged lines, the answer): literals of the command as (text, bytes, text)."""
        self.n += 1
        tag = 't%d' % self.n
        parts = [command] if isinstance(command, str) else command
        out = tag.encode() + b' '
        for p in parts:
            out += p.encode() if isinstance(p, str) else b'{%d+}\r\n' % len(p) + p
        self.s.sendall(out + b'\r\n')
        lines = []
        while True:
            line = self.f.readline().decode()
            assert line, lines
            if line.startswith(tag + ' '):
                return lines, line[len(tag) + 1:].rstrip()
            lines.append(line.rstrip())

    def do(self, command):
        lines, answer = self.say(command)
        assert answer.startswith('OK'), (command, lines, answer)
        return lines

    def one(self, command):
        lines = [x for x in self.do(command) if x.split()[1] in ('SEARCH', 'SORT', 'THREAD', 'ESEARCH')]
        assert len(lines) == 1, (command, lines)
        return lines[0]

    def search(self, *criteria):
        return self.one(['SEARCH ', *criteria])[len('* SEARCH'):].split()


deliver('alice@example.test', MAILS)
alice = Client('alice')

FOUND = [
    (['ALL'], '1 2 3 4 5'),
    (['UNSEEN'], '1 2 3 4 5'),
    (['SEEN'], ''),
    (['NEW'], ''),
    (['2:3'], '2 3'),
    (['*'], '5'),
    (['UID 4:*'], '4 5'),
    (['NOT 2:3'], '1 4 5'),
    (['SUBJECT piano'], '1 3'),
    (['SUBJECT ', 'caffè E TÈ'.encode()], '2'),
    (['SUBJECT ""'], '1 2 3 4'),
    (['FROM rossi'], '1'),
    (['FROM "ROSSI <alice@"'], '1'),
    (['FROM ', 'NICOLÒ'.encode()], '2'),
    (['FROM nicolo'], '2'),
    (['TO verdi'], '2'),
    (['CC zoe'], '2'),
    (['CC ""'], '2'),
    (['BCC x'], ''),
    (['HEADER X-Spam ', 'però'.encode()], '3'),
    (['HEADER X-Spam ""'], '3'),
    (['HEADER Message-ID 4@x'], '4'),
    (['HEADER Return-Path sender@x.test'], '1 2 3 4 5'),
    (['BODY ', 'caffè'.encode()], '1'),
    (['BODY dieci'], '1'),
    (['BODY ', 'PERCHÉ'.encode()], '2'),
    (['BODY strasse'], '2'),
    (['BODY ', 'straße'.encode()], ''),
    (['BODY marked'], '3'),
    (['BODY "inner body"'], '3'),
    (['BODY ', 'à subject'.encode()], '3'),
    (['BODY attached-word'], ''),
    (['BODY needle'], '4'),
    (['BODY piano'], ''),
    (['TEXT piano'], '1 3'),
    (['TEXT inner@x.test'], '3'),
    (['TEXT notes.bin'], '3'),
    (['TEXT needle'], '4'),
    (['TEXT sender@x.test'], '1 2 3 4 5'),
    (['NOT TEXT needle'], '1 2 3 5'),
    (['OR BODY needle SUBJECT piano'], '1 3 4'),
    (['SENTON 2-Nov-2026'], '1'),
    (['SENTON 3-Nov-2026'], '2'),
    (['SENTSINCE 4-Nov-2026'], '3 4'),
    (['SENTBEFORE 3-Nov-2026'], '1'),
    (['LARGER 100000'], '4'),
    (['SMALLER 100000'], '1 2 3 5'),
    (['YOUNGER 3600'], '1 2 3 4 5'),
    (['OLDER 3600'], ''),
    (['SAVEDATESUPPORTED'], '1 2 3 4 5'),
    (['SAVEDSINCE 1-Jan-2000'], '1 2 3 4 5'),
    (['FUZZY SUBJECT piano'], '1 3'),
    (['CHARSET UTF-8 BODY ', 'perché'.encode()], '2'),
    (['CHARSET US-ASCII BODY needle'], '4'),
    (['KEYWORD nobody'], ''),
    (['UNKEYWORD nobody'], '1 2 3 4 5'),
    (['EMAILID M0'], ''),
]


def test_what_is_found():
    for criteria, numbers in FOUND:
        assert alice.search(*criteria) == numbers.split(), (criteria, alice.search(*criteria))


def test_identifiers():
    line, = alice.do('FETCH 2 (EMAILID THREADID)')
    email, thread = line.split('EMAILID (')[1].split(')')[0], line.split('THREADID (')[1].split(')')[0]
    assert alice.search('EMAILID ' + email) == ['2'] and '2' in alice.search('THREADID ' + thread), line


def test_what_is_refused():
    for command, word in (('SEARCH CHARSET KLINGON ALL', 'NO [BADCHARSET'), ('SEARCH FOO', 'BAD'), ('SEARCH', 'BAD'), ('SORT () UTF-8 ALL', 'BAD'),
                          ('THREAD X UTF-8 ALL', 'BAD'), ('SEARCH RETURN (ALL PARTIAL 1:2) ALL', 'BAD')):
        assert alice.say(command)[1].startswith(word), (command, alice.say(command))
    unselected = Client('alice', select=False)
    assert unselected.say('SEARCH ALL')[1].startswith('BAD')


def returned(options, criteria, verb='SEARCH'):
    line = alice.one('%s RETURN (%s) %s' % (verb, options, criteria))
    head = '* ESEARCH (TAG "t%d")' % alice.n
    assert line.startswith(head), line
    return line[len(head):].strip()


def test_return_options():
    assert returned('', 'ALL') == 'ALL 1:5'
    assert returned('MIN MAX COUNT ALL', 'SUBJECT piano') == 'MIN 1 MAX 3 COUNT 2 ALL 1,3'
    assert returned('MIN', 'SEEN') == ''
    assert returned('COUNT ALL', 'SEEN') == 'COUNT 0'
    assert returned('ALL', 'SUBJECT piano', 'UID SEARCH') == 'UID ALL 1,3'
    assert returned('PARTIAL 2:3', 'ALL') == 'PARTIAL (2:3 2:3)'
    assert returned('PARTIAL -1:-2 COUNT', 'ALL') == 'COUNT 5 PARTIAL (-1:-2 4:5)'
    assert returned('PARTIAL 7:9', 'ALL') == 'PARTIAL (7:9 NIL)'


def test_updates_are_refused():
    lines, answer = alice.say('SEARCH RETURN (UPDATE COUNT) ALL')
    assert answer.startswith('OK') and lines[0].endswith(' COUNT 5') and lines[1].startswith('* NO [NOUPDATE "t%d"] ' % alice.n), lines


def test_saved_results():
    assert alice.say('SEARCH RETURN (SAVE) SUBJECT piano')[0] == []
    assert alice.search('$') == ['1', '3']
    assert alice.search('UID $ BODY marked') == ['3']
    assert alice.search('NOT $') == ['2', '4', '5']
    for options, left in (('SAVE MIN', '1'), ('SAVE MAX', '5'), ('SAVE MIN MAX', '1 5'), ('SAVE COUNT MIN', '1 2 3 4 5'), ('SAVE PARTIAL 2:3', '2 3'),
                          ('SAVE PARTIAL -1:-1 MIN', '1 5')):
        returned(options, 'ALL')
        assert alice.search('$') == left.split(), (options, alice.search('$'))
    alice.say('SEARCH RETURN (SAVE) SEEN')
    assert alice.search('$') == []


def test_modseq():
    line = alice.one('SEARCH MODSEQ 1')
    modseqs = [int(x) for x in line.rstrip(')').split('(MODSEQ ')[1:]]
    assert line.startswith('* SEARCH 1 2 3 4 5 (MODSEQ ') and modseqs[0] > 1, line
    assert alice.one('SEARCH MODSEQ %d' % modseqs[0]) == '* SEARCH 5 (MODSEQ %d)' % modseqs[0]
    assert alice.one('SEARCH MODSEQ %d' % (modseqs[0] + 1)) == '* SEARCH'
    assert returned('MAX', 'MODSEQ 1') == 'MAX 5 MODSEQ %d' % modseqs[0]
    least = int(returned('MIN', 'MODSEQ 1').split()[-1])
    assert least < modseqs[0]


def test_sort():
    def sort(criteria, keys='ALL'):
        return alice.one('SORT (%s) UTF-8 %s' % (criteria, keys))[len('* SORT '):]
    assert sort('SIZE').split()[-1] == '4'
    assert sort('REVERSE SIZE').split()[0] == '4'
    assert sort('SUBJECT') == '5 2 4 1 3'
    assert sort('REVERSE SUBJECT') == '1 3 4 2 5'
    assert sort('FROM') == '1 4 3 2 5'
    assert sort('TO') == '5 1 3 4 2'
    assert sort('CC SUBJECT') == '5 4 1 3 2'
    assert sort('REVERSE DATE', '1:4') == '4 3 2 1'
    assert sort('ARRIVAL') == '1 2 3 4 5'
    assert sort('DISPLAYFROM') == '1 4 3 2 5'
    assert sort('DISPLAYTO', '1:3') == '1 3 2'
    assert alice.one('UID SORT (REVERSE ARRIVAL) UTF-8 2:3') in ('* SORT 3 2', '* SORT 2 3')
    line = alice.one('SORT RETURN (ALL COUNT) (SUBJECT) UTF-8 ALL')
    assert line.endswith(' COUNT 5 ALL 5,2,4,1,3'), line
    line = alice.one('UID SORT RETURN (PARTIAL 1:2) (SUBJECT) UTF-8 ALL')
    assert line.endswith(' UID PARTIAL (1:2 5,2)'), line


def test_thread():
    assert alice.one('THREAD REFERENCES UTF-8 1:4') == '* THREAD (1 3 4)(2)'
    assert alice.one('THREAD ORDEREDSUBJECT UTF-8 1:4') == '* THREAD (1 3)(2)(4)'
    assert alice.one('UID THREAD REFERENCES UTF-8 SUBJECT large') == '* THREAD (4)'
    assert alice.one('THREAD REFERENCES UTF-8 SEEN') == '* THREAD'


def test_flags():
    alice.do('STORE 1,3 +FLAGS.SILENT (\\Flagged $Job)')
    alice.do('STORE 3 +FLAGS.SILENT (\\Seen)')
    for criteria, numbers in (('FLAGGED', '1 3'), ('UNFLAGGED', '2 4 5'), ('SEEN', '3'), ('FLAGGED UNSEEN', '1'), ('KEYWORD $job', '1 3'),
                              ('UNKEYWORD $Job', '2 4 5'), ('NOT (FLAGGED BODY marked)', '1 2 4 5')):
        assert alice.search(criteria) == numbers.split(), (criteria, alice.search(criteria))
    alice.do('STORE 1,3 -FLAGS.SILENT (\\Flagged $Job \\Seen)')


def test_what_arrives_is_found_when_it_was_told():
    deliver('bob@example.test', MAILS[:1])
    bob = Client('bob')
    deliver('bob@example.test', MAILS[:2])
    assert bob.search('ALL') == ['1'], 'numbers are those that the client knows'
    assert bob.search('ALL') == ['1', '2', '3']
    assert bob.search('SUBJECT piano') == ['1', '2']


def test_many_messages_in_slices():
    """A thousand texts take several slices; other commands of other sessions are answered meanwhile."""
    count = 1000
    body = b''.join(b'Line %d of a text that says nothing at all.\r\n' % i for i in range(50))
    deliver('carol@example.test', [mail('Subject: n%d' % i, body + (b'one in a hundred\r\n' if i % 100 == 0 else b'')) for i in range(count)])
    carol, other = Client('carol'), Client('alice')
    carol.s.sendall(b'x SEARCH BODY "nowhere to be found"\r\n')
    began = time.time()
    for _ in range(10):
        other.do('NOOP')
    assert time.time() - began < 10
    assert carol.f.readline() == b'* SEARCH\r\n' and carol.f.readline().startswith(b'x OK')
    assert carol.search('BODY "one in a hundred"') == [str(i + 1) for i in range(0, count, 100)]
    assert len(carol.search('BODY nothing')) == count
    assert returned_count(carol, 'NOT BODY "hundred"') == count - count // 100


def returned_count(c, criteria):
    return int(c.one('SEARCH RETURN (COUNT) %s' % criteria).split()[-1])


suite.main(globals(), last=server.stop)
