"""A real Thunderbird in a fresh profile on a virtual screen, driven over its Marionette port (chrome context).

    with Thunderbird(logins=[(origin, realm, user, password)]) as tb:
        tb.js('return 1 + 1')          # an async function's body; may await and return
        tb.shot('calendar.png')
"""
import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

PREFS = {
    'app.update.enabled': False,
    'app.normandy.enabled': False,
    'browser.cache.disk.enable': False,
    'calendar.timezone.local': 'Europe/Rome',
    'calendar.timezone.useSystemTimezone': False,
    'calendar.view.visiblehours': 10,
    'calendar.week.start': 1,
    'datareporting.policy.dataSubmissionEnabled': False,
    'extensions.update.enabled': False,
    'intl.locale.requested': 'en-US',
    'mail.cloud_files.enabled': False,
    'mail.inappnotifications.enabled': False,
    'mail.provider.enabled': False,
    'mail.provider.suppress_dialog_on_startup': True,
    'mail.rights.version': 1,
    'mail.shell.checkDefaultClient': False,
    'mail.spotlight.firstRunDone': True,
    'mail.winsearch.firstRunDone': True,
    'mailnews.start_page.enabled': False,
    'mailnews.start_page_override.mstone': 'ignore',
    'mail.accountmanager.accounts': 'account1',
    'mail.accountmanager.localfoldersserver': 'server1',
    'mail.account.account1.server': 'server1',
    'mail.account.lastKey': 1,
    'mail.server.server1.type': 'none',
    'mail.server.server1.hostname': 'Local Folders',
    'mail.server.server1.userName': 'nobody',
    'mail.server.server1.name': 'Local Folders',
    'network.captive-portal-service.enabled': False,
    'network.connectivity-service.enabled': False,
    'network.proxy.type': 0,
    'security.OCSP.enabled': 0,
    'toolkit.telemetry.enabled': False,
}

PRELUDE = '''
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const win = Services.wm.getMostRecentWindow("mail:3pane");
const sleep = ms => new Promise(done => win.setTimeout(done, ms));
const until = async (check, what) => {
  for (let i = 0; i < 300; i++) { const v = await check(); if (v) return v; await sleep(100); }
  throw new Error("not within 30 s: " + what);
};
const calendar = name => cal.manager.getCalendars().find(c => c.name == name && c.type == "caldav");
const items = c => c.getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
const refreshed = c => new Promise(done => { c.refresh(); win.setTimeout(done, 1500); });
'''


class _SECItem(ctypes.Structure):
    _fields_ = [('type', ctypes.c_uint), ('data', ctypes.c_void_p), ('len', ctypes.c_uint)]


def save_logins(profile, logins):
    """Stores passwords in the profile as Thunderbird itself would: key4.db and logins.json, by NSS."""
    nss = ctypes.CDLL('libnss3.so')
    nss.PK11_GetInternalKeySlot.restype = ctypes.c_void_p
    nss.PK11_NeedUserInit.argtypes = nss.PK11_FreeSlot.argtypes = [ctypes.c_void_p]
    nss.PK11_InitPin.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    if nss.NSS_Initialize(('sql:' + profile).encode(), b'', b'', b'secmod.db', 0) != 0:
        raise AssertionError('NSS does not open ' + profile)
    slot = nss.PK11_GetInternalKeySlot()
    if nss.PK11_NeedUserInit(slot):
        nss.PK11_InitPin(slot, None, b'')

    def encrypted(text):
        raw = text.encode()
        held = ctypes.create_string_buffer(raw, len(raw))
        key, plain, out = _SECItem(), _SECItem(0, ctypes.cast(held, ctypes.c_void_p), len(raw)), _SECItem()
        if nss.PK11SDR_Encrypt(ctypes.byref(key), ctypes.byref(plain), ctypes.byref(out), None) != 0:
            raise AssertionError('NSS does not encrypt')
        return base64.b64encode(ctypes.string_at(out.data, out.len)).decode()

    now = int(time.time() * 1000)
    rows = []
    for number, (origin, realm, user, password) in enumerate(logins, 1):
        rows.append({'id': number, 'hostname': origin, 'httpRealm': realm, 'formSubmitURL': None, 'usernameField': '',
                     'passwordField': '', 'encryptedUsername': encrypted(user), 'encryptedPassword': encrypted(password),
                     'guid': '{%s}' % uuid.uuid4(), 'encType': 1, 'timeCreated': now, 'timeLastUsed': now,
                     'timePasswordChanged': now, 'timesUsed': 1})
    with open(os.path.join(profile, 'logins.json'), 'w') as f:
        json.dump({'nextId': len(rows) + 1, 'logins': rows, 'potentiallyVulnerablePasswords': [],
                   'dismissedBreachAlertsByLoginGUID': {}, 'version': 3}, f)
    nss.PK11_FreeSlot(slot)
    nss.NSS_Shutdown()


