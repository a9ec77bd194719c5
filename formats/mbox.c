/* formats/mbox.c: a window on the file is looked through line by line, each line once, however the bytes come in. */
#include "formats/mbox.h"

#include "formats/header.h"
#include "formats/maildate.h"

#include <time.h>

enum { FROM_MOST = 1000, TOKENS = 32, HEADER_MOST = 1 << 20 };

/* ---- the From line ---- */
static bool is_time(struct str s)
{
    return s.n >= 4 && s.n <= 8 && ascii_digit(s.p[0]) && str_chr(s, ':', 0) <= 2;
}

static bool is_year(struct str s)
{
    uint64_t year;
    return s.n == 4 && str_u64(s, &year) && year >= 1970;
}

/* "… [Tue] Nov 24 10:00:00 [zone] 2026 [zone]" */
static bool date_of(const struct str *word, size_t count, int64_t *out)
{
    for (size_t i = 2; i + 1 < count; i++) {
        if (!is_time(word[i]) || word[i - 2].n != 3 || word[i - 1].n > 2)
            continue;
        size_t year = is_year(word[i + 1]) ? i + 1 : i + 2;
        if (year >= count || !is_year(word[year]))
            return false;
        struct str zone = year > i + 1 ? word[i + 1] : year + 1 < count ? word[year + 1] : STR("+0000");
        struct maildate date;
        SCOPED_BUF(text, 128);
        buf_addf(&text, "%.*s %.*s %.*s %.*s %.*s", STR_ARG(word[i - 1]), STR_ARG(word[i - 2]),
                 STR_ARG(word[year]), STR_ARG(word[i]), STR_ARG(zone));
        if (text.st != OK || maildate_parse(buf_view(&text), &date) != OK)
            return false;
        *out = date.at;
        return true;
    }
    return false;
}

bool mbox_from(struct str line, int64_t *date)
{
    struct str words[TOKENS], word;
    size_t count = 0;
    *date = 0;
    if (!str_starts(line, STR("From ")) || line.n > FROM_MOST)
        return false;
    while (count < TOKENS && str_split(&line, ' ', &word))
        if (word.n)
            words[count++] = word;
    return date_of(words, count, date);
}

/* ---- cutting ---- */
static struct str line_at(struct str window, size_t at, size_t *next)
{
    size_t end = str_chr(window, '\n', at);
    *next = end == SIZE_MAX ? window.n : end + 1;
    struct str line = str_slice(window, at, (end == SIZE_MAX ? window.n : end) - at);
    return line.n && line.p[line.n - 1] == '\r' ? str_slice(line, 0, line.n - 1) : line;
}

/* Past the empty lines at an offset. */
static size_t skip_empty(struct str window, size_t at)
{
    while (at < window.n && (window.p[at] == '\n' || window.p[at] == '\r'))
        at++;
    return at;
}

/* The end that Content-Length claims, when a message or nothing follows there; 0: it is none. TRUNCATED: not to be seen yet. */
static enum status claimed_end(const struct mbox *m, struct str window, size_t text, bool last, size_t *end)
{
    struct str head = str_slice(window, text, HEADER_MOST);
    uint64_t length;
    int64_t date;
    size_t next;
    *end = 0;
    size_t header = header_size(head);
    struct str value = header_find(str_slice(head, 0, header), STR("Content-Length"));
    if (!value.p || !str_u64(str_trim(value), &length) || length > m->most)
        return OK;
    size_t at = text + header + (size_t)length;
    if (!last && window.n < at + FROM_MOST + 16)
        return TRUNCATED;
    if (at > window.n)
        return OK;
    size_t behind = skip_empty(window, at);
    bool fits = behind == window.n ? last : mbox_from(line_at(window, behind, &next), &date);
    if (fits && (at == text + header || behind > at || window.p[at - 1] == '\n'))
        *end = at;
    return OK;
}

static bool header_is_whole(struct str window, size_t text)
{
    struct str head = str_slice(window, text, HEADER_MOST);
    return head.n >= HEADER_MOST || str_find(head, STR("\n\n"), 0) != SIZE_MAX ||
           str_find(head, STR("\n\r\n"), 0) != SIZE_MAX;
}

/* The end by the next From line behind an empty line. */
static enum status found_end(struct mbox *m, struct str window, size_t text, bool last, size_t *end)
{
    size_t at = m->scanned > text ? m->scanned : text, next;
    bool empty = false;
    for (;; at = next) {
        if (at >= window.n)
            break;
        struct str line = line_at(window, at, &next);
        int64_t date;
        if (next == window.n && !last)
            break; /* the line may go on */
        if (empty && mbox_from(line, &date)) {
            *end = at;
            return OK;
        }
        empty = line.n == 0;
        if (!empty)
            m->scanned = next;
    }
    if (last)
        *end = window.n;
    return last ? OK : TRUNCATED;
}

