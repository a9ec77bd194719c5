#!/usr/bin/env python3
"""HTTP itself: what is refused, limits, slow clients, ranges, gzip, headers, proxies, log-in."""
import gzip
import os
import signal
import socket
import struct
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import scambio  # noqa: E402
import suite  # noqa: E402

ALICE = 'alice@example.test'


def raw(port, data, wait=10, source='127.0.0.1', shut=False):
    """Sends bytes, and returns all that comes until the other side closes."""
    with socket.create_connection(('127.0.0.1', port), timeout=wait, source_address=(source, 0)) as s:
        s.sendall(data)
        if shut:
            s.shutdown(socket.SHUT_WR)
        out = b''
        while True:
            part = s.recv(65536)
            if not part:
                return out
            out += part


def status(answer):
    return int(answer.split(b' ', 2)[1]) if answer.startswith(b'HTTP/') else None


def test_smuggling_forms_are_refused_and_the_connection_ends():
    forms = [
        b'Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n',
        b'Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhelloGET /health HTTP/1.1\r\nHost: a\r\n\r\n',
        b'Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
        b'Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        b'Host: a\r\nContent-Length: abc\r\n\r\n',
        b'Host: a\r\nContent-Length: -1\r\n\r\n',
        b'Content-Length: 0\r\n\r\n',
        b'Host: a\r\nHost: b\r\n\r\n',
        b'Host: a/b\r\n\r\n',
        b'Host: a\r\nContent-Length : 3\r\n\r\nabc',
    ]
    with scambio.Server() as s:
        for method in (b'GET', b'PUT', b'REPORT', b'POST'):
            for form in forms:
                answer = raw(s.port, method + b' /health HTTP/1.1\r\n' + form)
                assert status(answer) == 400, (method, form, answer[:200])
                assert b' 200 OK' not in answer, (method, form, answer)


def test_expectations():
    with scambio.Server() as s:
        answer = raw(s.port, b'PUT /health HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 3\r\n\r\nabc')
        assert status(answer) == 417, answer
        s.user(ALICE, 'secret')
        auth = scambio.Dav(s.port, ALICE, 'secret').auth.encode()
        head = (b'PROPFIND /dav/ HTTP/1.1\r\nHost: a\r\nDepth: 0\r\nExpect: 100-continue\r\nConnection: close\r\n'
                b'Content-Length: %d\r\nAuthorization: ' + auth + b'\r\n\r\n')
        body = b'<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>'
        with socket.create_connection(('127.0.0.1', s.port), timeout=10) as c:
            c.sendall(head % len(body))
            assert c.recv(1000).startswith(b'HTTP/1.1 100')
            c.sendall(body)
            assert status(c.recv(100000)) == 207
        # too large: said before a byte of it is sent
        answer = raw(s.port, head % 10**9)
        assert status(answer) == 413, answer
        # and nobody without a log-in is asked to go on
        answer = raw(s.port, (head % 10).replace(b'Authorization', b'X-Nothing'))
        assert status(answer) == 401, answer


