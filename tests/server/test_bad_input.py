#!/usr/bin/python3
"""Bad input over HTTP: each case has its protocol answer, costs bounded time, and harms nobody: after each, the server still serves the
same process, and its memory has not grown without bound."""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import NS, XMLNS, Server, card, event

USER, PASSWORD = 'alice@example.test', 'segreto'
HOME = '/dav/calendars/alice@example.test/'
CAL = HOME + 'calendar/'
BOOK = '/dav/addressbooks/alice@example.test/contacts/'

server = Server()
server.start()
server.user(USER, PASSWORD)
server.user('bob@example.test', 'b0b')
dav, bob = server.dav(USER, PASSWORD), server.dav('bob@example.test', 'b0b')


def within(seconds):
    """Decorator: the test takes no longer (a sanitizer build is slow; a hang is minutes)."""
    def wrap(function):
        def timed():
            began = time.time()
            function()
            took = time.time() - began
            assert took < seconds, 'took %.1f s' % took
            assert dav.request('GET', '/health').status == 200
        timed.__name__ = function.__name__
        return timed
    return wrap


def raw(data, read=65536, timeout=20):
    """Sends bytes as they are; returns what comes back until the server closes, or a whole response head came."""
    with socket.create_connection(('127.0.0.1', server.port), timeout=timeout) as s:
        s.sendall(data)
        got = b''
        while b'\r\n\r\n' not in got and len(got) < read:
            part = s.recv(65536)
            if not part:
                break
            got += part
        return got


def error_of(response):
    """The names of the elements in a DAV:error body."""
    return [e.tag for e in response.xml] if response.body.startswith(b'<?xml') else []


def head(method, path, *lines):
    return ('%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n%s\r\n' % (
        method, path, dav.auth, ''.join(x + '\r\n' for x in lines))).encode()


@within(20)
def test_xml_with_dtd_and_entities():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + ''.join(
        '<!ENTITY %s "%s">' % (chr(98 + i), ('&%s;' % chr(97 + i)) * 10) for i in range(12)) + ']>'
    for body in (bomb + '<D:propfind xmlns:D="DAV:"><D:prop><D:x>&m;</D:x></D:prop></D:propfind>',
                 '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>',
                 '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><D:propfind xmlns:D="DAV:"><D:prop>&e;</D:prop></D:propfind>'):
        r = dav.request('PROPFIND', CAL, '<?xml version="1.0"?>' + body, depth=0, expect=[400, 403])
        assert b'root:' not in r.body


@within(20)
def test_xml_deep_and_broken():
    dav.request('PROPFIND', CAL, '<D:propfind xmlns:D="DAV:">' + '<a>' * 10000 + '</a>' * 10000 + '</D:propfind>', depth=0, expect=[400, 413])
    dav.request('PROPFIND', CAL, '<D:propfind xmlns:D="DAV:"><D:prop>', depth=0, expect=400)
    dav.request('PROPFIND', CAL, '<D:propfind><D:prop/></D:propfind>', depth=0, expect=400)
    dav.request('REPORT', CAL, '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>', depth=0, expect=[400, 403, 422])
    dav.request('PROPFIND', CAL, '<D:propfind xmlns:D="DAV:"><D:prop>' + '<D:x/>' * 300000 + '</D:prop></D:propfind>', depth=0, expect=[400, 413])


@within(20)
def test_bodies_past_the_limit_are_refused_before_they_are_read():
    for method, path in (('PROPFIND', CAL), ('PUT', CAL + 'x.ics'), ('REPORT', CAL)):
        got = raw(head(method, path, 'Content-Length: 104857600', 'Depth: 0'))
        assert b' 413 ' in got.split(b'\r\n')[0], (method, got[:100])
    got = raw(head('PUT', CAL + 'x.ics', 'Content-Length: 104857600', 'Expect: 100-continue'))
    assert b' 413 ' in got.split(b'\r\n')[0], got[:100]


@within(30)
def test_chunked_body_past_the_limit():
    with socket.create_connection(('127.0.0.1', server.port), timeout=20) as s:
        s.sendall(head('PUT', CAL + 'x.ics', 'Transfer-Encoding: chunked', 'Content-Type: text/calendar'))
        chunk = b'100000\r\n' + b'x' * 0x100000 + b'\r\n'
        try:
            for _ in range(60):
                s.sendall(chunk)
            s.sendall(b'0\r\n\r\n')
        except OSError:
            return  # it closed on us: fine
        got = s.recv(4096)
        assert b' 413 ' in got.split(b'\r\n')[0] or got == b'', got[:100]


