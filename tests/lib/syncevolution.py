"""SyncEvolution as a phone: data in plain files, one an item, the file's name is the LUID. One object is one device.

    with SyncevolutionPhone(server.base + '/syncml', 'alice@example.test', password, 'phone-1') as phone:
        phone.write('addressbook', '1', card)
        phone.sync()"""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build')
# store: (format, the server's database)
STORES = {'addressbook': ('text/vcard', 'contacts'), 'calendar': ('text/calendar', 'calendar'), 'todo': ('text/calendar', 'tasks'),
          'memo': ('text/plain', 'notes')}


def shim():
    """Compiles the library that repairs the program, once."""
    source, out = os.path.join(HERE, 'curl_callbacks.c'), os.path.join(BUILD, 'curl_callbacks.so')
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        os.makedirs(BUILD, exist_ok=True)
        subprocess.run(['gcc', '-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC', '-o', out + '.new', source, '-ldl'], check=True)
        os.rename(out + '.new', out)
    return out


class Session:
    """What one run of the program left behind."""

    def __init__(self, code, text, requests, sent, received, waited):
        self.code, self.text, self.requests, self.sent, self.received = code, text, requests, sent, received
        self.waited = waited  # seconds, for answers

    @property
    def slow(self):
        """The stores that were synchronised slowly."""
        return set(re.findall(r'^.*?(\w+): starting slow sync', self.text, re.M)) | set(re.findall(r'\b(\w+): (?:first time|slow) sync', self.text))


class SyncevolutionPhone:
    """properties: of the sync configuration, e.g. enableWBXML='0'; `forced`: {store: format on the wire}."""

    def __init__(self, url, user, password, devid, stores=None, forced=None, **properties):
        self.dir = tempfile.mkdtemp(prefix='scambio-phone-')
        self.stores = stores or list(STORES)
        self.tick = int(time.time()) + 100
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(('PHONE_', 'SYNCEVOLUTION_'))}
        self.env.update(HOME=self.dir, LC_ALL='C.UTF-8', TZ='UTC')
        for name, sub in (('XDG_CONFIG_HOME', 'config'), ('XDG_DATA_HOME', 'data'), ('XDG_CACHE_HOME', 'cache')):
            self.env[name] = os.path.join(self.dir, sub)
        options = {'syncURL': url, 'keyring': 'no', 'username': user, 'password': password, 'deviceId': devid, 'printChanges': '0',
                   'dumpData': '0', 'preventSlowSync': '0', 'maxLogDirs': '10', 'loglevel': '1', 'RetryInterval': '1', **properties}
        self.configure('--template', 'SyncEvolution', *['%s=%s' % pair for pair in options.items()], 'loop@loop')
        for store in self.stores:
            os.makedirs(os.path.join(self.dir, 'db', store))
            kind, uri = STORES[store]
            wire = ['syncFormat=' + forced[store], 'forceSyncFormat=1'] if forced and store in forced else []
            self.configure('backend=file', 'databaseFormat=' + kind, 'database=file://%s/db/%s' % (self.dir, store), 'uri=' + uri,
                           'sync=two-way', *wire, 'loop@loop', store)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and os.environ.get('KEEP'):
            print('kept: ' + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def configure(self, *args):
        r = subprocess.run(['syncevolution', '--daemon=no', '--configure', *args], env=self.env, capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, r.stdout + r.stderr

    def set(self, **properties):
        self.configure(*['%s=%s' % pair for pair in properties.items()], 'loop@loop')

    def sync(self, mode=None, stores=(), cut=None, ok=True, dump=None, seconds=180):
        """One session. cut: as PHONE_CUT of curl_callbacks.c. ok: it must end well (None: either way)."""
        log = os.path.join(self.dir, 'requests')
        if os.path.exists(log):
            os.unlink(log)
        env = dict(self.env, LD_PRELOAD=shim(), PHONE_LOG=log)
        if cut:
            env['PHONE_CUT'] = cut
        if dump:
            os.makedirs(dump, exist_ok=True)
            env['PHONE_DUMP'] = dump
        args = ['syncevolution', '--daemon=no', '--run'] + (['--sync', mode] if mode else []) + ['loop@loop', *stores]
        r = subprocess.run(args, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds)
        words = open(log).read().split() if os.path.exists(log) else ['', 0, '', 0, '', 0, '', 0]
        session = Session(r.returncode, r.stdout, int(words[1]), int(words[3]), int(words[5]), int(words[7]) / 1e6)
        if ok is not None:
            assert (r.returncode == 0) == ok, 'exit %d after %s requests:\n%s\n%s' % (r.returncode, words[1], r.stdout[-4000:], self.client_log())
        return session

    def client_log(self):
        """The end of what the program logged itself."""
        logs = sorted(glob.glob(self.dir + '/cache/syncevolution/*/syncevolution-log.html'))
        if not logs:
            return ''
        with open(logs[-1], errors='replace') as f:
            return re.sub(r'<[^>]*>', '', f.read())[-1500:]

    def path(self, store, luid):
        return os.path.join(self.dir, 'db', store, luid)

    def write(self, store, luid, text):
        """A new item or a change. Changes are found by time and size of the file: ours come from the future, one second each."""
        path = self.path(store, luid)
        with open(path, 'w', newline='') as f:
            f.write(text)
        self.tick += 1
        os.utime(path, (self.tick, self.tick))

    def edit(self, store, old, new, count=1):
        """Replaces text in the one item that has it; its LUID."""
        found = [luid for luid, text in self.read(store).items() if old in text]
        assert len(found) == count, '%s: %d items have %r' % (store, len(found), old)
        for luid in found:
            self.write(store, luid, self.read(store)[luid].replace(old, new))
        return found[0]

    def delete(self, store, luid):
        os.unlink(self.path(store, luid))

    def find(self, store, text):
        found = [luid for luid, t in self.read(store).items() if text in t]
        assert len(found) == 1, '%s: %d items have %r' % (store, len(found), text)
        return found[0]

    def read(self, store):
        out = {}
        for name in sorted(os.listdir(self.path(store, ''))):
            with open(self.path(store, name), newline='', errors='surrogateescape') as f:
                out[name] = f.read()
        return out
