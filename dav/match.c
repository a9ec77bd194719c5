/* dav/match.c: text-match and time-range, judged alike wherever a filter has them. */
#include "dav/match.h"

#include "core/fold.h"
#include "formats/caltime.h"

static const struct {
    struct str name;
    enum collation collation;
} collations[] = {
    {STR_INIT("i;ascii-casemap"), COLLATE_ASCII},
    {STR_INIT("i;unicode-casemap"), COLLATE_UNICODE},
    {STR_INIT("i;octet"), COLLATE_OCTET},
};

static const struct str how_names[] = {
    [TEXT_CONTAINS] = STR_INIT("contains"),
    [TEXT_EQUALS] = STR_INIT("equals"),
    [TEXT_STARTS] = STR_INIT("starts-with"),
    [TEXT_ENDS] = STR_INIT("ends-with"),
};

static enum status parse_collation(struct arena *a, struct str name, enum collation otherwise,
                                   enum collation *out, struct str *why)
{
    *out = otherwise;
    if (!name.p || str_eq(name, STR("default")))
        return OK;
    for (size_t i = 0; i < COUNT_OF(collations); i++) {
        if (str_eq(name, collations[i].name)) {
            *out = collations[i].collation;
            return OK;
        }
    }
    *why = arena_strf(a, "text-match: collation \"%.*s\" is not supported", STR_ARG(str_slice(name, 0, 80)));
    return BAD_COLLATION;
}

static enum status parse_how(struct arena *a, struct str name, enum text_how *out, struct str *why)
{
    *out = TEXT_CONTAINS;
    if (!name.p)
        return OK;
    for (size_t i = 0; i < COUNT_OF(how_names); i++) {
        if (str_eq(name, how_names[i])) {
            *out = (enum text_how)i;
            return OK;
        }
    }
    *why = arena_strf(
        a, "text-match: match-type \"%.*s\" is not one of equals, contains, starts-with, ends-with",
        STR_ARG(str_slice(name, 0, 80)));
    return INVALID;
}

static enum status parse_negate(struct arena *a, struct str value, bool *out, struct str *why)
{
    *out = str_eq(value, STR("yes"));
    if (!value.p || *out || str_eq(value, STR("no")))
        return OK;
    *why = arena_str(a, STR("text-match: negate-condition is neither yes nor no"));
    return INVALID;
}

enum status text_match_parse(struct arena *a, const struct xml_node *n, enum collation otherwise,
                             struct text_match *out, struct str *why)
{
    enum status st = parse_collation(a, xml_attr(n, "collation"), otherwise, &out->collation, why);
    if (st == OK)
        st = parse_how(a, xml_attr(n, "match-type"), &out->how, why);
    if (st == OK)
        st = parse_negate(a, xml_attr(n, "negate-condition"), &out->negate, why);
    if (st != OK)
        return st;
    struct str text = xml_text(a, n);
    /* Full decomposition makes a character at most 18 characters of 4 bytes. */
    SCOPED_BUF(folded, text.n * 72 + 16);
    collate(&folded, out->collation, text);
    if (folded.st != OK)
        return folded.st;
    out->folded = arena_str(a, buf_view(&folded));
    return out->folded.p ? OK : a->st;
}

void collate(struct buf *out, enum collation collation, struct str s)
{
    switch (collation) {
    case COLLATE_ASCII:
        fold_ascii(out, s);
        break;
    case COLLATE_UNICODE:
        fold_unicode(out, s);
        break;
    case COLLATE_OCTET:
        buf_add(out, s);
        break;
    }
}

static bool matches(enum text_how how, struct str value, struct str text)
{
    switch (how) {
    case TEXT_EQUALS:
        return str_eq(value, text);
    case TEXT_STARTS:
        return str_starts(value, text);
    case TEXT_ENDS:
        return str_ends(value, text);
    case TEXT_CONTAINS:
        break;
    }
    return text.n == 0 || str_find(value, text, 0) != SIZE_MAX;
}

bool text_match_value(const struct text_match *m, struct str value, struct buf *scratch)
{
    if (m->collation != COLLATE_OCTET) {
        buf_cut(scratch, 0);
        collate(scratch, m->collation, value);
        value = buf_view(scratch);
    }
    return matches(m->how, value, m->folded) != m->negate;
}

/* ---- time-range ---- */
static enum status parse_time(struct arena *a, const struct xml_node *n, const char *attr, int64_t *out,
                              struct str *why)
{
    struct str text = xml_attr(n, attr);
    struct caltime t;
    if (!text.p)
        return OK;
    if (caltime_parse(text, &t) != OK || !t.is_utc) {
        *why = arena_strf(a, "%.*s: %s=\"%.*s\" is not a date with UTC time", STR_ARG(n->name.name), attr,
                          STR_ARG(str_slice(text, 0, 40)));
        return INVALID;
    }
    *out = caltime_seconds(&t);
    return OK;
}

enum status time_range_parse(struct arena *a, const struct xml_node *n, bool both, struct time_range *out,
                             struct str *why)
{
    *out = (struct time_range){INT64_MIN, INT64_MAX};
    enum status st = parse_time(a, n, "start", &out->from, why);
    if (st == OK)
        st = parse_time(a, n, "end", &out->until, why);
    if (st != OK)
        return st;
    bool open = out->from == INT64_MIN, ended = out->until != INT64_MAX;
    if (both ? (open || !ended) : (open && !ended)) {
        *why = arena_strf(a, "%.*s: %s", STR_ARG(n->name.name),
                          both ? "needs start and end" : "needs start or end");
        return INVALID;
    }
    if (out->from >= out->until) {
        *why = arena_strf(a, "%.*s: end is not after start", STR_ARG(n->name.name));
        return INVALID;
    }
    return OK;
}
