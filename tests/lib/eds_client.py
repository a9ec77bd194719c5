#!/usr/bin/python3
"""Evolution Data Server as a client, without a display: run in a D-Bus session of its own by eds.py. Reads one JSON command a line
({"do": NAME, ...}) and answers with one JSON line."""
import json
import sys
import time

import gi

for module, version in (('EDataServer', '1.2'), ('ECal', '2.0'), ('EBook', '1.2'), ('ICalGLib', '3.0'), ('EBookContacts', '1.2')):
    gi.require_version(module, version)
from gi.repository import EBook, EBookContacts, ECal, EDataServer, GLib, ICalGLib

registry = EDataServer.SourceRegistry.new_sync(None)
clients = {}
KINDS = {'Calendar': ECal.ClientSourceType.EVENTS, 'Task List': ECal.ClientSourceType.TASKS, 'Memo List': ECal.ClientSourceType.MEMOS}


def add(uid, kind, host, port, path, user, password):
    source = EDataServer.Source.new_with_uid(uid, None)
    source.set_display_name(uid)
    source.get_extension(kind).set_backend_name('carddav' if kind == 'Address Book' else 'caldav')
    login = source.get_extension('Authentication')
    login.set_host(host)
    login.set_port(port)
    login.set_user(user)
    login.set_method('plain/password')
    webdav = source.get_extension('WebDAV Backend')
    webdav.set_resource_path(path)
    webdav.set_calendar_auto_schedule(False)
    source.get_extension('Security').set_method('none')
    source.get_extension('Offline').set_stay_synchronized(True)
    source.get_extension('Refresh').set_enabled(False)
    registry.create_sources_sync([source], None)
    time.sleep(0.5)
    source = registry.ref_source(uid)
    EDataServer.Source.store_password_sync(source, password, False, None)
    if kind == 'Address Book':
        clients[uid] = EBook.BookClient.connect_sync(source, 1, None)
    else:
        clients[uid] = ECal.Client.connect_sync(source, KINDS[kind], 1, None)
    for _ in range(32):  # a backend calls itself read-only until it has asked the server
        while GLib.MainContext.default().iteration(False):
            pass  # what changed comes in through the main loop
        if not clients[uid].is_readonly():
            break
        time.sleep(0.25)
    return {'readonly': clients[uid].is_readonly()}


def listing(uid):
    client = clients[uid]
    client.refresh_sync(None)
    if isinstance(client, EBook.BookClient):
        return [[c.get_property('id'), c.get_property('full-name')] for c in client.get_contacts_sync('#t', None)[1]]
    return [[c.get_uid(), c.get_summary()] for c in client.get_object_list_sync('#t', None)[1]]


def until(uid, count):
    """Waits until the client has `count` items (it works in the background)."""
    for _ in range(60):
        items = listing(uid)
        if len(items) == count:
            break
        time.sleep(0.25)
    return items


def create(uid, text):
    client = clients[uid]
    if isinstance(client, EBook.BookClient):
        contact = EBookContacts.Contact.new_from_vcard(text)
        return client.add_contact_sync(contact, EBookContacts.BookOperationFlags.NONE, None)[1]
    return client.create_object_sync(ICalGLib.Component.new_from_string(text), ECal.OperationFlags.NONE, None)[1]


def rename(uid, item, summary):
    client = clients[uid]
    component = client.get_object_sync(item, None, None)[1]
    component.set_summary(summary)
    client.modify_object_sync(component, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
    return True


def move_instance(uid, text):
    """`text` is a VEVENT with RECURRENCE-ID."""
    clients[uid].modify_object_sync(ICalGLib.Component.new_from_string(text), ECal.ObjModType.THIS, ECal.OperationFlags.NONE, None)
    return True


def remove(uid, item):
    client = clients[uid]
    if isinstance(client, EBook.BookClient):
        client.remove_contact_by_uid_sync(item, EBookContacts.BookOperationFlags.NONE, None)
    else:
        client.remove_object_sync(item, None, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)
    return True


COMMANDS = {f.__name__: f for f in (add, listing, until, create, rename, move_instance, remove)}
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {'value': COMMANDS[request.pop('do')](**request)}
    except Exception as e:
        answer = {'error': '%s: %s' % (type(e).__name__, e)}
    print('EDS ' + json.dumps(answer), flush=True)
