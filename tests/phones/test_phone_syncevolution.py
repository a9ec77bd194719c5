#!/usr/bin/python3
"""SyncEvolution as a phone: every way of syncing, two phones and CalDAV and CardDAV beside them."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from phone_account import ANNA, COLLECTIONS, COUNTS, MEETING, TASK, WEEKLY, Account, fill
from scambio import card, event


def first_sync_and_changes(**options):
    """A phone's data go to the server and to a second phone, changes come back, deletions too."""
    with Account() as a:
        one, two = a.phone('phone-1', **options), a.phone('phone-2', **options)
        fill(one)
        one.sync()
        a.equal(one, counts=COUNTS)
        two.sync()
        a.equal(one, two, counts=COUNTS)
        quiet = one.sync()
        assert quiet.requests == 3, '%d requests for nothing' % quiet.requests
        two.edit('addressbook', '1234567', '7654321')
        two.edit('calendar', 'Riunione', 'Riunione spostata')
        two.edit('todo', 'il pane', 'il latte')
        two.edit('memo', 'Seconda', 'Altra')
        a.settle(two, one)
        a.equal(one, two, counts=COUNTS)
        assert '7654321' in ''.join(one.read('addressbook').values())
        a.edit('addressbook', 'Prima riga', 'Cambiata da CardDAV')
        a.put('calendar', 'dav.ics', event('uid-dav', 'Da CalDAV'))
        a.delete('todo', 'il latte')
        one.delete('memo', one.find('memo', 'Altra'))
        a.settle(one, two)
        a.equal(one, two, counts={'addressbook': 1, 'calendar': 3, 'todo': 0, 'memo': 0})
        assert 'Cambiata da CardDAV' in ''.join(two.read('addressbook').values())


def test_wbxml_md5():
    first_sync_and_changes()


def test_xml_basic():
    first_sync_and_changes(enableWBXML='0', clientAuthType='basic')


def test_old_formats_on_the_wire():
    """vCard 2.1 and vCalendar 1.0."""
    with Account() as a:
        forced = {'addressbook': 'text/x-vcard', 'calendar': 'text/x-vcalendar', 'todo': 'text/x-vcalendar'}
        old, new = a.phone('phone-1', forced=forced), a.phone('phone-2')
        fill(old)
        old.sync(dump=old.dir + '/dump')
        sent = b''.join(open(os.path.join(old.dir, 'dump', n), 'rb').read() for n in sorted(os.listdir(old.dir + '/dump')) if n.endswith('sent'))
        assert b'VERSION:2.1' in sent and b'VERSION:1.0' in sent and b'VERSION:3.0' not in sent
        new.sync()
        a.equal(old, new, counts=COUNTS)
        new.edit('addressbook', 'Prima riga', 'Qualcosa è cambiato')
        new.edit('calendar', 'Sala grande', 'Sala piccola')
        a.edit('todo', 'il pane', 'il più buono')
        a.settle(new, old)
        a.equal(old, new, counts=COUNTS)
        assert 'Qualcosa è cambiato' in ''.join(old.read('addressbook').values())


def test_recurrence_and_exception():
    with Account() as a:
        one, two = a.phone('phone-1'), a.phone('phone-2')
        a.put('calendar', 'w.ics', WEEKLY)
        a.settle(one, two, rounds=1)
        a.equal(one, two, counts={'calendar': 1})
        # an instance is moved in CalDAV, another one is dropped
        moved = ('BEGIN:VEVENT\r\nUID:uid-weekly\r\nDTSTAMP:20261124T000000Z\r\nRECURRENCE-ID;TZID=Europe/Rome:20261209T090000\r\n'
                 'DTSTART;TZID=Europe/Rome:20261210T150000\r\nDTEND;TZID=Europe/Rome:20261210T160000\r\nSUMMARY:Spostata\r\nEND:VEVENT\r\n')
        text = WEEKLY.replace('RRULE', 'EXDATE;TZID=Europe/Rome:20261216T090000\r\nRRULE').replace('END:VCALENDAR', moved + 'END:VCALENDAR')
        a.put('calendar', 'w.ics', text)
        a.settle(one, two, rounds=1)
        a.equal(one, two, counts={'calendar': 1})
        # the phone changes the moved one, and another phone the series
        one.edit('calendar', 'Spostata', 'Spostata ancora')
        one.sync()
        two.sync()
        two.edit('calendar', 'SUMMARY:Ogni settimana', 'SUMMARY:Ogni mercoledì')
        a.settle(two, one)
        a.equal(one, two, counts={'calendar': 1})
        stored = ''.join(a.read('calendar').values())
        assert 'UID:uid-weekly' in stored and 'Spostata ancora' in stored and 'Ogni mercoledì' in stored, stored