static enum status take(struct mbox *m, struct str *window, size_t text, size_t end, struct mbox_message *out)
{
    struct str body = str_slice(*window, text, end - text);
    if (!out->plain && str_ends(body, STR("\r\n\r\n")))
        body.n -= 2;
    else if (!out->plain && str_ends(body, STR("\n\n")))
        body.n -= 1;
    out->text = body;
    *window = str_from(*window, end);
    m->scanned = 0;
    return body.n > m->most ? TOO_LARGE : OK;
}

/* More than a message may have, and no end of it: the rest is passed over up to the next From line. */
static enum status pass_over(struct mbox *m, struct str *window)
{
    size_t keep = window->n < FROM_MOST + 16 ? 0 : window->n - FROM_MOST - 16;
    size_t line = str_chr(*window, '\n', keep);
    size_t cut = line == SIZE_MAX ? keep : line + 1;
    if (cut > 1 && line != SIZE_MAX && window->p[line - 1] == '\n')
        cut = line; /* the empty line that a From line may follow */
    else if (cut > 2 && line != SIZE_MAX && window->p[line - 1] == '\r' && window->p[line - 2] == '\n')
        cut = line - 1;
    *window = str_from(*window, cut);
    m->scanned = 0;
    m->skipping = true;
    return TOO_LARGE;
}

static enum status skip(struct mbox *m, struct str *window, bool last)
{
    size_t end;
    enum status st = found_end(m, *window, 0, last, &end);
    if (st == OK) {
        *window = str_from(*window, end);
        m->scanned = 0;
        m->skipping = false;
    } else if (window->n > m->most) {
        (void)pass_over(m, window);
    }
    return st;
}

enum status mbox_next(struct mbox *m, struct str *window, bool last, struct mbox_message *out)
{
    size_t text, end = 0;
    *out = (struct mbox_message){0};
    if (m->skipping) {
        enum status st = skip(m, window, last);
        if (st != OK)
            return st;
    }
    size_t start = skip_empty(*window, 0);
    if (start) {
        *window = str_from(*window, start);
        m->scanned = 0;
    }
    if (!window->n)
        return last ? NOT_FOUND : TRUNCATED;
    struct str line = line_at(*window, 0, &text);
    if (text == window->n && !last && window->n <= FROM_MOST)
        return TRUNCATED;
    if (!str_starts(line, STR("From ")))
        return INVALID;
    (void)mbox_from(line, &out->date);
    enum status st = TRUNCATED;
    if (last || header_is_whole(*window, text))
        st = claimed_end(m, *window, text, last, &end);
    if (st == OK && end) {
        out->plain = true;
        return take(m, window, text, end, out);
    }
    if (st == OK)
        st = found_end(m, *window, text, last, &end);
    if (st == OK)
        return take(m, window, text, end, out);
    return window->n > 2 * m->most + HEADER_MOST ? pass_over(m, window) : st;
}

/* ---- reading a message ---- */
static void mark(struct str value, const char *letters, const unsigned *marks, unsigned *out)
{
    for (size_t i = 0; letters[i]; i++)
        if (str_chr(value, letters[i], 0) != SIZE_MAX)
            *out |= marks[i];
}

static void mark_status(struct str value, unsigned *out)
{
    static const unsigned marks[] = {MBOX_SEEN};
    mark(value, "R", marks, out);
}

static void mark_x_status(struct str value, unsigned *out)
{
    static const unsigned marks[] = {MBOX_ANSWERED, MBOX_FLAGGED, MBOX_DELETED, MBOX_DRAFT};
    mark(value, "AFDT", marks, out);
}

/* Four hexadecimal digits. */
static void mark_mozilla(struct str value, unsigned *out)
{
    static const unsigned marks[] = {MBOX_SEEN, MBOX_ANSWERED, MBOX_FLAGGED, MBOX_DELETED};
    value = str_trim(value);
    if (value.n != 4)
        return;
    const char *digits = "0123456789abcdef";
    const char *digit = strchr(digits, ascii_lower(value.p[3]));
    for (unsigned i = 0; digit && i < COUNT_OF(marks); i++)
        if (((unsigned)(digit - digits) >> i) & 1)
            *out |= marks[i];
}

