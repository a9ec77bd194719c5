"""A SyncML client of our own: a phone whose data are texts in dictionaries. What phones do differently is a switch (Style, Ways), so
that a family of phones is a set of switches and samples of its content.

    phone = Phone(server.port, 'alice@example.test', 'secret', 'IMEI:1', [Store('contacts', 'text/x-vcard')])
    phone['contacts'].new(card)
    phone.sync()                       # two-way where it can, slow where it must
    phone['contacts'].items            # {'1': …, '2': what came}

A connection is cut by an exception out of `transport`: the phone then stands as a real one would, and sync() may be called again."""
import base64
import collections
import hashlib
import http.client
from dataclasses import dataclass, field

from syncml_wire import COMMANDS, E, Style, b64, decode, encode, faults, outline, plain

TWO_WAY, SLOW, ONE_WAY_CLIENT, REFRESH_CLIENT, ONE_WAY_SERVER, REFRESH_SERVER = range(200, 206)
NEXT_MESSAGE, SUSPEND, RESUME = 222, 224, 225
VERSIONS = {'text/x-vcard': '2.1', 'text/vcard': '3.0', 'text/x-vcalendar': '1.0', 'text/calendar': '2.0', 'text/x-vnote': '1.1'}


def md5(data):
    return hashlib.md5(data).digest()


def digest(version, user, password, nonce):
    """The value of syncml:auth-md5: 1.0 takes all in one, later versions the digest of name and password."""
    pair = ('%s:%s' % (user, password)).encode()
    if version == '1.0':
        return b64(md5(pair + b':' + nonce))
    return b64(md5(b64(md5(pair)).encode() + b':' + nonce))


def hmac(user, password, nonce, body):
    """The value of "mac" in x-syncml-hmac."""
    pair = b64(md5(('%s:%s' % (user, password)).encode())).encode()
    return b64(md5(pair + b':' + nonce + b':' + b64(md5(body)).encode()))


class Failed(Exception):
    """The session ended otherwise than well; `code` is the Status that says so, an HTTP status is negative."""
    def __init__(self, code, why):
        super().__init__('%s: %s' % (code, why))
        self.code = code


class Cut(Exception):
    """The connection was cut, by the test."""


class Suspended(Exception):
    """The session was suspended, as asked."""


class Store:
    """A database of the phone."""

    def __init__(self, name, mime, target=None, source=None, version=None):
        self.name, self.mime, self.version = name, mime, version or VERSIONS.get(mime, '1.0')
        self.target = name if target is None else target
        self.source = './' + name if source is None else source
        self.items = {}           # LUID: content
        self.changes = {}         # LUID: Add, Replace or Delete, since the last session that ended well
        self.last = None          # our anchor of that session
        self.server_last = None   # the server's
        self.server_next = None
        self.maps = {}            # GUID: LUID, what the server has not confirmed yet
        self.partial = None       # (key, size, bytes so far) of a large object from the server
        self.wiped = False        # a refresh from the server has begun
        self.luid = 0

    def put(self, luid, content):
        known = luid in self.items and self.changes.get(luid) != 'Add'
        self.items[luid] = content
        self.changes[luid] = 'Replace' if known else 'Add'

    def new(self, content):
        luid = self.free()
        self.put(luid, content)
        return luid

    def free(self):
        """The next LUID: small numbers, as phones have them; none is used twice."""
        self.luid += 1
        while str(self.luid) in self.items:
            self.luid += 1
        return str(self.luid)

    def delete(self, luid):
        del self.items[luid]
        if self.changes.get(luid) == 'Add':
            del self.changes[luid]
        else:
            self.changes[luid] = 'Delete'

    def forget(self):
        """As after a reset of the sync settings: the next session is a slow one."""
        self.last = self.server_last = None
        self.changes.clear()
        self.maps.clear()

    def texts(self):
        return sorted(self.items.values())


