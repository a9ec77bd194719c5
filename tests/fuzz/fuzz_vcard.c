/* Any bytes: a card that is taken can be written and read again as the same properties; it converts both ways, and from the
 * second conversion on nothing more is lost: what comes back from the other version has as many properties, and so again. */
#include "formats/vcard.h"

#include <stdlib.h>

static const struct vcard_limits limits = {.line = {.line = 64 << 10, .lines = 2000, .params = 50}};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct str text_of(struct arena *a, const struct vcard *c)
{
    SCOPED_BUF(b, 16 << 20);
    vcard_write(&b, c, NULL, false);
    must(b.st == OK);
    return arena_str(a, buf_view(&b));
}

static struct vcard *read_again(struct arena *a, struct str text)
{
    const struct vcard_limits wide = {.line = {.line = 1 << 20, .lines = 8000, .params = 300}};
    struct vcard *c;
    struct vcard_problem problem;
    must(vcard_parse(a, text, &wide, &c, &problem) == OK);
    return c;
}

static struct vcard *converted(struct arena *a, const struct vcard *c, enum vcard_version to)
{
    struct vcard *made;
    must(vcard_convert(a, c, to, &made) == OK && made->version == to);
    return read_again(a, text_of(a, made));
}

static size_t count(const struct vcard *c)
{
    size_t n = 0;
    for (const struct line *l = c->props; l; l = l->next)
        n++;
    return n;
}

static enum status on_field(void *ctx, enum vcard_field field, size_t n, struct str folded)
{
    (void)ctx;
    (void)n;
    must(field > 0 && field < VCARD_FIELD_COUNT && str_utf8(folded));
    return OK;
}

static enum status on_card(void *ctx, struct str text)
{
    const struct str *whole = ctx;
    must(text.p >= whole->p && text.p + text.n <= whole->p + whole->n);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 256 << 20);
    struct str text = str_n(data, size);
    struct vcard *c;
    struct vcard_problem problem;
    struct vcard_info info;
    vcard_split(text, on_card, &text);
    enum status st = vcard_parse(&a, text, &limits, &c, &problem);
    must(st == OK ? c != NULL : c == NULL && problem.text.n);
    if (st != OK)
        return 0;
    struct str once = text_of(&a, c);
    struct vcard *again = read_again(&a, once);
    must(count(again) == count(c) && str_eq(text_of(&a, again), once));
    must(vcard_fields(&a, c, on_field, NULL) == OK);
    (void)vcard_check(&a, c, &info, &problem);
    enum vcard_version other = c->version == VCARD_3_0 ? VCARD_4_0 : VCARD_3_0;
    struct vcard *there = converted(&a, again, other);
    struct vcard *back = converted(&a, there, c->version);
    struct vcard *stable = converted(&a, converted(&a, back, other), c->version);
    must(str_eq(text_of(&a, stable), text_of(&a, back)));
    struct vcard *merged;
    must(vcard_merge(&a, c, there, &merged) == OK && merged->version == c->version);
    return 0;
}
