"""The servers that Scambio is measured against, each started alone in a folder of its own, as its Debian package ships it.

Each peer has: name, start(), stop(), port, auth ("user:password"), calendar and book (paths of one empty collection each), pids()."""
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import scambio
from scambio import free_port

RELEASE = os.path.join(scambio.ROOT, 'scambio')


def wait_http(port, process, seconds=30):
    end = time.time() + seconds
    while True:
        try:
            urllib.request.urlopen('http://127.0.0.1:%d/' % port, timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.time() > end or process.poll() is not None:
                raise AssertionError('the peer does not listen on port %d' % port)
            time.sleep(0.05)


class Peer:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='scambio-bench-')
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.start()
        self.make_collections()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def request(self, method, path, body=None, kind='application/xml'):
        user, password = self.auth.split(':')
        dav = scambio.Dav(self.port, user, password)
        return dav.request(method, path, body, headers={'Content-Type': kind, 'Depth': '0'})

    def make_collections(self):
        pass

    def run(self, *args, **more):
        self.process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.dir, 'log'), 'w'),
                                        start_new_session=True, **more)
        wait_http(self.port, self.process)

    def stop(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGTERM)
                self.process.wait(10)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None

    def rss(self):
        """Resident memory of all its processes, MiB."""
        out = subprocess.run(['ps', '-o', 'rss=', '-g', str(self.process.pid)], capture_output=True, text=True).stdout
        return sum(int(x) for x in out.split()) / 1024

    def cpu(self):
        """CPU seconds used by all its processes so far."""
        out = subprocess.run(['ps', '-o', 'pid=', '-g', str(self.process.pid)], capture_output=True, text=True).stdout
        ticks = 0
        for pid in out.split():
            try:
                with open('/proc/%s/stat' % pid) as f:
                    fields = f.read().rsplit(')', 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
            except FileNotFoundError:
                pass
        return ticks / os.sysconf('SC_CLK_TCK')


class Scambio(Peer):
    name = 'Scambio'
    auth = 'anna@example.test:segreto'
    calendar = '/dav/calendars/anna@example.test/calendar/'
    book = '/dav/addressbooks/anna@example.test/contacts/'

    def start(self):
        self.server = scambio.Server(binary=RELEASE)
        self.server.start()
        self.server.user('anna@example.test', 'segreto')
        self.port, self.process = self.server.port, self.server.process

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.server.dir, ignore_errors=True)


class Radicale(Peer):
    name = 'Radicale'
    auth = 'anna:segreto'
    calendar, book = '/anna/cal/', '/anna/book/'

    def start(self):
        with open(self.dir + '/users', 'w') as f:
            f.write('anna:segreto\n')
        with open(self.dir + '/config', 'w') as f:
            f.write('[server]\nhosts = 127.0.0.1:%d\nmax_connections = 64\ntimeout = 300\n[auth]\ntype = htpasswd\nhtpasswd_filename = %s/users\n'
                    'htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = %s/data\n[logging]\nlevel = error\n'
                    % (self.port, self.dir, self.dir))
        self.run('/usr/bin/python3', '/usr/bin/radicale', '--config', self.dir + '/config')

    def make_collections(self):
        for path, tag in ((self.calendar, '<C:calendar/>'), (self.book, '<CR:addressbook/>')):
            self.request('MKCOL', path, '<D:mkcol %s><D:set><D:prop><D:resourcetype><D:collection/>%s</D:resourcetype></D:prop></D:set>'
                         '</D:mkcol>' % (scambio.XMLNS, tag))


class Xandikos(Peer):
    name = 'Xandikos'
    auth = 'anna:segreto'
    calendar, book = '/anna/calendars/calendar/', '/anna/contacts/addressbook/'

    def start(self):
        self.run('/usr/bin/python3', '/usr/bin/xandikos', '-d', self.dir + '/data', '--defaults', '--current-user-principal=/anna/',
                 '-l', '127.0.0.1', '-p', str(self.port))


def cyrus_imapd():
    """Cyrus's IMAP server: its package and Dovecot's cannot be installed together, so it is unpacked."""
    place = os.path.join(scambio.ROOT, 'var', 'peers', 'cyrus')
    binary = place + '/usr/lib/cyrus/bin/imapd'
    if not os.path.exists(binary):
        os.makedirs(place, exist_ok=True)
        version = subprocess.run(['dpkg-query', '-W', '-f=${Version}', 'cyrus-common'], capture_output=True, text=True, check=True).stdout
        subprocess.run(['apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', 'cyrus-imapd=' + version], cwd=place, check=True)
        for name in os.listdir(place):
            if name.endswith('.deb'):
                subprocess.run(['dpkg', '-x', name, '.'], cwd=place, check=True)
    return binary


class Cyrus(Peer):
    name = 'Cyrus'
    auth = 'anna:segreto'
    calendar, book = '/dav/calendars/user/anna/Default/', '/dav/addressbooks/user/anna/Default/'

    def start(self):
        cyrus = pwd.getpwnam('cyrus')
        imap = free_port()
        for sub in ('conf', 'conf/socket', 'spool', 'run', 'proc', 'lock'):
            os.makedirs(os.path.join(self.dir, sub))
        with open(self.dir + '/imapd.conf', 'w') as f:
            f.write('configdirectory: {d}/conf\npartition-default: {d}/spool\ndefaultpartition: default\nproc_path: {d}/proc\n'
                    'mboxname_lockpath: {d}/lock\nadmins: cyrus\nhttpmodules: caldav carddav\nsasl_pwcheck_method: auxprop\n'
                    'sasl_auxprop_plugin: sasldb\nsasl_sasldb_path: {d}/sasldb2\nsasl_mech_list: PLAIN LOGIN\nallowplaintext: yes\n'
                    'altnamespace: no\nunixhierarchysep: yes\nvirtdomains: off\nautocreate_quota: -1\nautocreate_post: yes\n'
                    'caldav_allowscheduling: off\nhttpallowcompress: no\nservername: localhost\n'.format(d=self.dir))
        with open(self.dir + '/cyrus.conf', 'w') as f:
            f.write('START {\n recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C %s/imapd.conf -r"\n}\nSERVICES {\n'
                    ' http cmd="/usr/lib/cyrus/bin/httpd -U 1000000 -C %s/imapd.conf" listen="127.0.0.1:%d" prefork=2 maxchild=40\n'
                    ' imap cmd="%s -C %s/imapd.conf" listen="127.0.0.1:%d" prefork=0\n}\nEVENTS {\n}\n'
                    % (self.dir, self.dir, self.port, cyrus_imapd(), self.dir, imap))
        for user in ('anna', 'cyrus'):
            subprocess.run(['saslpasswd2', '-c', '-p', '-f', self.dir + '/sasldb2', '-u', 'localhost', user], input='segreto', text=True,
                           check=True)
        subprocess.run(['chown', '-R', 'cyrus:mail', self.dir], check=True)
        self.run('/usr/lib/cyrus/bin/master', '-C', self.dir + '/imapd.conf', '-M', self.dir + '/cyrus.conf', '-p', self.dir + '/run/pid')
        import imaplib
        box = imaplib.IMAP4('127.0.0.1', imap)
        box.login('cyrus', 'segreto')
        box.create('user/anna')
        box.logout()

    def make_collections(self):
        for home in ('/dav/calendars/user/anna/', '/dav/addressbooks/user/anna/'):
            self.request('PROPFIND', home)


PEERS = (Scambio, Radicale, Xandikos, Cyrus)
