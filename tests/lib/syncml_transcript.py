"""Plays a transcript of a SyncML session (tests/transcripts/syncml/*.txt) against a server: what a phone of some family sends, message
by message, and what it must be answered.

A transcript opens with settings, "name: value": those of syncml_wire.Style and syncml.Ways, and devid, auth, codepage (of text). Then steps, each a
line at the left margin with indented lines below:

    session                a new session begins
    client                 a message of the phone: its commands as an outline; CmdIDs and MsgRefs are filled in
    again                  that message once more, with the kind of log-in and the nonce that the answer asked for
    server                 what must come back: every command, in order, each with all of its elements
    http 403               …the request is refused with that HTTP status
    put PATH               over CalDAV or CardDAV (PATH below the account's collections: contacts/x.vcf), "| " lines are the body
    delete PATH
    zone TZID              the account's calendar is in that zone: what local times of the phone mean
    item COLLECTION TEXT   the one item there that has TEXT has all of the "| " lines, and none of the "! " ones
    count COLLECTION N
    device NAME VALUE      of `scambio device show`

An outline is one element a line: "Name", "Name: value", or "A/B/C: value" for what is nested (Meta, Anchor, Target and Source are continued by
the next such line); "| " lines are text of several lines, joined by CR LF. "Status Add 3 200" is short for a Status with Cmd, CmdRef and Data; "Statuses" alone, in a client message, says 200 or 201
to everything that the server sent last.
TRANSCRIPT_WRITE=1 writes what came in place of a `server` step whose only line is "?", for the author of a transcript to judge.
In `server`: "*" stands for any text, "…" in place of a child for any further ones, "$name" is bound the first time and compared later;
client messages may use it. A line of text may have "*" for anything, "…" alone is any number of lines."""
import os
import re
from urllib.parse import quote

from scambio import XMLNS
from syncml import Phone, Ways, commands, nonce_of
from syncml_wire import COMMANDS, E, Style, outline

STATUS_ORDER = 'CmdID MsgRef CmdRef Cmd … TargetRef SourceRef Cred Chal Data Item'.split()
CONTINUED = {'Meta', 'Anchor', 'Target', 'Source'}
KINDS = {'contacts': ('addressbooks', 'text/vcard'), 'calendar': ('calendars', 'text/calendar'), 'tasks': ('calendars', 'text/calendar'),
         'notes': ('calendars', 'text/calendar')}


class Wrong(AssertionError):
    pass


class Step:
    def __init__(self, number, words):
        self.number, self.words, self.lines = number, words, []
        self.recorded = None


def read(text):
    """(settings, steps) of a transcript."""
    settings, steps = {}, []
    for number, line in enumerate(text.split('\n'), 1):
        if line.startswith('#') or not line.strip():
            continue
        if line[0] == ' ':
            steps[-1].lines.append((number, line))
        elif not steps and ': ' in line:
            name, value = line.split(': ', 1)
            settings[name] = value.strip()
        else:
            steps.append(Step(number, line.split(None, 2)))
    return settings, steps


# ---- outlines ----

def tree_of(lines):
    """Elements of an outline."""
    root = E('')
    stack = [(-1, root)]
    for number, line in lines:
        depth = (len(line) - len(line.lstrip(' '))) // 2
        text = line.strip(' ')
        while stack[-1][0] >= depth:
            stack.pop()
        parent = stack[-1][1]
        if text == '|' or text.startswith('| '):
            parent.children.append(text[2:] + '\r\n')
            continue
        if text.startswith('Status '):
            words = text.split()
            if len(words) != 4:
                raise Wrong('line %d: Status COMMAND CMDREF CODE' % number)
            e = E('Status', E('CmdRef', words[2]), E('Cmd', words[1]), E('Data', words[3]))
            e.children.append(E('…'))
            parent.add(e)
        else:
            path, _, value = text.partition(': ')
            e = nested(parent, path.rstrip(':').split('/'))
            if value:
                e.children.append(value)
        stack.append((depth, e))
    return list(root)


def nested(parent, names):
    for i, name in enumerate(names):
        last = parent.children[-1] if parent.children else None
        if i < len(names) - 1 and isinstance(last, E) and last.name == name and name in CONTINUED:
            parent = last
        else:
            e = E(name)
            parent.add(e)
            parent = e
    return parent


