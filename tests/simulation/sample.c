/* tests/simulation/sample.c: texts of the simulated items; see sample.h. */
#include "tests/simulation/sample.h"

#include "core/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONG_NOTE = 2600, FIRST_DAY = 20454 }; /* 2026-01-01 in days since 1970 */

const char *sample_db(enum db db)
{
    return db == DB_CONTACTS ? "contacts" : "tasks";
}
const char *sample_type(enum db db, bool modern)
{
    static const char *const types[DB_COUNT][2] = {{"text/x-vcard", "text/vcard"},
                                                   {"text/x-vcalendar", "text/calendar"}};
    return types[db][modern];
}
const char *sample_version(enum db db, bool modern)
{
    static const char *const versions[DB_COUNT][2] = {{"2.1", "3.0"}, {"1.0", "2.0"}};
    return versions[db][modern];
}

static int filler(int note)
{
    return note % 7 == 0 ? LONG_NOTE : 4;
}

static void add_note(struct buf *out, const char *name, int note)
{
    buf_addf(out, "%s:e%d", name, note);
    for (int i = 0, n = filler(note); i < n; i++)
        buf_addc(out, 'x');
    buf_addz(out, "\r\n");
}

/* A day in the proleptic Gregorian calendar and back (days since 1970). */
static void day_name(char out[16], int day)
{
    int z = day + 719468, era = z / 146097, doe = z - era * 146097;
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
        doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    snprintf(out, 16, "%04d%02d%02d", (yoe + era * 400 + (month <= 2)) % 10000, month % 100,
             (doy - (153 * mp + 2) / 5 + 1) % 100);
}

static bool day_number(struct str s, int *out)
{
    uint64_t n;
    char name[16];
    if (s.n < 8 || !str_u64(str_slice(s, 0, 8), &n))
        return false;
    int year = (int)(n / 10000), month = (int)(n / 100 % 100), y = year - (month <= 2);
    int era = y / 400, yoe = y % 400,
        doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + (int)(n % 100) - 1;
    int day = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    day_name(name, day);
    *out = day - FIRST_DAY;
    return day >= FIRST_DAY && str_eq(str_slice(s, 0, 8), str_c(name));
}

void sample_write(struct buf *out, enum db db, bool modern, const char *uid, const struct sample *c)
{
    char day[16];
    if (db == DB_CONTACTS) {
        buf_addf(out, "BEGIN:VCARD\r\nVERSION:%s\r\n", sample_version(db, modern));
        if (uid)
            buf_addf(out, "UID:%s\r\n", uid);
        buf_addf(out, "N:T%d;Sim;;;\r\nFN:Sim T%d\r\n", c->tag, c->tag);
        for (int i = 0; i < SAMPLE_NUMBERS && c->numbers[i]; i++)
            buf_addf(out, "TEL;%sCELL:+39%06d\r\n", modern ? "TYPE=" : "", c->numbers[i]);
        add_note(out, "NOTE", c->note);
        buf_addz(out, "END:VCARD\r\n");
        return;
    }
    buf_addf(out, "BEGIN:VCALENDAR\r\nVERSION:%s\r\nPRODID:-//Simulation//EN\r\nBEGIN:VTODO\r\n",
             sample_version(db, modern));
    if (uid)
        buf_addf(out, "UID:%s\r\n", uid);
    if (modern)
        buf_addz(out, "DTSTAMP:20260101T000000Z\r\n");
    day_name(day, FIRST_DAY + c->numbers[0]);
    buf_addf(out, "SUMMARY:T%d\r\nDUE:%sT100000Z\r\n", c->tag, day);
    add_note(out, "DESCRIPTION", c->note);
    buf_addz(out, "END:VTODO\r\nEND:VCALENDAR\r\n");
}

/* ---- reading ---- */

