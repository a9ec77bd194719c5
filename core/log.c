/* core/log.c: composes a line in one buffer and writes it with one write(2), so that lines never mix. */
#include "core/log.h"

#include "core/buf.h"
#include "core/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { LINE_MAX_BYTES = 16 * 1024 };

static _Atomic int current_level = LOG_LEVEL_INFO;
static atomic_bool as_json;
static _Atomic int out_fd = 2;
static _Thread_local uint64_t request_id;

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

static void add_time(struct buf *b)
{
    int64_t ms = clock_now_ms();
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    buf_addf(b, "%s.%03dZ", text, (int)(ms % 1000));
}

/* Escapes for a text line or inside a JSON string: control characters, and for JSON quote and backslash.
 * Bytes that are not UTF-8 become '?': a log is text. */
static void add_escaped(struct buf *b, struct str s, bool json)
{
    bool utf8 = str_utf8(s);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            buf_addf(b, json ? "\\u%04x" : "\\x%02x", c);
        else if (json && (c == '"' || c == '\\'))
            buf_addf(b, "\\%c", c);
        else
            buf_addc(b, c >= 0x80 && !utf8 ? '?' : (char)c);
    }
}

static void begin_line(struct buf *b, enum log_level level, bool json)
{
    buf_addz(b, json ? "{\"time\":\"" : "");
    add_time(b);
    buf_addf(b, json ? "\",\"level\":\"%s\"" : " %s", level_names[level]);
    if (request_id)
        buf_addf(b, json ? ",\"request\":\"%llx\"" : " [%llx]", (unsigned long long)request_id);
}

static void end_line(struct buf *b, bool json)
{
    buf_addz(b, json ? "}\n" : "\n");
    if (b->st != OK) { /* too long for a line: cut it */
        buf_cut(b, LINE_MAX_BYTES - 1);
        b->st = OK;
        buf_addc(b, '\n');
    }
    ssize_t written = write(atomic_load(&out_fd), b->p, b->n);
    (void)written; /* there is nowhere to report that the log cannot be written */
    buf_free(b);
}

static void add_named(struct buf *b, const char *name, struct str value, bool json)
{
    buf_addf(b, json ? ",\"%s\":\"" : " %s=", name);
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
    end_line(&line, json);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if (!log_enabled(level))
        return;
    bool json = atomic_load(&as_json);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    begin_line(&line, level, json);
    buf_addf(&line, json ? ",\"event\":\"%s\"" : " %s", event);
    for (size_t i = 0; i < count; i++)
        if (fields[i].value.p)
            add_named(&line, fields[i].name, fields[i].value, json);
    end_line(&line, json);
}
