"""What people see in a card or a calendar object, whoever wrote it: a value that is equal for two texts that say the same.

Programs rewrite what they store: order, folding, UID, PRODID and REV, the way a type is written, COUNT or UNTIL, UTC or local time. So
cards become sets of fields, and events become their occurrences over some years."""
import base64
import hashlib
import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil import rrule
from scambio import unfold

# Types that only say what is the default, or how it is written.
SILENT_TYPES = {'VOICE', 'PREF', 'INTERNET', 'POSTAL', 'PARCEL', 'INTL', 'X-EVOLUTION-UI-SLOT', 'OTHER'}
YEARS = 3


def lines(text):
    """(name, parameters as [(name, value)], value) of each line."""
    for line in unfold(text).replace('\r', '').split('\n'):
        match = re.match(r'(?:[\w-]+\.)?([\w-]+)((?:;[^:";]*(?:"[^"]*")?[^:";]*)*):(.*)', line)
        if match:
            parameters = [tuple(p.split('=', 1)) if '=' in p else ('TYPE', p) for p in match.group(2).split(';')[1:]]
            yield match.group(1).upper(), [(n.upper(), v.strip('"')) for n, v in parameters], match.group(3)


def plain(value):
    return re.sub(r'\\(.)', lambda m: '\n' if m.group(1) in 'nN' else m.group(1), value).rstrip('\n')


def components(value):
    """A structured value without empty components at its end."""
    parts = [plain(p) for p in re.split(r'(?<!\\);', value)]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def card(text):
    """The fields of a vCard 3.0 or 4.0."""
    out = set()
    for name, parameters, value in lines(text):
        types = frozenset(t.upper() for n, v in parameters if n == 'TYPE' for t in v.split(',')) - SILENT_TYPES
        if name in ('N', 'ORG', 'ADR'):
            fields = components(value)
            if any(fields):
                out.add((name, types if name == 'ADR' else None, fields))
        elif name in ('TEL', 'EMAIL', 'URL', 'NOTE', 'TITLE', 'ROLE', 'NICKNAME', 'FN') and value:
            out.add((name, types if name in ('TEL', 'EMAIL') else None, plain(value)))
        elif name == 'BDAY' and value:
            out.add((name, None, value.replace('-', '')[:8]))
        elif name == 'CATEGORIES' and value:
            out.add((name, None, tuple(sorted(plain(v) for v in re.split(r'(?<!\\),', value)))))
        elif name == 'PHOTO' and value:
            out.add((name, None, hashlib.sha256(base64.b64decode(re.sub(r'^data:[^,]*,', '', value))).hexdigest()[:16]))
    return frozenset(out)


# ---- calendars ----

def moment(parameters, value):
    """A date, or a datetime in UTC (floating: as if it were)."""
    if len(value) == 8:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    t = datetime.strptime(value[:15], '%Y%m%dT%H%M%S')
    zone = dict(parameters).get('TZID')
    if value.endswith('Z') or not zone:
        return t.replace(tzinfo=timezone.utc)
    name = re.sub(r'^/[^/]*(/[^/]*)*?/(?=[A-Z][a-z]+/[A-Z])', '', zone)
    name = {'Rome': 'Europe/Rome', 'Berlin': 'Europe/Berlin', 'New_York': 'America/New_York'}.get(name, name)
    return t.replace(tzinfo=ZoneInfo(name)).astimezone(timezone.utc)


def local(parameters, value):
    return datetime.strptime(value[:15], '%Y%m%dT%H%M%S') if len(value) > 8 else moment(parameters, value)


def parts(text, kind):
    """The components of that kind: {name: [(parameters, value)]}; alarms below 'ALARM'."""
    out, stack = [], []
    for name, parameters, value in lines(text):
        if name == 'BEGIN':
            stack.append(value.upper())
            if value.upper() == kind:
                out.append({'ALARM': []})
        elif name == 'END':
            stack.pop()
        elif stack and stack[-1] == kind:
            out[-1].setdefault(name, []).append((parameters, value))
        elif stack[-2:] == [kind, 'VALARM'] and name == 'TRIGGER':
            out[-1]['ALARM'].append((parameters, value))
    return out


