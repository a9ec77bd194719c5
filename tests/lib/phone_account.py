"""A server with one user, his DAV client and phones that are SyncEvolution; what his data mean on all sides, and samples of them."""
from urllib.parse import quote, unquote

import semantics
from scambio import Server, card, event, todo
from syncevolution import SyncevolutionPhone

USER, ACCOUNT_PASSWORD = 'alice@example.test', 'segreto'
COLLECTIONS = {'addressbook': ('/dav/addressbooks/%s/contacts/', 'text/vcard', semantics.card),
               'calendar': ('/dav/calendars/%s/calendar/', 'text/calendar', semantics.events),
               'todo': ('/dav/calendars/%s/tasks/', 'text/calendar', semantics.todo),
               'memo': ('/dav/calendars/%s/notes/', 'text/calendar', semantics.note)}


class Account:
    """A server with one user, his DAV client, and phones that log in with an app password."""

    def __init__(self, config=''):
        self.server = Server(config)
        self.phones = []

    def __enter__(self):
        self.server.start()
        self.server.user(USER, ACCOUNT_PASSWORD)
        self.password = self.app_password()
        self.dav = self.server.dav(USER, ACCOUNT_PASSWORD)
        return self

    def __exit__(self, *error):
        for p in self.phones:
            p.__exit__(*error)
        self.server.__exit__(*error)

    def app_password(self):
        return self.server.command('user', 'app-password', 'add', USER, '--label', 'phone', '--scope', 'syncml').strip()

    def phone(self, devid='phone-1', password=None, **options):
        p = SyncevolutionPhone(self.server.base + '/syncml', USER, password or self.password, devid, **options)
        self.phones.append(p)
        return p

    # ---- the DAV side ----

    def path(self, store):
        return COLLECTIONS[store][0] % USER

    def put(self, store, name, text):
        self.dav.put(self.path(store) + quote(name), text, COLLECTIONS[store][1])

    def read(self, store):
        hrefs = [h for h in self.dav.propfind(self.path(store), 'D:getetag', depth=1) if not h.endswith('/')]
        return {h.rsplit('/', 1)[1]: self.dav.request('GET', h, expect=200).text for h in hrefs}

    def edit(self, store, old, new):
        found = [n for n, text in self.read(store).items() if old in text]
        assert len(found) == 1, '%s: %d items have %r' % (store, len(found), old)
        self.put(store, unquote(found[0]), self.read(store)[found[0]].replace(old, new))

    def delete(self, store, text):
        found = [n for n, t in self.read(store).items() if text in t]
        assert len(found) == 1, (store, text, found)
        self.dav.request('DELETE', self.path(store) + found[0], expect=204)

    # ---- judging ----

    def settle(self, *phones, rounds=2):
        for _ in range(rounds):
            for p in phones:
                p.sync()

    def equal(self, *phones, counts=None):
        """All sides hold the same; `counts`: {store: how many objects the server has}."""
        for store, (_, _, meaning) in COLLECTIONS.items():
            texts = self.read(store)
            if counts and store in counts:
                assert len(texts) == counts[store], '%s: the server has %d:\n%s' % (store, len(texts), '\n'.join(texts.values()))
            for p in phones:
                if store in p.stores:
                    theirs = [meaning(t) for t in grouped(store, p.read(store))]
                    ours = [meaning(t) for t in texts.values()]
                    assert sorted(map(key, theirs)) == sorted(map(key, ours)), '%s of %s\nphone: %s\nserver: %s\n%s\n%s' % (
                        store, p.dir, show(theirs, ours), show(ours, theirs), '\n'.join(p.read(store).values()), '\n'.join(texts.values()))


def grouped(store, files):
    """A phone holds a moved instance as an item of its own: its text joins its master's, by UID."""
    if store != 'calendar':
        return list(files.values())
    out = {}
    for luid, text in files.items():
        uid = [v for n, _, v in semantics.lines(text) if n == 'UID']
        out.setdefault(uid[0] if uid else luid, []).append(text)
    return ['\n'.join(texts) for texts in out.values()]


def key(meaning):
    return repr(sorted(map(repr, meaning))) if isinstance(meaning, frozenset) else repr(meaning)


def show(some, others):
    return [m for m in some if key(m) not in [key(o) for o in others]]


# A phone in another country says where its times are: what it cannot resolve it takes for its own.
ROME = ('BEGIN:VTIMEZONE\r\nTZID:Europe/Rome\r\nBEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n'
        'TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19810329T020000\r\n'
        'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n')


def zoned(text):
    return text.replace('BEGIN:VEVENT', ROME + 'BEGIN:VEVENT', 1)


ANNA = card('uid-anna', 'Anna Nicolò', 'anna@example.test', 'TEL;TYPE=CELL:+39 333 1234567\r\nNOTE:Prima riga\\nseconda\\, terza\r\nBDAY:1980-02-29\r\n')
MEETING = zoned(event('uid-meeting', 'Riunione', '20261201T100000', '20261201T113000', extra='LOCATION:Sala grande\r\nDESCRIPTION:Ordine del giorno\r\n'))
WEEKLY = zoned(event('uid-weekly', 'Ogni settimana', '20261202T090000', '20261202T100000', extra='RRULE:FREQ=WEEKLY;COUNT=6\r\n'))
TASK = todo('uid-task', 'Comprare il pane', 'DUE:20261203T080000Z\r\nPRIORITY:1\r\n')
MEMO = 'Una nota\nSeconda riga: àèìòù\n'


def fill(phone):
    phone.write('addressbook', '1', ANNA)
    phone.write('calendar', '1', MEETING)
    phone.write('calendar', '2', WEEKLY)
    phone.write('todo', '1', TASK)
    phone.write('memo', '1', MEMO)


COUNTS = {'addressbook': 1, 'calendar': 2, 'todo': 1, 'memo': 1}