def matches(pattern, text, bound):
    """Does the text fit one line of a pattern?"""
    if re.fullmatch(r'\$\w+', pattern):
        return bound.setdefault(pattern, text) == text
    if '*' not in pattern:
        return pattern == text
    return re.fullmatch('.*'.join(re.escape(p) for p in pattern.split('*')), text, re.S) is not None


def text_matches(wanted, got, bound):
    wanted, got = [t.replace('\r\n', '\n').rstrip('\n').split('\n') for t in (wanted, got)]
    at = 0
    anything = False
    for line in wanted:
        if line == '…':
            anything = True
            continue
        while anything and at < len(got) and not matches(line, got[at], dict(bound)):
            at += 1
        if at >= len(got) or not matches(line, got[at], bound):
            return False
        anything = False
        at += 1
    return anything or at == len(got)


def compare(pattern, actual, bound, charset, where=''):
    """None, or what is wrong."""
    here = where + '/' + pattern.name
    if pattern.name != actual.name:
        return '%s: got %s' % (here, actual.name)
    wanted = [c for c in pattern.children if isinstance(c, E)]
    if not wanted:
        text = ''.join(pattern.children)
        if list(actual):
            return '%s: has elements' % here
        got = actual.raw.decode(charset, 'replace')
        return None if text_matches(text, got, bound) else '%s: got %r, wanted %r' % (here, got, text)
    numbered = any(c.name == 'CmdID' for c in wanted)
    got = [c for c in actual if numbered or c.name != 'CmdID']
    if pattern.name == 'Status':
        wanted.sort(key=lambda c: STATUS_ORDER.index(c.name))
    if pattern.name in ('Status', 'Results'):
        got = [c for c in got if c.name != 'MsgRef' or any(w.name == 'MsgRef' for w in wanted)]
    return compare_children(wanted, got, bound, charset, here)


def compare_children(wanted, got, bound, charset, here):
    at, anything = 0, False
    for w in wanted:
        if w.name == '…':
            anything = True
            continue
        why = 'missing %s' % w.name
        while at < len(got):
            attempt = dict(bound)
            why = compare(w, got[at], attempt, charset, here)
            if why is None:
                bound.update(attempt)
                break
            if not anything:
                return why
            at += 1
        else:
            return '%s: missing %s (%s)' % (here, outline(w).strip(), why)
        at += 1
        anything = anything and pattern_is_open(wanted)
    return None if anything or at == len(got) else '%s: also has %s' % (here, outline(got[at]))


def pattern_is_open(wanted):
    """A "…" anywhere leaves room everywhere behind it."""
    return any(w.name == '…' for w in wanted)


# ---- playing ----

