#!/usr/bin/python3
"""What phones send, family by family, as transcripts (tests/transcripts/syncml), played over HTTP."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import ROOT, Server
from syncml_transcript import Player

server = Server()
server.start()


def play(path):
    name = os.path.basename(path)[:-4]
    user = name + '@example.test'
    server.user(user, 'segreto')
    password = server.command('user', 'app-password', 'add', user, '--label', name, '--scope', 'syncml,dav').strip()
    with open(path, encoding='utf-8') as f:
        Player(server, f.read(), user, password, name).play()


def player_of(path):
    return lambda: play(path)


for file in sorted(glob.glob(os.path.join(ROOT, 'tests', 'transcripts', 'syncml', '*.txt'))):
    globals()['test_' + os.path.basename(file)[:-4].replace('-', '_')] = player_of(file)

suite.main(globals(), last=server.stop)
