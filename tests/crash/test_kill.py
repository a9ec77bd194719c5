#!/usr/bin/env python3
"""kill -9 of the serving process at random moments under the load of sixteen writers; everything acknowledged must be there, unchanged,
once; sync tokens must lead to exactly the difference; `doctor --store` must find nothing. And a disk that is full for a while.

KILLS says how often (50)."""
import os
import random
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, 'tests', 'lib'), os.path.dirname(os.path.abspath(__file__))]
import scambio  # noqa: E402
import suite  # noqa: E402
import writers  # noqa: E402

KILLS = int(os.environ.get('KILLS', '50'))
SEED = os.environ.get('SEED', '1')
TORN = 3000  # bytes of a log record that was being written


def serving(server):
    """The serving process: the supervisor's child."""
    pid = server.process.pid
    with open('/proc/%d/task/%d/children' % (pid, pid)) as f:
        children = [int(p) for p in f.read().split()]
    return children[0] if children else pid


def answers(server):
    try:
        return scambio.Dav(server.port, 'nobody@example.test', '').request('GET', '/health').status == 200
    except (OSError, Exception):
        return False


def kill_serving(server):
    child = serving(server)
    os.kill(child, signal.SIGKILL)
    scambio.wait_for('a new serving process', lambda: serving(server) not in (child, server.process.pid), 10, 0.02)
    scambio.wait_for('an answer after the restart', lambda: answers(server), 20, 0.05)


def kill_all(server):
    """The machine's death: supervisor too; and the last record of the log is torn."""
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    time.sleep(0.1)
    data = os.path.join(server.dir, 'data')
    for name in os.listdir(data):
        if name.endswith('.db-wal') and os.path.getsize(os.path.join(data, name)) > 0:
            with open(os.path.join(data, name), 'ab') as f:
                f.write(os.urandom(TORN))
    server.start()


def test_kill():
    chance = random.Random(SEED)
    acknowledged = 0
    with scambio.Server(config='[auth]\nfailures_address = 100000\n') as server:
        load = writers.Load(server, SEED)
        load.start()
        time.sleep(0.5)
        acknowledged += load.finish()[0]
        load.check()
        for i in range(KILLS):
            load.start()
            time.sleep(chance.uniform(0.05, 0.7))
            # Five deaths in a minute would make the supervisor wait: every fifth kills it too.
            (kill_all if i % 5 == 4 else kill_serving)(server)
            acknowledged += load.finish()[0]
            load.check()
            server.command('doctor', '--store')
    assert acknowledged > 20 * KILLS, 'only %d writes were acknowledged' % acknowledged
    print('    %d kills, %d acknowledged writes' % (KILLS, acknowledged))


def mount(path, *options):
    os.makedirs(path, exist_ok=True)
    return subprocess.run(['mount', '-t', 'tmpfs', '-o', ','.join(options), 'tmpfs', path],
                          capture_output=True).returncode == 0


class Full:
    """A disk that can be made full: a file system that shrinks to what it holds, where that is allowed, otherwise the
    layer of record.c, which says that it is as long as a file is there."""

    ROOM = 'size=2g'

    def __init__(self, server):
        self.server, self.data = server, os.path.join(server.dir, 'data')
        self.mounted = mount(self.data, self.ROOM)
        self.filler = os.path.join(server.dir, 'filler')
        if not self.mounted:
            os.environ.update(LD_PRELOAD=os.path.join(ROOT, 'build', 'crash', 'record.so'), RECORD_DIR=self.data,
                              RECORD_FULL=self.filler, ASAN_OPTIONS='verify_asan_link_order=0')

    def fill(self):
        if not self.mounted:
            open(self.filler, 'wb').close()
            return
        for _ in range(1000):  # what is written in between makes the size too small, and is refused
            disk = os.statvfs(self.data)
            if mount(self.data, 'remount', 'size=%d' % ((disk.f_blocks - disk.f_bfree) * disk.f_frsize)):
                return
        raise AssertionError('the disk would not shrink to what it holds')

    def free(self):
        if self.mounted:
            assert mount(self.data, 'remount', self.ROOM), 'the disk would not grow again'
        else:
            os.unlink(self.filler)

    def end(self):
        for name in ('LD_PRELOAD', 'RECORD_DIR', 'RECORD_FULL', 'ASAN_OPTIONS'):
            if not self.mounted:
                os.environ.pop(name, None)
        if self.mounted:
            subprocess.run(['umount', '-l', self.data], check=False)


def test_full_disk():
    server = scambio.Server()
    disk = Full(server)
    try:
        with server:
            load = writers.Load(server, SEED)
            for _ in range(3):
                load.start()
                time.sleep(0.5)
                disk.fill()
                time.sleep(1.0)
                disk.free()
                time.sleep(0.5)
                acknowledged, refused = load.finish()
                assert refused > 0, 'the disk was full and nobody was told'
                assert acknowledged > 0
                load.check()
                found = server.command('doctor', '--store', check=False).stdout  # the small disk itself may FAIL
                assert 'ok\tstore' in found and 'FAIL\tstore' not in found, found
    finally:
        disk.end()


if __name__ == '__main__':
    subprocess.run(['make', '-s', '-C', ROOT, 'crash'], check=True, stdout=subprocess.DEVNULL)
    suite.main(globals())