class Player:
    def __init__(self, server, text, user, password, name):
        self.server, self.name = server, name
        self.settings, self.steps = read(text)
        style, ways = Style(), Ways(loc_name=True)
        rest = {}
        for key, value in self.settings.items():
            for holder in (style, ways):
                if hasattr(holder, key):
                    setattr(holder, key, converted(value, getattr(holder, key)))
                    break
            else:
                rest[key] = value
        self.charset = rest.get('codepage', 'utf-8')
        self.phone = Phone(server.port, user, password, rest['devid'], [], auth=rest.get('auth', 'basic'), style=style, ways=ways)
        self.dav = server.dav(user, password)
        self.user = user
        self.bound = {}
        self.answer = None
        self.refused = None
        self.said = None  # the last client step

    def play(self):
        try:
            for step in self.steps:
                try:
                    getattr(self, 'do_' + step.words[0])(step)
                except Wrong as e:
                    raise Wrong('%s:%d: %s\n\nthe last answer was\n%s' % (self.name, step.number, e, outline(self.answer) if self.answer else '-')) from None
                except Exception as e:
                    raise Wrong('%s:%d: %s: %s' % (self.name, step.number, type(e).__name__, e)) from e
        finally:
            self.phone.close()

    def do_session(self, step):
        self.phone.start()

    def do_again(self, step):
        """What phones do after a 401."""
        if not self.phone.take_challenge(self.answer):
            raise Wrong('not challenged')
        self.do_client(self.said)

    def do_client(self, step):
        phone = self.phone
        self.said = step
        body = [x for c in tree_of(step.lines) for x in (self.statuses() if c.name == 'Statuses' else [c])]
        phone.msg_id += 1
        phone.cmd_id = 0
        for c in body:
            self.fill(c)
        head = phone.head()
        for c in [c for c in body if c.name == 'SyncHdr']:  # what this message has otherwise
            override(head, c)
        message = E('SyncML', head, E('SyncBody', *[c for c in body if c.name != 'SyncHdr']))
        self.refused = None
        try:
            self.answer = phone.send(message)
        except Exception as e:
            code = getattr(e, 'code', 0)
            if code >= 0:
                raise
            self.answer, self.refused = None, -code
            return
        for chal in self.answer.all('SyncBody/Status/Chal'):
            if chal.get('Meta/NextNonce') is not None:
                phone.nonce = nonce_of(chal)
        code = self.answer.text('SyncBody/Status/Data')
        phone.accepted = phone.accepted or code == '212'
        if code in ('401', '407'):
            phone.path = phone.ways.path

    def statuses(self):
        """To what came last: everything is well."""
        out = [E('Status', E('CmdRef', 0), E('Cmd', 'SyncHdr'), E('Data', 200))]
        for c in commands(self.answer, deep=True):
            if c.name != 'Status':
                out.append(E('Status', E('CmdRef', c.text('CmdID')), E('Cmd', c.name), E('Data', 201 if c.name == 'Add' else 200)))
                anchor = c.text('Item/Meta/Anchor/Next')
                if anchor:
                    out[-1].add(E('Item', E('Data', E('Anchor', E('Next', anchor)))))
        return out

    def fill(self, e):
        """Numbers, references and variables of what the phone sends."""
        e.children = [self.value(c) if not isinstance(c, E) else c for c in e.children if not (isinstance(c, E) and c.name == '…')]
        if e.name == 'Status' and not e.get('MsgRef'):
            e.children.insert(0, E('MsgRef', self.answer.text('SyncHdr/MsgID')))
        if e.name in COMMANDS + ['Results'] and not e.get('CmdID'):
            e.children.insert(0, E('CmdID', self.phone.next_id()))
        if e.name == 'Status':  # TargetRef, SourceRef and Item may follow the short form
            e.children.sort(key=lambda c: STATUS_ORDER.index(c.name))
        for c in e:
            self.fill(c)
        texts = [c for c in e.children if not isinstance(c, E)]
        if texts and self.charset != 'utf-8' and any(ord(x) > 127 for x in ''.join(texts)):
            e.children = [''.join(texts).encode(self.charset)]
        elif len(texts) > 1:
            e.children = [''.join(texts)]

    def value(self, text):
        if re.fullmatch(r'\$\w+', text):
            if text not in self.bound:
                raise Wrong('%s is not bound' % text)
            return self.bound[text]
        return text

    def do_server(self, step):
        if self.answer is None:
            raise Wrong('refused with HTTP %s' % self.refused)
        if [line.strip() for _, line in step.lines] == ['?'] and os.environ.get('TRANSCRIPT_WRITE'):
            step.recorded = self.record()
            return
        wanted = tree_of(step.lines)
        head = [w for w in wanted if w.name == 'SyncHdr']
        for w in head:
            why = compare_children(list(w) + [E('…')], list(self.answer.get('SyncHdr')), self.bound, self.charset, 'SyncHdr')
            if why:
                raise Wrong(why)
        why = compare_children([w for w in wanted if w.name != 'SyncHdr'], list(self.answer.get('SyncBody')), self.bound, self.charset, 'SyncBody')
        if why:
            raise Wrong(why)

    def do_http(self, step):
        if self.refused != int(step.words[1]):
            raise Wrong('wanted HTTP %s, got %s' % (step.words[1], self.refused or 200))

    def record(self):
        """The answer as lines of a transcript: what differs from run to run is open."""
        out = []
        for c in self.answer.get('SyncBody'):
            if c.name == 'Status':
                out.append('  Status %s %s %s\n' % (c.text('Cmd'), c.text('CmdRef'), c.text('Data')))
                out += [line_of(x, 2, self) for x in c if x.name in ('Chal', 'Item')]
            else:
                out.append(line_of(c, 1, self))
        return ''.join(out)

    def path(self, path):
        collection = path.split('/')[0]
        kind, mime = KINDS[collection]
        rest = '/'.join(quote(p) for p in path.split('/')[1:])
        return '/dav/%s/%s/%s/%s' % (kind, self.user, collection, rest), mime

    def do_put(self, step):
        path, mime = self.path(step.words[1])
        self.dav.put(path, ''.join(text_lines(step, '|')), mime)

    def do_delete(self, step):
        self.dav.request('DELETE', self.path(step.words[1])[0], expect=204)

    def do_zone(self, step):
        zone = ('BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//Scambio//Test//EN&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:%s&#13;\nBEGIN:STANDARD&#13;\n'
                'DTSTART:19700101T000000&#13;\nTZOFFSETFROM:+0100&#13;\nTZOFFSETTO:+0100&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE&#13;\n'
                'END:VCALENDAR&#13;\n' % step.words[1])
        r = self.dav.request('PROPPATCH', self.path('calendar/')[0], '<D:propertyupdate %s><D:set><D:prop><C:calendar-timezone>%s</C:calendar-timezone>'
                             '</D:prop></D:set></D:propertyupdate>' % (XMLNS, zone), expect=207)
        if '200 OK' not in r.text:
            raise Wrong(r.text)

    def items(self, collection):
        path, _ = self.path(collection)
        hrefs = [h for h in self.dav.propfind(path, 'D:getetag', depth=1) if not h.endswith('/')]
        return {h: self.dav.request('GET', h, expect=200).text for h in hrefs}

    def do_count(self, step):
        found = self.items(step.words[1])
        if len(found) != int(step.words[2]):
            raise Wrong('%d items in %s, wanted %s:\n%s' % (len(found), step.words[1], step.words[2], '\n'.join(found.values())))

    def do_item(self, step):
        found = [t for t in self.items(step.words[1]).values() if step.words[2] in t]
        if len(found) != 1:
            raise Wrong('%d items with %r in %s:\n%s' % (len(found), step.words[2], step.words[1], '\n'.join(self.items(step.words[1]).values())))
        lines = re.sub(r'\r?\n[ \t]', '', found[0]).replace('\r', '').rstrip('\n').split('\n')
        for mark, must in (('|', True), ('!', False)):
            for line in text_lines(step, mark):
                if any(matches(line[:-2], x, self.bound) for x in lines) != must:
                    raise Wrong('%s %r:\n%s' % ('no line' if must else 'a line', line[:-2], '\n'.join(lines)))

    def do_device(self, step):
        shown = self.server.device(self.phone.devid)
        if str(shown[step.words[1]]) != step.words[2]:
            raise Wrong('%s is %s' % (step.words[1], shown[step.words[1]]))


