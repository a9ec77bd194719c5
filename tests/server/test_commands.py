#!/usr/bin/env python3
"""The commands on what the store holds, while the server runs and while it does not: import, export, collections, shares,
undelete, backup, restore, doctor, stats."""
import json
import os
import shutil
import sqlite3
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import scambio  # noqa: E402
import suite  # noqa: E402

ALICE, BOB = 'alice@example.test', 'bob@example.test'


def write(server, name, text):
    path = os.path.join(server.dir, name)
    with open(path, 'w', newline='') as f:
        f.write(text)
    return path


def calendar(count):
    body = ''.join('BEGIN:VEVENT\r\nUID:import-%d\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:2026%02d%02dT100000Z\r\n'
                   'SUMMARY:Event %d\r\nEND:VEVENT\r\n' % (i, 1 + i % 12, 1 + i % 28, i) for i in range(count))
    return 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//Test//EN\r\n%sEND:VCALENDAR\r\n' % body


def counts(text):
    return json.loads(text)


def test_import_twice_adds_nothing_twice():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        tasks = scambio.todo('t1', 'A task') + scambio.todo('t2', 'Another')
        files = [write(s, 'a.ics', calendar(300)), write(s, 't.ics', tasks),
                 write(s, 'c.vcf', ''.join(scambio.card('c%d' % i, 'Name %d' % i) for i in range(20)))]
        first = counts(s.command('--json', 'import', '--user', ALICE, *files))
        assert first == {'added': 322, 'updated': 0, 'unchanged': 0, 'failed': 0}, first
        second = counts(s.command('--json', 'import', '--user', ALICE, *files))
        assert second == {'added': 0, 'updated': 0, 'unchanged': 322, 'failed': 0}, second
        listed = json.loads(s.command('--json', 'collection', 'list', '--user', ALICE))
        assert {c['collection']: c['items'] for c in listed} == {
            'calendar': '300', 'tasks': '2', 'notes': '0', 'contacts': '20'}, listed
        dav = s.dav(ALICE, 'secret')
        assert len(dav.sync('/dav/calendars/%s/calendar/' % ALICE)[0]) == 300


