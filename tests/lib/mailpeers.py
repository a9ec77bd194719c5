"""Other people's mail servers, each in a folder of its own and on free ports, as its Debian package ships it: Postfix, Dovecot."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from scambio import free_port

MASTER_CF = """{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

MAIN_CF = """compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/log/maillog
maillog_file_prefixes = {dir}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.test
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
biff = no
{more}
"""

DOVECOT = """base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
protocols = {protocols}
ssl = no
disable_plaintext_auth = no
auth_username_format = %Lu
first_valid_uid = 1
mail_location = {location}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
  service_count = 0
}}
service pop3-login {{
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap {{
  process_limit = 2000
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
{more}
"""


def wait_port(port, seconds=30):
    end = time.time() + seconds
    while True:
        try:
            socket.create_connection(('127.0.0.1', port), 2).close()
            return
        except OSError:
            if time.time() > end:
                raise AssertionError('nothing listens on port %d' % port)
            time.sleep(0.05)


def children(pid):
    """A process with all that it has started."""
    rows = subprocess.run(['ps', '-eo', 'pid=,ppid='], capture_output=True, text=True).stdout.split('\n')
    parents = [tuple(map(int, r.split())) for r in rows if r.strip()]
    found, at = [pid], 0
    while at < len(found):
        found += [p for p, parent in parents if parent == found[at] and p not in found]
        at += 1
    return found


class Daemon:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='scambio-peer-')
        os.chmod(self.dir, 0o755)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def pids(self):
        return children(self.process.pid)


class Dovecot(Daemon):
    name = 'Dovecot'
    user, password = 'anna@example.test', 'segreto'

    def __init__(self, location='maildir:~/Maildir', more=''):
        super().__init__()
        self.location, self.more = location, more
        self.imap, self.pop3, self.lmtp = free_port(), free_port(), free_port()

    def start(self):
        owner = pwd.getpwnam('mail')
        os.makedirs(self.dir + '/mail', exist_ok=True)
        os.chown(self.dir + '/mail', owner.pw_uid, owner.pw_gid)
        with open(self.dir + '/dovecot.conf', 'w') as f:
            f.write(DOVECOT.format(dir=self.dir, protocols='imap pop3 lmtp', location=self.location, password=self.password,
                                   uid=owner.pw_uid, gid=owner.pw_gid, imap=self.imap, pop3=self.pop3, lmtp=self.lmtp, more=self.more))
        self.process = subprocess.Popen(['/usr/sbin/dovecot', '-F', '-c', self.dir + '/dovecot.conf'], stdout=subprocess.DEVNULL,
                                        stderr=open(self.dir + '/stderr', 'w'), start_new_session=True)
        wait_port(self.imap)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None


class Postfix(Daemon):
    """`more`: lines of main.cf."""
    name = 'Postfix'

    def __init__(self, more=''):
        super().__init__()
        self.more = more
        self.smtp = free_port()

    def start(self):
        owner = pwd.getpwnam('postfix')
        for sub in ('conf', 'queue', 'data', 'log'):
            os.makedirs(os.path.join(self.dir, sub), exist_ok=True)
        os.chown(self.dir + '/data', owner.pw_uid, owner.pw_gid)
        with open(self.dir + '/conf/main.cf', 'w') as f:
            f.write(MAIN_CF.format(dir=self.dir, more=self.more))
        with open(self.dir + '/conf/master.cf', 'w') as f:
            f.write(MASTER_CF.format(smtp='127.0.0.1:%d' % self.smtp))
        shutil.copy('/etc/postfix/dynamicmaps.cf', self.dir + '/conf/')
        self._postfix('start')
        wait_port(self.smtp)

    def _postfix(self, what):
        r = subprocess.run(['/usr/sbin/postfix', '-c', self.dir + '/conf', what], capture_output=True, text=True, timeout=60)
        if r.returncode != 0:
            raise AssertionError('postfix %s: %s%s' % (what, r.stdout, r.stderr))

    def pids(self):
        with open(self.dir + '/queue/pid/master.pid') as f:
            return children(int(f.read()))

    def queued(self):
        """How many messages it still has."""
        return sum(len(files) for sub in ('incoming', 'active', 'deferred', 'maildrop')
                   for _, _, files in os.walk(os.path.join(self.dir, 'queue', sub)))

    def stop(self):
        subprocess.run(['/usr/sbin/postfix', '-c', self.dir + '/conf', 'stop'], capture_output=True, timeout=60)
