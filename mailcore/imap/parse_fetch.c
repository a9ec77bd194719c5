/* mailcore/imap/parse_fetch.c: FETCH and STORE: items with sections and partials, modifiers (RFC 9051 section 6.4.5 and 6.4.6, RFC 7162,
 * 3516, 8970, 9394). */
#include "mailcore/imap/parse_int.h"
#include "mailcore/imap/write.h"

enum { DEPTH_MOST = 1000 }; /* numbers in a section; the MIME scanner goes less deep */

static const struct item_name {
    struct str name;
    enum imap_fetch_kind kind;
    bool peek, section;
} items[] = {
    {STR_INIT("ENVELOPE"), IMAP_FETCH_ENVELOPE, true, false},
    {STR_INIT("FLAGS"), IMAP_FETCH_FLAGS, true, false},
    {STR_INIT("INTERNALDATE"), IMAP_FETCH_INTERNALDATE, true, false},
    {STR_INIT("RFC822"), IMAP_FETCH_RFC822, false, false},
    {STR_INIT("RFC822.HEADER"), IMAP_FETCH_RFC822_HEADER, true, false},
    {STR_INIT("RFC822.SIZE"), IMAP_FETCH_RFC822_SIZE, true, false},
    {STR_INIT("RFC822.TEXT"), IMAP_FETCH_RFC822_TEXT, false, false},
    {STR_INIT("BODYSTRUCTURE"), IMAP_FETCH_BODYSTRUCTURE, true, false},
    {STR_INIT("BODY"), IMAP_FETCH_BODY, true, false},
    {STR_INIT("BODY"), IMAP_FETCH_BODY_SECTION, false, true},
    {STR_INIT("BODY.PEEK"), IMAP_FETCH_BODY_SECTION, true, true},
    {STR_INIT("BINARY"), IMAP_FETCH_BINARY, false, true},
    {STR_INIT("BINARY.PEEK"), IMAP_FETCH_BINARY, true, true},
    {STR_INIT("BINARY.SIZE"), IMAP_FETCH_BINARY_SIZE, true, true},
    {STR_INIT("UID"), IMAP_FETCH_UID, true, false},
    {STR_INIT("MODSEQ"), IMAP_FETCH_MODSEQ, true, false},
    {STR_INIT("EMAILID"), IMAP_FETCH_EMAILID, true, false},
    {STR_INIT("THREADID"), IMAP_FETCH_THREADID, true, false},
    {STR_INIT("SAVEDATE"), IMAP_FETCH_SAVEDATE, true, false},
    {STR_INIT("PREVIEW"), IMAP_FETCH_PREVIEW, true, false},
};

static const struct imap_word texts[] = {
    {STR_INIT("HEADER"), IMAP_SECTION_HEADER},
    {STR_INIT("HEADER.FIELDS"), IMAP_SECTION_HEADER_FIELDS},
    {STR_INIT("HEADER.FIELDS.NOT"), IMAP_SECTION_HEADER_FIELDS_NOT},
    {STR_INIT("TEXT"), IMAP_SECTION_TEXT},
    {STR_INIT("MIME"), IMAP_SECTION_MIME},
};

static bool is_name(char c)
{
    return imap_is_atom(c) && c != '[' && c != '<';
}

struct builder {
    struct imap_fetch_item *items;
    size_t count, cap;
};

