/* Any bytes as a message: its parts lie inside of each other and in order; what is packed comes back; ENVELOPE and BODYSTRUCTURE are
 * balanced lists without a NUL or a line break outside of a literal; texts that are decoded are one line of UTF-8. */
#include "formats/header.h"
#include "formats/mailsubject.h"
#include "formats/mime.h"
#include "formats/mime_narrow.h"
#include "formats/mime_structure.h"
#include "formats/mime_type.h"
#include "formats/mime_word.h"

#include <stdlib.h>

static const struct mime_limits limits = {.parts = 60, .depth = 20, .addresses = 50, .field = 4096};

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Each part lies behind its header, inside of the part that contains it, behind the one before it. */
static void check_tree(const struct mime_map *map, size_t size)
{
    uint64_t ends[64] = {size};
    must(map->count >= 1 && map->count <= limits.parts + 1);
    for (size_t i = 0; i < map->count; i++) {
        const struct mime_part *p = &map->parts[i];
        must(p->depth <= limits.depth + 1 && p->body == p->head + p->head_n);
        must(p->body + p->body_n <= ends[p->depth] && p->lines <= p->body_n);
        if (i) {
            const struct mime_part *before = &map->parts[i - 1];
            must(p->depth && p->depth <= before->depth + 1);
            must(p->head >= (p->depth > before->depth ? before->body : before->body + before->body_n));
        }
        ends[p->depth + 1] = p->body + p->body_n;
    }
}

/* A list of lists and strings that ends where it should. */
static void check_list(struct str s)
{
    size_t depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        must(s.p[i] != '\0' && s.p[i] != '\r' && s.p[i] != '\n');
        if (s.p[i] == '"') {
            for (i++; must(i < s.n), s.p[i] != '"'; i++) {
                i += s.p[i] == '\\';
                must(i < s.n && s.p[i] != '\r' && s.p[i] != '\n');
            }
        } else if (s.p[i] == '{') {
            size_t close = str_chr(s, '}', i);
            uint64_t n;
            must(close != SIZE_MAX && str_u64(str_slice(s, i + 1, close - i - 1), &n) && close + 2 + n < s.n);
            i = close + 2 + (size_t)n;
        } else if (s.p[i] == '(') {
            depth++;
        } else if (s.p[i] == ')') {
            must(depth > 0);
            must(--depth > 0 || i + 1 == s.n);
        }
    }
    must(depth == 0 && s.n > 2);
}

static void check_texts(struct arena *a, struct str head)
{
    struct header_field f;
    while (header_next(&head, &f)) {
        SCOPED_BUF(b, 16 << 20);
        bool reply;
        struct str value = str_slice(f.value, 0, limits.field), id;
        must(mime_words(a, value, &b) == OK && str_utf8(buf_view(&b)));
        for (size_t i = 0; i < b.n; i++)
            must((unsigned char)b.p[i] >= ' ');
        struct str base = mail_base_subject(buf_view(&b), &reply);
        bool again;
        must(str_eq(mail_base_subject(base, &again), base) && !again);
        while (mail_next_id(&value, &id))
            must(id.p >= f.value.p && id.p + id.n <= f.value.p + f.value.n);
        mime_param(a, f.value, STR("name"));
    }
}

/* Made fit for 7 bits nothing but headers has more. A header that a boundary cuts off becomes a whole one, and then there may be other parts. */
static void check_narrow(struct arena *a, struct str message, const struct mime_map *map)
{
    SCOPED_BUF(out, 64 << 20);
    struct mime_map narrow;
    enum status st = mime_narrow(a, message, &limits, &out);
    must(st == OK || st == UNSUPPORTED);
    if (st != OK)
        return;
    must(mime_scan(a, buf_view(&out), &limits, &narrow) == OK);
    must(map->count > 1 || narrow.count == 1);
    if (narrow.count != map->count)
        return;
    for (size_t i = 0; i < narrow.count; i++) {
        const struct mime_part *p = &narrow.parts[i];
        if (p->kind != MIME_LEAF && p->kind != MIME_TEXT)
            continue;
        struct str body = mime_body(buf_view(&out), p);
        for (size_t k = 0; k < body.n; k++)
            must((unsigned char)body.p[k] < 0x80 && body.p[k]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 256 << 20);
    SCOPED_BUF(packed, 64 << 20);
    const struct str message = str_n(data, size);
    struct mime_map map;
    struct mime_pack pack;
    must(mime_scan(&a, message, &limits, &map) == OK);
    check_tree(&map, size);
    must(mime_pack(&a, message, &map, &limits, &packed) == OK && packed.st == OK);
    must(mime_unpack(&a, buf_view(&packed), size, &pack) == OK && pack.map.count == map.count);
    must(memcmp(pack.map.parts, map.parts, map.count * sizeof *map.parts) == 0);
    check_list(pack.envelope);
    check_list(pack.structure);
    for (size_t i = 0; i < map.count; i++)
        check_texts(&a, mime_head(message, &map.parts[i]));
    check_narrow(&a, message, &map);
    mime_unpack(&a, message, 1000, &pack); /* and as a packed form */
    return 0;
}
