#!/usr/bin/python3
"""SyncEvolution's CalDAV and CardDAV backends: import, list, delete, and a two-way sync with files."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, card, event, todo, unfold

USER, PASSWORD = 'alice@example.test', 'segreto'
HOME = '/dav/calendars/alice@example.test/'
BOOK = '/dav/addressbooks/alice@example.test/contacts/'


class Syncevolution:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='scambio-se-')
        self.env = {k: v for k, v in os.environ.items() if k != 'SYNCEVOLUTION_DEBUG'}
        for name, sub in (('HOME', 'home'), ('XDG_CONFIG_HOME', 'config'), ('XDG_DATA_HOME', 'data'), ('XDG_CACHE_HOME', 'cache')):
            self.env[name] = os.path.join(self.dir, sub)
            os.makedirs(self.env[name])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def run(self, *args):
        r = subprocess.run(['syncevolution', '--daemon=no', '--keyring=no', *args], env=self.env, capture_output=True, text=True,
                           timeout=120)
        assert r.returncode == 0, '%s:\n%s%s' % (' '.join(args), r.stdout[-3000:], r.stderr[-3000:])
        return r.stdout + r.stderr

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, 'w') as f:
            f.write(text)
        return path


def backend(s, kind, path):
    return ['backend=' + kind, 'username=' + USER, 'password=' + PASSWORD, 'database=%s%s' % (s.base, path)]


def names(dav, path):
    return [h for h in dav.propfind(path, 'D:getetag', depth=1) if not h.endswith('/')]


def test_items():
    with Server() as s, Syncevolution() as se:
        s.user(USER, PASSWORD)
        dav = s.dav(USER, PASSWORD)
        for kind, path, name, text in (('caldav', HOME + 'calendar/', 'e.ics', event('se-event', 'Da SyncEvolution à')),
                                       ('caldavtodo', HOME + 'tasks/', 't.ics', todo('se-todo', 'Compito')),
                                       ('carddav', BOOK, 'c.vcf', card('se-card', 'Mario Rossi', 'm@example.test'))):
            se.run('--import', se.file(name, text), *backend(s, kind, path))
            found = names(dav, path)
            assert len(found) == 1, (kind, found)
            listed = se.run('--print-items', *backend(s, kind, path))
            assert found[0].rsplit('/', 1)[1].split('.')[0] in listed.replace('%2e', '.'), (kind, found, listed)
            luid = found[0].rsplit('/', 1)[1].replace('.', '%2e')
            se.run('--delete-items', *backend(s, kind, path), '--', '', '', luid)
            assert names(dav, path) == [], kind


def test_two_way():
    with Server() as s, Syncevolution() as se:
        s.user(USER, PASSWORD)
        dav = s.dav(USER, PASSWORD)
        dav.put(HOME + 'calendar/a.ics', event('a', 'Dal server'))
        dav.put(BOOK + 'b.vcf', card('b', 'Anna Nicolò', 'anna@example.test'), 'text/vcard')
        os.makedirs(se.dir + '/files/cal')
        os.makedirs(se.dir + '/files/card')
        login = ['username=' + USER, 'password=' + PASSWORD]
        se.run('--configure', '--template', 'webdav', 'syncURL=%s/dav/' % s.base, *login, 'calendar/backend=caldav',
               'calendar/database=%s%scalendar/' % (s.base, HOME), 'addressbook/backend=carddav',
               'addressbook/database=%s%s' % (s.base, BOOK), 'target-config@dav', 'calendar', 'addressbook')
        se.run('--configure', '--template', 'SyncEvolution_Client', 'syncURL=local://@dav', 'dumpData=0', 'printChanges=0',
               'calendar/backend=file', 'calendar/database=file://%s/files/cal' % se.dir, 'calendar/databaseFormat=text/calendar',
               'calendar/sync=two-way', 'addressbook/backend=file', 'addressbook/database=file://%s/files/card' % se.dir,
               'addressbook/databaseFormat=text/vcard', 'addressbook/sync=two-way', 'dav@default', 'calendar', 'addressbook')
        se.run('--sync', 'slow', 'dav')
        files = glob.glob(se.dir + '/files/cal/*')
        assert len(files) == 1 and len(glob.glob(se.dir + '/files/card/*')) == 1, files
        with open(files[0]) as f:
            text = f.read()
        with open(files[0], 'w') as f:
            f.write(text.replace('Dal server', 'Cambiata nel file'))
        with open(se.dir + '/files/cal/new', 'w') as f:
            f.write(event('new', 'Nuova nel file', '20261201T100000Z', '20261201T110000Z', zone=None))
        dav.request('DELETE', BOOK + 'b.vcf', expect=204)
        se.run('--sync', 'two-way', 'dav')
        text = ''.join(unfold(dav.request('GET', h).text) for h in names(dav, HOME + 'calendar/'))
        assert 'Cambiata nel file' in text and 'Nuova nel file' in text and 'Dal server' not in text, text
        assert len(names(dav, HOME + 'calendar/')) == 2
        assert glob.glob(se.dir + '/files/card/*') == []


suite.main(globals())
