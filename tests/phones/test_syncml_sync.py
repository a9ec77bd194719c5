#!/usr/bin/python3
"""SyncML over HTTP with the tests' own client: every version, encoding and log-in, every switch that phones are known for, every kind of
sync, large objects, suspending and resuming, and messages that are lost or come twice."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import semantics
import suite
from scambio import Server, card, event
from syncml import (ONE_WAY_CLIENT, ONE_WAY_SERVER, REFRESH_CLIENT, REFRESH_SERVER, SLOW, TWO_WAY, Cut, Failed, Phone, Store, Suspended, Ways,
                    commands)
from syncml_wire import E, Style, outline

server = Server('[limits]\ndevices = 1000\n')
server.start()
serial = iter(range(1, 10000))


class Account:
    """A user for each test, his phones and his DAV client. Making users costs seconds (their passwords are hashed): `again` empties an older one."""

    def __init__(self, again=None):
        self.user = again.user if again else 'u%d@example.test' % next(serial)
        self.path = '/dav/addressbooks/%s/contacts/' % self.user
        if again:
            self.password, self.dav = again.password, again.dav
            for href in [h for h in self.dav.propfind(self.path, 'D:getetag', depth=1) if not h.endswith('/')]:
                self.dav.request('DELETE', href, expect=204)
            return
        server.user(self.user, 'segreto')
        self.password = server.command('user', 'app-password', 'add', self.user, '--label', 'phone', '--scope', 'syncml').strip()
        self.dav = server.dav(self.user, 'segreto')

    def phone(self, stores=None, auth='md5', old=False, **options):
        style = Style(**{k: options.pop(k) for k in list(options) if hasattr(Style, k)})
        kind = 'text/x-vcard' if old else 'text/vcard'
        return Phone(server.port, self.user, self.password, 'sync-%d' % next(serial), stores or [Store('contacts', kind)], auth=auth, style=style,
                     ways=Ways(**options))

    def put(self, name, text):
        self.dav.put(self.path + name + '.vcf', text, 'text/vcard')

    def cards(self):
        hrefs = [h for h in self.dav.propfind(self.path, 'D:getetag', depth=1) if not h.endswith('/')]
        return {h.rsplit('/', 1)[1]: self.dav.request('GET', h, expect=200).text for h in hrefs}

    def equal(self, *phones, count=None):
        ours = sorted(repr(sorted(map(repr, semantics.card(t)))) for t in self.cards().values())
        assert count is None or len(ours) == count, '%d cards on the server, wanted %d:\n%s' % (len(ours), count, '\n'.join(ours))
        for p in phones:
            theirs = sorted(repr(sorted(map(repr, meaning(p, t)))) for t in p['contacts'].items.values())
            assert theirs == ours, 'the phone has\n%s\nthe server\n%s' % ('\n'.join(theirs), '\n'.join(ours))


def meaning(phone, text):
    """What a card of the phone says; one of the old form first becomes a new one, as far as our samples go."""
    if phone['contacts'].mime == 'text/vcard':
        return semantics.card(text)
    lines = [line.replace(';CELL', ';TYPE=CELL').replace(';WORK', ';TYPE=WORK').replace(';INTERNET', '').replace(';CHARSET=UTF-8', '') for line in text.split('\r\n')]
    out = semantics.card('\r\n'.join(lines))
    name = [f for f in out if f[0] == 'N'][0][2]
    return out | {('FN', None, ' '.join(name[1::-1]))} if not any(f[0] == 'FN' for f in out) else out


def person(phone, name, number='333'):
    """A card as the phone writes it."""
    if phone['contacts'].mime == 'text/vcard':
        return 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:%s;Anna;;;\r\nFN:Anna %s\r\nTEL;TYPE=CELL:%s\r\nEND:VCARD\r\n' % (name, name, number)
    return 'BEGIN:VCARD\r\nVERSION:2.1\r\nN:%s;Anna\r\nTEL;CELL:%s\r\nEND:VCARD\r\n' % (name, number)


def wordy(text):
    """So that a few of them fill a message."""
    return text.replace('END:VCARD', 'NOTE:%s\r\nEND:VCARD' % ('lungo ' * 80).strip())


def scenario(account, phone, **modes):
    """A phone and another one and CardDAV: all that happens to cards, three sessions each."""
    other = account.phone()
    for i in range(4):
        phone['contacts'].new(person(phone, 'P%d' % i))
    account.put('dav', card('uid-dav', 'Bruno'))
    phone.sync()
    other.sync()
    account.equal(phone, other, count=5)
    luid = next(l for l, t in phone['contacts'].items.items() if 'P1' in t)
    phone['contacts'].put(luid, person(phone, 'P1', '444'))
    phone['contacts'].delete(next(l for l, t in phone['contacts'].items.items() if 'P2' in t))
    phone['contacts'].new(person(phone, 'P9'))
    luid = next(l for l, t in other['contacts'].items.items() if 'P3' in t)
    other['contacts'].put(luid, person(other, 'P3', '555'))
    account.put('dav', card('uid-dav', 'Bruno', 'bruno@example.test'))
    other.sync()
    phone.sync()
    other.sync()
    account.equal(phone, other, count=5)
    quiet = (phone.got.copy(), phone.sync(), phone.got)[2]
    assert not any(isinstance(k, tuple) for k in quiet), 'something comes back: %s' % quiet
    assert phone.failed == other.failed == [], (phone.failed, other.failed)
    phone.close()
    other.close()


def test_versions_encodings_and_log_ins():
    a = None
    for version in ('1.0', '1.1', '1.2'):
        for encoding in ('xml', 'wbxml'):
            for auth in ('basic', 'md5') + (('hmac',) if version == '1.2' else ()):
                for old in (True, False):
                    try:
                        a = Account(a)
                        scenario(a, a.phone(version=version, encoding=encoding, auth=auth, old=old))
                    except Exception as e:
                        raise AssertionError('%s %s %s %s: %s: %s' % (version, encoding, auth, 'old' if old else 'new', type(e).__name__, e)) from e


SWITCHES = [{'final_always': True}, {'next_message': 'always'}, {'next_message': 'never'}, {'final_always': True, 'next_message': 'always', 'devinf': 'alone put get'},
            {'loc_name': False, 'auth': 'basic'}, {'loc_name': False}, {'meta_first': True}, {'source_first': True}, {'cred_always': True, 'auth': 'basic'}, {'cred_always': True},
            {'devinf': 'put'}, {'devinf': 'get'}, {'devinf': ''}, {'devinf': 'alone put get'}, {'init': False}, {'init': False, 'auth': 'basic', 'slow_command': 'Add'},
            {'item_statuses': False}, {'slow_command': 'Add'}, {'meta_in_item': False}, {'number_of_changes': False}, {'max_guid': 8}, {'max_guid': 64},
            {'max_msg': 2048}, {'max_msg': None}, {'max_msg': 1 << 31}, {'max_obj': 100000}, {'utc': False}, {'man': None, 'mod': None, 'swv': None},
            {'content_type': 'application/vnd.syncml+wbxml; charset=UTF-8'}, {'table': True, 'opaque': 'none'}, {'opaque': 'all'}, {'public_text': True},
            {'encoding': 'xml', 'xmlns': False}, {'encoding': 'xml', 'cdata': False}, {'encoding': 'xml', 'indent': True}, {'encoding': 'xml', 'declaration': ''},
            {'encoding': 'xml', 'declaration': '<?xml version="1.0" encoding="ISO-8859-1"?>'}, {'encoding': 'xml', 'xmlns': False, 'source_first': True, 'final_always': True}]


def test_switches():
    a = None
    for version in ('1.1', '1.2'):
        for switch in SWITCHES:
            try:
                a = Account(a)
                scenario(a, a.phone(version=version, **switch))
            except Exception as e:
                raise AssertionError('%s %s: %s: %s' % (version, switch, type(e).__name__, e)) from e


def test_names_of_databases():
    """As phones call them: dots, case, CGI and tails are not what matters; an empty Target means the phone's own name."""
    a = None
    for target, source in (('./contacts', './contacts'), ('Contacts', 'x'), ('card', './C:\\System\\Data\\Contacts.cdb'), ('scard', 'con'), ('addressbook', './addressbook'),
                           ('contacts/', 'x'), ('./contact', 'x'), ('', './Contacts'), ('contacts?all', 'x')):
        a = Account(a)
        p = a.phone(stores=[Store('contacts', 'text/vcard', target=target, source=source)], empty_target=not target)
        a.put('x', card('x', 'Bruno'))
        p['contacts'].new(person(p, 'P'))
        p.sync()
        assert p.failed == [] and len(p['contacts'].items) == 2, (target, source, p.failed)
        a.equal(p, count=2)
    a = Account()
    p = a.phone(stores=[Store('mail', 'text/plain'), Store('contacts', 'text/vcard')])
    p.sync()
    assert p.failed == [('mail', None, 404)], p.failed


