/* A byte of options and any bytes as a vCard 2.1: a card that is taken is a card of 3.0 that can be stored; written for a device of UTF-8
 * and read again it is the same, and from then on to the byte; written for any device it can be read. */
#include "formats/vcard21.h"

#include <stdlib.h>

static const struct vcard_limits limits = {.line = {.line = 64 << 10, .lines = 2000, .params = 50}};

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* N goes first when it is written. Not of all: without N and FN, which are made when they are not there, and without parameters, some
 * of which 2.1 cannot say. */
static struct str text_of(struct arena *a, const struct vcard *c, bool all)
{
    static const struct str names[] = {STR_INIT("N"), STR_INIT("FN")};
    SCOPED_BUF(b, 16 << 20);
    for (size_t i = 0; all && i < COUNT_OF(names); i++)
        for (const struct line *l = c->props; l; l = l->next)
            if (str_caseeq(l->name, names[i]))
                text_escape(&b, l->value);
    for (const struct line *l = c->props; l; l = l->next)
        if (!str_caseeq(l->name, STR("FN")) && !str_caseeq(l->name, STR("N"))) {
            struct line bare = *l;
            bare.params = all ? l->params : NULL;
            line_write(&b, &bare);
        }
    must(b.st == OK);
    return arena_str(a, buf_view(&b));
}

static struct vcard *back(struct arena *a, const struct vcard *c, const struct vcard21_write *o)
{
    static const struct vcard_limits wide = {.line = {.line = 2 << 20, .lines = 40000, .params = 300}};
    SCOPED_BUF(b, 32 << 20);
    struct vcard *made;
    struct vcard_problem problem;
    must(vcard21_write(a, c, o, &b) == OK);
    must(vcard21_parse(a, arena_str(a, buf_view(&b)), &(struct vcard21_read){.limits = &wide}, &made,
                       &problem) == OK);
    return made;
}

static size_t sizes(void *ctx, struct str property)
{
    (void)ctx;
    return property.n % 5 * 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 512 << 20);
    if (!size)
        return 0;
    const unsigned how = data[0];
    const struct vcard21_read in = {.limits = &limits, .charset = how & 1 ? CHARSET_LATIN1 : CHARSET_NONE};
    struct vcard *c;
    struct vcard_problem problem;
    enum status st = vcard21_parse(&a, str_n(data + 1, size - 1), &in, &c, &problem);
    must(st == OK ? c != NULL : c == NULL && (problem.text.n || st == TOO_LARGE));
    if (st != OK)
        return 0;
    /* what is stored can be read as what it says it is */
    SCOPED_BUF(stored, 16 << 20);
    struct vcard *again;
    const struct vcard_limits wide = {.line = {.line = 2 << 20, .lines = 8000, .params = 300}};
    vcard_write(&stored, c, NULL, false);
    must(stored.st == OK && vcard_parse(&a, buf_view(&stored), &wide, &again, &problem) == OK);
    const struct vcard21_write utf8 = {.text = {.charset = CHARSET_UTF8,
                                                .qp_8bit = how & 2,
                                                .fold = how & 4,
                                                .empty = true},
                                       .photo_base64 = how & 8,
                                       .groups = true},
                               small = {.text = {.charset = how & 16 ? CHARSET_LATIN1 : CHARSET_CP1252,
                                                 .qp_8bit = how & 2,
                                                 .fold = how & 4,
                                                 .size = sizes},
                                        .email_internet = true,
                                        .categories_x = true};
    struct vcard *once = back(&a, c, &utf8), *twice = back(&a, once, &utf8), *thrice = back(&a, twice, &utf8);
    must(str_eq(text_of(&a, once, false), text_of(&a, twice, false)));
    must(str_eq(text_of(&a, twice, true), text_of(&a, thrice, true)));
    struct str whole = str_n(data + 1, size - 1);
    while (whole.n && !whole.p[whole.n - 1])
        whole.n--;
    if (vcard_parse(&a, whole, &wide, &again, &problem) != OK) /* it was 2.1 */
        must(str_eq(text_of(&a, c, false), text_of(&a, once, false)));
    back(&a, c, &small);
    return 0;
}