def test_heads_up_to_their_limit():
    with scambio.Server() as s:
        ok = raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ' + b'x' * 15500 + b'\r\n\r\n')
        assert status(ok) == 200, ok[:200]
        many = b''.join(b'X-%d: %d\r\n' % (i, i) for i in range(190))
        assert status(raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' + many + b'\r\n')) == 200
        assert status(raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\n' + b'X: %s\r\n\r\n' % (b'x' * 40000))) in (431, 413)
        assert status(raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\n' + many + many + b'\r\n')) == 431


def test_paths_are_ours():
    with scambio.Server() as s:
        for path in (b'/%00', b'/health%00', b'/%2e%2e/health', b'/health/..', b'//health', b'/dav%2f'):
            answer = raw(s.port, b'GET ' + path + b' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
            assert status(answer) in (400, 404), (path, answer[:100])
        absolute = raw(s.port, b'GET http://a/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert status(absolute) == 200 and absolute.endswith(b'ok\n')


def test_pipelining_and_http_1_0():
    with scambio.Server() as s:
        one = b'GET /health HTTP/1.1\r\nHost: a\r\n\r\n'
        last = b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
        assert raw(s.port, one * 20 + last).count(b'200 OK') == 21
        assert status(raw(s.port, b'GET /health HTTP/1.0\r\n\r\n')) == 200


def test_safe_headers():
    with scambio.Server(https=True) as s:
        answer = raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').decode()
        for wanted in ('X-Content-Type-Options: nosniff', 'X-Frame-Options: DENY', 'Referrer-Policy: no-referrer',
                       'Content-Security-Policy: ', 'Date: ', 'Server: Scambio\r\n'):
            assert wanted in answer, (wanted, answer)
        assert 'Strict-Transport' not in answer
        import ssl
        context = ssl._create_unverified_context()
        with socket.create_connection(('127.0.0.1', s.https_port)) as plain, context.wrap_socket(plain) as c:
            assert c.version() == 'TLSv1.3'
            c.sendall(b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
            assert b'Strict-Transport-Security: max-age=' in c.recv(10000)


def test_well_known_before_any_log_in():
    with scambio.Server() as s:
        for name in (b'caldav', b'carddav', b'caldav/'):
            for method in (b'GET', b'PROPFIND', b'OPTIONS', b'HEAD'):
                answer = raw(s.port, method + b' /.well-known/' + name + b' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
                assert status(answer) == 301 and b'Location: /dav/\r\n' in answer, answer


def test_one_realm_for_every_path_and_method():
    with scambio.Server() as s:
        for method in (b'GET', b'PROPFIND', b'OPTIONS', b'FOO', b'DELETE'):
            for path in (b'/dav/', b'/dav/calendars/x/', b'/dav/nothing/at/all'):
                answer = raw(s.port, method + b' ' + path + b' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
                assert status(answer) == 401, answer
                assert b'WWW-Authenticate: Basic realm="Scambio", charset="UTF-8"\r\n' in answer, answer


def test_log_in_keeps_its_connection():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        dav = s.dav(ALICE, 'secret')
        dav.request('PROPFIND', '/dav/', depth=0, expect=207)
        first = dav.connection
        for _ in range(3):
            dav.request('PROPFIND', '/dav/', '<propfind xmlns="DAV:"><propname/></propfind>', depth=0, expect=207)
        nobody = s.dav(ALICE, 'wrong')
        nobody.request('GET', '/dav/', expect=401)
        kept = nobody.connection.sock
        nobody.request('GET', '/dav/', expect=401)
        assert dav.connection is first and nobody.connection.sock is kept


def test_a_master_user_reads_and_never_writes():
    with scambio.Server('[auth]\nmaster_users = backup@example.test\n') as s:
        s.user(ALICE, 'secret')
        s.user('backup@example.test', 'master secret')
        own, base = s.dav(ALICE, 'secret'), '/dav/calendars/%s/' % ALICE
        own.put(base + 'calendar/x.ics', scambio.event('x', 'Hers'))
        own.put('/dav/addressbooks/%s/contacts/c.vcf' % ALICE, scambio.card('c', 'Card'), kind='text/vcard')
        token = own.sync(base + 'calendar/')[2]
        m = s.dav(ALICE + '*backup@example.test', 'master secret')
        assert 'SUMMARY:Hers' in m.request('GET', base + 'calendar/x.ics', expect=200).text
        m.request('HEAD', base + 'calendar/x.ics', expect=200)
        assert base + 'calendar/x.ics' in m.propfind(base + 'calendar/', 'D:getetag', depth=1)
        assert m.sync(base + 'calendar/')[0] == {base + 'calendar/x.ics'}
        privileges = m.propfind(base + 'calendar/', 'D:current-user-privilege-set')[base + 'calendar/']['props']
        names = {e.tag for e in privileges['{DAV:}current-user-privilege-set'].iter()}
        assert '{DAV:}read' in names and not names & {'{DAV:}write', '{DAV:}write-content', '{DAV:}bind', '{DAV:}unbind'}, names
        there = {'Destination': s.base + base + 'calendar/y.ics'}
        patch = '<D:propertyupdate %s><D:set><D:prop><D:displayname>No</D:displayname></D:prop></D:set></D:propertyupdate>' % scambio.XMLNS
        acl = ('<D:acl %s><D:ace><D:principal><D:authenticated/></D:principal><D:grant><D:privilege><D:read/></D:privilege>'
               '</D:grant></D:ace></D:acl>' % scambio.XMLNS)
        for method, path, body, headers in (
                ('PUT', 'calendar/x.ics', scambio.event('x', 'Changed'), {'Content-Type': 'text/calendar'}),
                ('PUT', 'calendar/new.ics', scambio.event('n', 'New'), {'Content-Type': 'text/calendar'}),
                ('PUT', 'calendar/large.ics', scambio.event('l', 'L' * 200000), {'Content-Type': 'text/calendar'}),
                ('DELETE', 'calendar/x.ics', None, {}), ('DELETE', 'calendar/', None, {}),
                ('MOVE', 'calendar/x.ics', None, there), ('COPY', 'calendar/x.ics', None, there),
                ('MKCALENDAR', 'fresh/', None, {}), ('MKCOL', 'fresh2/', None, {}),
                ('ACL', 'calendar/', acl, {})):
            r = m.request(method, base + path, body, headers=headers)
            assert r.status == 403, (method, path, r.status, r.text[:300])
        for path in (base + 'calendar/', base + 'calendar/x.ics', base, '/dav/principals/%s/' % ALICE):
            r = m.request('PROPPATCH', path, patch)
            assert r.status == 403 or (r.status == 207 and ' 403 ' in r.text and ' 200 ' not in r.text), (path, r.status, r.text)
        assert own.sync(base + 'calendar/', token) == (set(), set(), token)
        assert 'SUMMARY:Hers' in own.request('GET', base + 'calendar/x.ics', expect=200).text
        # one who is no master, and a master with a wrong password
        s.dav('backup@example.test*' + ALICE, 'secret').request('GET', base, expect=401)
        s.dav(ALICE + '*backup@example.test', 'secret').request('GET', base, expect=401)
        assert 'read as %s*backup@example.test' % ALICE in s.log_text()


def test_passwords_are_never_logged():
    with scambio.Server(config='[log]\nlevel = debug\n') as s:
        s.user(ALICE, 'xyzzy-secret')
        s.dav(ALICE, 'xyzzy-secret').request('GET', '/dav/', expect=200)
        s.dav(ALICE, 'xyzzy-wrong').request('GET', '/dav/', expect=401)
        text = s.log_text()
        assert 'login-failed' in text and ALICE in text
        assert 'xyzzy' not in text and 'eHl6enk' not in text


def test_throttling():
    config = '[auth]\nfailures_account = 3\nfailures_address = 100\nfailure_window = 1h\n[http]\ntrusted_proxies = 127.0.0.1\n'
    with scambio.Server(config=config) as s:
        s.user(ALICE, 'secret')
        bad, good = s.dav(ALICE, 'wrong'), s.dav(ALICE, 'secret')
        seen = []
        for i in range(8):
            r = s.dav(ALICE, 'wrong-%d' % i).request('GET', '/dav/', headers={'X-Forwarded-For': '203.0.113.5',
                                                                            'X-Forwarded-Proto': 'https'})
            seen.append(r.status)
            if r.status == 429:
                assert int(r.headers['Retry-After']) > 0
        assert seen[0] == 401 and seen[-1] == 429, seen
        assert bad.request('GET', '/dav/', headers={'X-Forwarded-For': '203.0.113.6', 'X-Forwarded-Proto': 'https'}).status == 401
        # the good password from elsewhere is never locked out
        good.request('GET', '/dav/', headers={'X-Forwarded-For': '198.51.100.7', 'X-Forwarded-Proto': 'https'}, expect=200)


def test_plaintext_is_refused_where_it_must_be():
    for rule, proto, wanted in (('never', None, 403), ('never', 'https', 401), ('loopback', None, 401)):
        config = '[auth]\nplaintext_without_tls = %s\n[http]\ntrusted_proxies = 127.0.0.1\n' % rule
        with scambio.Server(config=config) as s:
            extra = b'X-Forwarded-Proto: %s\r\n' % proto.encode() if proto else b''
            answer = raw(s.port, b'GET /dav/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' + extra + b'\r\n')
            assert status(answer) == wanted, (rule, proto, answer)


def test_the_real_client_is_in_the_log():
    with scambio.Server(config='[http]\ntrusted_proxies = 127.0.0.1\n') as s:
        raw(s.port, b'GET /nothing HTTP/1.1\r\nHost: a\r\nForwarded: for="[2001:db8::5]:80"\r\nConnection: close\r\n\r\n')
        scambio.wait_for('the log line', lambda: 'peer=2001:db8::5' in s.log_text(), 5)
    with scambio.Server() as s:
        raw(s.port, b'GET /nothing HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n')
        scambio.wait_for('the log line', lambda: 'path=/nothing' in s.log_text(), 5)
        assert '6.6.6.6' not in s.log_text()


def test_metrics():
    with scambio.Server(config='[http]\ntrusted_proxies = 127.0.0.1\nmetrics_token = a-long-token\n') as s:
        raw(s.port, b'GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        text = raw(s.port, b'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').decode()
        assert 'scambio_http_requests_total{method="GET",code="404"} 1\n' in text
        assert 'scambio_store_commits_total ' in text
        away = b'GET /metrics HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.5\r\nConnection: close\r\n'
        assert status(raw(s.port, away + b'\r\n')) == 403
        assert status(raw(s.port, away + b'Authorization: Bearer a-long-tokem\r\n\r\n')) == 403
        assert status(raw(s.port, away + b'Authorization: Bearer a-long-token\r\n\r\n')) == 200
        assert 'scambio_http_requests_total{method="GET",code="403"}' in s.command('stats')


def test_gzip_and_ranges():
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        dav = s.dav(ALICE, 'secret')
        path = '/dav/calendars/%s/calendar/' % ALICE
        for i in range(20):
            dav.put('%s%d.ics' % (path, i), scambio.event('gzip-%d' % i, 'Event %d' % i))
        body = '<propfind xmlns="DAV:"><prop><getetag/><getcontenttype/><resourcetype/></prop></propfind>'
        plain = dav.request('PROPFIND', path, body, depth=1, expect=207)
        packed = dav.request('PROPFIND', path, body, depth=1, headers={'Accept-Encoding': 'gzip'}, expect=207)
        assert 'Content-Encoding' not in plain.headers and packed.headers['Content-Encoding'] == 'gzip'
        assert gzip.decompress(packed.body) == plain.body
        assert 'Accept-Encoding' in ','.join(packed.headers.get_all('Vary'))
        refused = dav.request('PROPFIND', path, body, depth=1, headers={'Accept-Encoding': 'gzip;q=0'}, expect=207)
        assert 'Content-Encoding' not in refused.headers
        item = path + '0.ics'
        whole = dav.request('GET', item, headers={'Accept-Encoding': 'gzip'}, expect=200)
        assert 'Content-Encoding' not in whole.headers and whole.headers['Accept-Ranges'] == 'bytes'
        part = dav.request('GET', item, headers={'Range': 'bytes=6-14'}, expect=206)
        assert part.body == whole.body[6:15] and part.headers['Content-Range'] == 'bytes 6-14/%d' % len(whole.body)
        assert dav.request('GET', item, headers={'Range': 'bytes=-5'}, expect=206).body == whole.body[-5:]
        assert dav.request('GET', item, headers={'Range': 'bytes=99999-'}, expect=416).headers['Content-Range'].startswith('bytes */')
        same = {'Range': 'bytes=0-3', 'If-Range': whole.headers['ETag']}
        assert dav.request('GET', item, headers=same, expect=206).body == whole.body[:4]
        dav.request('GET', item, headers={'Range': 'bytes=0-3', 'If-Range': '"other"'}, expect=200)
        head = dav.request('HEAD', item, expect=200)
        assert head.body == b'' and int(head.headers['Content-Length']) == len(whole.body)


def test_small_answers_do_not_wait():
    """A request in two packets, and small answers: no 40 ms of Nagle and delayed acknowledgement."""
    with scambio.Server() as s:
        with socket.create_connection(('127.0.0.1', s.port), timeout=10) as c:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            times = []
            for _ in range(30):
                began = time.time()
                c.sendall(b'GET /health HTTP/1.1\r\n')
                c.sendall(b'Host: a\r\n\r\n')
                assert c.recv(10000).endswith(b'ok\n')
                times.append(time.time() - began)
        assert sorted(times)[15] < 0.02, times


def test_slow_and_silent_clients_hurt_nobody():
    """1,000 connections that send a byte a second, and some that do not read, are cut off; others are served meanwhile."""
    config = '[limits]\nhttp_idle = 4s\nhttp_rate = 100K\nhttp_connections = 3000\nhttp_connections_address = 1100\n'
    with scambio.Server(config=config) as s:
        s.user(ALICE, 'secret')
        slow = []
        for i in range(1000):
            c = socket.create_connection(('127.0.0.1', s.port), source_address=('127.0.0.2', 0))
            c.sendall(b'PUT /dav/x HTTP/1.1\r\nHost: a\r\n' if i % 2 else b'G')
            slow.append(c)
        began = time.time()
        latencies = []
        while time.time() - began < 3:
            for c in slow[::2]:
                try:
                    c.send(b'E')
                except OSError:
                    pass
            once = time.time()
            assert status(raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')) == 200
            latencies.append(time.time() - once)
            time.sleep(1)
        assert max(latencies) < 3, latencies  # less than http_idle: not only when the slow ones have gone
        for c in slow:
            c.settimeout(15)
            try:
                while c.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            c.close()
        assert time.time() - began < 25
        text = raw(s.port, b'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').decode()
        assert int(text.split('\nscambio_http_connections_timed_out_total ')[1].split()[0]) >= 1000


def test_requests_at_once_of_any_number_are_answered():
    """All are ready when the server looks: of as many as it fetches in one go, too, none waits for a further event."""
    request = b'GET /health HTTP/1.1\r\nHost: a\r\n\r\n'
    with scambio.Server(config='[http]\nthreads = 1\n') as s:
        held = [socket.create_connection(('127.0.0.1', s.port), timeout=5) for _ in range(256)]
        for c in held:
            c.sendall(request)
            assert status(c.recv(4096)) == 200
        with open('/proc/%d/task/%d/children' % (s.process.pid, s.process.pid)) as f:
            serving = int(f.read().split()[0])
        for count in (128, 256, 127):
            os.kill(serving, signal.SIGSTOP)
            for c in held[:count]:
                c.sendall(request)
            os.kill(serving, signal.SIGCONT)
            for c in held[:count]:
                assert status(c.recv(4096)) == 200
        for c in held:
            c.close()


def test_too_many_connections_of_one_address():
    config = '[limits]\nhttp_connections_address = 20\n'
    with scambio.Server(config=config) as s:
        held = [socket.create_connection(('127.0.0.1', s.port), source_address=('127.0.0.3', 0)) for _ in range(30)]
        time.sleep(0.5)
        alive = 0
        for c in held:
            c.settimeout(2)
            try:
                c.sendall(b'GET /health HTTP/1.1\r\nHost: a\r\n\r\n')
                alive += c.recv(1000).startswith(b'HTTP/1.1 200')
            except OSError:
                pass
        assert alive == 20, alive
        assert status(raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')) == 200
        for c in held:
            c.close()
        time.sleep(0.3)
        assert status(raw(s.port, b'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', source='127.0.0.3')) == 200


def test_a_reset_in_the_middle_of_anything():
    """Clients that vanish with a RST at each stage leave nothing behind."""
    with scambio.Server() as s:
        s.user(ALICE, 'secret')
        auth = scambio.Dav(s.port, ALICE, 'secret').auth.encode()
        request = (b'PROPFIND /dav/ HTTP/1.1\r\nHost: a\r\nDepth: 1\r\nContent-Length: 61\r\nAuthorization: ' + auth + b'\r\n\r\n'
                   b'<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>')
        for cut in range(1, len(request) + 1, 3):
            c = socket.create_connection(('127.0.0.1', s.port))
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            c.sendall(request[:cut])
            c.close()
        def none_left():
            text = raw(s.port, b'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').decode()
            return int(text.split('\nscambio_http_connections_open ')[1].split()[0]) <= 1
        scambio.wait_for('all connections to be gone', none_left, 10)


if __name__ == '__main__':
    suite.main(globals())
