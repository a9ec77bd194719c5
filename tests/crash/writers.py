"""Sixteen writers over HTTP, and what each of them was promised: for the tests that kill the server or fill its disk.

Every writer owns its names. What it did last to one of them is known; while an answer is missing both states are right."""
import hashlib
import http.client
import random
import threading
import xml.etree.ElementTree as ET

import scambio

USERS = ['u%d@example.test' % i for i in range(4)]
PASSWORD = 'correct horse'
WRITERS, NAMES = 16, 5


def collections(user):
    return {'a': '/dav/calendars/%s/calendar/' % user, 'b': '/dav/calendars/%s/work/' % user,
            'c': '/dav/addressbooks/%s/contacts/' % user}


class Thing:
    """One name: where it is (a collection's letter or None) with which bytes, and what is in flight."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.state = (None, None)
        self.flight = None        # the state if the step without an answer happened
        self.touched = set()      # collections that an acknowledged step changed since the last check
        self.maybe = set()        # … and a step without an answer


class Writer(threading.Thread):
    def __init__(self, number, port, seed):
        super().__init__(daemon=True)
        self.number, self.port = number, port
        self.user = USERS[number % len(USERS)]
        self.random = random.Random('%s-%d' % (seed, number))
        self.things = [Thing('w%d-%d.%s' % (number, i, 'vcf' if i == 0 else 'ics'), 'card' if i == 0 else 'event')
                       for i in range(NAMES)]
        self.stop = threading.Event()
        self.acknowledged = self.refused = 0
        self.serial = 0
        self.faults = []

    def body(self, thing):
        self.serial += 1
        text = 'version %d of %s %d' % (self.serial, thing.name, self.random.randrange(10**9))
        if thing.kind == 'card':
            return scambio.card('uid-' + thing.name, text).encode()
        extra = ''
        if self.random.random() < 0.1:
            extra = ''.join('COMMENT:%05d %s fills a file of its own\r\n' % (i, text) for i in range(1500))
        elif self.random.random() < 0.2:
            extra = 'RRULE:FREQ=WEEKLY;COUNT=20\r\n'
        return scambio.event('uid-' + thing.name, text, extra=extra).encode()

    def step(self, dav, thing):
        homes = collections(self.user)
        at = thing.state[0]
        dice = self.random.random()
        if at is None or dice < 0.6:
            to = at or ('c' if thing.kind == 'card' else self.random.choice('ab'))
            data = self.body(thing)
            kind = 'text/vcard' if thing.kind == 'card' else 'text/calendar'
            return (to, data), {to}, lambda: dav.request('PUT', homes[to] + thing.name, data, headers={
                'Content-Type': kind + '; charset=utf-8'})
        if dice < 0.8 or thing.kind == 'card':
            return (None, None), {at}, lambda: dav.request('DELETE', homes[at] + thing.name)
        to = 'b' if at == 'a' else 'a'
        return (to, thing.state[1]), {at, to}, lambda: dav.request('MOVE', homes[at] + thing.name, headers={
            'Destination': 'http://127.0.0.1:%d%s%s' % (self.port, homes[to], thing.name), 'Overwrite': 'F'})

    def run(self):
        dav = scambio.Dav(self.port, self.user, PASSWORD)
        dav.attempts = 1
        while not self.stop.is_set():
            thing = self.random.choice(self.things)
            if thing.flight:
                continue  # until the next check says what became of it
            state, touched, send = self.step(dav, thing)
            thing.flight = state
            try:
                r = send()
            except (OSError, http.client.HTTPException):
                thing.maybe |= touched
                return    # the server went away
            if r.status in (200, 201, 204):
                thing.state, thing.flight = state, None
                thing.touched |= touched
                self.acknowledged += 1
            elif r.status in (429, 500, 503, 507):
                thing.flight = None
                self.refused += 1
                self.stop.wait(0.01)
            else:
                self.faults.append('%s: %d %s' % (thing.name, r.status, r.text[:300]))
                return


class Load:
    """All writers, and the check of all they were promised."""

    def __init__(self, server, seed):
        self.server, self.seed, self.round = server, seed, 0
        for user in USERS:
            server.user(user, PASSWORD)
            scambio.Dav(server.port, user, PASSWORD).request('MKCALENDAR', collections(user)['b'], expect=201)
        self.writers = []
        self.tokens = {}
        self.things = None
        self.before = {}

    def start(self):
        self.round += 1
        self.writers = [Writer(i, self.server.port, '%s-%d' % (self.seed, self.round)) for i in range(WRITERS)]
        for w in self.writers:
            if self.things:
                w.things = self.things[w.number]
            w.start()
        self.things = [w.things for w in self.writers]

    def finish(self):
        for w in self.writers:
            w.stop.set()
        for w in self.writers:
            w.join(60)
            assert not w.is_alive(), 'a writer hangs'
        faults = [f for w in self.writers for f in w.faults]
        assert not faults, faults[:5]
        return sum(w.acknowledged for w in self.writers), sum(w.refused for w in self.writers)

    def check(self):
        for user in USERS:
            dav = scambio.Dav(self.server.port, user, PASSWORD)
            for letter, path in collections(user).items():
                self.check_collection(dav, user, letter, path)
        for things in self.things:
            for t in things:
                assert len(t.found) == 1 or (not t.found and None in self.states(t)), '%s: is at %r' % (t.name, t.found)
                t.state = t.found[0] if t.found else (None, None)
                t.flight = None
                t.touched, t.maybe = set(), set()

    @staticmethod
    def states(thing):
        return {thing.state[0]} | ({thing.flight[0]} if thing.flight else set())

    def check_collection(self, dav, user, letter, path):
        mine = {t.name: t for w, things in enumerate(self.things) if USERS[w % len(USERS)] == user for t in things}
        token = self.tokens.get(path)
        there, gone, self.tokens[path] = dav.sync(path, token or '')
        all_there = there if not token else dav.sync(path, '')[0]
        names = {h.rsplit('/', 1)[1] for h in all_there}
        assert names <= set(mine), '%s: nobody put %r' % (path, names - set(mine))
        for name, t in mine.items():
            if letter == 'a' or (letter == 'c' and t.kind == 'card'):
                t.found = []
        for name in names:
            self.check_item(dav, mine[name], letter, path)
        if token:
            self.check_difference(mine, letter, path, {h.rsplit('/', 1)[1] for h in there},
                                  {h.rsplit('/', 1)[1] for h in gone}, names)
        self.before[path] = names

    def check_item(self, dav, thing, letter, path):
        r = dav.request('GET', path + thing.name, expect=200)
        allowed = [thing.state] + ([thing.flight] if thing.flight else [])
        assert (letter, r.body) in allowed, '%s%s: holds %s, promised was %s' % (
            path, thing.name, hashlib.sha256(r.body).hexdigest()[:12],
            [(a, hashlib.sha256(b).hexdigest()[:12] if b else None) for a, b in allowed])
        thing.found.append((letter, r.body))

    def check_difference(self, mine, letter, path, there, gone, names):
        before = self.before[path]
        for name, t in mine.items():
            reported = name in there or name in gone
            changed, maybe = letter in t.touched, letter in t.maybe
            if not changed and not maybe:
                assert not reported, '%s%s: reported, but it has not changed' % (path, name)
            elif changed and name in names:
                assert name in there, '%s%s: has changed and is not reported' % (path, name)
            elif changed and name in before:
                assert name in gone, '%s%s: is gone and not reported' % (path, name)
            assert not (name in gone and name in names), '%s%s: reported as gone' % (path, name)
            assert not (name in there and name not in names), '%s%s: reported as there' % (path, name)