@dataclass
class Ways:
    """What phones do differently in the protocol."""
    path: str = '/syncml'
    content_type: str = None        # of the HTTP request; None: that of the encoding
    max_msg: int = 16384            # announced: the server's answers must obey; None: not announced
    max_obj: int = None
    loc_name: bool = True           # SyncHdr/Source/LocName has the user's name
    cred_always: bool = False       # in every message, not only until it is accepted
    meta_first: bool = False        # SyncHdr: Meta before Cred
    source_first: bool = False      # Source before Target everywhere
    empty_target: bool = False      # Alert and Sync name no database of the server
    devinf: str = 'put get'         # what of Put and Get the first message has; with 'alone' in a package of its own before the Alerts
    init: bool = True               # False: Alert and Sync in one package
    final_always: bool = False      # in every message
    next_message: str = 'needed'    # Alert 222: 'needed' when the server has more, 'always', 'never'
    item_statuses: bool = True      # False: what the server sent is not answered one by one
    slow_command: str = 'Replace'   # of items in a slow sync
    meta_in_item: bool = True       # False: the item's type is in the command's Meta
    number_of_changes: bool = True
    keep_maps: bool = True          # remembers over a cut what it has to tell the server
    large: bool = True              # splits objects that do not fit
    emi: bool = False               # Synthesis' datapos in chunks
    luids: object = None            # function (store): the next LUID
    max_guid: int = None            # MaxGUIDSize
    man: str = 'Scambio'
    mod: str = 'Test phone'
    swv: str = '1.0'
    devtyp: str = 'phone'
    utc: bool = True
    caps: dict = field(default_factory=dict)   # MIME type: [(property, size or None)]
    strict: bool = True             # what the server writes must be as the DTD says


