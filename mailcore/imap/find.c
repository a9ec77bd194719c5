/* mailcore/imap/find.c: substrings in folded text, and the texts of a message in memory: header fields and text parts, decoded. */
#include "core/fold.h"
#include "formats/charset.h"
#include "formats/header.h"
#include "formats/mime_type.h"
#include "formats/mime_word.h"
#include "mailcore/imap/search.h"

enum {
    PIECE = 64 * 1024,
    FOLDS_TO = 54
}; /* a character of UTF-8 becomes at most that many times its bytes */

struct imap_finder imap_finder_new(struct str needle)
{
    return (struct imap_finder){.needle = needle, .tail = BUF_INIT(needle.n * 2 + 1)};
}

void imap_finder_free(struct imap_finder *f)
{
    buf_free(&f->tail);
}

/* What begins in the tail and ends in the piece. */
static void find_across(struct imap_finder *f, struct str piece)
{
    size_t had = f->tail.n;
    buf_add(&f->tail, str_slice(piece, 0, f->needle.n - 1));
    f->found |= memmem(f->tail.p, f->tail.n, f->needle.p, f->needle.n) != NULL;
    buf_cut(&f->tail, had);
}

/* The last bytes of tail and piece are the new tail. */
static void keep_tail(struct imap_finder *f, struct str piece)
{
    size_t most = f->needle.n - 1;
    if (piece.n >= most) {
        buf_clear(&f->tail);
        buf_add(&f->tail, str_from(piece, piece.n - most));
        return;
    }
    size_t room = most - piece.n;
    if (f->tail.n > room) {
        memmove(f->tail.p, f->tail.p + f->tail.n - room, room);
        buf_cut(&f->tail, room);
    }
    buf_add(&f->tail, piece);
}

enum status imap_find_folded(struct imap_finder *f, struct str folded)
{
    if (f->found || !folded.n || !f->needle.n) {
        f->found |= !f->needle.n;
        return OK;
    }
    if (f->tail.n)
        find_across(f, folded);
    f->found |= memmem(folded.p, folded.n, f->needle.p, f->needle.n) != NULL;
    keep_tail(f, folded);
    return f->tail.st;
}

/* How many bytes at the end are the beginning of a character that goes on: 0 to 3. */
static size_t unfinished(struct str s)
{
    for (size_t back = 1; back <= 3 && back <= s.n; back++) {
        unsigned char c = (unsigned char)s.p[s.n - back];
        if ((c & 0xC0) == 0x80)
            continue;
        size_t whole = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return whole > back ? back : 0;
    }
    return 0;
}

static enum status fold_and_find(struct imap_finder *f, struct str utf8)
{
    SCOPED_BUF(folded, utf8.n * FOLDS_TO + 1);
    fold_unicode(&folded, utf8);
    return folded.st != OK ? folded.st : imap_find_folded(f, buf_view(&folded));
}

/* Completes the character that the last piece has cut. */
static enum status finish_cut(struct imap_finder *f, struct str *utf8)
{
    char whole[8];
    size_t n = f->cut_n, take = 0;
    if (!n)
        return OK;
    memcpy(whole, f->cut, n);
    while (take < utf8->n && n < 4 && ((unsigned char)utf8->p[take] & 0xC0) == 0x80)
        whole[n++] = utf8->p[take++];
    bool more = take == utf8->n && n < 4 && unfinished(str_n(whole, n)) == n;
    *utf8 = str_from(*utf8, take);
    f->cut_n = more ? (unsigned char)n : 0;
    if (more)
        memcpy(f->cut, whole, n);
    return more ? OK : fold_and_find(f, str_n(whole, n));
}

