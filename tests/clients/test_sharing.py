#!/usr/bin/python3
"""Sharing as clients see it: Alice's calendar in Bob's Thunderbird and Evolution with his own colour, read-only and then writable,
revoked while he is connected; a private event shown as busy; a renamed user."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from eds import Eds
from scambio import NS, REALM, XMLNS, Server, event, wait_for
from thunderbird import Thunderbird

ALICE, BOB = ('alice@example.test', 'al1ce'), ('bob@example.test', 'b0b')
HERS = '/dav/calendars/alice@example.test/calendar/'
HOME = '/dav/calendars/bob@example.test/'


def share(dav, privileges):
    """The ACL method as a client sends it: grants Bob these privileges, or nothing."""
    grants = ''.join('<D:privilege>%s</D:privilege>' % p for p in privileges)
    ace = ('<D:ace><D:principal><D:href>/dav/principals/bob@example.test/</D:href></D:principal><D:grant>%s</D:grant></D:ace>' % grants
           if grants else '')
    dav.request('ACL', HERS, '<D:acl %s>%s</D:acl>' % (XMLNS, ace), expect=200)


def mount(dav):
    """The href of Alice's calendar in Bob's home; None when it is not there."""
    for href, entry in dav.propfind(HOME, 'D:owner', 'D:resourcetype', depth=1).items():
        owner = entry['props'].get('{DAV:}owner')
        if owner is not None and 'alice' in ''.join(owner.itertext()) and '{%s}calendar' % NS['C'] in [
                x.tag for x in entry['props']['{DAV:}resourcetype']]:
            return href
    return None


def two_users(s):
    s.user(*ALICE, name='Alice')
    s.user(*BOB, name='Bob')
    return s.dav(*ALICE), s.dav(*BOB)


def test_grant_and_revoke():
    with Server() as s:
        alice, bob = two_users(s)
        alice.put(HERS + 'a.ics', event('a', 'Riunione'))
        alice.put(HERS + 'p.ics', event('p', 'Dal medico', '20261126T100000', '20261126T110000', extra='CLASS:PRIVATE\r\nLOCATION:Clinica\r\n'))
        assert mount(bob) is None
        bob.request('GET', HERS + 'a.ics', expect=[403, 404])
        _, _, token = bob.sync(HOME)

        share(alice, ['<D:read/>'])
        href = mount(bob)
        assert href, 'the share is not in the home'
        there, gone, token = bob.sync(HOME, token)
        assert there == {href} and not gone, (there, gone)
        assert 'Riunione' in bob.request('GET', href + 'a.ics', expect=200).text
        private = bob.request('GET', href + 'p.ics', expect=200)
        assert 'medico' not in private.text and 'Clinica' not in private.text and 'DTSTART' in private.text, private.text
        assert private.headers['ETag'] != alice.request('GET', HERS + 'p.ics', expect=200).headers['ETag']
        bob.put(href + 'b.ics', event('b', 'Di Bob'), expect=403)

        # his own name and colour
        patch = ('<D:propertyupdate %s><D:set><D:prop><A:calendar-color>#ff8800ff</A:calendar-color><D:displayname>Capo</D:displayname>'
                 '</D:prop></D:set></D:propertyupdate>' % XMLNS)
        bob.request('PROPPATCH', href, patch, expect=207)
        mine = bob.propfind(href, 'A:calendar-color', 'D:displayname')[href]['props']
        assert mine['{%s}calendar-color' % NS['A']].text == '#ff8800ff' and mine['{DAV:}displayname'].text == 'Capo'
        hers = alice.propfind(HERS, 'A:calendar-color', 'D:displayname')[HERS]
        assert hers['props']['{DAV:}displayname'].text != 'Capo'

        share(alice, ['<D:read/>', '<D:write/>'])
        bob.put(href + 'b.ics', event('b', 'Di Bob'), expect=201)
        assert 'Di Bob' in alice.request('GET', HERS + 'b.ics', expect=200).text
        mine = bob.propfind(href, 'A:calendar-color')[href]['props']
        assert mine['{%s}calendar-color' % NS['A']].text == '#ff8800ff', 'the colour was lost with the new grant'

        _, _, token = bob.sync(HOME, token)
        share(alice, [])
        assert mount(bob) is None
        there, gone, _ = bob.sync(HOME, token)
        assert gone == {href}, (there, gone)
        bob.request('GET', href + 'a.ics', expect=404)
        alice.request('DELETE', HERS + 'b.ics', expect=204)  # the owner keeps every right


def test_command_and_everyone():
    with Server() as s:
        alice, bob = two_users(s)
        alice.put(HERS + 'a.ics', event('a', 'Riunione'))
        s.command('share', 'alice@example.test/calendar', 'bob@example.test', 'free-busy')
        href = mount(bob)
        if href:
            bob.request('GET', href + 'a.ics', expect=[403, 404])
        s.command('unshare', 'alice@example.test/calendar', 'bob@example.test')
        s.command('share', 'alice@example.test/calendar', 'all', 'read')
        assert 'Riunione' in bob.request('GET', mount(bob) + 'a.ics', expect=200).text
        s.user('carol@example.test', 'c4rol')
        carol = s.dav('carol@example.test', 'c4rol')
        names = carol.propfind('/dav/calendars/carol@example.test/', 'D:owner', depth=1)
        assert any('alice' in ''.join(e['props']['{DAV:}owner'].itertext()) for e in names.values() if '{DAV:}owner' in e['props'])


def test_renamed_user():
    with Server() as s:
        alice, bob = two_users(s)
        alice.put(HERS + 'a.ics', event('a', 'Riunione'))
        share(alice, ['<D:read/>'])
        href = mount(bob)
        s.command('user', 'rename', 'alice@example.test', 'alice.rossi@example.test')
        # old URLs and the old log-in name keep working, and so does the share
        assert 'Riunione' in alice.request('GET', HERS + 'a.ics', expect=200).text
        assert 'Riunione' in bob.request('GET', href + 'a.ics', expect=200).text
        renamed = s.dav('alice.rossi@example.test', ALICE[1])
        principal = renamed.propfind('/dav/', 'D:current-user-principal')['/dav/']['props']
        assert 'alice.rossi' in ''.join(principal['{DAV:}current-user-principal'].itertext())
        alice.put(HERS + 'b.ics', event('b', 'Dopo'), expect=201)


def test_thunderbird_and_evolution():
    with Server() as s:
        alice, bob = two_users(s)
        alice.put(HERS + 'a.ics', event('a', 'Riunione di Alice'))
        alice.put(HERS + 'p.ics', event('p', 'Dal medico', '20261126T100000', '20261126T110000', extra='CLASS:PRIVATE\r\n'))
        share(alice, ['<D:read/>'])
        href = mount(bob)
        bob.request('PROPPATCH', href, '<D:propertyupdate %s><D:set><D:prop><A:calendar-color>#ff8800ff</A:calendar-color></D:prop></D:set>'
                    '</D:propertyupdate>' % XMLNS, expect=207)
        with Eds() as eds:
            answer = eds('add', uid='hers', kind='Calendar', host='127.0.0.1', port=s.port, path=href, user=BOB[0], password=BOB[1])
            assert answer == {'readonly': True}, answer
            found = dict(eds('until', uid='hers', count=2))
            assert found['a'] == 'Riunione di Alice' and 'medico' not in found['p'], found
        with Thunderbird([(s.base, REALM, *BOB)]) as tb:
            calendars = tb.add_calendars(s.base + '/', *BOB)
            name = next(n for n, u in calendars.items() if u.split('//', 1)[1].split('/', 1)[1].replace('bob@', 'bob%40')
                        == href.lstrip('/').replace('bob@', 'bob%40'))
            state = '''const c = calendar(args[0]); c.refresh();
              const all = await until(async () => { const x = await items(c); return x.length == 2 && x; }, "two events");
              return {titles: all.map(i => i.title).sort(), color: c.getProperty("color"), readOnly: c.readOnly};'''
            seen = tb.js(state, name)
            assert 'Riunione di Alice' in seen['titles'] and 'Dal medico' not in seen['titles'], seen
            assert seen['color'].lower() == '#ff8800' and seen['readOnly'], seen
            share(alice, ['<D:read/>', '<D:write/>'])
            calendars = tb.js('''const { CalEvent } = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");
              const old = calendar(args[0]), uri = old.uri;
              cal.manager.unregisterCalendar(old);
              const c = cal.manager.createCalendar("caldav", uri);
              c.name = "Di nuovo"; c.setProperty("username", args[1]); c.setProperty("cache.enabled", true);
              cal.manager.registerCalendar(c);
              const again = calendar("Di nuovo"); again.refresh();
              await until(async () => (await items(again)).length == 2 && !again.readOnly, "a writable calendar");
              await again.addItem(new CalEvent("BEGIN:VCALENDAR\\r\\nBEGIN:VEVENT\\r\\nUID:from-bob\\r\\nDTSTART:20261127T080000Z\\r\\n" +
                "DTEND:20261127T090000Z\\r\\nSUMMARY:Da Bob\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n"));
              return true;''', name, BOB[0])
            wait_for('the event of Bob', lambda: 'Da Bob' in alice.request('GET', HERS + 'from-bob.ics').text)
            share(alice, [])
            tb.js('''const c = calendar("Di nuovo"); c.refresh();
              await until(() => c.getProperty("currentStatus") != Cr.NS_OK || c.getProperty("disabled"), "the calendar that is no longer shared");''')


suite.main(globals())