@within(20)
def test_hrefs():
    for path in (CAL + '%00', '/dav/%00', CAL + 'a%00b.ics', CAL + '%ff%fe.ics', CAL + '%c0%af.ics', CAL + 'x%2', CAL + 'x%zz'):
        assert raw(head('GET', path)).split()[1] in (b'400', b'404'), path
    for path in (CAL + '..%2f..%2fx', CAL + '%2e%2e/x.ics', '/dav/../etc/passwd', HOME + '%2e%2e/bob@example.test/calendar/',
                 '/dav/calendars/%2e%2e/x/', CAL + '..'):
        assert raw(head('GET', path)).split()[1] in (b'400', b'403', b'404'), path
    assert raw(head('PUT', CAL + 'a' * 10000 + '.ics', 'Content-Length: 0')).split()[1] in (b'400', b'403', b'414', b'404', b'431')
    assert raw(head('GET', '/dav/calendars/' + 'a/' * 2000)).split()[1] in (b'404', b'414')
    # strange but legal names work, and come back as they were sent
    for name in ('caffè ☕ & <b>.ics', "it's 100%.ics", '.hidden', 'a;b=c,d.ics', '+.ics'):
        from urllib.parse import quote, unquote
        href = CAL + quote(name, safe='')
        dav.put(href, event('uid ' + name, 'Nome'), expect=201)
        listed = [unquote(h) for h in dav.propfind(CAL, 'D:getetag', depth=1)]
        assert CAL + name in listed, (name, listed)
        dav.request('DELETE', href, expect=204)


def put_bad(text, names, kind='text/calendar', path=None):
    r = dav.request('PUT', path or CAL + 'bad.ics', text, headers={'Content-Type': kind})
    assert r.status in (403, 409, 413, 415), (r.status, r.text[:300])
    found = error_of(r)
    assert any(n in found for n in names), (names, r.status, r.text[:400])
    dav.request('GET', path or CAL + 'bad.ics', expect=404)


VALID = ['{%s}valid-calendar-data' % NS['C']]
OBJECT = ['{%s}valid-calendar-object-resource' % NS['C']]
SIZE = ['{%s}max-resource-size' % NS['C']]


@within(60)
def test_icalendar():
    put_bad('BEGIN:VCALENDAR\r\n' + 'BEGIN:VEVENT\r\n' * 20000, VALID + SIZE)
    put_bad('hello', VALID)
    put_bad('', VALID)
    put_bad(event('x', 'a').replace('END:VCALENDAR\r\n', ''), VALID)
    put_bad(event('x', 'a').replace('UID:x\r\n', ''), OBJECT + VALID)
    put_bad(event('x', 'a').replace('PRODID', 'METHOD:REQUEST\r\nPRODID'), OBJECT + VALID)
    put_bad(event('x', 'a', start='20261399T990000'), VALID)
    put_bad(event('x', 'a', extra='RRULE:FREQ=SOMETIMES\r\n'), VALID)
    put_bad(event('x', 'a', extra='RRULE:FREQ=DAILY;INTERVAL=0\r\n'), VALID)
    two = event('x', 'a').replace('END:VCALENDAR', event('y', 'b').split('PRODID:-//Scambio//Test//EN\r\n')[1].split('END:VCALENDAR')[0] + 'END:VCALENDAR')
    put_bad(two, OBJECT + VALID)
    put_bad(event('x', 'a', extra='ATTENDEE:mailto:a@example.test\r\n' * 100000), ['{%s}max-attendees-per-instance' % NS['C']] + SIZE + VALID)
    override = event('x', 'a').split('PRODID:-//Scambio//Test//EN\r\n')[1].split('END:VCALENDAR')[0]
    many = ''.join(override.replace('UID:x', 'UID:x\r\nRECURRENCE-ID;TZID=Europe/Rome:%04d0101T100000' % (2000 + n % 7000)) for n in range(10000))
    put_bad('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n' + many + 'END:VCALENDAR\r\n', ['{%s}max-instances' % NS['C']] + SIZE + VALID)
    put_bad(event('x', 'a').replace('VEVENT', 'VTODO'), ['{%s}supported-calendar-component' % NS['C']])
    put_bad(event('x', 'a'), ['{%s}supported-calendar-data' % NS['C']], kind='text/plain')
    put_bad(card('x', 'a'), VALID)