enum status imap_find(struct imap_finder *f, struct str utf8)
{
    enum status st = f->found ? OK : finish_cut(f, &utf8);
    while (utf8.n && st == OK && !f->found) {
        struct str piece = str_slice(utf8, 0, PIECE);
        size_t cut = unfinished(piece);
        piece = str_slice(piece, 0, piece.n - cut);
        if (!piece.n) { /* only the beginning of a character */
            memcpy(f->cut, utf8.p, cut);
            f->cut_n = (unsigned char)cut;
            break;
        }
        utf8 = str_from(utf8, piece.n);
        st = fold_and_find(f, piece);
    }
    f->found |= !f->needle.n;
    return st;
}

enum status imap_find_end(struct imap_finder *f)
{
    enum status st = OK;
    if (f->cut_n && !f->found)
        st = fold_and_find(f, str_n(f->cut, f->cut_n));
    f->cut_n = 0;
    f->found |= !f->needle.n;
    buf_clear(&f->tail);
    return st;
}

/* ---- the texts of a message ---- */

static enum status find_value(struct str name, struct str value, size_t memory, struct imap_finder *f)
{
    SCOPED_ARENA(a, memory);
    SCOPED_BUF(text, memory);
    if (name.p) {
        buf_add(&text, name);
        buf_add(&text, STR(": "));
    }
    enum status st = mime_words(&a, value, &text);
    if (st == OK)
        st = text.st;
    if (st == OK)
        st = imap_find(f, buf_view(&text));
    if (st == OK)
        st = imap_find_end(f);
    return st;
}

static enum status find_head(struct str head, struct str name, size_t memory, struct imap_finder *f)
{
    struct header_field field;
    enum status st = OK;
    while (st == OK && !f->found && header_next(&head, &field))
        if (!name.p || str_caseeq(field.name, name))
            st = find_value(name.p ? STR_NONE : field.name, field.value, memory, f);
    return st;
}

enum status imap_search_field(struct str message, const struct mime_map *map, struct str name, size_t memory,
                              struct imap_finder *f)
{
    enum status st = find_head(mime_head(message, &map->parts[0]), name, memory, f);
    for (size_t i = 1; i < map->count && !name.p && st == OK && !f->found; i++)
        st = find_head(mime_head(message, &map->parts[i]), name, memory, f);
    return st;
}

/* A part without Content-Type is text. */
static enum charset charset_of(struct arena *a, struct str head)
{
    struct mime_value type = mime_value(header_find(head, STR("Content-Type")));
    struct str name = mime_param(a, type.params, STR("charset"));
    return name.p ? charset_find(name) : CHARSET_NONE;
}

static enum status find_part(struct str message, const struct mime_part *part, size_t memory,
                             struct imap_finder *f)
{
    SCOPED_ARENA(a, memory);
    SCOPED_BUF(plain, memory);
    struct str text = mime_body(message, part);
    enum charset set = charset_of(&a, mime_head(message, part));
    if (part->encoding == MIME_QUOTED)
        mime_quoted_decode(&plain, text);
    if (part->encoding == MIME_BASE64)
        mime_base64_decode(&plain, text);
    if (plain.st != OK)
        return plain.st;
    if (part->encoding == MIME_QUOTED || part->encoding == MIME_BASE64)
        text = buf_view(&plain);
    enum status st = set == CHARSET_NONE || set == CHARSET_ASCII
                         ? charset_guess(&a, CHARSET_CP1252, text, &text)
                         : charset_decode(&a, set, text, &text);
    if (st == OK)
        st = imap_find(f, text);
    return st == OK ? imap_find_end(f) : st;
}

/* Text parts, and the headers of messages inside: those are body to whoever reads the outer one. */
enum status imap_search_body(struct str message, const struct mime_map *map, size_t memory,
                             struct imap_finder *f)
{
    enum status st = OK;
    for (size_t i = 0; i < map->count && st == OK && !f->found; i++) {
        const struct mime_part *part = &map->parts[i];
        bool inside = i && map->parts[i - 1].kind == MIME_MESSAGE;
        if (inside)
            st = find_head(mime_head(message, part), STR_NONE, memory, f);
        if (st == OK && !f->found && part->kind == MIME_TEXT)
            st = find_part(message, part, memory, f);
    }
    return st;
}