static const struct {
    struct str name;
    void (*mark)(struct str value, unsigned *out);
} of_the_file[] = {
    {STR_INIT("Status"), mark_status},
    {STR_INIT("X-Status"), mark_x_status},
    {STR_INIT("X-Mozilla-Status"), mark_mozilla},
    {STR_INIT("X-Mozilla-Status2"), NULL},
    {STR_INIT("X-Mozilla-Keys"), NULL},
    {STR_INIT("X-Keywords"), NULL},
    {STR_INIT("X-UID"), NULL},
    {STR_INIT("X-IMAP"), NULL},
    {STR_INIT("X-IMAPbase"), NULL},
    {STR_INIT("Content-Length"), NULL},
};

static bool belongs_to_file(const struct header_field *f, unsigned *marks)
{
    for (size_t i = 0; i < COUNT_OF(of_the_file); i++) {
        if (!str_caseeq(f->name, of_the_file[i].name))
            continue;
        if (of_the_file[i].mark)
            of_the_file[i].mark(f->value, marks);
        return true;
    }
    return false;
}

static void add_lines(struct buf *out, struct str text, bool unquote)
{
    while (text.n) {
        size_t next;
        struct str line = line_at(text, 0, &next);
        size_t signs = 0;
        while (signs < line.n && line.p[signs] == '>')
            signs++;
        if (unquote && signs && str_starts(str_from(line, signs), STR("From ")))
            line = str_from(line, 1);
        buf_add(out, line);
        buf_addz(out, "\r\n");
        text = str_from(text, next);
    }
}

/* Does a line begin with "From " that a program which quotes would have quoted? */
static bool has_bare_from(struct str body)
{
    return str_starts(body, STR("From ")) || str_find(body, STR("\nFrom "), 0) != SIZE_MAX;
}

bool mbox_unpack(const struct mbox_message *m, struct buf *out, unsigned *marks)
{
    size_t header = header_size(m->text);
    struct str body = str_from(m->text, header), rest = str_slice(m->text, 0, header);
    bool about_folder = header_find(rest, STR("X-IMAP")).p != NULL;
    bool unquote = !(m->plain && has_bare_from(body));
    struct header_field f;
    *marks = 0;
    while (rest.n) {
        struct str before = rest;
        if (!header_next(&rest, &f))
            break;
        if (!belongs_to_file(&f, marks))
            add_lines(out, str_slice(before, 0, before.n - rest.n), unquote);
    }
    buf_addz(out, "\r\n");
    add_lines(out, body, unquote);
    return !about_folder;
}

/* ---- writing ---- */
static void write_date(struct buf *out, int64_t date)
{
    char text[64];
    struct tm tm;
    time_t t = (time_t)date;
    if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &tm))
        buf_addz(out, text);
}

static void write_marks(struct buf *out, unsigned marks)
{
    buf_addf(out, "Status: %sO\n", marks & MBOX_SEEN ? "R" : "");
    if (marks & ~(unsigned)MBOX_SEEN)
        buf_addf(out, "X-Status: %s%s%s%s\n", marks & MBOX_ANSWERED ? "A" : "",
                 marks & MBOX_FLAGGED ? "F" : "", marks & MBOX_DELETED ? "D" : "",
                 marks & MBOX_DRAFT ? "T" : "");
}

static void write_lines(struct buf *out, struct str text, bool quote)
{
    while (text.n) {
        size_t next;
        struct str line = line_at(text, 0, &next);
        size_t signs = 0;
        while (signs < line.n && line.p[signs] == '>')
            signs++;
        if (quote && str_starts(str_from(line, signs), STR("From ")))
            buf_addc(out, '>');
        buf_add(out, line);
        buf_addz(out, line.n && line.p[line.n - 1] == '\r' ? "\r\n" : "\n"); /* a CR of its own stays */
        text = str_from(text, next);
    }
}

void mbox_write(struct buf *out, struct str message, struct str sender, int64_t date, unsigned marks)
{
    size_t header = header_size(message);
    struct str rest = str_slice(message, 0, header);
    struct header_field f;
    unsigned ignored = 0;
    buf_addz(out, "From ");
    for (size_t i = 0; i < sender.n; i++)
        buf_addc(out, sender.p[i] > ' ' && sender.p[i] < 0x7f ? sender.p[i] : '-');
    buf_addz(out, sender.n ? " " : "MAILER-DAEMON ");
    write_date(out, date);
    buf_addc(out, '\n');
    while (rest.n) {
        struct str before = rest;
        if (!header_next(&rest, &f))
            break;
        if (!belongs_to_file(&f, &ignored))
            write_lines(out, str_slice(before, 0, before.n - rest.n), true);
    }
    write_marks(out, marks);
    buf_addc(out, '\n');
    write_lines(out, str_from(message, header), true);
    buf_addc(out, '\n');
}
