/* core/log.c: composes a line in one buffer and writes it, or several, with one write(2), so that lines never mix. */
#include "core/log.h"

#include "core/buf.h"
#include "core/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { LINE_MAX_BYTES = 16 * 1024, LINE_USUAL = 512, HELD_MOST = 4 * LINE_MAX_BYTES };

static _Atomic int current_level = LOG_LEVEL_INFO;
static atomic_bool as_json;
static _Atomic int out_fd = 2;
static _Thread_local uint64_t request_id;
static _Thread_local bool is_holding;
static _Thread_local struct buf held; /* whole lines */

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void log_setup(enum log_level level, bool json, int fd)
{
    atomic_store(&current_level, (int)level);
    atomic_store(&as_json, json);
    atomic_store(&out_fd, fd);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load(&current_level);
}

void log_request(uint64_t id)
{
    request_id = id;
}

static void add_digits(struct buf *b, int value, int digits)
{
    char text[8];
    for (int i = digits; i-- > 0; value /= 10)
        text[i] = (char)('0' + value % 10);
    buf_add(b, str_n(text, (size_t)digits));
}

/* "2026-11-24T09:30:00.123Z", without printf: a busy server writes some thousand of them a second. */
static void add_time(struct buf *b)
{
    int64_t ms = clock_now_ms();
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    const struct {
        int value, digits;
        char end;
    } parts[] = {{tm.tm_year + 1900, 4, '-'}, {tm.tm_mon + 1, 2, '-'}, {tm.tm_mday, 2, 'T'},
                 {tm.tm_hour, 2, ':'},        {tm.tm_min, 2, ':'},     {tm.tm_sec, 2, '.'},
                 {(int)(ms % 1000), 3, 'Z'}};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        add_digits(b, parts[i].value, parts[i].digits);
        buf_addc(b, parts[i].end);
    }
}

static bool is_plain(unsigned char c, bool utf8, bool json)
{
    return c >= 0x20 && c != 0x7f && (utf8 || c < 0x80) && !(json && (c == '"' || c == '\\'));
}

/* Escapes for a text line or inside a JSON string: control characters, and for JSON quote and backslash.
 * Bytes that are not UTF-8 become '?': a log is text. */
static void add_escaped(struct buf *b, struct str s, bool json)
{
    bool utf8 = str_utf8(s);
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        while (i < s.n && is_plain((unsigned char)s.p[i], utf8, json))
            i++;
        buf_add(b, str_slice(s, from, i - from));
        if (i == s.n)
            return;
        unsigned char c = (unsigned char)s.p[i++];
        if (c < 0x20 || c == 0x7f)
            buf_addf(b, json ? "\\u%04x" : "\\x%02x", c);
        else if (c >= 0x80)
            buf_addc(b, '?');
        else
            buf_addf(b, "\\%c", c);
    }
}

static void begin_line(struct buf *b, enum log_level level, bool json)
{
    (void)buf_reserve(b, LINE_USUAL); /* one allocation for nearly all lines */
    buf_addz(b, json ? "{\"time\":\"" : "");
    add_time(b);
    buf_addz(b, json ? "\",\"level\":\"" : " ");
    buf_addz(b, level_names[level]);
    buf_addz(b, json ? "\"" : "");
    if (request_id)
        buf_addf(b, json ? ",\"request\":\"%llx\"" : " [%llx]", (unsigned long long)request_id);
}

static void write_lines(struct str lines)
{
    ssize_t written = write(atomic_load(&out_fd), lines.p, lines.n);
    (void)written; /* there is nowhere to report that the log cannot be written */
}

void log_flush(void)
{
    if (held.n)
        write_lines(buf_view(&held));
    buf_clear(&held);
}

void log_hold(bool on)
{
    log_flush();
    buf_free(&held);
    is_holding = on;
    held = BUF_INIT(HELD_MOST);
}

static void end_line(struct buf *b, enum log_level level, bool json)
{
    buf_addz(b, json ? "}\n" : "\n");
    if (b->st != OK) { /* too long for a line: cut it */
        buf_cut(b, LINE_MAX_BYTES - 1);
        b->st = OK;
        buf_addc(b, '\n');
    }
    if (is_holding && held.n + b->n > HELD_MOST)
        log_flush();
    if (is_holding)
        buf_add(&held, buf_view(b));
    else
        write_lines(buf_view(b));
    if (held.st != OK) { /* no memory to hold it */
        log_flush();
        write_lines(buf_view(b));
    }
    if (level <= LOG_LEVEL_WARNING)
        log_flush();
    buf_free(b);
}

static void add_named(struct buf *b, const char *name, struct str value, bool json)
{
    buf_addz(b, json ? ",\"" : " ");
    buf_addz(b, name);
    buf_addz(b, json ? "\":\"" : "=");
    if (!json && (value.n == 0 || str_chr(value, ' ', 0) != SIZE_MAX)) {
        buf_addc(b, '"');
        add_escaped(b, value, json);
        buf_addc(b, '"');
    } else {
        add_escaped(b, value, json);
    }
    if (json)
        buf_addc(b, '"');
}

void log_at(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    bool json = atomic_load(&as_json);
    char text[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;

    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    begin_line(&line, level, json);
    buf_addz(&line, json ? ",\"message\":\"" : " ");
    add_escaped(&line, str_n(text, length), json);
    if (json)
        buf_addc(&line, '"');
    end_line(&line, level, json);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if (!log_enabled(level))
        return;
    bool json = atomic_load(&as_json);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    begin_line(&line, level, json);
    buf_addz(&line, json ? ",\"event\":\"" : " ");
    buf_addz(&line, event);
    buf_addz(&line, json ? "\"" : "");
    for (size_t i = 0; i < count; i++)
        if (fields[i].value.p)
            add_named(&line, fields[i].name, fields[i].value, json);
    end_line(&line, level, json);
}
