"""The SyncML part of `make bench`: one SyncEvolution as the phone, against Scambio and against SyncEvolution's own HTTP server, in one run;
and the tests' own phone for what SyncEvolution cannot say.

Two times of a server: `waited` is what the phone waits for answers, of both servers alike; `own` is what Scambio's access log says of its
requests, of which `commits` were spent in commits. LONG=1: the peer with 10,000 contacts too, ours with 100,000."""
import glob
import json
import os
import re
import statistics
import subprocess
import threading
import time
import urllib.request

import peers
import scambio
from peers import Peer
from syncevolution import SyncevolutionPhone
from syncml import SLOW, Phone, Store, Ways

LONG = bool(os.environ.get('LONG'))
ROUNDS = int(os.environ.get('ROUNDS', '3'))
USER, PASSWORD = 'anna@example.test', 'segreto'
KINDS = {'contacts': 'text/vcard', 'calendar': 'text/calendar', 'tasks': 'text/calendar', 'notes': 'text/plain'}
LIMITS = '[limits]\ndevices = 1000\n'


# ---- the servers ----

class Ours(peers.Scambio):
    def start(self):
        self.server = scambio.Server(LIMITS, binary=peers.RELEASE)
        self.server.start()
        self.server.user(USER, PASSWORD)
        self.port, self.process = self.server.port, self.server.process
        self.url = self.server.base + '/syncml'
        self.login = USER, self.app_password(USER)
        self.seen = 0

    def app_password(self, user):
        return self.server.command('user', 'app-password', 'add', user, '--label', 'bench', '--scope', 'syncml').strip()

    def metric(self, name):
        text = urllib.request.urlopen(self.server.base + '/metrics').read().decode()
        return int(re.search(r'^%s (\d+)' % name, text, re.M).group(1))

    def commits(self):
        """Milliseconds in commits so far."""
        return self.metric('scambio_store_commit_us_total') / 1000

    def own(self):
        """(requests, milliseconds) of the SyncML requests since the last call."""
        time.sleep(0.05)  # a line is written behind its answer
        lines = self.server.log_text().splitlines()
        new, self.seen = lines[self.seen:], len(lines)
        times = [float(re.search(r'\bms=([\d.]+)', line).group(1)) for line in new if 'path=/syncml' in line]
        return len(times), sum(times)

    def pids(self):
        return subprocess.run(['ps', '-o', 'pid=', '-g', str(self.process.pid)], capture_output=True, text=True).stdout.split()

    def peak(self):
        """Most resident memory so far of all its processes, MiB."""
        return sum(int(re.search(r'VmHWM:\s+(\d+)', open('/proc/%s/status' % pid).read()).group(1)) for pid in self.pids()) / 1024

    def cpu_ms(self):
        """Of all its threads; in nanoseconds, where cpu() counts ticks."""
        return sum(int(open(f).read().split()[0]) for pid in self.pids() for f in glob.glob('/proc/%s/task/*/schedstat' % pid)) / 1e6

    def begin(self):
        """Before a session …"""
        self.own()
        self.before = self.commits(), self.cpu_ms()

    def end(self):
        """… and after it: requests, own ms, ms in commits, CPU ms."""
        commits, cpu = self.commits() - self.before[0], self.cpu_ms() - self.before[1]
        return (*self.own(), commits, cpu)