def test_kinds_of_sync():
    a = Account()
    p = a.phone()
    for i in range(3):
        p['contacts'].new(person(p, 'P%d' % i))
        a.put('s%d' % i, card('s%d' % i, 'S%d' % i))
    p.sync({'contacts': SLOW})
    a.equal(p, count=6)
    p.sync({'contacts': SLOW})
    a.equal(p, count=6)
    a.put('s9', card('s9', 'S9'))
    p['contacts'].new(person(p, 'P9'))
    p.sync({'contacts': ONE_WAY_CLIENT})
    assert len(a.cards()) == 8 and len(p['contacts'].items) == 7
    p['contacts'].new(person(p, 'P10'))
    p.sync({'contacts': ONE_WAY_SERVER})
    assert len(a.cards()) == 8 and len(p['contacts'].items) == 9, (len(a.cards()), len(p['contacts'].items))
    p.sync()
    a.equal(p, count=9)
    p['contacts'].new(person(p, 'weg'))
    p.sync({'contacts': REFRESH_SERVER})
    a.equal(p, count=9)
    for luid in list(p['contacts'].items)[:5]:
        p['contacts'].delete(luid)
    p.sync({'contacts': REFRESH_CLIENT})
    a.equal(p, count=4)
    p.sync()
    a.equal(p, count=4)
    assert not any(isinstance(k, tuple) for k in p.got), p.got


