/* core/log.h: log lines for administrators, as text or JSON, one line a message.
 *
 * A line says what failed, why and what to do. Data of clients is escaped: no control character ever
 * reaches the log. Each line carries the id of the request that the thread works on (log_request). */
#ifndef SCAMBIO_CORE_LOG_H
#define SCAMBIO_CORE_LOG_H

#include "core/str.h"

#include <stdarg.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field { /* a named value of a structured line */
    const char *name;
    struct str value;
};

/* `fd` gets the lines (2 by default). Before threads start, or on SIGHUP. */
void log_setup(enum log_level level, bool json, int fd);
bool log_enabled(enum log_level level);

/* What the calling thread works on: an id (0: none) that its lines carry. */
void log_request(uint64_t id);

/* From now on lines of the calling thread that are no warning are written together, by log_flush: for a thread that says much and knows
 * when it is about to wait. A warning, or many lines, are written at once, with what is held before them. Off: written, and each
 * line by itself again. */
void log_hold(bool on);
void log_flush(void);

void log_at(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* A structured line (access log, audit): event name and fields. Text: `event name=value …`. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#endif
