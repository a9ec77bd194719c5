#!/usr/bin/python3
"""What phones send, family by family, as transcripts (tests/transcripts/syncml), played over HTTP."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import ROOT, Server
from syncml_transcript import Player

TRANSCRIPTS = os.path.join(ROOT, 'tests', 'transcripts', 'syncml', '*.txt')
server = Server()
server.start()


def play(path):
    name = os.path.basename(path)[:-4]
    user = name + '@example.test'
    server.user(user, 'segreto')
    password = server.command('user', 'app-password', 'add', user, '--label', name, '--scope', 'syncml,dav').strip()
    with open(path, encoding='utf-8') as f:
        text = f.read()
    player = Player(server, text, user, password, name)
    try:
        player.play()
    finally:
        write_down(path, text, player)


def write_down(path, text, player):
    """For the author: what came goes in the place of every "?" (TRANSCRIPT_WRITE=1)."""
    lines = text.split('\n')
    for step in player.steps:
        if step.recorded:
            lines[step.lines[0][0] - 1] = step.recorded.rstrip('\n')
    if any(step.recorded for step in player.steps):
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines))


def player_of(path):
    return lambda: play(path)


def test_every_profile_has_one():
    names = set(re.findall(r'^\[(.+)\]', ''.join(open(f).read() for f in glob.glob(os.path.join(ROOT, 'clients', 'phones', '*.ini'))), re.M))
    played = set(re.findall(r'^device profile (.+)$', ''.join(open(f).read() for f in glob.glob(TRANSCRIPTS)), re.M))
    assert names and names == played, 'without a transcript: %s; without a profile: %s' % (names - played, played - names)


for file in sorted(glob.glob(TRANSCRIPTS)):
    globals()['test_' + os.path.basename(file)[:-4].replace('-', '_')] = player_of(file)

suite.main(globals(), last=server.stop)