def test_kinds_that_a_server_alerts():
    """206 to 210 mean what 200 to 205 do."""
    a = None
    for code in (206, 207, 208, 209, 210):
        a = Account(a)
        p = a.phone()
        a.put('s', card('s', 'S'))
        p.sync()
        p.sync({'contacts': code})
        assert p.failed == [], p.failed
        a.equal(p, count=1)


def big(name, size):
    return 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:%s;Anna;;;\r\nFN:Anna %s\r\nNOTE:%s\r\nEND:VCARD\r\n' % (name, name, 'caffè ' * (size // 7))


def test_large_objects():
    for options in ({'max_msg': 4000}, {'max_msg': 2048, 'encoding': 'xml'}, {'max_msg': 5000, 'version': '1.1'}, {'max_msg': 5000, 'emi': True}):
        a = Account()
        p, q = a.phone(**options), a.phone(**options)
        p['contacts'].new(big('Gross', 60000))
        for i in range(8):
            p['contacts'].new(person(p, 'P%d' % i))
        p['contacts'].new(big('Auch', 9000))
        p.limit = lambda: 4000  # it splits smaller than it must
        p.sync()
        assert len(p.log) > 15 and p.failed == [], (len(p.log), p.failed)
        a.equal(p, count=10)
        q.sync()
        assert len(q.log) > 15, len(q.log)
        a.equal(p, q, count=10)
        luid = next(l for l, t in q['contacts'].items.items() if 'Gross' in t)
        q['contacts'].put(luid, big('Gross', 30000))
        q.sync()
        p.sync()
        a.equal(p, q, count=10)