class Thunderbird:
    def __init__(self, logins=(), zone='Europe/Rome'):
        self.dir = tempfile.mkdtemp(prefix='scambio-tb-')
        self.logins, self.zone = logins, zone
        self.buffer, self.last = b'', 0

    def __enter__(self):
        from scambio import free_port
        profile = os.path.join(self.dir, 'profile')
        os.makedirs(profile)
        os.makedirs(os.path.join(self.dir, 'home'))
        self.port = free_port()
        prefs = dict(PREFS, **{'marionette.port': self.port})
        with open(os.path.join(profile, 'user.js'), 'w') as f:
            for name, value in prefs.items():
                f.write('user_pref(%s, %s);\n' % (json.dumps(name), json.dumps(value)))
        # NSS keeps state in the process, so each profile is written by one of its own
        pid = os.fork()
        if pid == 0:
            try:
                save_logins(profile, self.logins)
                os._exit(0)
            except BaseException as e:
                print(e, flush=True)
                os._exit(1)
        if os.waitpid(pid, 0)[1] != 0:
            raise AssertionError('the passwords cannot be stored in the profile')
        reader, writer = os.pipe()
        self.screen = subprocess.Popen(['Xvfb', '-displayfd', str(writer), '-screen', '0', '1280x900x24', '-noreset', '-nolisten', 'tcp'],
                                       pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as number:  # written in two pieces: read the line, or Xvfb dies of the closed pipe
            display = number.readline().strip()
        env = dict(os.environ, DISPLAY=':' + display, HOME=os.path.join(self.dir, 'home'), TZ=self.zone, LANG='C.UTF-8',
                   MOZ_CRASHREPORTER_DISABLE='1', MOZ_DISABLE_CONTENT_SANDBOX='1')
        try:
            self._launch(profile, env)
            self._connect()
        except BaseException:
            self._end()
            raise
        return self

    def _launch(self, profile, env):
        """Starts it; a start that ends by itself within two seconds (seen on a fresh profile) is tried again."""
        for _ in range(3):
            self.process = subprocess.Popen(
                ['thunderbird', '--marionette', '-remote-allow-system-access', '-no-remote', '-profile', profile], env=env,
                stdout=open(os.path.join(self.dir, 'log'), 'a'), stderr=subprocess.STDOUT, start_new_session=True)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                return

    def __exit__(self, *_):
        self._end()

    def _end(self):
        for group in (True, False):
            try:
                os.killpg(self.process.pid, signal.SIGTERM if group else signal.SIGKILL)
                self.process.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self.screen.terminate()
        try:
            self.screen.wait(5)
        except subprocess.TimeoutExpired:  # told just before it went to sleep, Xvfb wakes for its screen saver, ten minutes later
            self.screen.kill()
            self.screen.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _connect(self):
        end = time.time() + 120
        while True:
            try:
                self.socket = socket.create_connection(('127.0.0.1', self.port), 5)
                break
            except OSError:
                if time.time() > end or self.process.poll() is not None:
                    with open(os.path.join(self.dir, 'log')) as f:
                        raise AssertionError('Thunderbird does not open its Marionette port: ' + f.read()[-2000:])
                time.sleep(0.2)
        self.socket.settimeout(150)
        self._receive()  # the greeting
        self.command('WebDriver:NewSession', {'capabilities': {'alwaysMatch': {'unhandledPromptBehavior': 'ignore'}}})
        self.command('WebDriver:SetTimeouts', {'script': 120000})
        self.command('Marionette:SetContext', {'value': 'chrome'})
        for _ in range(300):
            if self._script('return !!Services.wm.getMostRecentWindow("mail:3pane")?.document.getElementById("tabmail")'):
                return
            time.sleep(0.1)
        raise AssertionError('Thunderbird shows no main window')

    def _receive(self):
        def more():
            data = self.socket.recv(65536)
            if not data:
                raise AssertionError('Thunderbird closed its Marionette port')
            self.buffer += data
        while b':' not in self.buffer:
            more()
        length, _, _ = self.buffer.partition(b':')
        whole = len(length) + 1 + int(length)
        while len(self.buffer) < whole:
            more()
        message, self.buffer = self.buffer[len(length) + 1:whole], self.buffer[whole:]
        return json.loads(message)

    def command(self, name, parameters=None):
        self.last += 1
        message = json.dumps([0, self.last, name, parameters or {}]).encode()
        self.socket.sendall(b'%d:%s' % (len(message), message))
        _, _, error, value = self._receive()
        if error:
            raise AssertionError('%s: %s' % (error.get('error'), error.get('message')))
        return value

    def _script(self, body, *args):
        script = ('const done = arguments[arguments.length - 1];'
                  '(async (...args) => {%s})(...[...arguments].slice(0, -1))'
                  '.then(v => done({value: v === undefined ? null : v}), e => done({error: String(e) + "\\n" + (e?.stack ?? "")}));' % body)
        result = self.command('WebDriver:ExecuteAsyncScript',
                              {'script': script, 'args': list(args), 'sandbox': 'system', 'newSandbox': True})['value']
        if 'error' in result:
            raise AssertionError('in Thunderbird: ' + result['error'])
        return result['value']

    def js(self, body, *args):
        """Runs the body of an async function with PRELUDE's helpers; `args` holds the arguments."""
        return self._script(PRELUDE + body, *args)

    def shot(self, path):
        data = self.command('WebDriver:TakeScreenshot', {'full': True})['value']
        with open(path, 'wb') as f:
            f.write(base64.b64decode(data))

    # ---- what every test needs ----
    def add_calendars(self, location, user, password):
        """Discovery as the "New calendar" dialogue does it; subscribes to all that is found: {name: url}."""
        return self.js('''
          const found = await cal.provider.caldav.detectCalendars(args[1], args[2], args[0], true);
          const out = {};
          for (const c of found) {
            c.setProperty("cache.enabled", true);
            c.setProperty("username", args[1]);
            cal.manager.registerCalendar(c);
            out[c.name] = c.uri.spec;
          }
          await sleep(2000);
          return out;''', location, user, password)

    def add_books(self, location, user, password):
        """The same for address books: {name: url}."""
        return self.js('''
          const { CardDAVUtils } = ChromeUtils.importESModule("resource:///modules/CardDAVUtils.sys.mjs");
          const found = await CardDAVUtils.detectAddressBooks(args[1], args[2], args[0], false, true);
          const out = {};
          for (const b of found) { await b.create(); out[b.name] = b.url.href; }
          return out;''', location, user, password)
