#!/usr/bin/python3
"""`make bench`: Scambio beside its peers, the same load on each, in alternation (A B C A B C A B C, each alone), medians and spread.

run.py [PART...]   parts: put copy query sync text get memory syncml (phones.py) smtp imap pop3 idle (mail.py); without: all. FULL=1 fills the peers with 50,000 events too (takes an hour).
Durability is as each ships: Scambio syncs every commit; the last column says what the peers do."""
import base64
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import mail
import peers
import phones
import scambio
from peers import PEERS, Radicale, Scambio, Xandikos

BUILD = os.path.join(scambio.ROOT, 'build', 'bench')
ROUNDS = int(os.environ.get('ROUNDS', '3'))
FULL = bool(os.environ.get('FULL'))
FSYNC = {'Scambio': 'every commit', 'Radicale': 'every file', 'Xandikos': 'no', 'Cyrus': 'yes (skiplist, sqlite)'}
WEEK = ('20260608T000000Z', '20260615T000000Z')


def load(p, connections, requests, method, path, body='', *headers):
    """One run of the load generator: {'rate':, 'p50':, …, 'cpu': ms of server CPU a request}."""
    f = ''
    if body:
        f = os.path.join(BUILD, 'body')
        with open(f, 'w') as out:
            out.write(body)
    before = p.cpu()
    r = subprocess.run([BUILD + '/load', '127.0.0.1', str(p.port), p.auth, str(connections), str(requests), method, path, f, *headers],
                       capture_output=True, text=True, timeout=3600)
    if r.returncode != 0:
        raise AssertionError('%s: %s' % (p.name, r.stderr))
    words = r.stdout.split()
    out = {words[i]: float(words[i + 1]) for i in range(0, words.index('status'), 2)}
    out['status'] = words[words.index('status') + 1:]
    out['cpu'] = (p.cpu() - before) * 1000 / requests
    if any(not s.startswith('2') for s in out['status']):
        raise AssertionError('%s: %s %s answers %s' % (p.name, method, path, out['status']))
    return out


def median(values):
    return statistics.median(values)


def row(*cells):
    print('| ' + ' | '.join(str(c) for c in cells) + ' |', flush=True)


def table(title, *head):
    print('\n### ' + title)
    row(*head)
    row(*['---'] * len(head))


def spread(values, form='%.0f'):
    return (form + ' (' + form + '–' + form + ')') % (median(values), min(values), max(values))


def sync_rate():
    """How often a second fdatasync of a 4 KB append completes on this disk."""
    with tempfile.TemporaryFile() as f:
        began, n = time.time(), 0
        while time.time() - began < 1.5:
            os.write(f.fileno(), b'x' * 4096)
            os.fdatasync(f.fileno())
            n += 1
        return n / (time.time() - began)


