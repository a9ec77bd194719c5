"""SyncML messages as trees, and both of their encodings; written apart from the server, so that the two check each other.

    message = E('SyncML', E('SyncHdr', E('VerDTD', '1.2'), …), E('SyncBody', …))
    bytes = encode(message, Style(encoding='wbxml', version='1.1'))
    message = decode(bytes, 'wbxml')

Text in a tree is str, or bytes when it has no charset that we could know of. An element DevInf is a document of its own: in WBXML it
goes as opaque data, in XML with its own namespace."""
import base64
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass

# Token 5 and so on of each code page; None: no such token.
SYNCML = ('Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName LocURI Map MapItem Meta '
          'MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel Source SourceRef Status Sync '
          'SyncBody SyncHdr SyncML Target TargetRef - VerDTD VerProto NumberOfChanges MoreData Field Filter Record FilterType '
          'SourceParent TargetParent Move Correlator').split()
METINF = ('Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type Version MaxObjSize '
          'FieldLevel').split()
DEVINF = ('CTCap CTType DataStore DataType DevID DevInf DevTyp DisplayName DSMem Ext FwV HwV Man MaxGUIDSize MaxID MaxMem Mod OEM '
          'ParamName PropName Rx Rx-Pref SharedMem Size SourceRef SwV SyncCap SyncType Tx Tx-Pref ValEnum VerCT VerDTD XNam XVal UTC '
          'SupportNumberOfChanges SupportLargeObjs Property PropParam MaxOccur NoTruncate - Filter-Rx FilterCap FilterKeyword '
          'FieldLevel SupportHierarchicalSync').split()
DEVINF_12 = ['MaxSize' if n == 'Size' else n for n in DEVINF]


def pages_of(kind, version):
    return [SYNCML, METINF] if kind == 'syncml' else [DEVINF_12 if version == '1.2' else DEVINF]


# The document's public identifier: as a number, and as text (in the string table) where 1.0 has no number of its own.
PUBLIC = {('syncml', '1.0'): (0x0fd1, '-//SYNCML//DTD SyncML 1.0//EN'), ('syncml', '1.1'): (0x0fd3, '-//SYNCML//DTD SyncML 1.1//EN'),
          ('syncml', '1.2'): (0x1201, '-//SYNCML//DTD SyncML 1.2//EN'), ('devinf', '1.0'): (0x0fd2, '-//SYNCML//DTD DevInf 1.0//EN'),
          ('devinf', '1.1'): (0x0fd4, '-//SYNCML//DTD DevInf 1.1//EN'), ('devinf', '1.2'): (0x1203, '-//SYNCML//DTD DevInf 1.2//EN')}
COMMANDS = ('Add Alert Atomic Copy Delete Exec Get Map Move Put Replace Results Search Sequence Status Sync').split()


class E:
    """An element: a name, and children (elements, str, bytes; None is left out)."""
    __slots__ = ('name', 'children')

    def __init__(self, name, *children):
        self.name = name
        self.children = [c if isinstance(c, (E, str, bytes)) else str(c) for c in children if c is not None]

    def __repr__(self):
        return outline(self)

    def __eq__(self, other):
        return isinstance(other, E) and self.name == other.name and squeeze(self) == squeeze(other)

    def __iter__(self):
        return (c for c in self.children if isinstance(c, E))

    def all(self, path):
        """Every element at the path ('Item/Meta/Type')."""
        found = [self]
        for name in path.split('/'):
            found = [c for e in found for c in e if c.name == name]
        return found

    def get(self, path):
        found = self.all(path)
        return found[0] if found else None

    @property
    def raw(self):
        """The content as bytes: what a phone stores."""
        return b''.join(c if isinstance(c, bytes) else c.encode() for c in self.children if not isinstance(c, E))

    @property
    def value(self):
        return self.raw.decode('utf-8', 'replace')

    def text(self, path, default=None):
        found = self.get(path)
        return default if found is None else found.value

    def number(self, path, default=None):
        value = self.text(path)
        return default if value is None else int(value)

    def add(self, *children):
        self.children.extend(c for c in children if c is not None)
        return self


def squeeze(e):
    """Children for comparing: text joined as bytes, white space between elements gone."""
    if any(isinstance(c, E) for c in e.children):
        return [c for c in e.children if isinstance(c, E)]
    return e.raw


def outline(e, depth=0):
    """The tree for people: what failing tests show, and the language of the transcripts."""
    pad = '  ' * depth
    inner = list(e)
    if inner:
        return pad + e.name + '\n' + ''.join(outline(c, depth + 1) for c in inner)
    text = e.value
    if '\n' not in text:
        return '%s%s%s\n' % (pad, e.name, ': ' + text if text else '')
    return pad + e.name + '\n' + ''.join('%s  | %s\n' % (pad, line.rstrip('\r')) for line in text.rstrip('\n').split('\n'))


