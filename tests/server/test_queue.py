#!/usr/bin/python3
"""Mail that goes out: submitted by a user, found its way by DNS, and brought to servers that take it, refuse it, or behave badly; what was taken
over is delivered, told of, or in the queue; across kill -9."""
import json
import os
import signal
import smtplib
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from dns import Dns
from mailbox_read import mails
from scambio import Server, free_port, wait_for
from sink import Sink

PORT = free_port()
sink, other = Sink(), Sink()
lmtp_path = '/tmp/scambio-sink-%d' % os.getpid()
lmtp = Sink(lmtp=True, path=lmtp_path)
dns = Dns({
    ('elsewhere.test', 'MX'): [(10, 'mx.elsewhere.test')],
    ('mx.elsewhere.test', 'A'): ['127.0.0.1'],
    ('implicit.test', 'MX'): 0, ('implicit.test', 'A'): ['127.0.0.1'],
    ('null.test', 'MX'): [(0, '')],
    ('dead.test', 'MX'): [(10, 'mx.dead.test')], ('mx.dead.test', 'A'): ['127.9.9.9'],
    ('backup.test', 'MX'): [(10, 'mx.dead.test'), (20, 'mx.elsewhere.test')],
    ('broken.test', 'MX'): 2,
    ('loop.test', 'MX'): [(5, 'localhost')],
})
dns.__enter__()
dns.table[('implicit.test', 'MX')] = []
CONF = """[relay]
port = %d
family = ipv4
retry_first = 2s
retry_most = 2s
unreachable = 1s
connect_timeout = 2s
command_timeout = 2s
text_timeout = 2s
end_timeout = 2s
dns_timeout = 4s
idle = 1s
tls = %s
[transport]
routed.test = 127.0.0.1:%d
lmtp.test = lmtp:unix:%s
""" % (sink.port, 'offered', other.port, lmtp_path)
server = Server(CONF, https=True)
with open(server.conf) as f:
    text = f.read()
with open(server.conf, 'w') as f:
    f.write(text.replace('[listen]\n', 'resolver = 127.0.0.1:%d\n[listen]\nsubmission = 127.0.0.1:%d\n' % (dns.port, PORT)))
server.start()
server.user('alice@example.test', 'segreto')


def send(to, subject, body='hello\r\n', options=(), rcpt_options=(), sender='alice@example.test'):
    to = to if isinstance(to, list) else [to]
    with smtplib.SMTP('127.0.0.1', PORT) as c:
        c.login('alice@example.test', 'segreto')
        text = 'From: <alice@example.test>\r\nTo: <x@elsewhere.test>\r\nSubject: %s\r\n\r\n%s' % (subject, body)
        assert c.sendmail(sender, to, text.encode(), options, rcpt_options) == {}


def notices(subject):
    """Notifications that reached alice about the mail of that subject."""
    return [m for _, m in mails(server, 'alice@example.test') if b'multipart/report' in m and b'Subject: ' + subject.encode() + b'\r\n' in m]


def wait_notice(subject):
    return wait_for('notice of ' + subject, lambda: notices(subject))[0]


def test_delivered_by_mx():
    send('x@elsewhere.test', 'one', '.dot\r\n..\r\nend\r\n')
    wait_for('the mail', lambda: 'one' in sink.subjects())
    sender, to, text = sink.mails[-1]
    assert (sender, to) == ('alice@example.test', ['x@elsewhere.test'])
    assert text.endswith(b'\r\n\r\n.dot\r\n..\r\nend\r\n'), text
    send('x@implicit.test', 'implicit')
    wait_for('the mail', lambda: 'implicit' in sink.subjects())
    wait_for('an empty queue', lambda: not queue())


def queue():
    """(entries, recipients) that are in the queue's tables."""
    import glob
    import sqlite3
    out = []
    for path in sorted(glob.glob(server.dir + '/data/shard-*.db')):
        db = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        out += db.execute('SELECT q.id, q.sender, r.address, r.state, r.tries, r.last FROM rcpt r JOIN queue q ON q.id = r.queue').fetchall()
    return out


def test_one_connection_carries_several():
    before = sink.connections
    send('x@elsewhere.test', 'first')
    wait_for('the mail', lambda: 'first' in sink.subjects())
    send('y@elsewhere.test', 'second')
    wait_for('the mail', lambda: 'second' in sink.subjects())
    assert sink.connections <= before + 1, sink.connections - before


