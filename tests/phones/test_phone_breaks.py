#!/usr/bin/python3
"""SyncEvolution as a phone: sessions that break off at each message, and answers that are lost."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from phone_account import COUNTS, MEETING, Account, fill
from scambio import card


def breaks(how, **options):
    """Sessions of many messages, with changes both ways, break at each of them; the next one mends it: nothing lost, nothing twice."""
    def person(uid, name):
        return card(uid, name, extra='NOTE:%s\r\n' % ('x' * 6000))
    with Account('[limits]\nsyncml_message = %s\n' % ('60k' if 'enableWBXML' in options else '25k')) as a:
        one, two = [a.phone('phone-%d' % n, maxMsgSize='5000', stores=['addressbook', 'calendar'], **options) for n in (1, 2)]
        for i in range(12):
            one.write('addressbook', 'c%d' % i, person('c%d' % i, 'Persona %02d' % i))
        one.write('calendar', '1', MEETING)
        one.sync()
        two.sync()
        counts, n, whole = {'addressbook': 12, 'calendar': 1}, 0, False
        while not whole:
            n += 1
            for i in range(6):
                one.write('addressbook', 'n%d-%d' % (n, i), person('n%d-%d' % (n, i), 'Dal telefono %d-%d' % (n, i)))
            for i in range(2):
                a.put('addressbook', 'd%d-%d.vcf' % (n, i), person('d%d-%d' % (n, i), 'Da CardDAV %d-%d' % (n, i)))
            one.edit('addressbook', 'FN:Persona %02d' % (n % 12), 'FN:Persona %02d %s' % (n % 12, chr(64 + n)))
            one.edit('calendar', 'Sala', 'Sala %d' % n)
            a.edit('addressbook', 'FN:Persona %02d' % ((n + 1) % 12), 'TITLE:Dal server %d\r\nFN:Persona %02d' % (n, (n + 1) % 12))
            counts['addressbook'] += 8
            whole = one.sync(cut='%s:%d' % (how, n), ok=None).code == 0
            one.sync()
            a.equal(one, counts=counts)
        two.sync()
        a.equal(one, two, counts=counts)
        assert n > 5, 'only %d messages were broken off' % (n - 1)


def test_killed_before_each_message():
    breaks('kill')


def test_killed_at_each_answer():
    breaks('kill-answer')


def test_interrupted_at_each_message():
    breaks('interrupt')


def test_killed_in_xml():
    breaks('kill-answer', enableWBXML='0', clientAuthType='basic')


def test_answers_lost_and_sent_again():
    with Account() as a:
        one = a.phone('phone-1', RetryInterval='1', RetryDuration='60')
        fill(one)
        total = one.sync().requests
        for n in range(2, total + 1):  # it never sends its first one again
            one.write('addressbook', 'n%d' % n, card('n%d' % n, 'Nuova %d' % n))
            a.put('addressbook', 'd%d.vcf' % n, card('d%d' % n, 'Dal server %d' % n))
            one.sync(cut='lose:%d' % n)
            a.equal(one, counts=dict(COUNTS, addressbook=2 * n - 1))


if __name__ == '__main__':
    suite.main(globals())
