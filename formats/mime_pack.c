/* formats/mime_pack.c: the table of parts, ENVELOPE and BODYSTRUCTURE as one blob: numbers of 7 bits a byte, lengths before strings. */
#include "formats/mime.h"
#include "formats/mime_structure.h"

enum { VERSION = 1 };

static void add_number(struct buf *out, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        buf_addc(out, (char)(n | 0x80));
    buf_addc(out, (char)n);
}

static bool take_number(struct str *rest, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 63 && rest->n; shift += 7) {
        unsigned char c = (unsigned char)rest->p[0];
        *rest = str_from(*rest, 1);
        *out |= (uint64_t)(c & 0x7F) << shift;
        if (c < 0x80)
            return true;
    }
    return false;
}

static bool take_string(struct str *rest, struct str *out)
{
    uint64_t n;
    if (!take_number(rest, &n) || n > rest->n)
        return false;
    *out = str_slice(*rest, 0, (size_t)n);
    *rest = str_from(*rest, (size_t)n);
    return true;
}

static void add_string(struct buf *out, const struct buf *s)
{
    add_number(out, s->n);
    buf_add(out, buf_view(s));
    if (s->st != OK)
        out->st = s->st;
}

enum status mime_pack(struct arena *a, struct str message, const struct mime_map *map,
                      const struct mime_limits *limits, struct buf *out)
{
    SCOPED_BUF(envelope, out->max);
    SCOPED_BUF(structure, out->max);
    uint64_t at = 0; /* offsets are told as steps from here: the place where the last body began */
    enum status st = mime_envelope(a, mime_head(message, &map->parts[0]), limits, &envelope);
    if (st == OK)
        st = mime_structure(a, message, map, limits, true, &structure);
    if (st != OK)
        return st;
    add_number(out, VERSION);
    add_number(out, map->count);
    for (const struct mime_part *p = map->parts; p < map->parts + map->count; p++) {
        add_number(out, (uint64_t)p->depth << 5 | (uint64_t)p->encoding << 2 | (uint64_t)p->kind);
        add_number(out, p->head - at);
        add_number(out, p->head_n);
        add_number(out, p->body_n);
        add_number(out, p->lines);
        at = p->body;
    }
    add_string(out, &envelope);
    add_string(out, &structure);
    return OK;
}

static bool take_part(struct str *rest, uint64_t *at, uint64_t size, struct mime_part *p)
{
    uint64_t how, skip;
    if (!take_number(rest, &how) || !take_number(rest, &skip) || !take_number(rest, &p->head_n) ||
        !take_number(rest, &p->body_n) || !take_number(rest, &p->lines))
        return false;
    if (skip > size - *at || p->head_n > size - *at - skip || p->body_n > size - *at - skip - p->head_n)
        return false;
    p->kind = (enum mime_kind)(how & 3);
    p->encoding = (enum mime_encoding)(how >> 2 & 7);
    p->depth = (uint32_t)(how >> 5);
    p->head = *at + skip;
    p->body = *at = p->head + p->head_n;
    return how >> 5 <= UINT32_MAX && p->encoding <= MIME_ENCODING_OTHER;
}

/* Is the order of depths one of a tree? */
static bool is_tree(const struct mime_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        if (i ? !map->parts[i].depth || map->parts[i].depth > map->parts[i - 1].depth + 1
              : map->parts[i].depth != 0)
            return false;
    return true;
}

enum status mime_unpack(struct arena *a, struct str packed, uint64_t size, struct mime_pack *out)
{
    uint64_t version, count, at = 0;
    if (!take_number(&packed, &version) || version != VERSION || !take_number(&packed, &count) || !count ||
        count > packed.n)
        return E_CORRUPT;
    out->map.count = (size_t)count;
    out->map.parts = ARENA_ARRAY(a, struct mime_part, out->map.count);
    if (!out->map.parts)
        return a->st;
    for (size_t i = 0; i < count; i++)
        if (!take_part(&packed, &at, size, &out->map.parts[i]))
            return E_CORRUPT;
    bool whole =
        is_tree(&out->map) && take_string(&packed, &out->envelope) && take_string(&packed, &out->structure);
    return whole && !packed.n ? OK : E_CORRUPT;
}

/* ---- finding parts ---- */

const struct mime_part *mime_child(const struct mime_map *map, const struct mime_part *of, size_t n)
{
    for (const struct mime_part *p = of + 1; n && p < map->parts + map->count && p->depth > of->depth; p++)
        if (p->depth == of->depth + 1 && --n == 0)
            return p;
    return NULL;
}

/* The part that has the numbers inside of `p`: a message's are those of what it contains. */
static const struct mime_part *inside(const struct mime_map *map, const struct mime_part *p)
{
    return p->kind == MIME_MESSAGE ? mime_child(map, p, 1) : p;
}

const struct mime_part *mime_section(const struct mime_map *map, const uint32_t *numbers, size_t count)
{
    const struct mime_part *p = &map->parts[0];
    for (size_t i = 0; i < count && p; i++) {
        const struct mime_part *in = i ? inside(map, p) : p;
        bool single = in && in->kind != MIME_MULTIPART;
        if (i && in == p && single)
            return NULL; /* a leaf has nothing inside */
        p = single ? (numbers[i] == 1 ? in : NULL) : in ? mime_child(map, in, numbers[i]) : NULL;
    }
    return p;
}