class SyncevolutionServer(Peer):
    """Its package has a broken first line, and it listens on all interfaces: a corrected copy runs."""
    name = 'SyncEvolution'
    login = 'anna', 'segreto'

    def start(self):
        with open('/usr/bin/syncevo-http-server') as f:
            text = f.read().replace('#!@PYTHON@', '#!/usr/bin/python3')
        assert text.count('listenTCP(url.port, site)') == 1
        with open(self.dir + '/server.py', 'w') as f:
            f.write(text.replace('listenTCP(url.port, site)', 'listenTCP(url.port, site, interface="127.0.0.1")'))
        env = {k: v for k, v in os.environ.items() if k not in ('DISPLAY', 'DBUS_SESSION_BUS_ADDRESS')}
        env.update(HOME=self.dir, LC_ALL='C.UTF-8', TZ='UTC')
        for name, sub in (('XDG_CONFIG_HOME', 'config'), ('XDG_DATA_HOME', 'data'), ('XDG_CACHE_HOME', 'cache')):
            env[name] = os.path.join(self.dir, sub)
        self.configure(env, '--template', 'SyncEvolution Client', 'remoteDeviceId=bench', 'keyring=no', 'username=%s' % self.login[0],
                       'password=%s' % self.login[1], 'printChanges=0', 'dumpData=0', 'preventSlowSync=0', 'loglevel=1', 'maxLogDirs=3', 'bench')
        for name, kind in KINDS.items():
            os.makedirs(os.path.join(self.dir, 'db', name))
            self.configure(env, 'backend=file', 'databaseFormat=' + kind, 'database=file://%s/db/%s' % (self.dir, name), 'sync=two-way', 'bench', name)
        self.url = 'http://127.0.0.1:%d/syncml' % self.port
        self.run('dbus-run-session', '--', '/usr/bin/python3', self.dir + '/server.py', '--quiet', self.url, env=env)

    def configure(self, env, *args):
        r = subprocess.run(['syncevolution', '--daemon=no', '--configure', *args], env=env, capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, r.stdout + r.stderr

    def items(self, name):
        return len(os.listdir(os.path.join(self.dir, 'db', name)))


# ---- what is synchronised ----

def contact(n):
    return scambio.card('bench-%d' % n, 'Mario Rossi %d' % n, 'mario.rossi%d@example.test' % n,
                        'ORG:Azienda %d\r\nTITLE:Ingegnere\r\nTEL;TYPE=CELL:+39 333 %07d\r\nTEL;TYPE=WORK,VOICE:+39 06 %07d\r\n'
                        'ADR;TYPE=WORK:;;Via Roma %d;Roma;;00100;Italia\r\nNOTE:Contatto numero %d\r\n' % (n % 50, n, n, n, n))


def sample(name, n):
    if name == 'contacts':
        return contact(n)
    if name == 'calendar':
        return scambio.event('bench-e%d' % n, 'Evento %d' % n, '2026%02d%02dT100000' % (1 + n // 28 % 12, 1 + n % 28),
                             '2026%02d%02dT110000' % (1 + n // 28 % 12, 1 + n % 28), zone=None)
    return scambio.todo('bench-t%d' % n, 'Cosa da fare %d' % n) if name == 'tasks' else 'Nota %d\nDi due righe' % n


def fill(p, count, names=KINDS):
    """The server's databases, by import."""
    for name in names:
        note = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x\r\nBEGIN:VJOURNAL\r\nUID:bench-n%d\r\nDTSTAMP:20260101T000000Z\r\n' \
               'SUMMARY:Nota %d\r\nDESCRIPTION:Di due righe\r\nEND:VJOURNAL\r\nEND:VCALENDAR\r\n'
        path = os.path.join(p.server.dir, 'fill.' + ('vcf' if name == 'contacts' else 'ics'))
        with open(path, 'w', newline='') as f:
            for n in range(count):
                f.write(note % (n, n) if name == 'notes' else sample(name, n))
        p.server.command('import', '--user', USER, '--collection', name, path)


def items_of(p, user=USER):
    return {c['collection']: int(c['items']) for c in json.loads(p.server.command('--json', 'collection', 'list', '--user', user))}


# ---- SyncEvolution against both ----

def session(p, phone, kind, contacts, out, **how):
    if isinstance(p, Ours):
        p.begin()
    s = phone.sync(seconds=3600, **how)
    requests, own, commits, cpu = p.end() if isinstance(p, Ours) else (s.requests, None, None, None)
    assert requests == s.requests, (requests, s.requests)
    out.setdefault((p.name, contacts, kind), []).append((requests, s.waited, own, commits, cpu, s.sent, s.received))


def chain(peer, contacts, out, rounds):
    """All kinds of sessions of one phone that begins with that many contacts."""
    with peer() as p, SyncevolutionPhone(p.url, *p.login, 'bench', RetryInterval='3600', RetryDuration='7200') as phone:
        for n in range(contacts):
            phone.write('addressbook', str(n), contact(n))
        session(p, phone, 'first slow', contacts, out)
        for i in range(rounds):
            session(p, phone, 'empty', contacts, out)
            phone.write('addressbook', '0', contact(0).replace('Ingegnere', 'Capo %d' % i))
            session(p, phone, 'one change', contacts, out)
        session(p, phone, 'slow match', contacts, out, mode='slow')
        there = items_of(p)['contacts'] if isinstance(p, Ours) else p.items('contacts')
        assert there == contacts == len(phone.read('addressbook')), '%s: %d of %d contacts' % (p.name, there, contacts)


def number(value, form='%.1f'):
    return '–' if value is None else form % value


def both(table, row):
    out = {}
    for peer, sizes in ((Ours, (100, 1000, 10000)), (SyncevolutionServer, (100, 1000) + ((10000,) if LONG else ()))):
        for size in sizes:
            chain(peer, size, out, ROUNDS if size < 10000 or peer is Ours else 1)
    table('SyncEvolution as the phone, four databases, medians', 'session', 'contacts', 'server', 'requests', 'waited ms', 'own ms', 'of it commits',
          'CPU ms', 'KB up', 'KB down')
    mid = {key: [None if column[0] is None else statistics.median(column) for column in zip(*runs)] for key, runs in out.items()}
    for kind in ('empty', 'one change', 'first slow', 'slow match'):
        for name, size, k in mid:
            if k == kind:
                requests, waited, own, commits, cpu, up, down = mid[name, size, k]
                row(kind, size, name, '%d' % requests, '%.1f' % (waited * 1000), number(own), number(commits), number(cpu),
                    '%.1f' % (up / 1000), '%.1f' % (down / 1000))

    def ratio(kind, size):
        theirs = mid['SyncEvolution', size, kind][1] if ('SyncEvolution', size, kind) in mid else mid['SyncEvolution', 1000, kind][1] * size / 1000
        return theirs / mid['Scambio', size, kind][1]
    print('the peer is waited for, of Scambio: ' + ', '.join('%s of %d: %.0f ×' % (k, n, ratio(k, n)) for k, n in (
        ('empty', 1000), ('one change', 1000), ('first slow', 1000), ('slow match', 1000), ('first slow', 10000), ('slow match', 10000)))
        + ('' if LONG else ' (at 10,000 the peer is ten times its time at 1,000, which flatters it)'))
    print('first slow sync: 10,000 take %.1f times the own time of 1,000' % (
        mid['Scambio', 10000, 'first slow'][2] / mid['Scambio', 1000, 'first slow'][2]))


# ---- our own phone against ours ----

def phone_of(p, devid, stores=KINDS, user=None, **ways):
    user, password = user or p.login
    return Phone(p.port, user, password, devid, [Store(n, KINDS[n]) for n in stores], ways=Ways(max_msg=150000, strict=False, **ways))


def flat(table, row):
    """Sessions without and with one change: the size of the databases must not show."""
    table('Own phone, two-way of four databases', 'items in each', 'session', 'requests', 'own ms: median (spread)', 'of it commits', 'CPU ms')
    for size in (100, 10000) + ((100000,) if LONG else ()):
        with Ours() as p:
            fill(p, size)
            phone = phone_of(p, 'flat')
            phone.sync()
            assert all(len(s.items) == size for s in phone.stores.values()), {s.name: len(s.items) for s in phone.stores.values()}
            for kind in ('empty', 'one change'):
                runs = []
                for i in range(10):
                    if kind == 'one change':
                        phone['contacts'].put(next(iter(phone['contacts'].items)), contact(0).replace('Ingegnere', 'Capo %d' % i))
                    p.begin()
                    phone.sync()
                    runs.append(p.end())
                requests, own, commits, cpu = zip(*runs)
                row(size, kind, requests[0], '%.1f (%.1f–%.1f)' % (statistics.median(own), min(own), max(own)), '%.1f' % statistics.median(commits),
                    '%.1f' % statistics.median(cpu))


def match(table, row):
    """An address book that both sides have, and no phone remembers."""
    table('Own phone, slow match: both sides have all, no LUID is known', 'contacts', 'requests', 'own ms', 'of it commits', 'CPU ms', 'twins')
    for size in (1000, 10000):
        with Ours() as p:
            fill(p, size, ('contacts',))
            phone = phone_of(p, 'match', ('contacts',))
            for n in range(size):
                phone['contacts'].new(contact(n).replace('UID:bench-%d\r\n' % n, ''))
            p.begin()
            phone.sync({'contacts': SLOW})
            requests, own, commits, cpu = p.end()
            twins = items_of(p)['contacts'] - size, len(phone['contacts'].items) - size
            row(size, requests, '%.0f' % own, '%.0f' % commits, '%.0f' % cpu, '%d, %d' % twins)
            assert twins == (0, 0), twins


def crowd(table, row, users=20, each=5, changes=100):
    """Phones at once: five for each user, who shall all have the same in the end."""
    with Ours() as p:
        phones = []
        for u in range(users):
            user = 'u%d@example.test' % u
            p.server.user(user, PASSWORD)
            password = p.app_password(user)
            phones += [(u, phone_of(p, 'crowd-%d-%d' % (u, i), ('contacts',), (user, password))) for i in range(each)]
        wrong = []

        def all_at_once(work):
            def run(index, u, phone):
                try:
                    work(index, phone)
                except Exception as e:
                    wrong.append('%s: %r' % (phone.devid, e))
            threads = [threading.Thread(target=run, args=(i, u, phone)) for i, (u, phone) in enumerate(phones)]
            began = time.time()
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            assert not wrong, wrong[:3]
            return time.time() - began
        all_at_once(lambda i, phone: phone.sync())

        def change(i, phone):
            for n in range(changes):
                phone['contacts'].new(contact(i * changes + n).replace('UID:bench-', 'UID:crowd-'))
            phone.sync()
        p.own()
        seconds = all_at_once(change)
        requests, ms = p.own()
        peak = p.peak()
        for _ in range(2):
            all_at_once(lambda i, phone: phone.sync())
        lost = doubled = 0
        for u, phone in phones:
            names = re.findall(r'Mario Rossi (\d+)\r?\n', ''.join(t.decode() if isinstance(t, bytes) else t for t in phone['contacts'].items.values()))
            wanted = {str(i * changes + n) for i, (v, _) in enumerate(phones) if v == u for n in range(changes)}
            lost += len(wanted - set(names))
            doubled += len(phone['contacts'].items) - len(wanted) + len(wanted - set(names))
        for u in range(users):
            doubled += items_of(p, 'u%d@example.test' % u)['contacts'] - each * changes
        table('%d phones at once, %d changes each' % (len(phones), changes), 'seconds', 'requests', 'own ms a request', 'lost', 'doubled', 'peak RSS MiB')
        row('%.1f' % seconds, requests, '%.1f' % (ms / requests), lost, doubled, '%.1f' % peak)
        assert lost == doubled == 0, (lost, doubled)


def syncml(table, row):
    for part in (both, flat, match, crowd):
        part(table, row)