def test_refused_for_good():
    sink.faults['rcpt'] = ['550 5.1.1 no such user here']
    send(['x@elsewhere.test', 'y@elsewhere.test'], 'refused')
    notice = wait_notice('refused')
    assert b'Status: 5.1.1' in notice and b'Action: failed' in notice and b'no such user here' in notice, notice
    assert b"Remote-MTA: dns;mx.elsewhere.test" in notice, notice
    assert b'Return-Path: <>\r\n' in notice
    assert sink.mails[-1][1] == ['y@elsewhere.test']
    assert not queue(), queue()


def test_what_dns_says_for_good():
    for domain, status in ('null.test', b'5.1.10'), ('nowhere.test', b'5.1.2'), ('loop.test', b'5.4.6'):
        send('x@' + domain, 'to ' + domain)
        notice = wait_notice('to ' + domain)
        assert b'Status: ' + status in notice, notice
    assert not queue(), queue()


def test_later():
    sink.faults['rcpt'] = ['450 4.2.0 later', '451 4.3.0 later still']
    send('x@elsewhere.test', 'later')
    wait_for('the mail', lambda: 'later' in sink.subjects(), 20)
    assert sink.subjects().count('later') == 1
    sink.faults['greeting'] = ['421 4.3.2 not now', '554 go away']
    send('x@elsewhere.test', 'greeting')
    wait_for('the mail', lambda: 'greeting' in sink.subjects(), 20)
    assert not notices('later') and not notices('greeting')


def test_second_server_and_transports():
    send('x@backup.test', 'backup')
    wait_for('the mail', lambda: 'backup' in sink.subjects())
    send('x@routed.test', 'routed')
    wait_for('the mail', lambda: 'routed' in other.subjects())
    send(['x@lmtp.test', 'y@lmtp.test'], 'lmtp')
    wait_for('the mail', lambda: 'lmtp' in lmtp.subjects())
    assert sorted(lmtp.mails[-1][1]) == ['x@lmtp.test', 'y@lmtp.test']


def test_dead_ones_wait():
    send('x@dead.test', 'dead')
    send('x@broken.test', 'broken')
    wait_for('a first try', lambda: len([q for q in queue() if q[4] > 0]) == 2, 30)
    rows = {q[2]: q[5] for q in queue()}
    assert '4.4.1' in rows['x@dead.test'] and '4.4.3' in rows['x@broken.test'], rows
    dns.table[('mx.dead.test', 'A')] = ['127.0.0.1']
    dns.table[('broken.test', 'MX')] = [(1, 'mx.elsewhere.test')]
    # what is remembered of DNS is a minute old at most; broken answers are not remembered for long
    wait_for('the mail', lambda: 'broken' in sink.subjects(), 40)


def test_stalls_and_garbage_in_every_state():
    faults = [('greeting', 'stall'), ('ehlo', 'stall'), ('mail', 'stall'), ('rcpt', 'close'), ('data', 'stall'), ('end', '451 4.3.0 no'),
              ('greeting', b'\xff\x00garbage\r\n'), ('ehlo', b'250-' + b'x' * 70000 + b'\r\n'), ('mail', '421 4.3.2 closing'), ('data', 'close')]
    for i, (step, fault) in enumerate(faults):
        sink.faults[step] = [fault]
        send('x@elsewhere.test', 'fault-%d' % i)
        wait_for('the mail after %s at %s' % (fault[:20], step), lambda: 'fault-%d' % i in sink.subjects(), 25)
        assert sink.subjects().count('fault-%d' % i) == 1, (step, fault)
        sink.faults.clear()
    assert not [n for i in range(len(faults)) for n in notices('fault-%d' % i)]


def test_an_answer_that_is_lost_doubles_and_loses_nothing():
    sink.faults['end'] = ['close']
    send('x@elsewhere.test', 'unheard')
    wait_for('twice', lambda: sink.subjects().count('unheard') == 2, 20)
    sink.faults.clear()
    wait_for('an empty queue', lambda: 'x@elsewhere.test' not in [q[2] for q in queue()])


def test_success_is_told_when_asked():
    send('x@elsewhere.test', 'success', rcpt_options=('NOTIFY=SUCCESS',))
    wait_for('the mail', lambda: 'success' in sink.subjects())
    assert b'RCPT TO:<x@elsewhere.test> NOTIFY=SUCCESS' in b''.join(sink.commands).replace(b' ORCPT=rfc822;x@elsewhere.test', b'')
    assert not notices('success')  # the next server does it
    sink.extensions.remove('DSN')
    time.sleep(1.5)  # until the connection that knows DSN is gone
    send('x@elsewhere.test', 'relayed', rcpt_options=('NOTIFY=SUCCESS',), options=('ENVID=id+2B1',))
    notice = wait_notice('relayed')
    assert b'Action: relayed' in notice and b'Original-Envelope-Id: id+1' in notice, notice
    sink.faults['rcpt'] = ['550 5.1.1 no']
    send('x@elsewhere.test', 'never', rcpt_options=('NOTIFY=NEVER',))
    wait_for('an empty queue', lambda: 'x@elsewhere.test' not in [q[2] for q in queue()])
    assert not notices('never')
    sink.extensions.append('DSN')
    time.sleep(1.5)


