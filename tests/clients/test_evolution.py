#!/usr/bin/python3
"""Evolution Data Server: events with a recurring series and one moved instance, tasks, contacts, both ways."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from eds import Eds
from scambio import Server, card, event, unfold

USER, PASSWORD = 'alice@example.test', 'segreto'
HOME = '/dav/calendars/alice@example.test/'
BOOK = '/dav/addressbooks/alice@example.test/contacts/'

SERIES = ('BEGIN:VEVENT\r\nUID:eds-series\r\nDTSTAMP:20261124T000000Z\r\nDTSTART;TZID=Europe/Rome:20261126T090000\r\n'
          'DTEND;TZID=Europe/Rome:20261126T100000\r\nSUMMARY:Serie da Evolution ù\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEND:VEVENT\r\n')
MOVED = ('BEGIN:VEVENT\r\nUID:eds-series\r\nDTSTAMP:20261124T000000Z\r\nRECURRENCE-ID;TZID=Europe/Rome:20261203T090000\r\n'
         'DTSTART;TZID=Europe/Rome:20261203T150000\r\nDTEND;TZID=Europe/Rome:20261203T160000\r\nSUMMARY:Spostata\r\nEND:VEVENT\r\n')
TASK = 'BEGIN:VTODO\r\nUID:eds-todo\r\nDTSTAMP:20261124T000000Z\r\nSUMMARY:Compito EDS\r\nPERCENT-COMPLETE:50\r\nEND:VTODO\r\n'


def texts(dav, path):
    hrefs = [h for h in dav.propfind(path, 'D:getetag', depth=1) if not h.endswith('/')]
    return [unfold(dav.request('GET', h, expect=200).text) for h in hrefs]


def test_evolution():
    with Server() as s, Eds() as eds:
        s.user(USER, PASSWORD)
        dav = s.dav(USER, PASSWORD)
        dav.put(HOME + 'calendar/a.ics', event('seed', 'Già sul server'))
        dav.put(BOOK + 'b.vcf', card('seed-card', 'Anna Nicolò', 'anna@example.test'), 'text/vcard')

        def add(uid, kind, path):
            answer = eds('add', uid=uid, kind=kind, host='127.0.0.1', port=s.port, path=path, user=USER, password=PASSWORD)
            assert answer == {'readonly': False}, (uid, answer)
        add('cal', 'Calendar', HOME + 'calendar/')
        add('todo', 'Task List', HOME + 'tasks/')
        add('book', 'Address Book', BOOK)

        assert eds('until', uid='cal', count=1) == [['seed', 'Già sul server']]
        eds('create', uid='cal', text=SERIES)
        eds('move_instance', uid='cal', text=MOVED)
        series = next(t for t in texts(dav, HOME + 'calendar/') if 'UID:eds-series' in t)
        assert series.count('BEGIN:VEVENT') == 2 and 'RECURRENCE-ID' in series and 'RRULE:FREQ=WEEKLY;COUNT=3' in series, series
        eds('rename', uid='cal', item='seed', summary='Rinominata in Evolution')
        assert any('Rinominata in Evolution' in t for t in texts(dav, HOME + 'calendar/'))

        eds('create', uid='todo', text=TASK)
        assert 'PERCENT-COMPLETE:50' in texts(dav, HOME + 'tasks/')[0]

        assert [n for _, n in eds('until', uid='book', count=1)] == ['Anna Nicolò']
        eds('create', uid='book', text=card('x', 'Creato Da EDS', 'eds@example.test'))
        assert any('eds@example.test' in t for t in texts(dav, BOOK))

        # what another client does is seen here
        dav.put(HOME + 'calendar/n.ics', event('other', 'Da un altro'))
        dav.request('DELETE', HOME + 'calendar/a.ics', expect=204)
        found = sorted(x for _, x in eds('until', uid='cal', count=3))
        assert 'Da un altro' in found and 'Rinominata in Evolution' not in found, found
        eds('remove', uid='cal', item='other')
        assert not any('UID:other' in t for t in texts(dav, HOME + 'calendar/'))


suite.main(globals())
