"""Evolution Data Server in a D-Bus session and home of its own: `with Eds() as eds: eds('add', uid=…)` (see eds_client.py)."""
import json
import os
import shutil
import signal
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Eds:
    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='scambio-eds-')
        env = {k: v for k, v in os.environ.items() if k not in ('DISPLAY', 'DBUS_SESSION_BUS_ADDRESS')}
        for name, sub in (('HOME', 'home'), ('XDG_CONFIG_HOME', 'config'), ('XDG_DATA_HOME', 'data'), ('XDG_CACHE_HOME', 'cache'),
                          ('XDG_RUNTIME_DIR', 'run')):
            env[name] = os.path.join(self.dir, sub)
            os.makedirs(env[name], mode=0o700)
        env.update(GIO_USE_VFS='local', GSETTINGS_BACKEND='memory', TZ='Europe/Rome')
        script = ('printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; '
                  'exec /usr/bin/python3 "%s/eds_client.py"' % HERE)
        self.process = subprocess.Popen(['dbus-run-session', '--', 'sh', '-c', script], env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=open(os.path.join(self.dir, 'log'), 'w'), text=True,
                                        start_new_session=True)
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __call__(self, do, **arguments):
        self.process.stdin.write(json.dumps(dict(arguments, do=do)) + '\n')
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            if not line:
                with open(os.path.join(self.dir, 'log')) as f:
                    raise AssertionError('Evolution Data Server ended: ' + f.read()[-2000:])
            if line.startswith('EDS '):
                break
        answer = json.loads(line[4:])
        if 'error' in answer:
            raise AssertionError('%s %s: %s' % (do, arguments, answer['error']))
        return answer['value']
