"""A Scambio server for a test: its own data folder, configuration, users and ports; and a small DAV client.

    with Server() as s:
        s.user('alice@example.test', 'secret')
        r = s.dav('alice@example.test', 'secret').request('PROPFIND', '/dav/', depth=0)
"""
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get('SCAMBIO', os.path.join(ROOT, 'build', 'asan', 'scambio'))
REALM = 'Scambio'

NS = {
    'D': 'DAV:',
    'C': 'urn:ietf:params:xml:ns:caldav',
    'CR': 'urn:ietf:params:xml:ns:carddav',
    'CS': 'http://calendarserver.org/ns/',
    'A': 'http://apple.com/ns/ical/',
}
XMLNS = ' '.join('xmlns:%s="%s"' % pair for pair in NS.items())


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    """Starts `scambio serve` and stops it; fails loudly when it does not come up or does not go down cleanly."""

    def __init__(self, config='', shards=None, binary=None, https=False):
        self.binary = binary or BINARY
        self.dir = tempfile.mkdtemp(prefix='scambio-test-')
        self.port = free_port()
        self.https_port = free_port() if https else None
        self.base = 'http://127.0.0.1:%d' % self.port
        self.conf = os.path.join(self.dir, 'scambio.conf')
        self.log = os.path.join(self.dir, 'log')
        self.process = None
        if shards is None:
            shards = int(os.environ.get('SCAMBIO_TEST_SHARDS', '1'))
        with open(self.conf, 'w') as f:
            f.write('[server]\nhostname = localhost\ndata = %s/data\ndomains = example.test\n' % self.dir)
            f.write('[listen]\nhttp = 127.0.0.1:%d\n' % self.port)
            if https:
                f.write('https = 127.0.0.1:%d\n' % self.https_port)
            f.write('[store]\nshards = %d\n' % shards)
            f.write(config)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        finally:
            if kind and os.environ.get('KEEP'):
                print('kept: ' + self.dir)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        before = len(self.log_text())  # of an earlier start
        self.process = subprocess.Popen([self.binary, '-c', self.conf, 'serve'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(self.log, 'a'), start_new_session=True)
        end = time.time() + 30
        while time.time() < end:
            if self.process.poll() is not None:
                raise AssertionError('serve ended with %s:\n%s' % (self.process.returncode, self.log_text()[-3000:]))
            if 'scambio: ready' in self.log_text()[before:]:
                return
            time.sleep(0.02)
        raise AssertionError('serve is not ready after 30 s:\n' + self.log_text()[-3000:])

    def stop(self, sig=signal.SIGTERM):
        if not self.process:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(sig)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise AssertionError('serve did not end within 15 s of signal %d:\n%s' % (sig, self.log_text()[-3000:]))
        text = self.log_text()
        if 'Sanitizer' in text or 'runtime error' in text:
            raise AssertionError('a sanitizer spoke:\n' + text[-8000:])
        if process.returncode != 0:
            raise AssertionError('serve ended with %d:\n%s' % (process.returncode, text[-3000:]))

    def log_text(self):
        try:
            with open(self.log, errors='replace') as f:
                return f.read()
        except FileNotFoundError:
            return ''

    def command(self, *args, stdin=None, check=True):
        """Runs `scambio ARGS`; returns stdout as text."""
        r = subprocess.run([self.binary, '-c', self.conf, *args], input=stdin, capture_output=True, text=True, timeout=120)
        if check and r.returncode != 0:
            raise AssertionError('scambio %s: exit %d: %s%s' % (' '.join(args), r.returncode, r.stdout, r.stderr))
        return r.stdout if check else r

    def user(self, address, password, name=None):
        args = ['user', 'add', address, '--password-stdin'] + (['--name', name] if name else [])
        self.command(*args, stdin=password + '\n')

    def device(self, devid):
        """All that is known of the SyncML device that calls itself so: `scambio device show`."""
        found = [d for d in json.loads(self.command('device', 'list', '--json')) if d['device'] == devid]
        assert len(found) == 1, (devid, self.command('device', 'list', '--json'))
        return json.loads(self.command('device', 'show', str(found[0]['id']), '--json'))

    def dav(self, user, password):
        return Dav(self.port, user, password)


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')

    @property
    def xml(self):
        return ET.fromstring(self.body)

    def responses(self):
        """A multistatus as {href: {status, props: {'{ns}name': element}, missing: {names}}}."""
        out = {}
        for r in self.xml.findall('D:response', NS):
            entry = {'props': {}, 'missing': set(), 'status': None}
            status = r.find('D:status', NS)
            if status is not None:
                entry['status'] = int(status.text.split()[1])
            for ps in r.findall('D:propstat', NS):
                code = int(ps.find('D:status', NS).text.split()[1])
                for p in ps.find('D:prop', NS):
                    if code == 200:
                        entry['props'][p.tag] = p
                    else:
                        entry['missing'].add(p.tag)
            out[r.find('D:href', NS).text] = entry
        return out


class Dav:
    """One keep-alive connection of one user."""

    def __init__(self, port, user, password):
        self.port = port
        self.auth = 'Basic ' + base64.b64encode(('%s:%s' % (user, password)).encode()).decode()
        self.connection = None
        self.attempts = 2  # a kept-alive connection may have been closed meanwhile

    def request(self, method, path, body=None, depth=None, headers=None, expect=None):
        h = {'Authorization': self.auth}
        if depth is not None:
            h['Depth'] = str(depth)
        if body is not None and not isinstance(body, bytes):
            body = body.encode()
        if body is not None and body.startswith(b'<'):
            h['Content-Type'] = 'application/xml; charset=utf-8'
        h.update(headers or {})
        for attempt in range(1, self.attempts + 1):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
                self.connection.request(method, path, body, h)
                r = self.connection.getresponse()
                response = Response(r.status, r.headers, r.read())
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection = None
                if attempt == self.attempts:
                    raise
        if expect is not None:
            wanted = expect if isinstance(expect, (list, tuple)) else [expect]
            if response.status not in wanted:
                raise AssertionError('%s %s: %d, wanted %s: %s' % (method, path, response.status, wanted, response.text[:500]))
        return response

    def propfind(self, path, *props, depth=0):
        """props as 'D:displayname'."""
        body = '<D:propfind %s><D:prop>%s</D:prop></D:propfind>' % (XMLNS, ''.join('<%s/>' % p for p in props))
        return self.request('PROPFIND', path, body, depth=depth, expect=207).responses()

    def put(self, path, text, kind='text/calendar', headers=None, expect=(201, 204)):
        return self.request('PUT', path, text, headers=dict({'Content-Type': kind + '; charset=utf-8'}, **(headers or {})),
                            expect=expect)

    def sync(self, path, token=''):
        """One sync-collection: (set of changed hrefs, set of deleted hrefs, new token)."""
        body = ('<D:sync-collection %s><D:sync-token>%s</D:sync-token><D:sync-level>1</D:sync-level>'
                '<D:prop><D:getetag/></D:prop></D:sync-collection>' % (XMLNS, token))
        r = self.request('REPORT', path, body, depth=0, expect=207)
        there = {h for h, e in r.responses().items() if e['status'] is None}
        gone = {h for h, e in r.responses().items() if e['status'] == 404}
        return there, gone, r.xml.find('D:sync-token', NS).text


def event(uid, summary, start='20261125T100000', end='20261125T110000', zone='Europe/Rome', extra=''):
    """A VEVENT object; start and end local in `zone` (without a VTIMEZONE: an IANA name suffices)."""
    tz = ';TZID=%s' % zone if zone else ''
    return ('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//Test//EN\r\nBEGIN:VEVENT\r\nUID:%s\r\n'
            'DTSTAMP:20261124T000000Z\r\nDTSTART%s:%s\r\nDTEND%s:%s\r\nSUMMARY:%s\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n'
            % (uid, tz, start, tz, end, summary, extra))


def todo(uid, summary, extra=''):
    return ('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//Test//EN\r\nBEGIN:VTODO\r\nUID:%s\r\n'
            'DTSTAMP:20261124T000000Z\r\nSUMMARY:%s\r\n%sEND:VTODO\r\nEND:VCALENDAR\r\n' % (uid, summary, extra))


def card(uid, name, mail=None, extra=''):
    mail_line = 'EMAIL;TYPE=WORK:%s\r\n' % mail if mail else ''
    return ('BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s\r\nFN:%s\r\nN:%s;;;;\r\n%s%sEND:VCARD\r\n'
            % (uid, name, name, mail_line, extra))


def wait_for(what, check, seconds=20, pause=0.1):
    """Polls check() until it gives a true value, which is returned."""
    end = time.time() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.time() > end:
            raise AssertionError('not within %d s: %s' % (seconds, what))
        time.sleep(pause)


def unfold(text):
    return re.sub(r'\r?\n[ \t]', '', text)