def test_an_object_larger_than_the_phone_takes():
    """MaxObjSize: it is not sent, and nothing else suffers."""
    a = Account()
    p = a.phone(max_obj=20000)
    a.put('big', big('Gross', 50000).replace('VERSION:3.0', 'VERSION:3.0\r\nUID:big'))
    a.put('small', card('small', 'Klein'))
    p.sync()
    assert [('Klein' in t) for t in p['contacts'].items.values()] == [True], p['contacts'].items.keys()
    p.sync()
    assert len(p['contacts'].items) == 1 and len(a.cards()) == 2


def test_lost_nonce_and_wrong_password():
    a = Account()
    p = a.phone()
    p['contacts'].new(person(p, 'P'))
    p.sync()
    p.nonce = b'lost'
    p['contacts'].new(person(p, 'Q'))
    p.sync()
    a.equal(p, count=2)
    p.password, good = 'falsch', p.password
    p['contacts'].new(person(p, 'R'))
    for _ in range(2):
        try:
            p.sync()
            assert False, 'a wrong password was taken'
        except Failed as e:
            assert e.code == 401, e
    p.password = good
    p.sync()
    a.equal(p, count=3)
    blocked = a.phone(auth='basic')
    blocked.sync()
    server.command('device', 'block', str(server.device(blocked.devid)['id']))
    blocked['contacts'].new(person(blocked, 'S'))
    try:
        blocked.sync()
        assert False, 'a blocked device was served'
    except Failed as e:
        assert e.code in (403, 425, 401), e
    a.equal(count=3)


def test_an_account_password_is_for_basic_only():
    """Nobody holds it in a form that MD5 could be checked with: the server asks for basic, and the phone can do that."""
    a = Account()
    p = a.phone(auth='md5')
    p.password = 'segreto'
    p['contacts'].new(person(p, 'P'))
    try:
        p.sync()
        assert p.auth == 'basic'
    except Failed as e:
        assert e.code == 401 and p.challenge in ('syncml:auth-basic', 'syncml:auth-md5'), (e, p.challenge)
    q = a.phone(auth='basic')
    q.password = 'segreto'
    q['contacts'].new(person(q, 'Q'))
    q.sync()
    assert q.failed == []


def test_lost_anchors():
    a = Account()
    p = a.phone()
    for i in range(5):
        p['contacts'].new(person(p, 'P%d' % i))
    p.sync()
    server.command('device', 'forget', str(server.device(p.devid)['id']))
    p['contacts'].delete('1')  # nobody can know that it was deleted
    p['contacts'].server_last = None
    p.sync()
    assert p.modes == {'contacts': SLOW}
    a.equal(p, count=5)
    p['contacts'].last = '77'
    p['contacts'].server_last = None
    p['contacts'].new(person(p, 'P7'))
    p.sync()
    assert p.modes == {'contacts': SLOW}
    a.equal(p, count=6)
    p['contacts'].forget()
    p.sync()
    a.equal(p, count=6)


class Transport:
    """Wraps a phone's: `fate` of the n-th message is 'before' (lost on its way), 'after' (its answer is lost), 'twice' (sent again)."""

    def __init__(self, phone, n, fate):
        self.post, self.n, self.fate, self.count = phone.transport, n, fate, 0
        phone.transport = self

    def __call__(self, *message):
        self.count += 1
        if self.count != self.n:
            return self.post(*message)
        if self.fate == 'before':
            raise Cut()
        answer = self.post(*message)
        if self.fate == 'twice':
            again = self.post(*message)
            assert (again[0], again[2]) == (answer[0], answer[2]), 'the same message, another answer'
        if self.fate == 'after':
            raise Cut()
        return answer


def test_cut_at_each_message():
    cut_at_each_message({'max_msg': 3000}, {'max_msg': 3000, 'version': '1.1', 'encoding': 'xml'}, {'max_msg': 3000, 'version': '1.0', 'auth': 'basic'},
                        {'max_msg': 3000, 'init': False, 'auth': 'basic'})