def line_of(e, depth, player, above=''):
    """The outline of an element, for `record`."""
    path = above + '/' + e.name
    if e.name in ('CmdID', 'MsgRef'):
        return ''
    if path.endswith(('Chal/Meta/NextNonce', 'Alert/Item/Meta/Anchor/Next', 'Alert/Item/Meta/Anchor/Last')):
        return '  ' * depth + e.name + ': *\n'
    if path.endswith('/Add/Item/Source/LocURI'):
        name = '$guid%d' % (1 + sum(k.startswith('$guid') for k in player.bound))
        player.bound[name] = e.value
        return '  ' * depth + e.name + ': ' + name + '\n'
    if e.name == 'DevInf':
        return '  ' * depth + 'DevInf\n' + '  ' * depth + '  …\n'
    if any(isinstance(c, E) for c in e.children):
        return '  ' * depth + e.name + '\n' + ''.join(line_of(c, depth + 1, player, path) for c in e)
    copy = E(e.name, e.raw.decode(player.charset, 'replace'))
    return outline(copy, depth)


def text_lines(step, mark):
    return [line.strip(' ')[2:] + '\r\n' for _, line in step.lines if line.strip(' ').startswith(mark)]


def converted(text, like):
    if isinstance(like, bool):
        return text == 'yes'
    if isinstance(like, int) or like is None and text.isdigit():
        return int(text)
    return None if text == 'none' else text


def override(head, wanted):
    """Elements of a SyncHdr that the transcript gives itself; empty ones are taken away."""
    for c in wanted:
        there = head.get(c.name)
        if c.name == 'Meta' and there is not None:
            override(there, c)
        elif not c.children and there is not None:
            head.children.remove(there)
        elif there is not None:
            there.children = c.children
        elif c.children:
            head.add(c)