class Phone:
    def __init__(self, port, user, password, devid, stores, auth='md5', style=None, ways=None, host='127.0.0.1'):
        self.port, self.host, self.user, self.password, self.devid = port, host, user, password, devid
        self.stores = {s.name: s for s in stores}
        self.auth, self.style, self.ways = auth, style or Style(), ways or Ways()
        self.nonce = b''
        self.session = 0
        self.clock = 0
        self.connection = None
        self.server_max = 0
        self.transport = self.post  # (path, headers, body): (status, headers, body); a test may wrap it
        self.suspend_at = None      # the number of the message that suspends the session
        self.interrupted = None     # (modes, confirmed) of a session that can be resumed
        self.server_devinf = None

    def __getitem__(self, name):
        return self.stores[name]

    @property
    def version(self):
        return self.style.version

    # ---- a session ----

    def sync(self, modes=None, resume=False):
        """A whole session. modes: {store: code}; without: all stores, two-way, the first time slow. Failed says why it ended."""
        self.start()
        for name, code in (modes or {n: TWO_WAY for n in self.stores}).items():
            self.modes[name] = SLOW if code == TWO_WAY and self.stores[name].last is None else code
        if resume and self.interrupted:
            self.modes, self.done_before = dict(self.interrupted[0]), self.interrupted[1]
        self.resuming = resume
        if self.ways.init:
            answer = self.initialise()
            answer = self.send_changes()
        else:
            asked = dict(self.modes)
            answer = self.initialise_with_changes()
            if any(self.modes[n] == SLOW != asked[n] for n in self.modes):  # 508: what went out beside the Alert was not all
                while not answer.get('SyncBody/Final'):
                    answer = self.more()
                answer = self.send_changes()
        self.finish(answer)
        self.commit()

    def start(self):
        self.session += 1
        self.msg_id = self.cmd_id = 0
        self.path = self.ways.path
        self.accepted = False
        self.clock += 1
        self.anchor = str(self.clock)
        self.modes = {}           # store: code of the sync, as agreed; None: refused
        self.statuses = []        # to what the server sent last
        self.unanswered = collections.deque()  # (MsgID, CmdID) of all we said: Statuses must come in this order
        self.waiting = {}         # (MsgID, CmdID): (store, LUID) of our changes
        self.refused = set()      # stores that are not resumed
        self.alerted = {}         # (MsgID, CmdID): store
        self.told = {}            # (MsgID, CmdID): (store, {GUID: LUID}) of our Maps
        self.confirmed = {}       # (store, LUID): code
        self.done_before = {}     # the same, of the session that is resumed
        self.log = []             # (sent, received)
        self.failed = []          # (store, LUID or None, code): what the server refused
        self.codes = collections.Counter()   # of Statuses to our items
        self.got = collections.Counter()     # (store, command) that the server sent
        if not self.ways.keep_maps:
            for s in self.stores.values():
                s.maps.clear()

    def initialise(self):
        """Log in, device information, Alerts."""
        if 'alone' in self.ways.devinf:
            self.logged_in(self.describe)
            answer = self.message(self.statuses + self.alerts(), True)
        else:
            answer = self.logged_in(lambda: self.describe() + self.alerts())
        while not answer.get('SyncBody/Final'):
            answer = self.more()
        return answer

    def logged_in(self, body):
        """Sends body() until the server takes the log-in: it may ask for another method, and for another nonce."""
        for _ in range(3):
            self.cmd_id = 0
            self.statuses = []
            answer = self.message(body(), True)
            if self.head_code not in (401, 407):
                return answer
            if not self.take_challenge(answer):
                break
        raise Failed(self.head_code, 'SyncHdr')

    def initialise_with_changes(self):
        for _ in range(3):
            self.cmd_id = 0
            self.statuses = []
            answer = self.send_changes(self.describe() + self.alerts())
            if self.head_code not in (401, 407):
                return answer
            if not self.take_challenge(answer):
                break
        raise Failed(self.head_code, 'SyncHdr')

    def more(self):
        """Asks for the rest of the server's package."""
        return self.message(self.statuses + self.tell_maps() + self.ask(), False)

    def ask(self, when=('needed', 'always')):
        return [E('Alert', E('CmdID', self.next_id()), E('Data', NEXT_MESSAGE))] if self.ways.next_message in when else []

    def finish(self, answer):
        """The server's package of changes, then our last one, to which the server has the last word."""
        while True:
            while not answer.get('SyncBody/Final'):
                answer = self.more()
            answer = self.message(self.statuses + self.tell_maps() + self.ask(('always',)), True)
            if answer.get('SyncBody/Final') and all(c.name == 'Status' for c in commands(answer)):
                return

    def commit(self):
        """The session ended well: what was confirmed is no change any more."""
        self.interrupted = None
        assert not self.unanswered, 'no Status for %s' % list(self.unanswered)
        for name, mode in self.modes.items():
            store = self.stores[name]
            store.wiped = False
            if mode is None:
                continue
            for luid in list(store.changes):
                if (name, luid) in self.confirmed or (name, luid) in self.done_before or mode in (SLOW, REFRESH_CLIENT, REFRESH_SERVER):
                    del store.changes[luid]
            store.last, store.server_last = self.anchor, store.server_next

    # ---- composing ----

    def next_id(self):
        self.cmd_id += 1
        return str(self.cmd_id)

    def peek_id(self):
        return str(self.cmd_id + 1)

    def ends(self, target, source):
        """Target and Source in this phone's order."""
        return [source, target] if self.ways.source_first else [target, source]

    def places(self, store):
        return self.ends(E('Target', E('LocURI', '' if self.ways.empty_target else store.target)), E('Source', E('LocURI', store.source)))

    def cred(self):
        if self.auth == 'basic':
            data, kind = b64(('%s:%s' % (self.user, self.password)).encode()), 'syncml:auth-basic'
        elif self.auth == 'md5':
            data, kind = digest(self.version, self.user, self.password, self.nonce), 'syncml:auth-md5'
        else:
            return None
        return E('Cred', E('Meta', E('Format', 'b64'), E('Type', kind)), E('Data', data))

    def head(self):
        ways = self.ways
        meta = E('Meta', E('MaxMsgSize', ways.max_msg) if ways.max_msg is not None else None,
                 E('MaxObjSize', ways.max_obj) if ways.max_obj and self.version != '1.0' else None)
        last = [self.cred() if not self.accepted or ways.cred_always else None, meta if meta.children else None]
        target = E('Target', E('LocURI', 'http://%s:%d%s' % (self.host, self.port, self.path)))
        source = E('Source', E('LocURI', self.devid), E('LocName', self.user) if ways.loc_name else None)
        return E('SyncHdr', E('VerDTD', self.version), E('VerProto', 'SyncML/' + self.version), E('SessionID', self.session),
                 E('MsgID', self.msg_id), *self.ends(target, source), *(reversed(last) if ways.meta_first else last))

    def devinf(self):
        """What this phone says of itself."""
        ways, v = self.ways, self.version
        later = [E('UTC') if ways.utc else None, E('SupportLargeObjs') if ways.large else None, E('SupportNumberOfChanges')]
        out = E('DevInf', E('VerDTD', v), E('Man', ways.man) if ways.man else None, E('Mod', ways.mod) if ways.mod else None,
                E('SwV', ways.swv) if ways.swv else None, E('DevID', self.devid), E('DevTyp', ways.devtyp),
                *(later if v != '1.0' else []))
        for s in self.stores.values():
            out.add(E('DataStore', E('SourceRef', s.source), E('MaxGUIDSize', ways.max_guid) if ways.max_guid else None,
                      *[E(n, E('CTType', s.mime), E('VerCT', s.version)) for n in ('Rx-Pref', 'Tx-Pref')],
                      E('CTCap', *self.ctcap(s)) if v == '1.2' and s.mime in ways.caps else None,
                      E('SyncCap', *[E('SyncType', n) for n in range(1, 8)])))
        flat = [self.ctcap(s) for s in self.stores.values() if s.mime in ways.caps]
        if v != '1.2' and flat:
            out.add(E('CTCap', *[c for cap in flat for c in cap]))
        return out

    def ctcap(self, store):
        """A type and its properties: flat before 1.2."""
        if self.version == '1.2':
            return [E('CTType', store.mime), E('VerCT', store.version)] + [
                E('Property', E('PropName', n), E('MaxSize', size) if size else None) for n, size in self.ways.caps[store.mime]]
        out = [E('CTType', store.mime)]
        for name, size in self.ways.caps[store.mime]:
            out += [E('PropName', name)] + ([E('DataType', 'chr'), E('Size', size)] if size else [])
        return out

    def devinf_uri(self):
        return './devinf' + self.version.replace('.', '')

    def devinf_meta(self):
        return E('Meta', E('Type', 'application/vnd.syncml-devinf+' + self.style.encoding))

    def describe(self):
        """Put and Get of the device information."""
        uri, out = self.devinf_uri(), []
        if 'put' in self.ways.devinf:
            out.append(E('Put', E('CmdID', self.next_id()), self.devinf_meta(), E('Item', E('Source', E('LocURI', uri)), E('Data', self.devinf()))))
        if 'get' in self.ways.devinf:
            out.append(E('Get', E('CmdID', self.next_id()), self.devinf_meta(), E('Item', E('Target', E('LocURI', uri)))))
        return out

    def alerts(self):
        out = []
        for name, code in self.modes.items():
            store = self.stores[name]
            anchor = E('Anchor', E('Last', store.last) if store.last and code != SLOW else None, E('Next', self.anchor))
            self.alerted[str(self.msg_id + 1), self.peek_id()] = name
            out.append(E('Alert', E('CmdID', self.next_id()), E('Data', RESUME if self.resuming else code),
                         E('Item', *self.places(store), E('Meta', anchor))))
        return out

    def status(self, message, command, name, code, *rest, source=None, target=None):
        return E('Status', E('CmdID', self.next_id()), E('MsgRef', message), E('CmdRef', command), E('Cmd', name),
                 E('TargetRef', target) if target else None, E('SourceRef', source) if source else None, E('Data', code), *rest)

    def tell_maps(self):
        """Map commands of what was added."""
        out = []
        for store in self.stores.values():
            if store.maps and self.modes.get(store.name):
                pairs = [E('MapItem', *self.ends(E('Target', E('LocURI', g)), E('Source', E('LocURI', luid)))) for g, luid in store.maps.items()]
                out.append(E('Map', E('CmdID', self.next_id()), *self.ends(E('Target', E('LocURI', store.target)), E('Source', E('LocURI', store.source))), *pairs))
                self.told[str(self.msg_id + 1), str(self.cmd_id)] = (store, dict(store.maps))
        return out

    # ---- our package of changes ----

    def outgoing(self, store):
        """(command, LUID) of what the session has to send."""
        mode = self.modes[store.name]
        if mode in (SLOW, REFRESH_CLIENT):
            all_of_it = [(self.ways.slow_command, luid) for luid in store.items]
        elif mode in (TWO_WAY, ONE_WAY_CLIENT):
            all_of_it = [(command, luid) for luid, command in store.changes.items()]
        else:
            all_of_it = []
        return [(command, luid) for command, luid in all_of_it if (store.name, luid) not in self.done_before]

    def change(self, store, command, luid, piece=None):
        """One change. piece: (bytes, size to announce or None, does more come, offset)."""
        if command == 'Delete':
            return E('Delete', E('CmdID', '9999'), E('Item', E('Source', E('LocURI', luid))))
        data, size, more, offset = piece or (self.content(store, luid), None, False, 0)
        meta = E('Meta', E('Format', 'b64') if is_sif(store.mime) else None, E('Type', store.mime), E('Size', size) if size else None,
                 E('EMI', 'datapos=%d' % offset) if offset and self.ways.emi else None)
        inner = self.ways.meta_in_item
        return E(command, E('CmdID', '9999'), None if inner else meta,
                 E('Item', E('Source', E('LocURI', luid)), meta if inner else None, E('Data', plain(data)), E('MoreData') if more else None))

    def content(self, store, luid):
        """As it goes over the wire."""
        content = store.items[luid]
        raw = content if isinstance(content, bytes) else content.encode()
        return base64.b64encode(raw) if is_sif(store.mime) else raw

    def limit(self):
        return min(self.server_max or 60000, 60000)

    def size(self, *trees):
        return sum(len(encode(t, self.style)) + 20 for t in trees)

    def send_changes(self, first=()):
        """In as many messages as it takes; the answer to the last."""
        work = collections.deque()  # (store, command or None for the beginning of its Sync, LUID, offset)
        for name, mode in self.modes.items():
            if mode is not None:
                store = self.stores[name]
                work.append((store, None, None, 0))
                work.extend((store, command, luid, 0) for command, luid in self.outgoing(store))
        first = list(first)
        while True:
            body = first + self.statuses + self.tell_maps()
            first = []
            body += self.fill(work, self.limit() - 400 - self.size(*body))
            body += self.ask(('always',))
            answer = self.message(body, not work)
            if not work or self.head_code in (401, 407):
                return answer

    def fill(self, work, room):
        """Sync elements with what fits, taken off the work."""
        out, sync, current = [], None, None
        while work:
            store, command, luid, offset = work[0]
            if store is not current:
                sync, current = E('Sync', E('CmdID', self.next_id()), *self.places(store)), store
                if not command and self.ways.number_of_changes and self.version != '1.0':
                    sync.add(E('NumberOfChanges', len(self.outgoing(store))))
                room -= self.size(sync)
                if room < 0:
                    return out
                out.append(sync)
            if not command:
                work.popleft()
                continue
            whole = None if offset else self.change(store, command, luid)
            if whole is not None and self.size(whole) <= room:
                work.popleft()
                room -= self.size(whole)
                self.put_in(sync, whole, store, luid)
            elif whole is not None and (self.size(whole) <= self.limit() - 1500 or not self.ways.large) or room < 600:
                return out if sync.get('Add') or sync.get('Replace') or sync.get('Delete') or sync.get('NumberOfChanges') else out[:-1]
            else:
                self.split(work, sync, room - 300)
                return out
        return out

    def split(self, work, sync, room):
        """The next piece of an object that does not fit."""
        store, command, luid, offset = work.popleft()
        raw = self.content(store, luid)
        end = min(len(raw), offset + room)
        while end < len(raw) and raw[end] & 0xc0 == 0x80:
            end -= 1  # not inside of a character
        more = end < len(raw)
        self.put_in(sync, self.change(store, command, luid, (raw[offset:end], None if offset else len(raw), more, offset)), store, luid)
        if more:
            work.appendleft((store, command, luid, end))

    def put_in(self, sync, tree, store, luid):
        tree.get('CmdID').children = [self.next_id()]
        self.waiting[str(self.msg_id + 1), tree.text('CmdID')] = (store, luid)
        sync.add(tree)

    # ---- messages ----

    def message(self, body, final):
        """Sends commands as the next message, and prepares Statuses to what came back."""
        suspend = self.suspend_at == self.msg_id + 1
        if suspend:
            final, self.suspend_at = False, None
            body = [c for c in body if c.name == 'Status'] + [E('Alert', E('CmdID', self.next_id()), E('Data', SUSPEND))]
        self.msg_id += 1
        tree = E('SyncML', self.head(), E('SyncBody', *body, E('Final') if final or self.ways.final_always else None))
        self.interrupted = (dict(self.modes), {**self.done_before, **self.confirmed})
        self.unanswered.extend((str(self.msg_id), n) for n in ['0'] + [c.text('CmdID') for c in commands(tree, deep=True) if c.name != 'Status'])
        answer = self.send(tree)
        self.judge(answer)
        self.interrupted = (dict(self.modes), {**self.done_before, **self.confirmed})
        if suspend:
            raise Suspended()
        return answer

    def send(self, tree):
        """One message there and back, as it is; the answer's tree."""
        body = encode(tree, self.style)
        headers = {'Content-Type': self.ways.content_type or 'application/vnd.syncml+' + self.style.encoding, 'User-Agent': 'Phone', 'Accept': '*/*'}
        if self.auth == 'hmac':
            headers['x-syncml-hmac'] = 'algorithm=MD5, username="%s", mac=%s' % (self.user, hmac(self.user, self.password, self.nonce, body))
        self.sent = (self.path, headers, body)
        return self.receive(tree, *self.transport(*self.sent))

    def resend(self):
        """The last message once more, byte for byte: what a phone does that got no answer."""
        return self.receive(None, *self.transport(*self.sent))

    def post(self, path, headers, body):
        for attempt in (1, 2):
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
                self.connection.request('POST', path, body, headers)
                r = self.connection.getresponse()
                return r.status, r.headers, r.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection = None
                if attempt == 2:
                    raise

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def receive(self, tree, status, headers, body):
        if status != 200:
            raise Failed(-status, body[:200])
        assert headers['Content-Type'].split(';')[0] == 'application/vnd.syncml+' + self.style.encoding, headers['Content-Type']
        answer = decode(body, self.style.encoding)
        if tree is not None:
            self.log.append((tree, answer))
        self.check(answer, len(body))
        uri = answer.text('SyncHdr/RespURI')
        if uri:
            self.path = '/' + uri.split('://', 1)[1].split('/', 1)[1] if '://' in uri else uri
        return answer

    def check(self, answer, size):
        """What must hold for every message of the server."""
        head = answer.get('SyncHdr')
        assert head.text('VerDTD') == self.version and head.text('VerProto') == 'SyncML/' + self.version, outline(head)
        assert head.text('SessionID') == str(self.session), outline(head)
        if self.ways.max_msg:
            assert size <= self.ways.max_msg, 'a message of %d bytes, %d allowed' % (size, self.ways.max_msg)
        bad = faults(answer, self.version) if self.ways.strict else []
        assert not bad, '%s\n%s' % (bad, outline(answer))
        ids = [c.text('CmdID') for c in commands(answer, deep=True)]
        assert len(ids) == len(set(ids)), 'a CmdID twice: %s' % ids

    # ---- what the server says ----

    def judge(self, answer):
        """Statuses to our commands; Statuses of ours for its."""
        head = answer.get('SyncHdr')
        self.cmd_id = 0
        self.statuses = []
        self.server_max = head.number('Meta/MaxMsgSize') or self.server_max
        self.head_code = int(status_of(answer, '0', 'SyncHdr'))
        for chal in answer.all('SyncBody/Status/Chal'):
            if chal.get('Meta/NextNonce') is not None:
                self.nonce = nonce_of(chal)
        if self.head_code in (401, 407):
            self.unanswered.clear()
            return
        if self.head_code >= 400:
            raise Failed(self.head_code, 'SyncHdr')
        self.accepted = self.accepted or self.head_code == 212
        for s in answer.all('SyncBody/Status'):
            key = s.text('MsgRef'), s.text('CmdRef')
            assert self.unanswered and self.unanswered[0] == key, 'Status for %s, wanted one for %s:\n%s' % (key, list(self.unanswered)[:1], outline(s))
            self.unanswered.popleft()
            self.confirm(s, key, int(s.text('Data')))
        message = head.text('MsgID')
        self.statuses.append(self.status(message, '0', 'SyncHdr', 200, target=head.text('Target/LocURI'), source=head.text('Source/LocURI')))
        for command in commands(answer):
            if command.name != 'Status':
                self.obey(message, command)

    def confirm(self, status, key, code):
        """A Status to one of our changes, of our Maps, of our Alerts."""
        if key in self.alerted and code == 508:
            self.refused.add(self.alerted[key])
        if key in self.alerted and code >= 400 and code != 508:
            self.modes[self.alerted[key]] = None
            self.failed.append((self.alerted[key], None, code))
        if key in self.told and status.text('Cmd') == 'Map':
            store, pairs = self.told.pop(key)
            assert code == 200, outline(status)
            for guid in pairs:
                store.maps.pop(guid, None)
        if key in self.waiting and code != 213:
            store, luid = self.waiting[key]
            self.codes[code] += 1
            self.confirmed[store.name, luid] = code
            if code >= 300 and code not in (418, 419):
                self.failed.append((store.name, luid, code))

    def take_challenge(self, answer):
        """Does the server ask for something else than we did? (The nonce was taken already.)"""
        kinds = [c.text('Meta/Type') for c in answer.all('SyncBody/Status/Chal')]
        self.challenge = kinds[0] if kinds else None
        if self.challenge in ('syncml:auth-basic', 'syncml:auth-md5') and self.auth in ('basic', 'md5'):
            self.auth = self.challenge.rsplit('-', 1)[1]  # phones can do both
            return True
        return self.challenge == 'syncml:auth-MAC' and self.auth == 'hmac'

    def obey(self, message, command):
        """One command of the server, and its Status."""
        name, cmd = command.name, command.text('CmdID')
        target, source = command.text('Item/Target/LocURI'), command.text('Item/Source/LocURI')
        code, rest = 200, []
        self.got[name] += 1
        if name == 'Alert':
            anchor = command.text('Item/Meta/Anchor/Next')
            rest = [E('Item', E('Data', E('Anchor', E('Next', anchor))))] if anchor else []
            if anchor:
                self.read_alert(self.store_of(command.get('Item')), command)
        elif name in ('Results', 'Put'):
            self.server_devinf = command.get('Item/Data/DevInf')
        elif name == 'Sync':
            target, source = command.text('Target/LocURI'), command.text('Source/LocURI')
        elif name != 'Get':
            code = 406
        self.statuses.append(self.status(message, cmd, name, code, *rest, target=target, source=source))
        if name == 'Get':
            self.statuses.append(E('Results', E('CmdID', self.next_id()), E('MsgRef', message), E('CmdRef', cmd), self.devinf_meta(),
                                   E('Item', E('Source', E('LocURI', self.devinf_uri())), E('Data', self.devinf()))))
        for inner in command if name == 'Sync' else []:
            if inner.name in COMMANDS:
                self.apply(message, self.store_of(command), inner)

    def store_of(self, command):
        """By the phone's own name, which is the Target of what the server sends."""
        target = command.text('Target/LocURI', '')
        for s in self.stores.values():
            if target.lstrip('./') == s.source.lstrip('./'):
                return s
        raise AssertionError('no store for\n' + outline(command))

    def apply(self, message, store, command):
        """Add, Replace or Delete of the server."""
        self.got[store.name, command.name] += 1
        for item in command.all('Item'):
            target, source = item.text('Target/LocURI'), item.text('Source/LocURI')
            code = self.apply_item(store, command, item, target, source)
            if self.ways.item_statuses:
                self.statuses.append(self.status(message, command.text('CmdID'), command.name, code, target=target, source=source))

    def apply_item(self, store, command, item, target, source):
        assert command.name in ('Add', 'Replace', 'Delete'), outline(command)
        if command.name == 'Delete':
            assert target, outline(command)
            store.changes.pop(target, None)
            return 200 if store.items.pop(target, None) is not None else 211
        content = item.get('Data').raw if item.get('Data') is not None else b''
        if item.get('MoreData') is not None or store.partial:
            code, content = self.gather(store, command, item, target or source, content)
            if code:
                return code
        if (item.text('Meta/Format') or command.text('Meta/Format')) == 'b64':
            content = base64.b64decode(content)
        mime = item.text('Meta/Type') or command.text('Meta/Type')
        assert mime == store.mime, (mime, store.mime)
        if command.name == 'Replace' and target:
            if target not in store.items:
                return 404
            store.items[target] = plain(content)
            return 200
        assert not self.ways.max_guid or len(source) <= self.ways.max_guid, source
        luid = store.maps.get(source)
        if luid not in store.items:
            luid = self.ways.luids(store) if self.ways.luids else store.free()
        store.maps[source] = luid
        store.items[luid] = plain(content)
        return 201

    def gather(self, store, command, item, key, content):
        """A piece of a large object: (Status, None), or (None, all of it)."""
        if store.partial is None or store.partial[0] != key:
            size = item.number('Meta/Size') or command.number('Meta/Size')
            assert size, 'no Size with the first MoreData:\n' + outline(command)[:400]
            store.partial = (key, size, b'')
        key, size, so_far = store.partial
        store.partial = (key, size, so_far + content)
        if item.get('MoreData') is not None:
            return 213, None
        content, store.partial = store.partial[2], None
        lost = content.count(b'\n') if self.style.encoding == 'xml' else 0  # XML makes LF of CR LF, outside of references
        return (None, content) if len(content) <= size <= len(content) + lost else (424, None)

    def read_alert(self, store, alert):
        """Which kind of sync the server wants of a store."""
        code = {206: 200, 207: 202, 208: 203, 209: 204, 210: 205}.get(alert.number('Data'), alert.number('Data'))
        resumed = self.resuming and store.name not in self.refused
        assert not resumed or code == self.modes[store.name], '%s: resumed with Alert %s, it was %s' % (store.name, code, self.modes[store.name])
        if not resumed:
            self.done_before = {k: v for k, v in self.done_before.items() if k[0] != store.name}
        store.server_next = alert.text('Item/Meta/Anchor/Next')
        last = alert.text('Item/Meta/Anchor/Last')
        if code in (TWO_WAY, ONE_WAY_CLIENT, ONE_WAY_SERVER):
            assert last == store.server_last, '%s: the server says Last %s, it was %s' % (store.name, last, store.server_last)
        if code == SLOW and not resumed:
            store.maps.clear()
        if code == REFRESH_SERVER and not store.wiped:
            store.items.clear()
            store.changes.clear()
            store.wiped = True
        self.modes[store.name] = code


# ---- reading answers ----

def commands(message, name=None, deep=False):
    out = []
    for c in message.get('SyncBody'):
        if c.name in COMMANDS and name in (None, c.name):
            out.append(c)
            if deep:
                out += [i for i in c if i.name in COMMANDS]
    return out


def status_of(message, cmd_ref, name):
    for s in message.all('SyncBody/Status'):
        if s.text('CmdRef') == cmd_ref and s.text('Cmd') == name:
            return s.text('Data')
    raise AssertionError('no Status for %s %s:\n%s' % (name, cmd_ref, outline(message)))


def nonce_of(chal):
    text = chal.text('Meta/NextNonce')
    return base64.b64decode(text) if chal.text('Meta/Format') == 'b64' else text.encode()


def is_sif(mime):
    return 'x-s4j-sif' in mime or 'x-sif' in mime
