/* formats/mime_scan.c: one pass over the lines of a message. Open parts are on a stack; a line that begins with "--" is compared
 * with the boundaries on it, everything else is passed over. */
#include "formats/header.h"
#include "formats/mime.h"
#include "formats/mime_type.h"

enum { BOUNDARY_MOST = 200 /* RFC 2046 allows 70 */, DEPTH_MOST = 200 };

struct open_part {
    size_t part;         /* in the map */
    struct str boundary; /* of a multipart that may get more parts; STR_NONE otherwise */
    uint64_t lines;      /* of the message before the body */
    bool digest;         /* its parts are messages unless they say something else */
};

struct scan {
    struct arena *arena;
    struct str message;
    const struct mime_limits *limits;
    struct mime_part *parts;
    size_t count, cap;
    struct open_part open[DEPTH_MOST + 1];
    size_t depth;   /* how many are open */
    size_t at;      /* where the scan is */
    uint64_t lines; /* line ends before it */
};

/* Reads the next line, without its end. False at the end of the message. */
static bool next_line(struct scan *s, struct str *line)
{
    if (s->at >= s->message.n)
        return false;
    struct str rest = str_from(s->message, s->at);
    const char *end = memchr(rest.p, '\n', rest.n);
    size_t n = end ? (size_t)(end - rest.p) : rest.n;
    s->at += n + (end != NULL);
    s->lines += end != NULL;
    *line = str_slice(rest, 0, n && rest.p[n - 1] == '\r' ? n - 1 : n);
    return true;
}

/* The open multipart whose boundary the line is; the longest boundary if several are. -1: none. */
static int boundary_of(const struct scan *s, struct str line, bool *last)
{
    int found = -1;
    if (line.n < 3 || line.p[0] != '-' || line.p[1] != '-')
        return -1;
    line = str_from(line, 2);
    for (int i = (int)s->depth - 1; i >= 0; i--) {
        struct str b = s->open[i].boundary;
        if (b.n && str_starts(line, b) && (found < 0 || b.n > s->open[found].boundary.n))
            found = i;
    }
    if (found >= 0)
        *last = str_starts(str_from(line, s->open[found].boundary.n), STR("--"));
    return found;
}

/* The body of the innermost open part ends. */
static void close_one(struct scan *s, size_t end, uint64_t lines)
{
    const struct open_part *o = &s->open[--s->depth];
    struct mime_part *p = &s->parts[o->part];
    p->body_n = end > p->body ? end - p->body : 0;
    p->lines = p->body_n && lines > o->lines ? lines - o->lines : 0;
}

static void close_to(struct scan *s, size_t depth, size_t end, uint64_t lines)
{
    while (s->depth > depth)
        close_one(s, end, lines);
}

/* The value of a field as far as it is looked at. */
static struct str field_of(const struct scan *s, struct str head, struct str name)
{
    return str_slice(header_find(head, name), 0, s->limits->field);
}

static struct str boundary_in(struct scan *s, struct str params)
{
    struct str b = mime_param(s->arena, params, STR("boundary"));
    while (b.n && ascii_space(b.p[b.n - 1]))
        b.n--;
    return b.n > BOUNDARY_MOST ? STR_NONE : b;
}

static bool is_message(struct mime_value v)
{
    return str_caseeq(v.type, STR("message")) &&
           (str_caseeq(v.subtype, STR("rfc822")) || str_caseeq(v.subtype, STR("global")));
}

/* What the header says of the part on top of the stack. */
static void judge(struct scan *s, struct open_part *o, struct mime_part *p, bool in_digest)
{
    struct str head = mime_head(s->message, p);
    struct mime_value v = mime_value(field_of(s, head, STR("Content-Type")));
    bool deep = s->depth > s->limits->depth || s->depth > DEPTH_MOST;
    p->encoding = mime_encoding(field_of(s, head, STR("Content-Transfer-Encoding")));
    if (!v.subtype.n) {
        p->kind = in_digest && !deep && s->count < s->limits->parts ? MIME_MESSAGE : MIME_TEXT;
        return;
    }
    p->kind = str_caseeq(v.type, STR("text")) ? MIME_TEXT : MIME_LEAF;
    if (deep || s->count >= s->limits->parts)
        return;
    if (is_message(v)) {
        p->kind = MIME_MESSAGE;
    } else if (str_caseeq(v.type, STR("multipart"))) {
        o->boundary = boundary_in(s, v.params);
        o->digest = str_caseeq(v.subtype, STR("digest"));
        p->kind = MIME_MULTIPART;
    }
}

/* Reads a header up to its empty line, or to a boundary, which is left for the next line. */
static void pass_header(struct scan *s)
{
    struct str line;
    bool last;
    for (;;) {
        size_t at = s->at;
        uint64_t lines = s->lines;
        if (!next_line(s, &line) || !line.n)
            return;
        if (boundary_of(s, line, &last) >= 0) {
            s->at = at;
            s->lines = lines;
            return;
        }
    }
}

/* A part begins here; the messages inside of it begin too. */
static enum status open_one(struct scan *s)
{
    bool more = true;
    while (more) {
        s->parts = arena_grow(s->arena, s->parts, s->count, &s->cap, s->count + 1, sizeof *s->parts);
        if (!s->parts)
            return s->arena->st;
        bool in_digest = s->depth && s->open[s->depth - 1].digest;
        struct mime_part *p = &s->parts[s->count];
        *p = (struct mime_part){.depth = (uint32_t)s->depth, .head = s->at};
        pass_header(s);
        p->head_n = s->at - p->head;
        p->body = s->at;
        struct open_part *o = &s->open[s->depth++];
        *o = (struct open_part){.part = s->count++, .lines = s->lines};
        judge(s, o, p, in_digest);
        more = p->kind == MIME_MESSAGE;
    }
    return s->arena->st;
}

enum status mime_scan(struct arena *a, struct str message, const struct mime_limits *limits,
                      struct mime_map *out)
{
    struct scan s = {.arena = a, .message = message, .limits = limits};
    struct str line;
    enum status st = open_one(&s);
    while (st == OK) {
        size_t begin = s.at;
        bool last, begins_body = s.depth && s.parts[s.open[s.depth - 1].part].body == begin;
        uint64_t lines = s.lines;
        if (!next_line(&s, &line))
            break;
        int level = boundary_of(&s, line, &last);
        if (level < 0 || (!last && s.count >= limits->parts))
            continue;
        size_t end = begin;
        if (!begins_body && end && message.p[end - 1] == '\n') {
            lines--;
            end -= end > 1 && message.p[end - 2] == '\r' ? 2 : 1;
        }
        close_to(&s, (size_t)level + 1, end, lines);
        if (last)
            s.open[level].boundary = STR_NONE; /* what follows is the epilogue */
        else
            st = open_one(&s);
    }
    close_to(&s, 0, message.n, s.lines);
    *out = (struct mime_map){s.parts, s.count};
    return st;
}
