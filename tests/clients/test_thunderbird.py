#!/usr/bin/python3
"""Thunderbird: discovery from the bare address; events, a series with an exception, a task, a contact with a photo;
moving, deleting; a second client that sees the same; and phones that change what Thunderbird made."""
import base64
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import suite
from scambio import REALM, Server, card, event, unfold, wait_for
from syncml import Phone, Store
from syncml_wire import Style
from thunderbird import Thunderbird

ALICE, SECRET = 'alice@example.test', 'al1ce secret'
HOME = '/dav/calendars/alice%40example.test/'
BOOK = '/dav/addressbooks/alice%40example.test/contacts/'
SHOTS = os.environ.get('SHOTS')

PIXEL = ('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==')


def bodies(dav, path):
    """{href: text} of a collection, as the second client sees it."""
    hrefs = [h for h in dav.propfind(path, 'D:getetag', depth=1) if not h.endswith('/')]
    return {h: unfold(dav.request('GET', h, expect=200).text) for h in hrefs}


def discover(tb, server):
    calendars = tb.add_calendars(server.base + '/', ALICE, SECRET)
    wanted = {server.base + HOME + slug + '/' for slug in ('calendar', 'tasks', 'notes')}
    found = {u.replace('alice@', 'alice%40') for u in calendars.values()}
    assert wanted <= found, calendars
    return {u.rstrip('/').rsplit('/', 1)[1]: name for name, u in calendars.items()}


def events(tb, dav, name):
    dav.put(HOME + 'calendar/seed.ics', event('seed', 'Riunione già fissata', '20261125T100000', '20261125T110000'))
    titles = tb.js('''const c = calendar(args[0]); c.refresh();
      await until(async () => (await items(c)).some(i => i.id == "seed"), "the seeded event");
      const i = (await items(c)).find(i => i.id == "seed");
      return [i.title, i.startDate.hour, i.startDate.timezone.tzid];''', name)
    assert titles == ['Riunione già fissata', 10, 'Europe/Rome'], titles

    tb.js('''const { CalEvent } = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");
      const c = calendar(args[0]);
      const make = (uid, extra) => new CalEvent("BEGIN:VCALENDAR\\r\\nBEGIN:VEVENT\\r\\nUID:" + uid +
        "\\r\\nDTSTART;TZID=Europe/Rome:20261126T140000\\r\\nDTEND;TZID=Europe/Rome:20261126T150000\\r\\n" + extra +
        "END:VEVENT\\r\\nEND:VCALENDAR\\r\\n");
      await c.addItem(make("tb-one", "SUMMARY:Creato da Thunderbird è\\r\\n"));
      await c.addItem(make("tb-gone", "SUMMARY:Da cancellare\\r\\n"));
      await c.addItem(make("tb-series", "SUMMARY:Ogni settimana\\r\\nRRULE:FREQ=WEEKLY;COUNT=4\\r\\n"));
      const moved = await c.getItem("tb-one"), later = moved.clone();
      later.title = "Spostato da Thunderbird è";
      later.startDate = cal.createDateTime("20261127T080000Z");
      later.endDate = cal.createDateTime("20261127T090000Z");
      await c.modifyItem(later, moved);
      await c.deleteItem(await c.getItem("tb-gone"));
      const series = await c.getItem("tb-series"), edited = series.clone();
      const second = edited.recurrenceInfo.getNextOccurrence(edited.recurrenceInfo.getNextOccurrence(
        cal.createDateTime("20261120T000000Z")).startDate);
      const exception = second.clone();
      exception.title = "Questa volta più tardi";
      exception.startDate.hour = 17; exception.endDate.hour = 18;
      edited.recurrenceInfo.modifyException(exception, true);
      await c.modifyItem(edited, series);''', name)
    seen = bodies(dav, HOME + 'calendar/')
    text = '\n'.join(seen.values())
    assert len(seen) == 3, list(seen)
    assert 'SUMMARY:Spostato da Thunderbird è' in text and '20261127T0' in text, text
    assert 'tb-gone' not in text
    series = next(t for t in seen.values() if 'UID:tb-series' in t)
    assert series.count('BEGIN:VEVENT') == 2 and 'RECURRENCE-ID' in series and 'RRULE:FREQ=WEEKLY;COUNT=4' in series, series

    # the other way round: a second client changes and deletes
    dav.put(HOME + 'calendar/seed.ics', event('seed', 'Cambiata altrove', '20261125T120000', '20261125T130000'))
    one = next(h for h, t in seen.items() if 'UID:tb-one' in t)
    dav.request('DELETE', one, expect=204)
    tb.js('''const c = calendar(args[0]); c.refresh();
      await until(async () => { const all = await items(c); return all.some(i => i.title == "Cambiata altrove") &&
        !all.some(i => i.id == "tb-one"); }, "the other client's changes");''', name)


def tasks(tb, dav, name):
    tb.js('''const { CalTodo } = ChromeUtils.importESModule("resource:///modules/CalTodo.sys.mjs");
      const t = new CalTodo("BEGIN:VCALENDAR\\r\\nBEGIN:VTODO\\r\\nUID:tb-task\\r\\nSUMMARY:Comprare il caffè\\r\\n" +
        "DUE;TZID=Europe/Rome:20261130T120000\\r\\nEND:VTODO\\r\\nEND:VCALENDAR\\r\\n");
      await calendar(args[0]).addItem(t);''', name)
    text = '\n'.join(bodies(dav, HOME + 'tasks/').values())
    assert 'BEGIN:VTODO' in text and 'SUMMARY:Comprare il caffè' in text, text


