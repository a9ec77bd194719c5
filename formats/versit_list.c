/* formats/versit_list.c: values that are lists, and values that nobody interprets, between the versit forms and the later ones. */
#include "formats/versit_int.h"

bool versit_is_sayable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7F ||
            str_chr(STR("\";:,="), s.p[i], 0) != SIZE_MAX)
            return false;
    return s.n > 0;
}

static bool split(struct str *rest, bool semicolons, struct str *one)
{
    if (!rest->p)
        return false;
    for (size_t i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '\\') {
            i++;
        } else if (c == ',' || (semicolons && c == ';')) {
            *one = str_slice(*rest, 0, i);
            *rest = str_from(*rest, i + 1);
            return true;
        }
    }
    *one = *rest;
    *rest = STR_NONE;
    return true;
}

void versit_list_read(struct arena *a, struct buf *b, struct str value, bool semicolons, bool strip_x)
{
    struct str one;
    for (bool first = true; split(&value, semicolons, &one);) {
        one = str_trim(one);
        if (strip_x && str_casestarts(one, STR("X-")))
            one = str_from(one, 2);
        if (!one.n)
            continue;
        if (!first)
            buf_addc(b, ',');
        first = false;
        text_escape(b, versit_unescape(a, one, true));
    }
}

void versit_list_write(struct arena *a, struct buf *b, struct str value, char between, bool x, size_t size)
{
    struct str one;
    size_t room = size;
    for (bool first = true; text_split(&value, ',', &one);) {
        struct str text = str_trim(text_unescape(a, one));
        size_t n = charset_length(text) + !first;
        if (!text.n || (size && n > room))
            continue;
        room -= size ? n : 0;
        if (!first)
            buf_addc(b, between);
        if (x)
            buf_add(b, STR("X-"));
        versit_escape(b, text, true);
        first = false;
    }
}

void versit_opaque_read(struct buf *b, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        char next = i + 1 < value.n ? value.p[i + 1] : 0;
        bool escape = value.p[i] == '\\' && next && next != '\n';
        if (value.p[i] == '\n')
            buf_add(b, STR("\\n"));
        else
            buf_addc(b, value.p[i]);
        if (escape)
            buf_addc(b, value.p[++i] == 'N' ? 'n' : next);
    }
}

void versit_opaque_write(struct buf *b, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        char next = i + 1 < value.n ? value.p[i + 1] : 0;
        bool escape = value.p[i] == '\\' && next;
        if (escape && (next == 'n' || next == 'N')) {
            buf_addc(b, '\n');
            i++;
            continue;
        }
        buf_addc(b, value.p[i]);
        if (escape)
            buf_addc(b, value.p[++i]);
    }
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    return s.n > 0;
}

bool versit_swap(struct buf *b, struct str value, char from, char to)
{
    size_t at = str_chr(value, from, 0);
    struct str first = str_trim(str_slice(value, 0, at)), second = STR_NONE;
    if (at != SIZE_MAX)
        second = str_trim(str_from(value, at + 1));
    if (!is_number(first) || !is_number(second))
        return false;
    buf_add(b, second);
    buf_addc(b, to);
    buf_add(b, first);
    return true;
}
