#!/usr/bin/python3
"""The SyncML client of the tests itself: its encoder against its decoder, against known bytes, and against libwbxml's program."""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from syncml import Phone, Store, Ways, digest, hmac
from syncml_wire import DEVINF, DEVINF_12, METINF, SYNCML, E, Style, decode, encode, faults, mb, outline, wbxml_decode

VERSIONS = ('1.0', '1.1', '1.2')


def sample(version='1.2'):
    phone = Phone(1, 'bruce2', 'OhBehave', 'IMEI:493005100592800', [Store('contacts', 'text/x-vcard'), Store('calendar', 'text/x-vcalendar')],
                  style=Style(version=version), ways=Ways(caps={'text/x-vcard': [('N', 50), ('TEL', None)]}))
    phone.start()
    phone.modes = {'contacts': 200, 'calendar': 201}
    phone.resuming = False
    phone.msg_id = 1
    body = phone.describe() + phone.alerts()
    phone['contacts'].put('1', 'BEGIN:VCARD\r\nVERSION:2.1\r\nN:Käthe & <Zoë>;]]>\r\nEND:VCARD\r\n')
    phone['contacts'].put('2', b'N:M\xfcller')
    sync = E('Sync', E('CmdID', 9), *phone.places(phone['contacts']), phone.change(phone['contacts'], 'Add', '1'))
    return E('SyncML', phone.head(), E('SyncBody', *body, sync, E('Final')))


def test_both_encodings_both_ways():
    for version in VERSIONS:
        for style in (Style(), Style(opaque='all'), Style(opaque='none'), Style(table=True, opaque='none'), Style(public_text=True),
                      Style(table=True, public_text=True), Style(encoding='xml'), Style(encoding='xml', xmlns=False),
                      Style(encoding='xml', cdata=False), Style(encoding='xml', indent=True),
                      Style(encoding='xml', declaration='<?xml version="1.0" encoding="ISO-8859-1"?>')):
            tree = sample(version)
            style.version = version
            data = encode(tree, style)
            back = decode(data, style.encoding)
            if style.encoding == 'xml' and style.cdata:  # XML makes LF of CR LF there
                lines = tree.get('SyncBody/Sync/Add/Item/Data')
                lines.children = [lines.value.replace('\r', '')]
            assert back == tree, '%s\n%s\n%s' % (style, outline(back), outline(tree))


def test_bytes_that_are_no_text():
    phone = Phone(1, 'u', 'p', 'd', [Store('c', 'text/x-vcard')])
    phone['c'].put('1', b'N:M\xfcller')
    tree = phone.change(phone['c'], 'Add', '1')
    assert decode(encode(tree, Style()), 'wbxml').get('Item/Data').raw == b'N:M\xfcller'


def test_known_bytes():
    assert mb(0) == b'\0' and mb(0x1201) == b'\xa4\x01' and mb(0xfd3) == b'\x9f\x53' and mb(1 << 31) == b'\x88\x80\x80\x80\x00'
    tree = E('SyncML', E('SyncHdr', E('VerDTD', '1.2'), E('Meta', E('MaxMsgSize', 9)), E('MsgID', 1)), E('SyncBody', E('Final')))
    wanted = bytes.fromhex('02a4016a00' '6d' '6c' '71' '03312e3200' '01' '5a' '0001' '4c' '033900' '01' '01' '0000' '5b' '033100' '01' '01' '6b' '12' '01' '01')
    assert encode(tree, Style()) == wanted, encode(tree, Style()).hex()


def test_every_token_is_libwbxml_s():
    """A document with every element of a page, read by wbxml2xml."""
    with tempfile.TemporaryDirectory() as d:
        for version, public, names in (('1.1', '-//SYNCML//DTD SyncML 1.1//EN', SYNCML[:-8]), ('1.2', '-//SYNCML//DTD SyncML 1.2//EN', SYNCML)):
            names = [n for n in names if n not in ('-', 'SyncML', 'Correlator', 'Data')]
            check(d, version, E('SyncML', *[E(n, 'x') for n in names], E('Meta', *[E(n, 'x') for n in METINF if version == '1.2' or n != 'FieldLevel'])))
        for version, names in (('1.1', DEVINF[:37]), ('1.2', DEVINF_12)):
            names = [n for n in names if n not in ('-', 'DevInf')]
            check(d, version, E('DevInf', *[E(n, 'x') for n in names]))
        check(d, '1.1', E('SyncML', E('SyncHdr', E('Target', E('LocURI', 'käse'))), E('SyncBody', E('Final'))))


def check(d, version, tree):
    names = [d + '/in', d + '/out']
    with open(names[0], 'wb') as f:
        f.write(encode(tree, Style(version=version, opaque='none')))
    r = subprocess.run(['wbxml2xml', '-o', names[1], names[0]], capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr
    with open(names[1], 'rb') as f:
        text = f.read()
    seen = decode(text, 'xml')
    assert seen == tree, '%s\n%s' % (outline(seen), outline(tree))


def test_broken_input_is_an_error_and_never_a_hang():
    rng = random.Random(7)
    good = encode(sample(), Style(table=True, public_text=True))
    for _ in range(3000):
        data = bytearray(good[:rng.randrange(1, len(good))] if rng.random() < 0.3 else good)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            wbxml_decode(bytes(data))
        except (ValueError, IndexError, RecursionError):
            pass


def test_log_in():
    assert digest('1.1', 'Bruce2', 'OhBehave', b'Nonce') == 'Zz6EivR3yeaaENcRN6lpAQ=='
    assert digest('1.0', 'u', 'p', b'n') != digest('1.2', 'u', 'p', b'n')
    assert hmac('u', 'p', b'n', b'body') != hmac('u', 'p', b'n', b'bodz')


def test_strictness():
    for version in VERSIONS:
        assert faults(sample(version), version) == [], faults(sample(version), version)
    status = E('Status', E('CmdID', 1), E('MsgRef', 1), E('CmdRef', 0), E('Cmd', 'SyncHdr'), E('Data', 200))
    assert faults(status, '1.2') == []
    for bad in (E('Status', E('MsgRef', 1), E('CmdID', 1), E('CmdRef', 0), E('Cmd', 'SyncHdr'), E('Data', 200)),
                E('Status', E('CmdID', 1), E('CmdRef', 0), E('Cmd', 'SyncHdr'), E('Data', 200)), E('Item'), E('Item', E('Strange', 1)),
                E('Item', E('Source', E('LocURI', 1)), E('Target', E('LocURI', 1))), E('SyncBody', E('Final'), status),
                E('Item', E('Data', 'x'), E('Data', 'y')), E('Sync', E('CmdID', 1), status, E('NumberOfChanges', 1))):
        assert faults(bad, '1.2'), outline(bad)
    assert faults(E('Sync', E('CmdID', 1), E('NumberOfChanges', 1)), '1.0')


if __name__ == '__main__':
    suite.main(globals())