def every_mode(**options):
    with Account() as a:
        one, two = a.phone('phone-1', **options), a.phone('phone-2', **options)
        fill(one)
        one.sync('slow')
        two.sync('two-way')
        a.equal(one, two, counts=COUNTS)
        # slow upon slow makes no twin
        one.sync('slow')
        two.sync('slow')
        a.equal(one, two, counts=COUNTS)
        # one way from the phone: what is new on the server does not come
        a.put('addressbook', 'x.vcf', card('x', 'Dal server'))
        one.write('addressbook', 'new', card('y', 'Dal telefono'))
        one.sync('one-way-from-local')
        assert 'Dal server' not in ''.join(one.read('addressbook').values())
        assert len(a.read('addressbook')) == 3
        one.sync('two-way')
        a.equal(one, counts={'addressbook': 3})
        # one way from the server: the phone's news stay there
        two.write('addressbook', 'z', card('z', 'Resta sul telefono'))
        two.set(enableRefreshSync='1')
        two.sync('one-way-from-remote')
        assert len(a.read('addressbook')) == 3 and len(two.read('addressbook')) >= 4
        # the server's state replaces the phone's
        two.sync('refresh-from-remote')
        a.equal(two, counts={'addressbook': 3})
        # the phone's state replaces the server's
        for luid in list(two.read('calendar')):
            two.delete('calendar', luid)
        two.write('calendar', 'only', event('only', 'La sola'))
        two.sync('refresh-from-local')
        a.equal(two, counts={'calendar': 1})
        one.sync()
        a.equal(one, two)


def test_every_mode():
    every_mode()


def test_every_mode_in_xml():
    every_mode(enableWBXML='0', clientAuthType='basic')


def test_refresh_from_server_as_the_program_does_it_by_itself():
    """Without enableRefreshSync it asks for a slow sync after it has emptied itself."""
    with Account() as a:
        one = a.phone()
        a.put('addressbook', 'x.vcf', card('x', 'Dal server'))
        one.write('addressbook', 'y', card('y', 'Sparisce'))
        one.sync('refresh-from-remote')
        a.equal(one, counts={'addressbook': 1})


def test_wrong_password_and_then_the_right_one():
    for options in ({}, {'clientAuthType': 'basic', 'enableWBXML': '0'}):
        with Account() as a:
            one = a.phone(password='sbagliata', **options)
            fill(one)
            failed = one.sync(ok=False)
            assert failed.requests >= 1
            assert a.read('addressbook') == {}
            one.set(password=a.password)
            one.sync()
            a.equal(one, counts=COUNTS)
            one.sync()
            a.equal(one, counts=COUNTS)


def test_a_large_photo_in_small_messages():
    import base64
    photo = base64.b64encode(random.Random(5).randbytes(41000)).decode()  # 55 KB of text
    with Account() as a:
        one, two = a.phone('phone-1', maxMsgSize='20000'), a.phone('phone-2', maxMsgSize='20000', enableWBXML='0')
        one.write('addressbook', '1', card('p', 'Con foto', 'f@example.test', 'PHOTO;ENCODING=b;TYPE=JPEG:%s\r\n' % photo))
        for i in range(30):
            one.write('addressbook', 'c%d' % i, card('c%d' % i, 'Persona %d' % i))
        first = one.sync()
        assert first.requests > 5, first.requests
        second = two.sync()
        assert second.requests > 5, second.requests
        a.equal(one, two, counts={'addressbook': 31})
        two.edit('addressbook', 'Con foto', 'Sempre con foto', count=1)
        a.settle(two, one)
        a.equal(one, two, counts={'addressbook': 31})


