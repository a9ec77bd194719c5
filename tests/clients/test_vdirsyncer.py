#!/usr/bin/python3
"""vdirsyncer: discovery from the bare address, both ways, calendars and contacts, changes and deletions."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server, card, event, todo

USER, PASSWORD = 'alice@example.test', 'segreto'
HOME = '/dav/calendars/alice@example.test/'
BOOK = '/dav/addressbooks/alice@example.test/contacts/'

CONFIG = '''[general]
status_path = "{dir}/status/"
[pair cal]
a = "cal_local"
b = "cal_remote"
collections = ["from a", "from b"]
metadata = ["displayname", "color"]
[storage cal_local]
type = "filesystem"
path = "{dir}/cal/"
fileext = ".ics"
[storage cal_remote]
type = "caldav"
url = "{url}"
username = "{user}"
password = "{password}"
[pair card]
a = "card_local"
b = "card_remote"
collections = ["from a", "from b"]
[storage card_local]
type = "filesystem"
path = "{dir}/card/"
fileext = ".vcf"
[storage card_remote]
type = "carddav"
url = "{url}"
username = "{user}"
password = "{password}"
'''


def run(dir, *args):
    r = subprocess.run(['vdirsyncer', '-c', dir + '/config', *args], input='y\n' * 50, capture_output=True, text=True, timeout=120)
    assert r.returncode == 0, 'vdirsyncer %s:\n%s%s' % (args, r.stdout, r.stderr)
    return r.stdout + r.stderr


def test_both_ways():
    dir = tempfile.mkdtemp(prefix='scambio-vdir-')
    try:
        with Server() as s:
            s.user(USER, PASSWORD)
            dav = s.dav(USER, PASSWORD)
            dav.put(HOME + 'calendar/a.ics', event('a', 'Dal server'))
            dav.put(HOME + 'calendar/z.ics', event('z', 'Resta'))  # vdirsyncer refuses to empty a collection
            dav.put(BOOK + 'b.vcf', card('b', 'Bruno D\'Àgata', 'b@example.test'), 'text/vcard')
            for sub in ('status', 'cal', 'card'):
                os.mkdir(os.path.join(dir, sub))
            with open(dir + '/config', 'w') as f:
                f.write(CONFIG.format(dir=dir, url=s.base + '/', user=USER, password=PASSWORD))
            run(dir, 'discover')
            run(dir, 'sync')
            assert sorted(os.listdir(dir + '/cal')) == ['calendar', 'notes', 'tasks'], os.listdir(dir + '/cal')
            assert len(glob.glob(dir + '/cal/calendar/*.ics')) == 2
            assert len(glob.glob(dir + '/card/contacts/*.vcf')) == 1

            with open(dir + '/cal/tasks/t.ics', 'w') as f:
                f.write(todo('t', 'Compito da vdirsyncer'))
            with open(dir + '/card/contacts/c.vcf', 'w') as f:
                f.write(card('c', 'Chiara Però'))
            local = next(f for f in glob.glob(dir + '/cal/calendar/*.ics') if 'Dal server' in open(f).read())
            with open(local) as f:
                text = f.read()
            with open(local, 'w') as f:
                f.write(text.replace('Dal server', 'Cambiato in locale'))
            run(dir, 'sync')
            assert 'Cambiato in locale' in dav.request('GET', HOME + 'calendar/a.ics', expect=200).text
            assert len([h for h in dav.propfind(HOME + 'tasks/', 'D:getetag', depth=1) if not h.endswith('/')]) == 1
            assert len([h for h in dav.propfind(BOOK, 'D:getetag', depth=1) if not h.endswith('/')]) == 2

            os.unlink(dir + '/card/contacts/c.vcf')
            dav.request('DELETE', HOME + 'calendar/a.ics', expect=204)
            run(dir, 'sync')
            assert len([h for h in dav.propfind(BOOK, 'D:getetag', depth=1) if not h.endswith('/')]) == 1
            assert len(glob.glob(dir + '/cal/calendar/*.ics')) == 1
            assert 'Syncing' in run(dir, 'sync')
    finally:
        shutil.rmtree(dir)


suite.main(globals())
