#!/usr/bin/python3
"""python3-caldav: principal, calendars, saving, searching by date, tasks, making and deleting a calendar."""
import datetime
import os
import sys

import caldav

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server

USER, PASSWORD = 'alice@example.test', 'segreto'


def client(s):
    return caldav.DAVClient(s.base + '/dav/', username=USER, password=PASSWORD).principal()


def test_calendar():
    with Server() as s:
        s.user(USER, PASSWORD)
        principal = client(s)
        slugs = sorted(str(c.url).rstrip('/').rsplit('/', 1)[1] for c in principal.calendars())
        assert slugs == ['calendar', 'notes', 'tasks'], slugs
        cal = next(c for c in principal.calendars() if 'calendar/' in str(c.url).split('%40')[-1] or str(c.url).endswith('/calendar/'))
        e = cal.save_event(dtstart=datetime.datetime(2026, 11, 27, 9), dtend=datetime.datetime(2026, 11, 27, 10), summary='uno')
        cal.save_event(dtstart=datetime.datetime(2026, 11, 20, 9), dtend=datetime.datetime(2026, 11, 20, 10), summary='serie',
                       rrule={'FREQ': 'WEEKLY', 'COUNT': 5})
        found = cal.date_search(datetime.datetime(2026, 11, 26), datetime.datetime(2026, 11, 28), expand=True)
        names = sorted(x.vobject_instance.vevent.summary.value for x in found)
        assert names == ['serie', 'uno'], names
        e.load()
        e.vobject_instance.vevent.summary.value = 'due'
        e.save()
        assert 'due' in cal.event_by_url(e.url).data
        e.delete()
        assert len(cal.events()) == 1


def test_tasks_and_new_calendar():
    with Server() as s:
        s.user(USER, PASSWORD)
        principal = client(s)
        tasks = next(c for c in principal.calendars() if str(c.url).endswith('/tasks/'))
        tasks.save_todo('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VTODO\r\nUID:t1\r\nDTSTAMP:20261124T000000Z\r\n'
                        'SUMMARY:Compito\r\nEND:VTODO\r\nEND:VCALENDAR\r\n')
        assert [t.vobject_instance.vtodo.summary.value for t in tasks.todos()] == ['Compito']
        new = principal.make_calendar(name='Vacanze', cal_id='vacanze')
        assert any(c.name == 'Vacanze' for c in principal.calendars())
        new.save_event(dtstart=datetime.date(2026, 8, 10), dtend=datetime.date(2026, 8, 24), summary='mare')
        busy = new.freebusy_request(datetime.datetime(2026, 8, 1), datetime.datetime(2026, 8, 30))
        assert 'FREEBUSY' in busy.data, busy.data
        new.delete()
        assert not any(c.name == 'Vacanze' for c in principal.calendars())


suite.main(globals())