@dataclass
class Style:
    """How a client writes: what phones do differently with the same tree."""
    encoding: str = 'wbxml'
    version: str = '1.2'
    xmlns: bool = True          # XML: namespaces are given
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>'
    cdata: bool = True          # XML: Data in a CDATA section
    indent: bool = False        # XML: white space between elements
    opaque: str = 'data'        # WBXML: 'data' only content of Data as opaque, 'all' text, 'none'
    table: bool = False         # WBXML: repeated text goes through the string table
    public_text: bool = False   # WBXML: the public identifier as text in the string table
    charset: int = 106          # WBXML: MIBenum in the head


def encode(tree, style):
    return wbxml_encode(tree, style) if style.encoding == 'wbxml' else xml_encode(tree, style)


def decode(data, encoding):
    return wbxml_decode(data) if encoding == 'wbxml' else xml_decode(data)


# ---- WBXML ----

def mb(n):
    """A multi-byte integer: seven bits a byte, the high bit says that more comes."""
    out = bytes([n & 0x7f])
    while n > 0x7f:
        n >>= 7
        out = bytes([0x80 | n & 0x7f]) + out
    return out


class Writer:
    def __init__(self, kind, style):
        self.style = style
        self.tokens = {}
        for page, names in enumerate(pages_of(kind, style.version)):
            self.tokens.update({n: (page, i + 5) for i, n in enumerate(names) if n != '-' and n not in self.tokens})
        self.page = 0
        self.body = bytearray()
        self.table = bytearray()
        self.offsets = {}

    def string(self, text):
        """Offset of the text in the string table."""
        if text not in self.offsets:
            self.offsets[text] = len(self.table)
            self.table += text.encode() + b'\0'
        return self.offsets[text]

    def text(self, name, piece):
        raw = piece if isinstance(piece, bytes) else piece.encode()
        opaque = self.style.opaque == 'all' or self.style.opaque == 'data' and name == 'Data'
        if opaque or isinstance(piece, bytes) or b'\0' in raw:
            self.body += b'\xc3' + mb(len(raw)) + raw
        elif self.style.table and len(raw) > 3:
            self.body += b'\x83' + mb(self.string(piece))
        else:
            self.body += b'\x03' + raw + b'\0'

    def element(self, e):
        children = [c for c in e.children if c != '']
        if e.name in self.tokens:
            page, token = self.tokens[e.name]
            if page != self.page:
                self.body += bytes([0, page])
                self.page = page
            self.body.append(token | (0x40 if children else 0))
        else:  # not of our pages: a literal tag, named in the string table
            self.body += bytes([0x44 if children else 0x04]) + mb(self.string(e.name))
        for c in children:
            if not isinstance(c, E):
                self.text(e.name, c)
            elif c.name == 'DevInf':
                inner = wbxml_encode(c, self.style)
                self.body += b'\xc3' + mb(len(inner)) + inner
            else:
                self.element(c)
        if children:
            self.body.append(1)


def wbxml_encode(tree, style):
    kind = 'devinf' if tree.name == 'DevInf' else 'syncml'
    w = Writer(kind, style)
    number, text = PUBLIC[kind, style.version]
    public = mb(0) + mb(w.string(text)) if style.public_text else mb(number)
    w.element(tree)
    return b'\x02' + public + mb(style.charset) + mb(len(w.table)) + bytes(w.table) + bytes(w.body)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0
        self.version = self.byte()
        public = self.number()
        index = self.number() if public == 0 else None
        self.charset = self.number()
        size = self.number()
        self.table = self.take(size)
        if index is not None:
            text = self.from_table(index)
            public = next((n for n, t in PUBLIC.values() if t == text), 0)
        self.kind, self.dtd = next((k for k, (n, _) in PUBLIC.items() if n == public), (None, None))
        if not self.kind:
            raise ValueError('WBXML: public identifier %#x is not of SyncML' % public)
        self.page = 0

    def byte(self):
        if self.at >= len(self.data):
            raise ValueError('WBXML: ends early')
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        n = 0
        while True:
            b = self.byte()
            n = n << 7 | b & 0x7f
            if not b & 0x80:
                return n

    def take(self, n):
        if self.at + n > len(self.data):
            raise ValueError('WBXML: %d bytes wanted at %d, there are %d' % (n, self.at, len(self.data) - self.at))
        self.at += n
        return self.data[self.at - n:self.at]

    def inline(self):
        end = self.data.index(b'\0', self.at)
        text = self.data[self.at:end]
        self.at = end + 1
        return text

    def from_table(self, at):
        if at >= len(self.table):
            raise ValueError('WBXML: string %d is behind the table' % at)
        return self.table[at:].split(b'\0')[0].decode()  # the last one may end with the table: 1.0's identifier does

    def element(self, token):
        while token == 0:
            self.page = self.byte()
            token = self.byte()
        if token & 0x80:
            raise ValueError('WBXML: attributes at %d' % self.at)
        if token & 0x3f == 4:
            name = self.from_table(self.number())
        else:
            pages = pages_of(self.kind, self.dtd)
            if self.page >= len(pages) or (token & 0x3f) - 5 >= len(pages[self.page]):
                raise ValueError('WBXML: no token %#x in page %d' % (token, self.page))
            name = pages[self.page][(token & 0x3f) - 5]
        e = E(name)
        while token & 0x40:
            b = self.byte()
            if b == 1:
                break
            if b == 0:
                self.page = self.byte()
            elif b == 3:
                e.children.append(plain(self.inline()))
            elif b == 0x83:
                e.children.append(self.from_table(self.number()))
            elif b == 2:
                e.children.append(chr(self.number()))
            elif b == 0xc3:
                e.children.append(self.opaque(name, self.take(self.number())))
            else:
                e.children.append(self.element(b))
        return e

    def opaque(self, name, data):
        if name == 'Data' and data[:1] in (b'\x01', b'\x02', b'\x03'):
            try:
                return wbxml_decode(data)
            except (ValueError, IndexError):
                pass
        return plain(data)