static bool add_item(struct imap_in *in, struct builder *b, const struct imap_fetch_item *item)
{
    struct imap_fetch_item *grown =
        arena_grow(in->a, b->items, b->count, &b->cap, b->count + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    b->items = grown;
    grown[b->count++] = *item;
    return true;
}

static bool add_part(struct imap_in *in, struct imap_section *s, size_t *cap, uint32_t **parts)
{
    uint32_t n;
    if (!imap_count(in) || !imap_nz_number(in, &n))
        return false;
    if (s->depth >= DEPTH_MOST)
        return imap_bad(in, "a section has too many numbers");
    uint32_t *grown = arena_grow(in->a, *parts, s->depth, cap, s->depth + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    *parts = grown;
    grown[s->depth++] = n;
    s->part = grown;
    return true;
}

static bool read_field(struct imap_in *in, void *ctx)
{
    struct str name;
    return imap_astring(in, &name) && imap_strings_add(in, ctx, name);
}

static bool read_section_text(struct imap_in *in, bool text, struct imap_section *s)
{
    struct imap_strings_builder fields = {0};
    struct str name;
    const struct imap_word *w = NULL;
    if (imap_run(in, is_name, &name))
        w = imap_word_find(texts, COUNT_OF(texts), name);
    if (!w || !text || (w->value == IMAP_SECTION_MIME && !s->depth))
        return imap_bad(in, "a section is one of 1.2, HEADER, HEADER.FIELDS, TEXT, 1.2.MIME");
    s->text = (enum imap_section_text)w->value;
    if (s->text != IMAP_SECTION_HEADER_FIELDS && s->text != IMAP_SECTION_HEADER_FIELDS_NOT)
        return true;
    if (!imap_space(in) || !imap_each(in, 1, read_field, &fields))
        return false;
    s->fields = imap_strings_built(&fields);
    return true;
}

/* "[" … "]"; `text`: may something else than numbers stand in it? */
static bool read_section(struct imap_in *in, bool text, struct imap_section *s)
{
    uint32_t *parts = NULL;
    size_t cap = 0;
    if (!imap_must(in, '['))
        return false;
    if (imap_take(in, ']'))
        return true;
    while (ascii_digit(imap_peek(in))) {
        if (!add_part(in, s, &cap, &parts))
            return false;
        if (!imap_take(in, '.'))
            return imap_must(in, ']');
    }
    return read_section_text(in, text, s) && imap_must(in, ']');
}

/* <0.100> */
static bool read_partial(struct imap_in *in, struct imap_fetch_item *item)
{
    if (!imap_take(in, '<'))
        return true;
    item->partial = true;
    if (!imap_number(in, INT64_MAX, &item->offset) || !imap_must(in, '.') ||
        !imap_number(in, INT64_MAX, &item->octets) || !imap_must(in, '>'))
        return false;
    return item->octets || imap_bad(in, "a partial has at least one byte");
}

static bool read_lazy(struct imap_in *in, void *ctx)
{
    struct str word;
    *(bool *)ctx = true;
    return imap_atom(in, &word) && (str_caseeq(word, STR("LAZY")) || imap_bad(in, "PREVIEW knows LAZY only"));
}

static const struct item_name *find_item(struct str name, bool section)
{
    for (size_t i = 0; i < COUNT_OF(items); i++)
        if (items[i].section == section && str_caseeq(items[i].name, name))
            return &items[i];
    return NULL;
}

/* The space before "(LAZY)": only when a list follows, since items are separated by spaces too. */
static bool at_modifier(const struct imap_in *in)
{
    const struct str text = in->args->text;
    return imap_peek(in) == ' ' && in->at + 1 < text.n && text.p[in->at + 1] == '(';
}

static bool finish_item(struct imap_in *in, const struct item_name *named, bool in_list,
                        struct imap_fetch_item *item)
{
    if (named->section && !read_section(in, named->kind == IMAP_FETCH_BODY_SECTION, &item->section))
        return false;
    if (named->section && named->kind != IMAP_FETCH_BINARY_SIZE)
        return read_partial(in, item);
    if (named->kind != IMAP_FETCH_PREVIEW || !at_modifier(in))
        return true;
    if (!in_list) { /* "FETCH 1 PREVIEW (CHANGEDSINCE 5)" has no LAZY in it */
        const struct str rest = str_from(in->args->text, in->at);
        if (!str_casestarts(rest, STR(" (LAZY)")))
            return true;
    }
    return imap_space(in) && imap_each(in, 1, read_lazy, &item->lazy);
}

static const struct macro {
    struct str name;
    enum imap_fetch_kind kinds[5];
    size_t count;
} macros[] = {
    {STR_INIT("FAST"), {IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_RFC822_SIZE}, 3},
    {STR_INIT("ALL"),
     {IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_RFC822_SIZE, IMAP_FETCH_ENVELOPE},
     4},
    {STR_INIT("FULL"),
     {IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_RFC822_SIZE, IMAP_FETCH_ENVELOPE,
      IMAP_FETCH_BODY},
     5},
};

static bool add_macro(struct imap_in *in, struct str name, struct builder *b)
{
    for (size_t i = 0; i < COUNT_OF(macros); i++)
        for (size_t k = 0; str_caseeq(macros[i].name, name) && k < macros[i].count; k++) {
            const struct imap_fetch_item item = {.kind = macros[i].kinds[k], .peek = true};
            if (!add_item(in, b, &item))
                return false;
        }
    return true;
}

static bool read_item(struct imap_in *in, bool in_list, bool with_macros, struct builder *b)
{
    struct str name;
    size_t before = b->count;
    if (!imap_run(in, is_name, &name))
        return imap_bad(in, "an item to fetch is missing");
    const struct item_name *named = find_item(name, imap_peek(in) == '[');
    if (!named) {
        if (with_macros && !add_macro(in, name, b))
            return false;
        return b->count > before || imap_bad(in, "an item to fetch is not known");
    }
    struct imap_fetch_item item = {.kind = named->kind, .peek = named->peek};
    return finish_item(in, named, in_list, &item) && add_item(in, b, &item);
}

static bool read_listed(struct imap_in *in, void *ctx)
{
    return read_item(in, true, false, ctx);
}

bool imap_fetch_list(struct imap_in *in, bool with_macros, struct imap_fetch_list *out)
{
    struct builder b = {0};
    if (imap_peek(in) == '(' ? !imap_each(in, 1, read_listed, &b) : !read_item(in, false, with_macros, &b))
        return false;
    *out = (struct imap_fetch_list){b.items, b.count};
    return true;
}

static bool read_modifier(struct imap_in *in, void *ctx)
{
    struct imap_fetch *f = ctx;
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    if (str_caseeq(name, STR("CHANGEDSINCE"))) {
        f->changed = true;
        return imap_space(in) && imap_modseq(in, false, &f->changed_since);
    }
    if (str_caseeq(name, STR("PARTIAL")))
        return imap_space(in) && imap_page(in, &f->page);
    f->vanished = str_caseeq(name, STR("VANISHED"));
    return f->vanished || imap_bad(in, "a modifier of FETCH is not known");
}

bool imap_args_fetch(struct imap_in *in, struct imap_command *out)
{
    struct imap_fetch *f = &out->u.fetch;
    if (!imap_space(in) || !imap_sequence(in, &f->set) || !imap_space(in) ||
        !imap_fetch_list(in, true, &f->list))
        return false;
    if (imap_take(in, ' ') && !imap_each(in, 1, read_modifier, f))
        return false;
    if (f->vanished && (!f->changed || !out->uid))
        return imap_bad(in, "VANISHED goes with UID FETCH and CHANGEDSINCE only"); /* RFC 7162 3.2.6 */
    return !f->page.given || out->uid || imap_bad(in, "PARTIAL goes with UID FETCH only");
}

static bool read_unchanged(struct imap_in *in, void *ctx)
{
    struct imap_store *s = ctx;
    struct str name;
    if (!imap_atom(in, &name) || !imap_space(in))
        return false;
    if (!str_caseeq(name, STR("UNCHANGEDSINCE")) || s->unchanged)
        return imap_bad(in, "STORE knows the modifier UNCHANGEDSINCE only, once");
    s->unchanged = true;
    return imap_modseq(in, true, &s->unchanged_since);
}

bool imap_args_store(struct imap_in *in, struct imap_command *out)
{
    static const struct imap_word names[] = {{STR_INIT("FLAGS"), false}, {STR_INIT("FLAGS.SILENT"), true}};
    struct imap_store *s = &out->u.store;
    unsigned silent;
    if (!imap_space(in) || !imap_sequence(in, &s->set) || !imap_space(in))
        return false;
    if (imap_peek(in) == '(' && (!imap_each(in, 1, read_unchanged, s) || !imap_space(in)))
        return false;
    if (imap_take(in, '+'))
        s->mode = IMAP_STORE_ADD;
    else if (imap_take(in, '-'))
        s->mode = IMAP_STORE_REMOVE;
    if (!imap_word(in, names, COUNT_OF(names), "STORE changes FLAGS only", &silent) || !imap_space(in))
        return false;
    s->silent = silent != 0;
    return imap_peek(in) == '(' ? imap_flags(in, &s->flags) : imap_bare_flags(in, &s->flags);
}

static void write_section(struct buf *out, const struct imap_section *s)
{
    for (size_t i = 0; i < s->depth; i++) {
        if (i)
            buf_addc(out, '.');
        buf_u64(out, s->part[i]);
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].value != s->text)
            continue;
        if (s->depth)
            buf_addc(out, '.');
        buf_add(out, texts[i].name);
    }
}

void imap_fetch_item_write(struct buf *out, const struct imap_fetch_item *item, bool command)
{
    const struct item_name *named = NULL;
    for (size_t i = 0; i < COUNT_OF(items) && !named; i++)
        if (items[i].kind == item->kind && (!command || items[i].peek == item->peek))
            named = &items[i];
    if (!named)
        return;
    buf_add(out, named->name);
    if (named->section) {
        buf_addc(out, '[');
        write_section(out, &item->section);
        for (size_t i = 0; i < item->section.fields.count; i++) {
            buf_add(out, i ? STR(" ") : STR(" ("));
            imap_write_astring(out, item->section.fields.items[i]);
        }
        buf_add(out, item->section.fields.count ? STR(")]") : STR("]"));
    }
    if (item->partial) {
        buf_addc(out, '<');
        buf_u64(out, item->offset);
        if (command) {
            buf_addc(out, '.');
            buf_u64(out, item->octets);
        }
        buf_addc(out, '>');
    }
    if (command && item->lazy)
        buf_add(out, STR(" (LAZY)"));
}