static int hex(char c)
{
    return ascii_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Folded lines, and soft line breaks of quoted-printable, are joined. Quoted-printable has its escapes decoded where the line says so. */
static void unfold(struct buf *out, struct str text)
{
    bool quoted = false;
    size_t start = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\r')
            continue;
        if (c == '\n' && i + 1 < text.n && (text.p[i + 1] == ' ' || text.p[i + 1] == '\t')) {
            i++;
            continue;
        }
        if (quoted && c == '=' && i + 1 < text.n && (text.p[i + 1] == '\r' || text.p[i + 1] == '\n')) {
            i += text.p[i + 1] == '\r' ? 2 : 1;
            continue;
        }
        if (quoted && c == '=' && i + 2 < text.n && hex(text.p[i + 1]) >= 0 && hex(text.p[i + 2]) >= 0) {
            buf_addc(out, (char)(hex(text.p[i + 1]) * 16 + hex(text.p[i + 2])));
            i += 2;
            continue;
        }
        buf_addc(out, c);
        if (c == ':')
            quoted = str_find(str_from(buf_view(out), start), STR("QUOTED-PRINTABLE"), 0) != SIZE_MAX;
        if (c == '\n') {
            quoted = false;
            start = out->n;
        }
    }
}

/* The value of the n-th line of that name. */
static bool find(struct str text, const char *name, int n, struct str *value)
{
    struct str line;
    size_t len = strlen(name);
    while (str_split(&text, '\n', &line)) {
        size_t colon = str_chr(line, ':', 0);
        if (!str_starts(line, str_c(name)) || colon == SIZE_MAX ||
            (line.p[len] != ':' && line.p[len] != ';') || n--)
            continue;
        *value = str_from(line, colon + 1);
        return true;
    }
    return false;
}

static bool find_one(struct str text, const char *name, struct str *value)
{
    struct str other;
    return find(text, name, 0, value) && !find(text, name, 1, &other);
}

static bool read_int(struct str s, const char *prefix, int *out)
{
    uint64_t n;
    size_t end = strlen(prefix);
    while (end < s.n && ascii_digit(s.p[end]))
        end++;
    if (!str_starts(s, str_c(prefix)) || !str_u64(str_slice(s, strlen(prefix), end - strlen(prefix)), &n))
        return false;
    *out = (int)n;
    return true;
}

static bool read_note(struct str s, int *out)
{
    size_t xs = 0;
    if (!read_int(s, "e", out))
        return false;
    for (size_t i = 0; i < s.n; i++)
        xs += s.p[i] == 'x';
    char head[32];
    int n = snprintf(head, sizeof head, "e%d", *out);
    return xs == (size_t)filler(*out) && s.n == (size_t)n + xs;
}

static void add_number(struct sample *c, int number)
{
    int at = SAMPLE_NUMBERS - 1;
    if (c->numbers[at])
        return; /* more than anybody wrote: the model will say so */
    while (at > 0 && (!c->numbers[at - 1] || c->numbers[at - 1] > number)) {
        c->numbers[at] = c->numbers[at - 1];
        at--;
    }
    c->numbers[at] = number;
}

bool sample_read(struct str text, enum db db, struct sample *c)
{
    SCOPED_BUF(flat, 1 << 20);
    struct str tag, note, value;
    int number = 0, count = 0;
    unfold(&flat, text);
    struct str all = buf_view(&flat);
    *c = (struct sample){0};
    bool contact = db == DB_CONTACTS;
    if (!find_one(all, contact ? "N" : "SUMMARY", &tag) || !read_int(tag, "T", &c->tag))
        return false;
    if (!find_one(all, contact ? "NOTE" : "DESCRIPTION", &note) || !read_note(note, &c->note))
        return false;
    while (find(all, contact ? "TEL" : "DUE", count, &value) && count < SAMPLE_NUMBERS) {
        if (contact ? !read_int(value, "+39", &number) : !day_number(value, &number))
            return false;
        add_number(c, number);
        count++;
    }
    return count && (contact || count == 1);
}