def cut_at_each_message(*phones):
    for options in phones:
        for fate in ('before', 'after', 'twice'):
            a = Account()
            p = a.phone(**options)
            p.limit = lambda: 3000
            p.sync()
            count, n, whole = 0, 0, False
            while not whole:
                n += 1
                for i in range(12):
                    p['contacts'].new(wordy(person(p, 'P%d-%d' % (n, i))))
                    a.put('s%d-%d' % (n, i), wordy(card('s%d-%d' % (n, i), 'S%d-%d' % (n, i))))
                count += 24
                plain = p.transport
                cutter = Transport(p, n, fate)
                try:
                    p.sync()
                    whole = cutter.count < n
                except Cut:
                    pass
                p.transport = plain
                p.sync()
                p.sync()
                try:
                    a.equal(p, count=count)
                except AssertionError as e:
                    raise AssertionError('%s, message %d %s: %s' % (options, n, fate, e)) from e
                assert p.failed == [], p.failed
            assert n > 5, 'only %d messages were cut' % n


def test_suspend_and_resume():
    a = Account()
    p = a.phone(max_msg=3000)
    p.sync()
    p.limit = lambda: 3000
    count = 0
    for at in range(2, 8):
        for i in range(12):
            p['contacts'].new(wordy(person(p, 'P%d-%d' % (at, i))))
            a.put('s%d-%d' % (at, i), wordy(card('s%d-%d' % (at, i), 'S%d-%d' % (at, i))))
        count += 24
        p.suspend_at = at
        try:
            p.sync()
            assert False, 'not suspended'
        except Suspended:
            p.sync(resume=True)
        assert p.modes['contacts'] in (TWO_WAY, SLOW)
        a.equal(p, count=count)
        assert p.failed == [], p.failed


def test_resume_within_a_large_object():
    a = Account()
    p = a.phone(max_msg=4000)
    p.sync()
    p.limit = lambda: 4000
    for at in (3, 5):
        p['contacts'].new(big('Gross%d' % at, 20000))
        a.put('big%d' % at, big('Server%d' % at, 20000).replace('VERSION:3.0', 'VERSION:3.0\r\nUID:big%d' % at))
        p.suspend_at = at
        try:
            p.sync()
        except Suspended:
            p.sync(resume=True)
        p.sync()
        a.equal(p)
        assert p.failed == [], p.failed


def test_conflicts():
    """The default: both sides' changes, field by field; an update beats a deletion."""
    a = Account()
    p, q = a.phone(), a.phone()
    a.put('x', card('x', 'Bruno', 'b@example.test', 'TEL;TYPE=CELL:111\r\nNOTE:uno\r\n'))
    p.sync()
    q.sync()
    luid, = p['contacts'].items
    p['contacts'].put(luid, p['contacts'].items[luid].replace(':111', ':222'))
    a.put('x', card('x', 'Bruno', 'b@example.test', 'TEL;TYPE=CELL:111\r\nNOTE:due\r\n'))
    p.sync()
    assert p.codes.keys() <= {200, 207}, p.codes
    text = ''.join(a.cards().values())
    assert ':222' in text and 'NOTE:due' in text and ':111' not in text, text
    p.sync()
    q.sync()
    a.equal(p, q, count=1)
    luid, = q['contacts'].items
    q['contacts'].delete(luid)
    a.put('x', card('x', 'Bruno Nuovo'))
    q.sync()
    p.sync()
    a.equal(p, q, count=1)
    luid, = q['contacts'].items
    q['contacts'].put(luid, q['contacts'].items[luid].replace('Nuovo', 'Rinato'))
    a.dav.request('DELETE', a.path + 'x.vcf', expect=204)
    p.sync()
    q.sync()
    p.sync()
    a.equal(p, q, count=1)
    assert 'Rinato' in ''.join(p['contacts'].items.values()) and 'UID:x\r\n' in ''.join(a.cards().values()), a.cards()