@within(20)
def test_a_line_of_four_megabytes():
    text = event('long', 'y' * 4_000_000)
    dav.put(CAL + 'long.ics', text, expect=201)
    assert dav.request('GET', CAL + 'long.ics', expect=200).body == text.encode()
    dav.request('DELETE', CAL + 'long.ics', expect=204)


@within(60)
def test_rules_that_never_end():
    for n, rule in enumerate(('FREQ=SECONDLY', 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30',
                              'FREQ=SECONDLY;BYYEARDAY=366;BYHOUR=1', 'FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31', 'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=7',
                              'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=YEARLY;BYWEEKNO=53;BYDAY=1MO', 'FREQ=DAILY;INTERVAL=2147483647',
                              'FREQ=SECONDLY;COUNT=2147483647')):
        path = CAL + 'rule%d.ics' % n
        r = dav.request('PUT', path, event('rule%d' % n, rule, extra='RRULE:%s\r\n' % rule), headers={'Content-Type': 'text/calendar'})
        assert r.status in (201, 403), (rule, r.status, r.text[:300])
        dav.request('REPORT', CAL, '<C:calendar-query %s><D:prop><D:getetag/><C:calendar-data><C:expand start="20300101T000000Z" end="20300102T000000Z"/>'
                    '</C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20300101T000000Z" '
                    'end="20300102T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>' % XMLNS, depth=1, expect=[207, 403, 507])
        if r.status == 201:
            dav.request('DELETE', path, expect=204)


@within(30)
def test_exdates_by_the_thousand():
    days = ','.join('%04d0101T100000' % (2000 + n % 7900) for n in range(5000))
    text = event('exdates', 'Tante eccezioni', extra='RRULE:FREQ=DAILY\r\nEXDATE;TZID=Europe/Rome:' + '\r\n '.join(
        days[i:i + 70] for i in range(0, len(days), 70)) + '\r\n')
    dav.put(CAL + 'exdates.ics', text, expect=201)
    assert dav.request('GET', CAL + 'exdates.ics', expect=200).body == text.encode()
    dav.request('DELETE', CAL + 'exdates.ics', expect=204)


@within(20)
def test_vcards():
    text = card('ctl', 'Con \x01\x0b\x1f controlli', extra='NOTE:a\x00b\r\n'.replace('\x00', '\x02'))
    dav.put(BOOK + 'ctl.vcf', text, 'text/vcard', expect=201)
    assert dav.request('GET', BOOK + 'ctl.vcf', expect=200).body == text.encode()
    r = dav.request('REPORT', BOOK, '<CR:addressbook-multiget %s><D:prop><D:getetag/><CR:address-data/></D:prop><D:href>%sctl.vcf</D:href>'
                    '</CR:addressbook-multiget>' % (XMLNS, BOOK), expect=207)
    assert 'Con ' in ''.join(r.xml.itertext())  # well-formed: ElementTree took it
    put_bad('BEGIN:VCARD\r\nVERSION:2.1\r\nN:x\r\nEND:VCARD\r\n', ['{%s}%s' % (NS['CR'], x) for x in ('supported-address-data', 'valid-address-data')],
            'text/vcard', BOOK + 'bad.vcf')
    put_bad('BEGIN:VCARD\r\nVERSION:3.0\r\n', ['{%s}valid-address-data' % NS['CR']], 'text/vcard', BOOK + 'bad.vcf')
    dav.request('DELETE', BOOK + 'ctl.vcf', expect=204)


@within(20)
def test_sync_tokens():
    _, _, mine = dav.sync(CAL)
    _, _, other = bob.sync('/dav/calendars/bob@example.test/calendar/')
    number = int(mine.rsplit(':', 1)[1]) if mine.rsplit(':', 1)[1].isdigit() else None
    bad = [other, 'urn:x', 'http://example.test/sync/1', mine + '0000000', mine[:-1] + 'x', '%n%s' * 10, 'x' * 5000]
    if number is not None:
        bad.append(mine.rsplit(':', 1)[0] + ':' + str(number + 1000))
    for token in bad:
        r = dav.request('REPORT', CAL, '<D:sync-collection %s><D:sync-token>%s</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>'
                        '</D:sync-collection>' % (XMLNS, token), depth=0)
        assert r.status == 403 and '{DAV:}valid-sync-token' in error_of(r), (token[:80], r.status, r.text[:200])