def duration(text):
    match = re.fullmatch(r'([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?', text)
    weeks, days, hours, minutes, seconds = [int(x or 0) for x in match.groups()[1:]]
    d = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -d if match.group(1) == '-' else d


def texts(part):
    """What an occurrence says."""
    def first(name):
        return plain(part[name][0][1]) if name in part else ''
    return (first('SUMMARY'), first('LOCATION'), first('DESCRIPTION'), first('STATUS').replace('CONFIRMED', ''),
            first('CLASS').replace('PUBLIC', ''), alarm_of(part))


def alarm_of(part):
    out = set()
    for parameters, value in part['ALARM']:
        if value[0] in '+-P':
            out.add(duration(value))
        elif 'DTSTART' in part:
            out.add(moment(parameters, value) - moment(*part['DTSTART'][0]))
    return frozenset(out)


def length(part):
    start = moment(*part['DTSTART'][0])
    if 'DTEND' in part:
        return moment(*part['DTEND'][0]) - start
    if 'DURATION' in part:
        return duration(part['DURATION'][0][1])
    return timedelta(days=1) if len(part['DTSTART'][0][1]) == 8 else timedelta(0)


def starts(master):
    """When it happens, in UTC: the rule is expanded in its own zone."""
    parameters, value = master['DTSTART'][0]
    start = local(parameters, value)
    if 'RRULE' not in master:
        return {moment(parameters, value)}
    plain_start = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)
    text = master['RRULE'][0][1]
    until = re.search(r'UNTIL=([^;]*)', text)
    rule = rrule.rrulestr(re.sub(r';?UNTIL=[^;]*', '', text).lstrip(';'), dtstart=plain_start)
    end = plain_start + timedelta(days=366 * YEARS)
    found = [moment(parameters, t.strftime('%Y%m%dT%H%M%S' if isinstance(start, datetime) else '%Y%m%d')) for t in rule.between(plain_start, end, inc=True)]
    if until:
        last = moment([], until.group(1))
        found = [f for f in found if (f if isinstance(last, datetime) or not isinstance(f, datetime) else f.date()) <= (last if isinstance(f, datetime) or not isinstance(last, datetime) else last.date())]
    gone = {moment(p, v) for p, values in master.get('EXDATE', []) for v in values.split(',')}
    more = {moment(p, v) for p, values in master.get('RDATE', []) for v in values.split(',')}
    return (set(found) | more) - gone


def events(text):
    """The occurrences of an event, of one object or of the parts that a phone holds apart: {(start, length, texts)}."""
    out = {}
    masters = [p for p in parts(text, 'VEVENT') if 'RECURRENCE-ID' not in p]
    moved = [p for p in parts(text, 'VEVENT') if 'RECURRENCE-ID' in p]
    for m in masters:
        for start in starts(m):
            out[start] = (start, length(m), texts(m))
    for p in moved:
        out[moment(*p['RECURRENCE-ID'][0])] = (moment(*p['DTSTART'][0]), length(p), texts(p))
    return frozenset(out.values())


def todo(text):
    part = parts(text, 'VTODO')[0]
    due = moment(*part['DUE'][0]) if 'DUE' in part else None
    done = part.get('STATUS', [(0, '')])[0][1] == 'COMPLETED' or 'COMPLETED' in part
    return (texts(part)[0], texts(part)[2], due, done, part.get('PRIORITY', [(0, '0')])[0][1])


def note(text):
    """Of a phone: text/plain; of the store: a VJOURNAL."""
    if 'BEGIN:VJOURNAL' not in text:
        return text.replace('\r', '').rstrip('\n')
    part = parts(text, 'VJOURNAL')[0]
    summary, body = [plain(part[n][0][1]) if n in part else '' for n in ('SUMMARY', 'DESCRIPTION')]
    return body if body.split('\n')[0] == summary or not summary else (summary + '\n' + body).rstrip('\n')