def sample_event(n, rng):
    """A 450-byte event within three years; every tenth recurs."""
    day = 1 + rng.randrange(28)
    start = '%d%02d%02dT%02d0000' % (2025 + rng.randrange(3), 1 + rng.randrange(12), day, 7 + rng.randrange(11))
    rules = ('FREQ=WEEKLY;COUNT=100', 'FREQ=DAILY;COUNT=30', 'FREQ=MONTHLY', 'FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=60', 'FREQ=YEARLY')
    extra = 'RRULE:%s\r\n' % rules[n // 10 % 5] if n % 10 == 0 else ''
    extra += ('LOCATION:Sala %d\r\nDESCRIPTION:%s\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Promemoria\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n'
              % (n % 7, 'Ordine del giorno ' * 4))
    return scambio.event('bench-%d' % n, 'Evento numero %d' % n, start, start[:9] + '%02d0000' % (int(start[9:11]) + 1), extra=extra)


def sample_card(n):
    return scambio.card('card-%d' % n, 'Mario Rossi %d' % n, 'mario.rossi%d@example.test' % n,
                        'TEL;TYPE=CELL:+39 333 %07d\r\nORG:Azienda %d\r\n' % (n, n % 50))


def fill(p, path, texts, suffix):
    """Fills a collection the fastest way that the peer has."""
    texts = list(texts)
    if isinstance(p, Scambio):
        with tempfile.NamedTemporaryFile('w', suffix=suffix) as f:
            if suffix == '.ics':
                f.write('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n')
                for t in texts:
                    f.write(t.split('PRODID:-//Scambio//Test//EN\r\n')[1].rsplit('END:VCALENDAR', 1)[0])
                f.write('END:VCALENDAR\r\n')
            else:
                f.write(''.join(texts))
            f.flush()
            p.server.command('import', '--user', 'anna@example.test', '--collection', path.rstrip('/').rsplit('/', 1)[1], f.name)
    elif isinstance(p, Radicale):
        folder = os.path.join(p.dir, 'data', 'collection-root', *path.strip('/').split('/'))
        for n, t in enumerate(texts):
            with open(os.path.join(folder, '%d%s' % (n, suffix)), 'w') as f:
                f.write(t)
    else:
        user, password = p.auth.split(':')
        dav = scambio.Dav(p.port, user, password)
        for n, t in enumerate(texts):
            dav.put(path + '%d%s' % (n, suffix), t, 'text/calendar' if suffix == '.ics' else 'text/vcard', expect=[201, 204])


def put():
    rates = {}
    base = []
    body = scambio.event('load-%N-%R', 'Evento %N', extra='DESCRIPTION:%s\r\n' % ('x' * 150))
    for connections, requests in ((1, 1500), (32, 6000)):
        for _ in range(ROUNDS):
            base.append(sync_rate())
            for peer in PEERS:
                slow = peer.name in ('Radicale', 'Xandikos')
                n = max(60, requests // 40) if slow else requests if peer is Scambio else requests // 6
                with peer() as p:
                    load(p, 1, 1, 'PROPFIND', p.calendar, '', 'Depth: 0')  # the password's hash is no part of a PUT
                    r = load(p, connections, n, 'PUT', p.calendar + 'n%N.ics', body, 'Content-Type: text/calendar; charset=utf-8')
                    rates.setdefault((connections, peer.name), []).append(r)
    table('PUT of distinct events', 'connections', 'server', 'req/s: median (spread)', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU ms', 'Scambio is', 'fsync')
    for (connections, name), runs in rates.items():
        ours = median([r['rate'] for r in rates[connections, 'Scambio']])
        rate = median([r['rate'] for r in runs])
        row(connections, name, spread([r['rate'] for r in runs]), *('%.1f' % median([r[k] for r in runs]) for k in ('p50', 'p99', 'p999')),
            '%.2f' % median([r['cpu'] for r in runs]), '%.1f ×' % (ours / rate), FSYNC[name])
    print('fdatasync of 4 KB appends: %s a second; one connection is %.2f of it, 32 connections are %.1f times it' % (
        spread(base), median([r['rate'] for r in rates[1, 'Scambio']]) / median(base),
        median([r['rate'] for r in rates[32, 'Scambio']]) / median(base)))


def copy():
    """Events that one client stores while another copies a calendar of 100,000: each of its steps holds the writer for a moment."""
    size, rounds = 100000, []
    body = scambio.event('load-%N-%R', 'Evento %N')
    with Scambio() as p:
        rng = random.Random(3)
        fill(p, p.calendar, (sample_event(n, rng) for n in range(size)), '.ics')
        home = p.calendar.rstrip('/').rsplit('/', 1)[0]
        dav = scambio.Dav(p.port, *p.auth.split(':'))
        dav.request('MKCALENDAR', home + '/altro/', expect=201)
        load(p, 1, 200, 'PUT', home + '/altro/w%N.ics', body, 'Content-Type: text/calendar; charset=utf-8')
        alone = load(p, 1, 500, 'PUT', home + '/altro/a%N.ics', body.replace('load', 'alone'), 'Content-Type: text/calendar; charset=utf-8')
        for n in range(ROUNDS):
            took = []

            def work():
                began = time.time()
                scambio.Dav(p.port, *p.auth.split(':')).request('COPY', p.calendar, expect=201, headers={
                    'Destination': 'http://127.0.0.1:%d%s/copia%d/' % (p.port, home, n)})
                took.append(time.time() - began)
            worker = threading.Thread(target=work)
            worker.start()
            beside = []
            while worker.is_alive():
                beside.append(load(p, 1, 1000, 'PUT', home + '/altro/b%d-%d-%%N.ics' % (n, len(beside)), body.replace('load', 'load-%d-%d' % (n, len(beside))),
                                   'Content-Type: text/calendar; charset=utf-8'))
            worker.join()
            rounds.append((took[0], beside))
    table('PUT beside a COPY of 100,000 events', 'COPY s', 'PUTs', 'p50 ms', 'p99 ms', 'p99.9 ms')
    row('none', 500, *('%.1f' % alone[k] for k in ('p50', 'p99', 'p999')))
    for seconds, beside in rounds:
        row('%.1f' % seconds, 1000 * len(beside), *('%.1f' % max(r[k] for r in beside) if k == 'p999' else '%.1f' % median([r[k] for r in beside])
                                                     for k in ('p50', 'p99', 'p999')))


QUERY = ('<C:calendar-query %s><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
         '<C:time-range start="%s" end="%s"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>' % (scambio.XMLNS, *WEEK))
XML = 'Content-Type: application/xml; charset=utf-8'


def query():
    """The same week, filled alike; the other events lie outside of it, so that the answer is the same in both."""
    rng = random.Random(1)
    inside = [scambio.event('in-%d' % n, 'Nella settimana %d' % n, '202606%02dT%02d0000' % (8 + n % 6, 8 + n % 9),
                            '202606%02dT%02d0000' % (8 + n % 6, 9 + n % 9), extra='RRULE:FREQ=WEEKLY;COUNT=3\r\n' if n % 10 == 0 else '') for n in range(90)]

    def outside(count):
        for n in range(count):
            year = rng.choice((2024, 2025, 2027))
            yield scambio.event(
                'out-%d' % n, 'Altrove %d' % n, '%d%02d%02dT100000' % (year, 1 + n % 5, 1 + n % 28), '%d%02d%02dT110000' % (year, 1 + n % 5, 1 + n % 28),
                extra='RRULE:FREQ=DAILY;COUNT=5\r\n' if n % 10 == 0 else '')
    table('calendar-query of one week (90 events in it)', 'server', 'events', 'ms: median (spread)', 'CPU ms', 'bytes')
    times = {}
    for peer in PEERS:
        for size in (500, 5000, 50000):
            if size == 50000 and peer is not Scambio and not FULL:
                continue
            if peer is Xandikos and size > 500 and not FULL:
                continue
            with peer() as p:
                fill(p, p.calendar, inside + list(outside(size - 90)), '.ics')
                n = 200 if peer is Scambio else 5
                load(p, 1, 2, 'REPORT', p.calendar, QUERY, XML, 'Depth: 1')
                runs = [load(p, 1, n, 'REPORT', p.calendar, QUERY, XML, 'Depth: 1') for _ in range(ROUNDS)]
                times[peer.name, size] = median([r['p50'] for r in runs])
                row(peer.name, size, spread([r['p50'] for r in runs], '%.2f'), '%.2f' % median([r['cpu'] for r in runs]), '%d' % runs[0]['bytes'])
    print('Scambio at 50,000 takes %.2f times its time at 500' % (times['Scambio', 50000] / times['Scambio', 500]))
    for (name, size), ms in times.items():
        if name != 'Scambio':
            print('at %d: %s takes %.0f times as long as Scambio' % (size, name, ms / times['Scambio', size]))


def sync():
    table('sync-collection after one change, initial sync, multiget of 50', 'server', 'items', 'after one change ms', 'initial ms', 'multiget ms')
    times = {}
    for peer, sizes in ((Scambio, (100, 1000, 10000, 100000)), (Radicale, (1000,)), (peers.Cyrus, (1000,))):
        for size in sizes:
            rng = random.Random(2)
            with peer() as p:
                fill(p, p.calendar, (sample_event(n, rng) for n in range(size)), '.ics')
                user, password = p.auth.split(':')
                dav = scambio.Dav(p.port, user, password)
                _, _, token = dav.sync(p.calendar)
                hrefs = list(dav.sync(p.calendar)[0])[:50]
                dav.put(p.calendar + 'change.ics', scambio.event('change', 'Cambiato'))
                body = '<D:sync-collection %s><D:sync-token>%s</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>'
                multiget = ('<C:calendar-multiget %s><D:prop><D:getetag/><C:calendar-data/></D:prop>%s</C:calendar-multiget>'
                            % (scambio.XMLNS, ''.join('<D:href>%s</D:href>' % h for h in hrefs)))
                n = 200 if peer is Scambio else 10
                few = 3 if size > 1000 else 10
                out = [[load(p, 1, count, 'REPORT', p.calendar, b, XML, 'Depth: 0')['p50'] for _ in range(ROUNDS)] for count, b in (
                    (n, body % (scambio.XMLNS, token)), (few, body % (scambio.XMLNS, '')), (n, multiget))]
                times[peer.name, size] = [median(x) for x in out]
                row(peer.name, size, *(spread(x, '%.2f') for x in out))
    print('after one change: 100,000 items take %.2f times as long as 100' % (times['Scambio', 100000][0] / times['Scambio', 100][0]))
    for name in ('Radicale', 'Cyrus'):
        print('at 1,000 items %s takes, of Scambio: %s' % (name, ', '.join('%s %.1f ×' % (w, a / b) for w, a, b in zip(
            ('change', 'initial', 'multiget'), times[name, 1000], times['Scambio', 1000]))))


def text():
    size = 10000
    body = ('<CR:addressbook-query %s><D:prop><D:getetag/></D:prop><CR:filter test="anyof"><CR:prop-filter name="FN"><CR:text-match collation="i;unicode-casemap" '
            'match-type="contains">rossi 777</CR:text-match></CR:prop-filter><CR:prop-filter name="EMAIL"><CR:text-match collation="i;unicode-casemap" '
            'match-type="contains">rossi777</CR:text-match></CR:prop-filter></CR:filter></CR:addressbook-query>' % scambio.XMLNS)
    table('addressbook-query, contains on FN or EMAIL, %d contacts' % size, 'server', 'ms: median (spread)', 'CPU ms', 'bytes')
    for peer in (Scambio, Radicale) + ((peers.Cyrus,) if FULL else ()):
        with peer() as p:
            fill(p, p.book, (sample_card(n) for n in range(size)), '.vcf')
            load(p, 1, 1, 'REPORT', p.book, body, XML, 'Depth: 1')
            runs = [load(p, 1, 100 if peer is Scambio else 3, 'REPORT', p.book, body, XML, 'Depth: 1') for _ in range(ROUNDS)]
            row(peer.name, spread([r['p50'] for r in runs], '%.2f'), '%.2f' % median([r['cpu'] for r in runs]), '%d' % runs[0]['bytes'])


class Bare(peers.Peer):
    name = 'bare libmicrohttpd'
    auth = 'anna@example.test:segreto'

    def start(self):
        self.run(BUILD + '/bare', str(self.port), str(len(scambio.event('x', 'y'))), 'Basic ' + base64.b64encode(self.auth.encode()).decode())


def get():
    table('GET of one event, 16 connections', 'server', 'req/s: median (spread)', 'CPU ms')
    rates = {}
    for _ in range(ROUNDS):
        for peer in (Scambio, Bare):
            with peer() as p:
                path = '/x'
                if peer is Scambio:
                    path = p.calendar + 'x.ics'
                    scambio.Dav(p.port, *p.auth.split(':')).put(path, scambio.event('x', 'y'))
                load(p, 4, 1000, 'GET', path)
                rates.setdefault(peer.name, []).append(load(p, 16, 40000, 'GET', path))
    for name, runs in rates.items():
        row(name, spread([r['rate'] for r in runs]), '%.4f' % median([r['cpu'] for r in runs]))
    print('Scambio: %.2f of the bare handler' % (median([r['rate'] for r in rates['Scambio']]) / median([r['rate'] for r in rates[Bare.name]])))


def memory():
    import socket
    with Scambio() as p:
        s = p.server
        for n in range(1000):
            s.user('u%d@example.test' % n, 'segreto')
        s.stop()
        began = time.time()
        s.start()
        ready = time.time() - began
        p.process = s.process
        idle = p.rss()
        table('Memory and start, 1,000 accounts', 'start to ready s', 'RSS MiB', 'KiB an idle keep-alive connection')
        held = []
        token = base64.b64encode(p.auth.encode()).decode()
        for _ in range(1000):
            c = socket.create_connection(('127.0.0.1', s.port))
            c.sendall(('GET /health HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n\r\n' % token).encode())
            c.recv(4096)
            held.append(c)
        row('%.2f' % ready, '%.1f' % idle, '%.1f' % ((p.rss() - idle) * 1024 / 1000))
        for c in held:
            c.close()
        s.process = p.process


def syncml():
    phones.syncml(table, row)


def smtp():
    mail.smtp(table, row)


def imap():
    mail.imap(table, row)


def pop3():
    mail.pop3(table, row)


def idle():
    mail.idle(table, row)


PARTS = {f.__name__: f for f in (put, copy, query, sync, text, get, memory, syncml, smtp, imap, pop3, idle)}
for name in sys.argv[1:] or PARTS:
    PARTS[name]()