def plain(raw):
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def wbxml_decode(data):
    r = Reader(data)
    tree = r.element(r.byte())
    if r.at != len(data):
        raise ValueError('WBXML: %d bytes behind the end' % (len(data) - r.at))
    return tree


# ---- XML ----

def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;').replace('\r', '&#13;')


def xml_encode(tree, style):
    out = []
    metinf = set(METINF)

    def text(name, piece):
        if isinstance(piece, bytes):
            piece = piece.decode('latin-1')  # the caller gives the declaration that fits
        if style.cdata and name == 'Data' and '\n' in piece:
            return '<![CDATA[%s]]>' % piece.replace(']]>', ']]]]><![CDATA[>')
        return escape(piece)

    def element(e, depth, namespace):
        mine = namespace
        if e.name == 'SyncML':
            mine = 'SYNCML:SYNCML' + style.version
        elif e.name == 'DevInf':
            mine = 'syncml:devinf'
        elif namespace != 'syncml:devinf':
            mine = 'syncml:metinf' if e.name in metinf else 'SYNCML:SYNCML' + style.version
        attribute = ' xmlns="%s"' % mine if style.xmlns and mine != namespace else ''
        pad = '\n' + '  ' * depth if style.indent else ''
        inner = [c for c in e.children if isinstance(c, E)]
        if not e.children:
            out.append('%s<%s%s/>' % (pad, e.name, attribute))
            return
        out.append('%s<%s%s>' % (pad, e.name, attribute))
        for c in e.children:
            if isinstance(c, E):
                element(c, depth + 1, mine)
            else:
                out.append(text(e.name, c))
        out.append('%s</%s>' % (pad if inner else '', e.name))

    element(tree, 0, None)
    charset = re.search('encoding="([^"]+)"', style.declaration or '')
    return (style.declaration + ''.join(out)).encode(charset.group(1) if charset else 'utf-8')


NAMESPACES = {'SYNCML:SYNCML1.0', 'SYNCML:SYNCML1.1', 'SYNCML:SYNCML1.2', 'syncml:metinf', 'syncml:devinf'}


def xml_decode(data):
    """Namespaces are checked, when there are any, and left out."""
    def convert(x):
        match = re.fullmatch(r'(?:\{([^}]*)\})?(.+)', x.tag)
        if match.group(1) and match.group(1) not in NAMESPACES:
            raise ValueError('XML: namespace %s' % match.group(1))
        name = match.group(2)
        if match.group(1) == 'syncml:metinf' and name not in METINF:
            raise ValueError('XML: %s is not of MetInf' % name)
        return E(name, x.text if x.text else None, *[part for c in x for part in (convert(c), c.tail if c.tail and c.tail.strip() else None)])
    return convert(ET.fromstring(data))


# ---- what a strict message is ----