def test_lost_anchors():
    with Account() as a:
        one, two = a.phone('phone-1'), a.phone('phone-2')
        fill(one)
        a.settle(one, two)
        # the server forgets the device: the same session turns into a slow one
        a.server.command('device', 'forget', str(a.server.device('phone-1')['id']))
        one.write('addressbook', 'p', card('p', 'Dal telefono'))
        one.sync()
        a.settle(two, one)
        a.equal(one, two, counts=dict(COUNTS, addressbook=2))
        # the phone forgets
        one.write('addressbook', 'q', card('q', 'Nuova'))
        one.sync('slow')
        a.settle(two, one)
        a.equal(one, two, counts=dict(COUNTS, addressbook=3))


def test_a_uid_survives_two_phones():
    """Set over DAV, changed by two phones that know no UID, and by DAV again."""
    with Account() as a:
        forced = {'addressbook': 'text/x-vcard', 'calendar': 'text/x-vcalendar', 'todo': 'text/x-vcalendar'}
        one, two = a.phone('phone-1'), a.phone('phone-2', forced=forced)
        a.put('addressbook', 'Qualche nome.vcf', ANNA.replace('END:', 'X-SOCIALPROFILE:http://example.test/anna\r\nEND:'))
        a.put('calendar', 'riunione.ics', MEETING.replace('END:VEVENT', 'ATTENDEE;CN=Bob:mailto:bob@example.test\r\nEND:VEVENT'))
        a.put('todo', 'pane.ics', TASK)
        names = {s: sorted(a.read(s)) for s in COLLECTIONS}
        a.settle(one, two, rounds=1)
        one.edit('addressbook', '1234567', '2222222')
        one.edit('calendar', 'Riunione', 'Riunione uno')
        one.edit('todo', 'il pane', 'pane uno')
        a.settle(one, two, rounds=1)
        two.edit('addressbook', 'Prima riga', 'Nota due')
        two.edit('calendar', 'Sala grande', 'Sala due')
        two.edit('todo', 'pane uno', 'pane due')
        a.settle(two, one)
        a.equal(one, two, counts={'addressbook': 1, 'calendar': 1, 'todo': 1})
        assert {s: sorted(a.read(s)) for s in COLLECTIONS} == names
        anna, meeting, task = [''.join(a.read(s).values()) for s in ('addressbook', 'calendar', 'todo')]
        assert 'UID:uid-anna\r\n' in anna and '2222222' in anna and 'Nota due' in anna, anna
        assert 'X-SOCIALPROFILE:http://example.test/anna' in anna, anna
        assert 'UID:uid-meeting\r\n' in meeting and 'Riunione uno' in meeting and 'Sala due' in meeting, meeting
        assert 'bob@example.test' in meeting, meeting
        assert 'UID:uid-task\r\n' in task and 'pane due' in task, task


def test_two_phones_change_the_same_item():
    with Account() as a:
        one, two = a.phone('phone-1'), a.phone('phone-2')
        fill(one)
        a.settle(one, two)
        one.edit('addressbook', '1234567', '3333333')
        two.edit('addressbook', 'Prima riga', 'Nota di due')
        one.edit('calendar', 'Riunione', 'Riunione di uno')
        two.delete('calendar', two.find('calendar', 'Riunione'))  # the update beats the deletion
        a.settle(one, two)
        a.settle(one, two)
        a.equal(one, two, counts=COUNTS)
        assert 'Riunione di uno' in ''.join(two.read('calendar').values())


if __name__ == '__main__':
    suite.main(globals())
