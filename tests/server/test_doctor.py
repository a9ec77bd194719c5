#!/usr/bin/env python3
"""`scambio doctor`: what DNS leads to, which directories answer, and that a DNS server which says nothing holds nobody up."""
import json
import os
import socket
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import dns  # noqa: E402
import scambio  # noqa: E402
import suite  # noqa: E402

HOST = 'mail.example.test'
GOOD = {
    (HOST, 'A'): ['192.0.2.1'],
    (HOST, 'AAAA'): ['2001:db8::1'],
    ('_caldavs._tcp.example.test', 'SRV'): [(0, 1, 443, HOST)],
    ('_carddavs._tcp.example.test', 'SRV'): [(0, 1, 443, 'MAIL.example.test')],
    ('example.test', 'MX'): [(10, 'mx.example.net')],
}


def server(resolver, domains='', smtp=0):
    """With a name that DNS is asked about; the file says it anew, since the test's servers are `localhost`."""
    s = scambio.Server(domains)
    with open(s.conf) as f:
        text = f.read()
    with open(s.conf, 'w') as f:
        if smtp:
            text = text.replace('[listen]\n', '[listen]\nsmtp = 127.0.0.1:%d\n' % smtp)
        f.write(text.replace('hostname = localhost\n', 'hostname = %s\nresolver = %s\n' % (HOST, resolver)))
    return s


def lines(s, what='dns', code=0):
    began = time.time()
    r = s.command('--json', 'doctor', check=False)
    assert r.returncode == code, (r.returncode, r.stdout, r.stderr)
    return [(e['verdict'], e['why']) for e in json.loads(r.stdout) if e['what'] == what], time.time() - began


def test_good_records_are_ok():
    with dns.Dns(GOOD) as d, server('127.0.0.1:%d' % d.port) as s:
        said, _ = lines(s)
        assert [v for v, _ in said] == ['ok'] * 4, said
        assert said[0][1].endswith('192.0.2.1') and said[1][1].endswith('2001:db8::1'), said
        assert '_caldavs._tcp.example.test leads to mail.example.test:443' in said[2][1], said
        s.stop()  # and the same without the server
        assert lines(s)[0] == said


def test_a_missing_record_is_said_as_the_line_to_add():
    with dns.Dns({}) as d, server('127.0.0.1:%d' % d.port, '[domains]\nold.test = alias of example.test\n') as s:
        said, _ = lines(s)
        assert [v for v, _ in said] == ['warning'] * 5, said
        assert 'add `mail.example.test. IN A ADDRESS`' in said[0][1], said
        for (_, why), name in zip(said[1:], ['_caldavs._tcp.example.test', '_carddavs._tcp.example.test',
                                             '_caldavs._tcp.old.test', '_carddavs._tcp.old.test']):
            assert 'add `%s. IN SRV 0 1 443 mail.example.test.`' % name in why, (name, why)


def test_records_that_lead_elsewhere():
    table = dict(GOOD)
    table['_caldavs._tcp.example.test', 'SRV'] = [(0, 1, 8443, 'other.example.net')]
    table['_carddavs._tcp.example.test', 'SRV'] = [(0, 0, 0, '.')]
    table['example.test', 'MX'] = [(10, HOST)]
    with dns.Dns(table) as d, server('127.0.0.1:%d' % d.port) as s:
        said = [why for v, why in lines(s)[0] if v == 'warning']
        assert len(said) == 3 and 'leads to other.example.net:8443' in said[0] and 'leads to .:0' in said[1], said
        assert 'the MX of example.test is this host' in said[2], said


def test_mail_that_is_taken():
    table = dict(GOOD)
    table['example.test', 'MX'] = [(10, HOST)]
    for mx, verdict, word in ((True, 'ok', 'the MX of example.test leads to'), (False, 'warning', 'example.test has no MX')):
        if not mx:
            del table['example.test', 'MX']
        with dns.Dns(table) as d, server('127.0.0.1:%d' % d.port, smtp=scambio.free_port()) as s:
            said = [line for line in lines(s)[0] if 'MX' in line[1]]
            assert len(said) == 1 and said[0][0] == verdict and word in said[0][1], said


def test_servers_of_ipv6_and_the_second_of_two():
    with dns.Dns(GOOD, socket.AF_INET6) as d:
        with server('127.0.0.1:%d, [::1]:%d' % (scambio.free_port(), d.port)) as s:
            assert [v for v, _ in lines(s)[0]] == ['ok'] * 4
            assert d.asked


def test_a_server_that_says_nothing_is_given_up():
    with dns.Dns({'*': 'silence'}) as d, server('127.0.0.1:%d, 127.0.0.1:%d' % (d.port, d.port)) as s:
        said, took = lines(s)
        assert len(said) == 1 and said[0][0] == 'warning' and 'no DNS server answers' in said[0][1], said
        assert took < 15, took
        assert len(d.asked) <= 4, d.asked  # one question, not one for each record


def test_servers_that_refuse_or_lie():
    bad = b'\xc0\x0c' + b'\x00\x21\x00\x01\x00\x00\x00\x3c\x00\x08' + b'\0\0\0\1\1\xbb' + b'\xff\xff'
    loop = b'\xc0\x0c' + b'\x00\x21\x00\x01\x00\x00\x00\x3c\x00\x08' + b'\0\0\0\1\1\xbb' + b'\xc0\x3c'
    for table in ({'*': 5}, {'*': 2}, dict(GOOD, **{'*': bad}), {('x', 'A'): [], '*': bad[:20]}, {'*': loop}):
        with dns.Dns(table) as d, server('127.0.0.1:%d' % d.port) as s:
            said, took = lines(s)
            assert said and took < 30, (table, said, took)
            assert all(v in ('warning', 'ok') for v, _ in said), said


def test_localhost_is_no_name_for_dns():
    with scambio.Server() as s:
        said, _ = lines(s)
        assert len(said) == 1 and said[0][0] == 'warning' and 'localhost' in said[0][1], said


def test_each_directory_answers():
    with scambio.Server() as s:
        assert lines(s, 'directory')[0] == [('ok', 'local answers')]


if __name__ == '__main__':
    suite.main(globals())
