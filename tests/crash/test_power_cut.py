#!/usr/bin/env python3
"""The power-cut simulation: a recorded load, images of what a disk may hold after the power went, each opened and checked.

POWER_CUT_IMAGES says how many (200). See tests/crash/disk.h and check.c."""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import suite  # noqa: E402

IMAGES = int(os.environ.get('POWER_CUT_IMAGES', '200'))
SEED = os.environ.get('SEED', '1')
CRASH = os.path.join(ROOT, 'build', 'crash')
# Each is a kind of fsync whose loss must be noticed. (A rollback journal exists only while a new, empty database becomes
# a WAL one: nothing acknowledged depends on its sync.)
FORGOTTEN = ['wal', 'db', 'blob', 'blob-folder', 'folder']


def scratch():
    return tempfile.mkdtemp(prefix='scambio-cut-', dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None)


def record(place, shards, operations=3000):
    store = os.path.join(place, 'store')
    os.mkdir(store)
    trace, notes = os.path.join(place, 'trace'), os.path.join(place, 'notes')
    env = dict(os.environ, LD_PRELOAD=os.path.join(CRASH, 'record.so'), RECORD_DIR=store, RECORD_TRACE=trace, RECORD_NOTES=notes)
    subprocess.run([os.path.join(CRASH, 'load'), store, notes, str(operations), SEED, str(shards), '3'], env=env, check=True,
                   timeout=300)
    return trace


def check(place, trace, images, shards, *more):
    r = subprocess.run([os.path.join(CRASH, 'check'), trace, place, str(images), SEED, str(shards), *more],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print('    %s: %s' % (' '.join(more) or '%d shards' % shards, r.stdout.strip()[-1500:]), flush=True)
    assert r.returncode == 0, 'exit %d' % r.returncode


def images(shards, count):
    place = scratch()
    try:
        check(place, record(place, shards), count, shards)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def test_what_was_acknowledged_survives():
    images(1, IMAGES - IMAGES // 4)


def test_what_was_acknowledged_survives_on_three_shards():
    images(3, IMAGES // 4)


def test_each_forgotten_sync_is_noticed():
    place = scratch()
    try:
        trace = record(place, 1)
        for kind in FORGOTTEN:
            check(place, trace, 400, 1, '--without', kind)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == '__main__':
    subprocess.run(['make', '-s', '-C', ROOT, 'crash'], check=True, stdout=subprocess.DEVNULL)
    suite.main(globals())