def test_import_of_cards_without_uid():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        path = write(s, 'c.vcf', 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Nobody\r\nN:Nobody;;;;\r\nEND:VCARD\r\n')
        assert counts(s.command('--json', 'import', '--user', ALICE, path))['added'] == 1
        assert counts(s.command('--json', 'import', '--user', ALICE, path))['unchanged'] == 1


def test_import_says_what_is_wrong():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        bad = write(s, 'bad.ics', 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VCALENDAR\r\n')
        r = s.command('import', '--user', ALICE, bad, check=False)
        assert r.returncode == 1 and 'bad.ics' in r.stderr, (r.returncode, r.stderr)
        r = s.command('import', '--user', 'nobody@example.test', bad, check=False)
        assert r.returncode == 1 and 'no such user' in r.stderr, r.stderr


def test_five_thousand_events_block_nobody():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        s.user(BOB, 'secret')
        path = write(s, 'many.ics', calendar(5000))
        slowest, done = [0.0], threading.Event()

        def bob():
            dav, i = s.dav(BOB, 'secret'), 0
            while not done.is_set():
                began = time.time()
                dav.put('/dav/calendars/%s/calendar/b%d.ics' % (BOB, i), scambio.event('b%d' % i, 'Bob'))
                slowest[0], i = max(slowest[0], time.time() - began), i + 1
        thread = threading.Thread(target=bob)
        thread.start()
        began = time.time()
        got = counts(s.command('--json', 'import', '--user', ALICE, path))
        took = time.time() - began
        done.set()
        thread.join()
        print('    5,000 events in %.1f s, slowest write of another %.0f ms' % (took, 1000 * slowest[0]))
        assert got['added'] == 5000 and took < 30 and slowest[0] < 3, (got, took, slowest)


def test_export_comes_back():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        s.user(BOB, 'secret')
        s.command('import', '--user', ALICE, write(s, 'a.ics', calendar(250)),
                  write(s, 'c.vcf', scambio.card('c1', 'Nicolò')))
        out = os.path.join(s.dir, 'out')
        s.command('export', '--user', ALICE, '-o', out)
        assert counts(s.command('--json', 'import', '--user', BOB, out))['added'] == 251
        text = s.command('export', '--user', ALICE, '--collection', 'contacts')
        assert 'BEGIN:VCARD' in text and 'VCALENDAR' not in text and 'Nicolò' in text


def test_export_leaves_out_what_is_broken():
    """A text that is no calendar, a missing body, a missing blob: named each, and the rest comes out."""
    with scambio.Server(shards=1) as s:
        s.user(ALICE, 'secret')
        s.user(BOB, 'secret')
        s.command('import', '--user', ALICE, write(s, 'a.ics', calendar(250)),
                  write(s, 'c.vcf', ''.join(scambio.card('c%d' % i, 'Name %d' % i) for i in range(3))))
        s.dav(ALICE, 'secret').put('/dav/calendars/%s/calendar/big.ics' % ALICE,
                                   scambio.event('big', 'Big', extra='DESCRIPTION:' + 'x' * 100000 + '\r\n'))
        s.stop()
        shard = [os.path.join(s.dir, 'data', n) for n in os.listdir(os.path.join(s.dir, 'data')) if n.startswith('shard') and n.endswith('.db')]
        with sqlite3.connect(shard[0]) as db:
            ids = [r[0] for r in db.execute('SELECT content FROM body ORDER BY content LIMIT 2')]
            db.execute("UPDATE body SET data = 'no calendar' WHERE content = ?", (ids[0],))
            db.execute('DELETE FROM body WHERE content = ?', (ids[1],))
        db.close()
        blobs = [os.path.join(d, n) for d, _, names in os.walk(os.path.join(s.dir, 'data', 'blobs')) for n in names]
        assert len(blobs) == 1, blobs
        os.unlink(blobs[0])
        s.start()
        out = os.path.join(s.dir, 'out')
        r = s.command('export', '--user', ALICE, '-o', out, check=False)
        said = [l for l in r.stderr.splitlines() if 'left out: ' in l]
        assert r.returncode == 1 and len(said) == 4 and 'items left out: 3' in said[3], r.stderr
        assert any('%s/calendar/big.ics: ' % ALICE in l for l in said), said
        assert counts(s.command('--json', 'import', '--user', BOB, out))['added'] == 251  # 248 events and the cards


def test_collections():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        s.command('collection', 'create', '--user', ALICE, '--name', 'Work', 'work')
        dav = s.dav(ALICE, 'secret')
        dav.put('/dav/calendars/%s/work/x.ics' % ALICE, scambio.event('x', 'X'))
        s.command('collection', 'delete', '--user', ALICE, 'work')
        dav.request('GET', '/dav/calendars/%s/work/x.ics' % ALICE, expect=404)
        s.command('undelete', '--user', ALICE, '--since', '1h')
        dav.request('GET', '/dav/calendars/%s/work/x.ics' % ALICE, expect=200)


def test_undelete():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        dav, path = s.dav(ALICE, 'secret'), '/dav/calendars/%s/calendar/x.ics' % ALICE
        dav.put(path, scambio.event('x', 'Back again'))
        before = dav.request('GET', path).body
        dav.request('DELETE', path, expect=204)
        listed = json.loads(s.command('--json', 'undelete', '--user', ALICE, '--list'))
        assert [e['name'] for e in listed] == ['x.ics'], listed
        assert counts(s.command('--json', 'undelete', '--user', ALICE)) == {'restored': 1, 'there': 0, 'failed': 0}
        assert dav.request('GET', path, expect=200).body == before


def test_share_and_unshare():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        s.user(BOB, 'secret')
        s.dav(ALICE, 'secret').put('/dav/calendars/%s/calendar/x.ics' % ALICE, scambio.event('x', 'Shared'))
        s.command('share', ALICE + '/calendar', BOB, 'read')
        bob, path = s.dav(BOB, 'secret'), '/dav/calendars/%s/calendar/x.ics' % ALICE
        bob.request('GET', path, expect=200)
        bob.request('DELETE', path, expect=403)
        listed = json.loads(s.command('--json', 'share', 'list'))
        assert [(e['collection'], e['who']) for e in listed] == [(ALICE + '/calendar', BOB)], listed
        home = bob.propfind('/dav/calendars/%s/' % BOB, 'D:displayname', depth=1)
        assert len(home) == 5, sorted(home)  # the home, its own three, the shared one
        s.command('unshare', ALICE + '/calendar', BOB)
        assert bob.request('GET', path).status in (403, 404)
        assert s.command('share', ALICE + '/calendar', BOB, 'everything', check=False).returncode == 2


def test_users_come_and_go():
    with scambio.Server() as s:
        s.user(ALICE, 'secret', 'Alice Rossi')
        s.user(BOB, 'secret')
        s.command('user', 'set', BOB, '--quota', '2G', '--name', 'Bob Bianchi')
        shown = json.loads(s.command('--json', 'user', 'show', BOB))
        assert shown['quota'] == 2 << 30 and shown['name'] == 'Bob Bianchi', shown
        assert 'quota: unlimited\n' in s.command('user', 'show', ALICE)
        s.command('share', ALICE + '/calendar', BOB, 'read')
        s.command('share', ALICE + '/notes', BOB, 'lr')
        assert s.command('share', 'list').split() == [ALICE + '/calendar', BOB, 'read', ALICE + '/notes', BOB, 'lr']
        home = s.dav(BOB, 'secret').propfind('/dav/calendars/%s/' % BOB, 'D:displayname', depth=1)
        s.command('user', 'delete', BOB)
        assert '\tdeleted\tBob Bianchi' in s.command('user', 'list')
        s.command('user', 'enable', BOB)
        assert set(s.dav(BOB, 'secret').propfind('/dav/calendars/%s/' % BOB, 'D:displayname', depth=1)) == set(home)
        s.command('user', 'delete', BOB, '--purge')
        assert s.command('share', 'list') == '' and BOB not in s.command('user', 'list')
        s.command('doctor', '--store')
        for wrong in (['user'], ['usr'], ['user', 'app-password'], []):
            r = s.command(*wrong, check=False)
            assert r.returncode == 2 and 'scambio: ' in r.stderr, (wrong, r)
        assert s.command('user', 'set', '--help').startswith('usage: scambio [-c FILE] user set ADDRESS')
        r = s.command('restore', os.path.join(s.dir, 'typo'), check=False)
        assert r.returncode == 1 and not os.path.exists(os.path.join(s.dir, 'typo')), r


def test_backup_and_restore():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        dav, home = s.dav(ALICE, 'secret'), '/dav/calendars/%s/calendar/' % ALICE
        dav.put(home + 'x.ics', scambio.event('x', 'Kept', extra='COMMENT:a file of its own\r\n' * 4000))
        token = dav.sync(home)[2]
        place = os.path.join(s.dir, 'backup')
        s.command('backup', place)
        again = counts(s.command('--json', 'backup', place))
        assert again['bytes'] < 200000, again
        dav.put(home + 'lost.ics', scambio.event('lost', 'Lost'))
        r = s.command('restore', place, check=False)
        assert r.returncode == 1, 'restore while serving'
        s.stop()
        shutil.move(os.path.join(s.dir, 'data'), os.path.join(s.dir, 'old'))
        s.command('restore', place)
        s.start()
        dav = s.dav(ALICE, 'secret')
        dav.request('GET', home + 'x.ics', expect=200)
        dav.request('GET', home + 'lost.ics', expect=404)
        body = ('<D:sync-collection %s><D:sync-token>%s</D:sync-token><D:sync-level>1</D:sync-level>'
                '<D:prop><D:getetag/></D:prop></D:sync-collection>' % (scambio.XMLNS, token))
        r = dav.request('REPORT', home, body, depth=0, expect=403)
        assert 'valid-sync-token' in r.text, r.text
        s.command('doctor', '--store')


def plant_device(s, address):
    """A device as sessions leave it behind, in the files of the stopped server. Returns its number."""
    for name in sorted(os.listdir(os.path.join(s.dir, 'data'))):
        if not name.startswith('shard-') or not name.endswith('.db'):
            continue
        main = sqlite3.connect(os.path.join(s.dir, 'data', 'main.db'))
        account, credential = main.execute(
            'SELECT a.principal, (SELECT id FROM credential WHERE principal = a.principal AND kind = 3)'
            ' FROM address a WHERE a.address = ?', (address,)).fetchone()
        main.close()
        shard = int(name[6:8])
        if account % 64 - 32 != shard:
            continue
        db = sqlite3.connect(os.path.join(s.dir, 'data', name))
        number = db.execute("UPDATE counter SET next = next + 1 WHERE name = 'id' RETURNING next - 1").fetchone()[0] * 64 + shard
        db.execute("INSERT INTO device(id, account, devid, profile, man, mod, swv, user, credential, next_guid, state, first_seen, seen,"
                   " syncs, received, sent, failed, last_error, last_error_at) VALUES(?, ?, 'IMEI:4711', 'nokia', 'Nokia', 'E51', '1.2',"
                   " 'alice', ?, 9, 1, 1790000000, 1790003600, 12, 5, 3, 1, ?, 1790003600)",
                   (number, account, credential, 'contacts: item 7:\n\x1b[2Jnot a card'))
        db.execute("INSERT INTO anchor VALUES(?, 'contacts', 'c', 's', 'e', 0, 0, 1790003600, NULL)", (number,))
        for luid in ('1', '2', '##3', '#7'):
            db.execute("INSERT INTO luid VALUES(?, 'contacts', ?, ?, '', 1, 0, zeroblob(16))", (number, luid, 64000 + len(luid) + ord(luid[-1])))
        db.execute("INSERT INTO partial VALUES(?, 'notes', '4', 'text/plain', 'Add', 9, 1, 3)", (number,))
        db.execute("INSERT INTO partial_piece VALUES(?, 'notes', 0, x'616263')", (number,))
        db.commit()
        db.close()
        return number


def device_commands(s, number):
    """The same, whether the server runs or not; in the end the device is forgotten."""
    listed = json.loads(s.command('--json', 'device', 'list'))
    assert [(d['id'], d['user'], d['device'], d['model'], d['profile'], d['state'], d['syncs']) for d in listed] == [
        (str(number), ALICE, 'IMEI:4711', 'Nokia E51', 'nokia', 'active', '12')], listed
    assert listed[0]['seen'] == '2026-09-21T15:13:20Z' and 'not a card' in listed[0]['error'], listed
    assert json.loads(s.command('--json', 'device', 'list', '--user', BOB)) == []
    assert s.command('device', 'list', '--user', ALICE).startswith('%d\t%s\tIMEI:4711\tNokia E51\t' % (number, ALICE))
    shown = json.loads(s.command('--json', 'device', 'show', str(number)))
    assert shown['databases'] == [
        {'database': 'contacts', 'last_sync': '2026-09-21T15:13:20Z', 'items': 4, 'unconfirmed': 1},
        {'database': 'notes', 'last_sync': None, 'items': 0, 'unconfirmed': 0, 'partial': {'bytes': 3, 'size': 9}}], shown
    assert (shown['received'], shown['sent'], shown['failed'], shown['login']) == (5, 3, 1, 'alice'), shown
    assert shown['password'].endswith(', phone') and 'no command that wipes' in shown['note'], shown
    text = s.command('device', 'show', str(number))
    for part in ('IMEI:4711', 'contacts: last sync 2026-09-21T15:13:20Z, 4 items (1 not confirmed)', 'notes: last sync never',
                 '3 of 9 bytes', '5 from it, 3 to it, 1 refused', 'not a card', 'SyncML has no command that wipes a device'):
        assert part in text, (part, text)
    assert '\x1b' not in text + s.command('device', 'list'), text
    s.command('device', 'block', str(number))
    assert json.loads(s.command('--json', 'device', 'list'))[0]['state'] == 'blocked'
    s.command('device', 'unblock', str(number))
    assert json.loads(s.command('--json', 'device', 'show', str(number)))['state'] == 'active'
    for command in ('show', 'block', 'unblock', 'forget'):
        for wrong in ('1', str(number + 64), '63', '0', '-5', 'IMEI:4711', '99999999999999999999'):
            r = s.command('device', command, wrong, check=False)
            assert r.returncode == 1 and 'no such device' in r.stderr and 'device list' in r.stderr, (command, wrong, r)
        r = s.command('device', command, check=False)
        assert r.returncode == 2 and 'usage: scambio' in r.stderr, (command, r)
    r = s.command('device', 'list', '--user', 'nobody@example.test', check=False)
    assert r.returncode == 1 and 'no such user' in r.stderr, r
    s.command('device', 'forget', str(number))
    assert json.loads(s.command('--json', 'device', 'list')) == []
    assert s.command('device', 'forget', str(number), check=False).returncode == 1


def test_devices():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        s.user(BOB, 'secret')
        s.command('user', 'app-password', 'add', ALICE, '--label', 'phone', '--scope', 'syncml')
        s.stop()
        device_commands(s, plant_device(s, ALICE))
        number = plant_device(s, ALICE)
        s.start()
        device_commands(s, number)


def test_a_key_that_is_lost_is_found_by_doctor():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        assert 'syncml' not in s.command('doctor', check=False).stdout
        s.command('user', 'app-password', 'add', ALICE, '--label', 'phone', '--scope', 'syncml')
        key = os.path.join(s.dir, 'data', 'syncml.key')
        assert os.stat(key).st_mode & 0o777 == 0o600 and os.path.getsize(key) == 32
        assert '\tsyncml\t' in s.command('doctor', check=False).stdout
        backup = os.path.join(s.dir, 'backup')
        s.command('backup', backup)
        secret = open(key, 'rb').read()
        for folder, _, files in os.walk(backup):
            for name in files:
                assert secret not in open(os.path.join(folder, name), 'rb').read(), name
        s.stop()
        os.unlink(key)
        s.start()
        line = [l for l in s.command('doctor', check=False).stdout.splitlines() if '\tsyncml\t' in l]
        assert len(line) == 1 and line[0].startswith('warning') and 'syncml.key' in line[0], line


def test_doctor_and_stats():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        listed = json.loads(s.command('--json', 'doctor', '--store'))
        assert not [e for e in listed if e['verdict'] == 'FAIL'], listed
        assert [e for e in listed if e['what'] == 'http' and 'answers' in e['why']], listed
        assert 'scambio_' in s.command('stats')
        s.stop()
        listed = json.loads(s.command('--json', 'doctor'))
        assert [e for e in listed if e['what'] == 'http' and 'free' in e['why']], listed
        s.start()


if __name__ == '__main__':
    suite.main(globals())