def test_seven_bits():
    sink.extensions.remove('8BITMIME')
    time.sleep(1.5)
    send('x@elsewhere.test', 'narrow', 'perch\u00e9\r\n')
    wait_for('the mail', lambda: 'narrow' in sink.subjects())
    text = sink.mails[-1][2]
    assert all(b < 128 for b in text) and b'quoted-printable' in text.lower() and b'perch=C3=A9' in text, text
    sink.extensions.append('8BITMIME')
    time.sleep(1.5)


def test_large_ones():
    body = ('0123456789' * 7 + '\r\n') * 20000
    send('x@elsewhere.test', 'large', body)
    wait_for('the mail', lambda: 'large' in sink.subjects(), 30)
    assert sink.mails[-1][2].endswith(b'\r\n\r\n' + body.encode())


def test_killed_amid_deliveries():
    """kill -9 while mail is on its way: all of it arrives, and twice at most what was under way."""
    sink.faults['end'] = 'stall'
    send('x@elsewhere.test', 'under way')
    wait_for('the text', lambda: any(b'DATA' in c for c in sink.commands[-3:]), 10)
    subjects = ['kill-%d' % i for i in range(30)]
    for s in subjects:
        send('%s@elsewhere.test' % s, s)
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    sink.faults.clear()
    server.start()
    wait_for('all', lambda: set(subjects + ['under way']) <= set(sink.subjects()), 40)
    wait_for('an empty queue', lambda: not [q for q in queue() if 'kill-' in q[2]], 30)
    assert all(sink.subjects().count(s) == 1 for s in subjects), [(s, sink.subjects().count(s)) for s in subjects]


def test_commands():
    sink.faults['rcpt'] = '450 4.2.0 not now'
    send('cmd@elsewhere.test', 'command')
    row = wait_for('a first try', lambda: [r for r in json.loads(server.command('queue', 'list', '--json'))
                                           if r['recipient'] == 'cmd@elsewhere.test' and r['tries'] != '0'])[0]
    number = row['id']
    assert row['sender'] == 'alice@example.test' and '450 4.2.0 not now' in row['last'], row
    shown = json.loads(server.command('queue', 'show', number, '--json'))
    assert shown['recipients'][0]['recipient'] == 'cmd@elsewhere.test' and 'Subject: command' in shown['header'], shown
    assert 'Subject: command' in server.command('queue', 'show', number)
    wait_for('held', lambda: server.command('queue', 'hold', number) == '' and
             json.loads(server.command('queue', 'show', number, '--json'))['recipients'][0]['state'] == 'held', 10, 0.3)
    sink.faults.clear()
    figures = server.command('stats')
    assert 'scambio_queue_recipients{state="held"} 1' in figures, figures
    server.command('queue', 'flush')
    time.sleep(2.5)
    assert 'command' not in sink.subjects()
    server.command('queue', 'release', number)
    wait_for('the mail', lambda: 'command' in sink.subjects(), 10)
    wait_for('it is gone', lambda: server.command('queue', 'show', number, check=False).returncode == 1)
    for verb in 'show', 'hold', 'release', 'delete', 'flush':
        assert 'no such entry' in server.command('queue', verb, number, check=False).stderr
        assert server.command('queue', verb, 'x', check=False).returncode == 2
    sink.faults['rcpt'] = '450 4.2.0 not now'
    send('gone@elsewhere.test', 'deleted')
    number = wait_for('it', lambda: [r for r in json.loads(server.command('queue', 'list', '--json')) if r['recipient'] == 'gone@elsewhere.test'])[0]['id']
    server.command('queue', 'delete', number)
    sink.faults.clear()
    time.sleep(3)
    assert 'deleted' not in sink.subjects() and not notices('deleted')


def test_stop_is_quick():
    sink.faults['greeting'] = 'stall'
    send('x@elsewhere.test', 'stop')
    time.sleep(0.5)
    begin = time.time()
    server.stop()
    assert time.time() - begin < 10
    sink.faults.clear()
    server.start()
    wait_for('the mail', lambda: 'stop' in sink.subjects(), 20)
    assert sink.subjects().count('stop') == 1


def last():
    server.stop()
    os.unlink(lmtp_path)


suite.main(globals(), last=last)