def change(phone, old, new):
    """The phone's user edits the one item that has the text; phones keep no UIDs."""
    store = phone['calendar']
    luid, = [n for n, text in store.items.items() if old in text]
    store.put(luid, re.sub(r'UID:.*\r\n', '', store.items[luid]).replace(old, new))


def phones(tb, server, dav, name):
    """An event of Thunderbird is changed by two phones: it is the same one on all sides, under the UID that Thunderbird gave it."""
    uid = 'da-thunderbird-7c41@example.test'
    tb.js('''const { CalEvent } = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");
      await calendar(args[0]).addItem(new CalEvent("BEGIN:VCALENDAR\\r\\nBEGIN:VEVENT\\r\\nUID:" + args[1] +
        "\\r\\nDTSTART;TZID=Europe/Rome:20261202T200000\\r\\nDTEND;TZID=Europe/Rome:20261202T220000\\r\\nSUMMARY:Cena\\r\\n" +
        "LOCATION:Trattoria\\r\\nURL:https://example.test/menu\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n"));''', name, uid)

    def stored():
        return {h: t for h, t in bodies(dav, HOME + 'calendar/').items() if 'UID:' + uid in t}
    before = list(stored())
    assert len(before) == 1, before
    count = len(bodies(dav, HOME + 'calendar/'))
    password = server.command('user', 'app-password', 'add', ALICE, '--label', 'phone', '--scope', 'syncml').strip()
    old = Phone(server.port, ALICE, password, 'tb-old', [Store('calendar', 'text/x-vcalendar')], style=Style(version='1.1'))
    new = Phone(server.port, ALICE, password, 'tb-new', [Store('calendar', 'text/calendar')])
    old.sync()
    new.sync()
    change(old, 'SUMMARY:Cena', 'SUMMARY:Cena con Lucia')
    change(new, 'LOCATION:Trattoria', 'LOCATION:Osteria')
    for _ in range(2):
        old.sync()
        new.sync()
    for phone in old, new:
        text, = [t for t in phone['calendar'].items.values() if 'Lucia' in t]
        assert 'Osteria' in text, text
    (href, text), = stored().items()
    assert href == before[0] and 'SUMMARY:Cena con Lucia' in text and 'LOCATION:Osteria' in text and 'menu' in text, (href, text)
    assert len(bodies(dav, HOME + 'calendar/')) == count
    tb.js('''const c = calendar(args[0]); c.refresh();
      await until(async () => { const i = await c.getItem(args[1]);
        return i?.title == "Cena con Lucia" && i.getProperty("LOCATION") == "Osteria"; }, "the phones' changes");
      const all = (await items(c)).filter(i => i.title.startsWith("Cena"));
      if (all.length != 1 || all[0].startDate.hour != 20) throw new Error(all.map(i => i.id + " " + i.startDate).join(", "));''', name, uid)


def contacts(tb, server, dav):
    dav.put(BOOK + 'rossi.vcf', card('rossi', 'Mario Rossi', 'rossi@example.test'), 'text/vcard')
    books = tb.add_books(server.base + '/', ALICE, SECRET)
    assert any(u.endswith('/contacts/') for u in books.values()), books
    name = next(n for n, u in books.items() if u.endswith('/contacts/'))
    names = tb.js('''const book = MailServices.ab.directories.find(d => d.dirName == args[0]);
      return await until(() => book.childCards.length && book.childCards.map(c => c.displayName), "the seeded contact");''', name)
    assert names == ['Mario Rossi'], names
    tb.js('''const { AddrBookCard } = ChromeUtils.importESModule("resource:///modules/AddrBookCard.sys.mjs");
      const { VCardProperties, VCardPropertyEntry } = ChromeUtils.importESModule("resource:///modules/VCardUtils.sys.mjs");
      const card = new AddrBookCard(), v = new VCardProperties("4.0");
      v.addValue("fn", "Lucia Àgata");
      v.addEntry(new VCardPropertyEntry("n", {}, "text", ["Àgata", "Lucia", "", "", ""]));
      v.addEntry(new VCardPropertyEntry("email", {pref: "1"}, "text", "agata@example.test"));
      v.addEntry(new VCardPropertyEntry("photo", {}, "uri", "data:image/png;base64," + args[1]));
      card.setProperty("_vCard", v.toVCard());
      MailServices.ab.directories.find(d => d.dirName == args[0]).addCard(card);''', name, PIXEL)

    def stored():
        return next((t for t in bodies(dav, BOOK).values() if 'agata@example.test' in t), None)
    text = wait_for('the contact on the server', stored)
    assert 'Lucia Àgata' in text and 'PHOTO' in text and PIXEL in text.replace('\\', ''), text


def test_thunderbird():
    with Server() as server:
        server.user(ALICE, SECRET, 'Alice')
        dav = server.dav(ALICE, SECRET)
        with Thunderbird([(server.base, REALM, ALICE, SECRET)]) as tb:
            names = discover(tb, server)
            events(tb, dav, names['calendar'])
            phones(tb, server, dav, names['calendar'])
            tasks(tb, dav, names['tasks'])
            contacts(tb, server, dav)
            if SHOTS:
                tb.js('''win.moveTo(0, 0); win.resizeTo(1280, 900);
                  win.document.getElementById("tabmail").openTab("calendar"); await sleep(1500);
                  win.switchToView("week"); win.goToDate(cal.createDateTime("20261126T100000Z")); await sleep(2500);''')
                tb.shot(os.path.join(SHOTS, 'thunderbird-calendar.png'))


suite.main(globals())