@within(20)
def test_conditions():
    dav.put(CAL + 'c.ics', event('c', 'uno'), headers={'If-None-Match': '*'}, expect=201)
    dav.put(CAL + 'c.ics', event('c', 'due'), headers={'If-None-Match': '*'}, expect=412)
    etag = dav.request('GET', CAL + 'c.ics').headers['ETag']
    dav.request('GET', CAL + 'c.ics', headers={'If-None-Match': etag}, expect=304)
    dav.put(CAL + 'c.ics', event('c', 'due'), headers={'If-Match': '"nonsense"'}, expect=412)
    dav.request('DELETE', CAL + 'c.ics', headers={'If-Match': '"nonsense"'}, expect=412)
    dav.request('DELETE', CAL + 'c.ics', headers={'If-Match': etag}, expect=204)
    dav.put(CAL + 'c.ics', event('c', 'tre'), headers={'If-Match': etag}, expect=412)
    dav.request('DELETE', CAL + 'c.ics', headers={'If-Match': etag}, expect=[404, 412])


@within(60)
def test_two_clients_write_one_item():
    for round in range(10):
        path = CAL + 'race%d.ics' % round
        dav.put(path, event('race%d' % round, 'inizio'), expect=201)
        etag = dav.request('GET', path).headers['ETag']
        answers = []

        def write(n):
            r = server.dav(USER, PASSWORD).request('PUT', path, event('race%d' % round, 'da %d' % n),
                                                   headers={'Content-Type': 'text/calendar', 'If-Match': etag})
            answers.append((r.status, n))
        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        winners = [n for status, n in answers if status in (200, 204)]
        assert len(winners) == 1 and sorted(s for s, _ in answers)[-3:] == [412] * 3, answers
        assert 'SUMMARY:da %d\r\n' % winners[0] in dav.request('GET', path).text


@within(20)
def test_uid_conflict():
    dav.put(CAL + 'u1.ics', event('same', 'uno'), expect=201)
    r = dav.request('PUT', CAL + 'u2.ics', event('same', 'due'), headers={'Content-Type': 'text/calendar'}, expect=[403, 409])
    conflict = r.xml.find('C:no-uid-conflict', NS)
    assert conflict is not None and conflict.find('D:href', NS).text.endswith('/u1.ics'), r.text
    dav.request('DELETE', CAL + 'u1.ics', expect=204)


@within(20)
def test_protected_properties():
    for name in ('D:resourcetype', 'D:getetag', 'D:sync-token', 'C:supported-calendar-component-set', 'CS:getctag', 'D:owner', 'D:acl'):
        r = dav.request('PROPPATCH', CAL, '<D:propertyupdate %s><D:set><D:prop><%s>x</%s></D:prop></D:set></D:propertyupdate>' % (XMLNS, name, name), expect=207)
        assert '403' in r.text and 'cannot-modify-protected-property' in r.text, (name, r.text)
    types = dav.propfind(CAL, 'D:resourcetype')[CAL]['props']['{DAV:}resourcetype']
    assert {'{DAV:}collection', '{%s}calendar' % NS['C']} <= {x.tag for x in types}


@within(20)
def test_methods_and_hosts():
    dav.request('BREW', CAL, expect=[405, 501])
    dav.request('PUT', HOME, event('x', 'y'), expect=[403, 405, 409])
    dav.request('MKCALENDAR', CAL, expect=[403, 405])
    dav.request('MKCALENDAR', HOME + 'inbox/', expect=403)
    dav.request('DELETE', HOME, expect=[403, 405])
    dav.request('COPY', CAL, headers={'Destination': 'http://elsewhere.example/x/'}, expect=[502, 403])
    dav.request('MOVE', CAL + 'none.ics', headers={'Destination': CAL + 'x.ics'}, expect=404)
    dav.request('PROPFIND', '/dav/calendars/nobody@example.test/', depth=0, expect=[403, 404])
    dav.request('PROPFIND', '/dav/calendars/bob@example.test/', depth=1, expect=[403, 404, 207])
    dav.request('GET', '/dav/calendars/bob@example.test/calendar/', expect=[403, 404])
    dav.request('PROPFIND', CAL, headers={'Depth': 'many'}, expect=400)


suite.main(globals(), server.stop)
