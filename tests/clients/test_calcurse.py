#!/usr/bin/python3
"""calcurse-caldav: what it imports, and the hours its agenda shows for Europe/Rome on both sides of a daylight-saving change."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, event, todo

USER, PASSWORD = 'alice@example.test', 'segreto'
HOME = '/dav/calendars/alice@example.test/'


def test_agenda():
    home = tempfile.mkdtemp(prefix='scambio-calcurse-')
    try:
        with Server() as s:
            s.user(USER, PASSWORD)
            dav = s.dav(USER, PASSWORD)
            # daylight saving ends on 2026-10-25 in Italy: the series keeps its local hour, the UTC event shifts
            dav.put(HOME + 'calendar/w.ics', event('w', 'Consiglio', '20261020T090000', '20261020T100000', extra='RRULE:FREQ=WEEKLY;COUNT=3\r\n'))
            dav.put(HOME + 'calendar/u.ics', event('u', 'Chiamata UTC', '20261027T080000Z', '20261027T090000Z', zone=None))
            dav.put(HOME + 'calendar/d.ics', event('d', 'Festa', '20261028', '20261029', zone=None).replace('DTSTART:', 'DTSTART;VALUE=DATE:').replace('DTEND:', 'DTEND;VALUE=DATE:'))
            dav.put(HOME + 'tasks/t.ics', todo('t', 'Compito'))
            env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=home + '/config', XDG_DATA_HOME=home + '/data', TZ='Europe/Rome',
                       CALCURSE_CALDAV_PASSWORD=PASSWORD)
            os.makedirs(home + '/config/calcurse/caldav')
            os.makedirs(home + '/data/calcurse')
            with open(home + '/config/calcurse/caldav/config', 'w') as f:
                f.write('[General]\nHostname = 127.0.0.1:%d\nPath = %scalendar/\nAuthMethod = basic\nInsecureSSL = Yes\nHTTPS = No\n'
                        'DryRun = No\nSyncFilter = cal,todo\n[Auth]\nUsername = %s\n' % (s.port, HOME, USER))
            def sync(*args):
                r = subprocess.run(['/usr/bin/python3', '/usr/bin/calcurse-caldav', *args], env=env, capture_output=True, text=True, timeout=60)
                assert r.returncode == 0, r.stdout + r.stderr
                return r.stdout
            sync('--init', 'keep-remote')
            agenda = subprocess.run(['calcurse', '-Q', '--filter-type', 'cal', '--from', '10/20/2026', '--to', '11/03/2026'], env=env,
                                    capture_output=True, text=True, timeout=30).stdout
            days = {}
            for line in agenda.splitlines():
                if line[:8].count('/') == 2:
                    day = line.rstrip(':')
                elif line.strip():
                    days.setdefault(day, []).append(line.strip())
            text = repr(days)
            for day in ('10/20/26', '10/27/26', '11/03/26'):
                assert any('09:00 -> 10:00' in x for x in days.get(day, [])), (day, text)
            assert 'Festa' in str(days.get('10/28/26')), text
            assert sum('Consiglio' in x for d in days.values() for x in d) == 3, text
            # and back: an appointment made in calcurse reaches the server
            with open(home + '/data/calcurse/apts', 'a') as f:
                f.write('11/05/2026 @ 14:00 -> 11/05/2026 @ 15:00 |Da calcurse\n')
            sync()
            hrefs = [h for h in dav.propfind(HOME + 'calendar/', 'D:getetag', depth=1) if not h.endswith('/')]
            assert len(hrefs) == 4, hrefs
            assert any('Da calcurse' in dav.request('GET', h).text for h in hrefs)
    finally:
        shutil.rmtree(home)


suite.main(globals())