COMMON = 'CmdID NoResp Cred Meta Item*'
ORDER = {  # children in the order of the DTD; '?' may be absent (all may: the lists are about order and number), '*' many
    'SyncML': 'SyncHdr SyncBody', 'SyncHdr': 'VerDTD VerProto SessionID MsgID Target Source RespURI NoResp Cred Meta',
    'Add': COMMON, 'Replace': COMMON, 'Copy': COMMON, 'Move': COMMON, 'Delete': 'CmdID NoResp Archive SftDel Cred Meta Item*',
    'Alert': 'CmdID NoResp Cred Data Correlator Item*', 'Get': 'CmdID NoResp Lang Cred Meta Item*', 'Put': 'CmdID NoResp Lang Cred Meta Item*',
    'Map': 'CmdID Target Source Cred Meta MapItem*', 'MapItem': 'Target Source',
    'Results': 'CmdID MsgRef CmdRef Meta TargetRef SourceRef Item*',
    'Status': 'CmdID MsgRef CmdRef Cmd TargetRef* SourceRef* Cred Chal Data Item*',
    'Item': 'Target Source SourceParent TargetParent Meta Data MoreData', 'Target': 'LocURI LocName Filter', 'Source': 'LocURI LocName',
    'Cred': 'Meta Data', 'Chal': 'Meta', 'Anchor': 'Last Next',
    'DevInf': 'VerDTD Man Mod OEM FwV SwV HwV DevID DevTyp UTC SupportLargeObjs SupportNumberOfChanges DataStore* CTCap* Ext*',
    'DataStore': 'SourceRef DisplayName MaxGUIDSize Rx-Pref Rx* Tx-Pref Tx* CTCap* DSMem SupportHierarchicalSync SyncCap Filter-Rx* FilterCap*',
    'SyncCap': 'SyncType*',
}
NEEDED = {'SyncHdr': 'VerDTD VerProto SessionID MsgID Target Source', 'Status': 'CmdID MsgRef CmdRef Cmd Data', 'Add': 'CmdID Item',
          'Replace': 'CmdID Item', 'Delete': 'CmdID Item', 'Alert': 'CmdID Data', 'Results': 'CmdID CmdRef Item', 'Sync': 'CmdID',
          'Map': 'CmdID Target Source MapItem', 'Target': 'LocURI', 'Source': 'LocURI', 'Item': '', 'Chal': 'Meta', 'Get': 'CmdID Item',
          'DevInf': 'VerDTD DevID DevTyp DataStore', 'DataStore': 'SourceRef Rx-Pref Tx-Pref SyncCap'}
MAY_BE_EMPTY = {'Final', 'MoreData', 'NoResp', 'Sync', 'Archive', 'SftDel', 'UTC', 'SupportLargeObjs', 'SupportNumberOfChanges',
                'SupportHierarchicalSync'}
ONLY_12 = {'Move', 'Correlator', 'Filter', 'SourceParent', 'TargetParent', 'Filter-Rx', 'FilterCap', 'SupportHierarchicalSync', 'Property'}
ONLY_11 = {'NumberOfChanges', 'MoreData', 'UTC', 'SupportLargeObjs', 'SupportNumberOfChanges', 'MaxObjSize'} | ONLY_12


def faults(tree, version, path=''):
    """What an old phone could choke on: order, number and emptiness of elements. A list of texts."""
    here = path + '/' + tree.name
    out = []
    names = [c.name for c in tree]
    if not tree.children and tree.name not in MAY_BE_EMPTY:
        out.append(here + ': is empty')
    if version == '1.0' and tree.name in ONLY_11 or version == '1.1' and tree.name in ONLY_12:
        out.append('%s: not in SyncML %s' % (here, version))
    order = ORDER.get(tree.name)
    if order is not None:
        wanted = [n.rstrip('*') for n in order.split()]
        places = [wanted.index(n) if n in wanted else -1 for n in names]
        if -1 in places:
            out.append('%s: holds %s' % (here, names[places.index(-1)]))
        elif places != sorted(places):
            out.append('%s: order is %s' % (here, ' '.join(names)))
        out += ['%s: more than one %s' % (here, n) for n in set(names) if names.count(n) > 1 and n + '*' not in order.split()]
    out += ['%s: no %s' % (here, n) for n in NEEDED.get(tree.name, '').split() if n not in names]
    if tree.name == 'SyncBody' and 'Final' in names[:-1]:
        out.append(here + ': Final is not the last')
    if tree.name in ('Sync', 'SyncBody', 'Atomic', 'Sequence'):
        inner = {'SyncBody': ['Final'], 'Sync': ['CmdID', 'NoResp', 'Cred', 'Target', 'Source', 'Meta', 'NumberOfChanges']}.get(
            tree.name, ['CmdID', 'NoResp', 'Meta'])
        heads = [n for n in names if n not in COMMANDS and n != 'Final']
        if any(n not in inner for n in heads) or names[:len(heads)] != heads or heads != sorted(heads, key=inner.index):
            out.append('%s: %s' % (here, ' '.join(names)))
    for c in tree:
        out += faults(c, version, here)
    return out


def b64(data):
    return base64.b64encode(data).decode()


if __name__ == '__main__':  # shows messages for people
    for name in sys.argv[1:]:
        with open(name, 'rb') as f:
            content = f.read()
        print('== %s (%d bytes)\n%s' % (name, len(content), outline(decode(content, 'xml' if content.startswith(b'<') else 'wbxml'))))