def test_atomic_and_sequence():
    a = Account()
    p = a.phone()
    p.start()
    p.modes, p.resuming = {'contacts': SLOW}, False
    p.initialise()
    add = lambda cmd, luid, text: E('Add', E('CmdID', cmd), E('Item', E('Source', E('LocURI', luid)), E('Meta', E('Type', 'text/vcard')), E('Data', text)))
    sync = lambda cmd, *inner: E('Sync', E('CmdID', cmd), *p.places(p['contacts']), *inner)
    good, bad = person(p, 'Gut'), 'rubbish'
    tree = [sync(100, E('Sequence', E('CmdID', 101), add(102, '1', good), add(103, '2', bad), add(104, '3', person(p, 'Auch')))),
            sync(110, E('Atomic', E('CmdID', 111), add(112, '4', person(p, 'Nein')), add(113, '5', bad))),
            sync(120, E('Atomic', E('CmdID', 121), add(122, '6', person(p, 'Ja')), add(123, '7', person(p, 'Doch'))))]
    p.unanswered.clear()
    p.msg_id += 1
    answer = p.send(E('SyncML', p.head(), E('SyncBody', *p.statuses, *tree)))
    codes = {s.text('CmdRef'): s.text('Data') for s in answer.all('SyncBody/Status')}
    names = ' '.join(a.cards().values())
    assert codes['102'] == '201' and codes['104'] == '201' and codes['103'] in ('415', '400', '500'), codes
    assert codes['112'] == '216' and codes['111'] in ('507', '500', '406'), codes
    assert codes['122'] == codes['123'] == '201' and codes['121'] == '200', codes
    assert 'Gut' in names and 'Auch' in names and 'Ja' in names and 'Doch' in names and 'Nein' not in names, names


def test_no_resp():
    """What wants no answer gets none, and is done."""
    a = Account()
    p = a.phone()
    p.start()
    p.modes, p.resuming = {'contacts': SLOW}, False
    p.initialise()
    add = E('Add', E('CmdID', 101), E('NoResp'), E('Item', E('Source', E('LocURI', '1')), E('Meta', E('Type', 'text/vcard')), E('Data', person(p, 'Still'))))
    p.msg_id += 1
    answer = p.send(E('SyncML', p.head(), E('SyncBody', *p.statuses, E('Sync', E('CmdID', 100), *p.places(p['contacts']), add))))
    assert '101' not in [s.text('CmdRef') for s in answer.all('SyncBody/Status')], outline(answer)
    assert len(a.cards()) == 1


def test_many_phones_at_once():
    """Each adds and gets; nothing is lost, nothing is twice."""
    a = Account()
    phones = [a.phone(auth='basic') for _ in range(12)]
    problems = []

    def work(n, p):
        try:
            for i in range(10):
                p['contacts'].new(person(p, 'P%d-%d' % (n, i)))
            p.sync()
            p.sync()
        except Exception as e:
            problems.append(e)
    threads = [threading.Thread(target=work, args=x) for x in enumerate(phones)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not problems, problems[0]
    for p in phones:
        p.sync()
    a.equal(*phones, count=120)


def test_calendar_by_days():
    """Filters of older phones: a window of days, and what leaves it is no deletion."""
    a = Account()
    path = '/dav/calendars/%s/calendar/' % a.user
    for i, day in enumerate(('20200101', '20261124', '20400101')):
        a.dav.put(path + 'e%d.ics' % i, event('e%d' % i, 'Giorno %s' % day, day + 'T100000Z', day + 'T110000Z', zone=None))
    p = a.phone(stores=[Store('calendar', 'text/calendar', target='calendar?/dr(-3000,-1000)')])
    p.sync()
    assert [('20200101' in t) for t in p['calendar'].items.values()] == [True], p['calendar'].items
    p['calendar'].target = 'calendar'
    p.sync()
    assert len(p['calendar'].items) == 3, p['calendar'].items
    assert len(a.dav.propfind(path, 'D:getetag', depth=1)) == 4


if __name__ == '__main__':
    suite.main(globals(), last=server.stop)
