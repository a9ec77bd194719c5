#!/usr/bin/python3
"""The /setup page in headless Chromium: English and Italian by the browser's language, the server's address, the QR code, the profile for
Apple devices. SHOTS=DIR keeps a screenshot."""
import os
import plistlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import Server


def browse(url, language, *more):
    """The page's DOM as Chromium has it after loading."""
    profile = tempfile.mkdtemp(prefix='scambio-chromium-')
    try:
        r = subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
                            '--disable-background-networking', '--disable-component-update', '--disable-sync', '--user-data-dir=' + profile,
                            '--accept-lang=' + language, *more, url], capture_output=True, text=True, timeout=90,
                           env=dict(os.environ, HOME=profile))
        assert r.returncode == 0, r.stderr[-2000:]
        return r.stdout
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def test_languages_and_content():
    with Server() as s:
        english = browse(s.base + '/setup', 'en', '--dump-dom')
        italian = browse(s.base + '/setup', 'it', '--dump-dom')
        for page in (english, italian):
            assert '127.0.0.1:%d' % s.port in page and '<svg' in page and 'Thunderbird' in page and 'DAVx' in page, page[:3000]
        assert 'lang="en"' in english and 'lang="it"' in italian
        assert 'Rubrica' in italian or 'rubrica' in italian or 'contatti' in italian, italian[:3000]
        front = browse(s.base + '/', 'en', '--dump-dom')
        assert 'Scambio' in front and '/setup' in front


def test_screenshot():
    with Server() as s:
        folder = os.environ.get('SHOTS') or tempfile.mkdtemp(prefix='scambio-shot-')
        path = os.path.join(folder, 'setup.png')
        browse(s.base + '/setup', 'en', '--screenshot=' + path, '--window-size=900,1400')
        with open(path, 'rb') as f:
            data = f.read()
        assert data[:8] == b'\x89PNG\r\n\x1a\n' and len(data) > 20000, len(data)
        if not os.environ.get('SHOTS'):
            shutil.rmtree(folder)


def test_apple_profile():
    with Server() as s:
        with urllib.request.urlopen(s.base + '/setup/scambio.mobileconfig?user=alice%40example.test') as r:
            assert r.headers['Content-Type'].startswith('application/x-apple-aspen-config')
            profile = plistlib.loads(r.read())
        kinds = {p['PayloadType']: p for p in profile['PayloadContent']}
        dav = kinds['com.apple.caldav.account']
        assert dav['CalDAVUsername'] == 'alice@example.test' and dav['CalDAVHostName'], dav
        assert kinds['com.apple.carddav.account']['CardDAVUsername'] == 'alice@example.test'
        assert profile['PayloadType'] == 'Configuration' and profile['PayloadUUID']


suite.main(globals())
