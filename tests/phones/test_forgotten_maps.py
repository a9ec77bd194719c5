#!/usr/bin/python3
"""Phones that forget over a cut which Adds of the server they have not mapped yet, cut at each message."""
import test_syncml_sync as sync  # of this folder; it starts the server
import suite  # behind it: it knows where tests/lib is


def test_forgotten_maps():
    sync.cut_at_each_message({'max_msg': 3000, 'version': '1.1', 'encoding': 'xml', 'keep_maps': False}, {'max_msg': 3000, 'version': '1.0', 'keep_maps': False, 'auth': 'basic'})


suite.main(globals(), last=sync.server.stop)
