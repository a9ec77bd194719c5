/* vCard 2.1 as phones write it, read into 3.0; cards written for phones; nothing that both can say is lost on the way out and back. */
#include "tests/unit/test.h"

#include "formats/vcard21.h"

static const struct vcard21_write modern = {.text = {.charset = CHARSET_UTF8, .qp_8bit = true, .fold = true},
                                            .photo_base64 = true};

static struct vcard *card(struct arena *a, const char *text, const struct vcard21_read *o)
{
    struct vcard *c = NULL;
    struct vcard_problem problem;
    enum status st = vcard21_parse(a, str_c(text), o ? o : &(struct vcard21_read){0}, &c, &problem);
    if (st != OK)
        print_error("%.*s\n", STR_ARG(problem.text));
    assert_ok(st);
    return c;
}

static void assert_read(const char *text, const char *wanted, const struct vcard21_read *o)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    vcard_write(&out, card(&a, text, o), NULL, false);
    assert_str(buf_view(&out), wanted);
}

static void assert_written(const char *text, const struct vcard21_write *o, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    struct vcard *c;
    struct vcard_problem problem;
    assert_ok(vcard_parse(&a, str_c(text), &vcard_default_limits, &c, &problem));
    assert_ok(vcard21_write(&a, c, o, &out));
    assert_str(buf_view(&out), wanted);
}

/* A Series 60 phone. */
static void nokia(void **state)
{
    (void)state;
    assert_read(
        "BEGIN:VCARD\r\nVERSION:2.1\r\nREV:20051107T060000Z\r\nUID:c0ffee-1\r\n"
        "N;ENCODING=8BIT;CHARSET=UTF-8:M\xc3\xbcller;J\xc3\xb6rg;;Dr.;\r\nADR;HOME:;;Via Roma 1, int. "
        "2;Roma;RM;00100;Italia\r\n"
        "TEL;PREF;CELL:+393331234567\r\nTEL;WORK;VOICE:06 123\r\nTEL;FAX;HOME:06 124\r\n"
        "EMAIL;INTERNET:joerg@example.test\r\nBDAY:19700131\r\nTITLE:Ingegnere\r\nORG:ACME;Ricerca\r\n"
        "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:prima riga=0D=0Aseconda; e =\r\nfine\r\n"
        "URL;WORK:http://www.example.test/a;b\r\nX-CLASS:private\r\nPHOTO;TYPE=JPEG;ENCODING=BASE64:\r\n"
        "    /9j/4AAQSkZJRgABAQEA\r\n    YABgAAD/\r\n\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN;X-DERIVED=N:Dr. Jörg "
        "Müller\r\nREV:20051107T060000Z\r\nUID:c0ffee-1\r\n"
        "N:Müller;Jörg;;Dr.;\r\nADR;TYPE=HOME:;;Via Roma 1\\, int. 2;Roma;RM;00100;Italia\r\n"
        "TEL;TYPE=PREF,CELL:+393331234567\r\nTEL;TYPE=WORK,VOICE:06 123\r\nTEL;TYPE=FAX,HOME:06 124\r\n"
        "EMAIL;TYPE=INTERNET:joerg@example.test\r\nBDAY:19700131\r\nTITLE:Ingegnere\r\nORG:ACME;Ricerca\r\n"
        "NOTE:prima riga\\nseconda\\; e "
        "fine\r\nURL;TYPE=WORK:http://www.example.test/a;b\r\nX-CLASS:private\r\n"
        "PHOTO;TYPE=JPEG;ENCODING=b:/9j/4AAQSkZJRgABAQEAYABgAAD/\r\nEND:VCARD\r\n",
        NULL);
}

/* Sony Ericsson and T68: 8 bits of ISO-8859-1, with and without saying so. */
static void sony_ericsson(void **state)
{
    (void)state;
    const struct vcard21_read ansi = {.charset = CHARSET_CP1252};
    assert_read("BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=ISO-8859-1:Bj\xf6rk;\xc5sa\nTITLE:\x93"
                "Chef\x94\nTEL;CELL:1\nEND:VCARD\n",
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN;X-DERIVED=N:Åsa "
                "Björk\r\nN:Björk;Åsa\r\nTITLE:“Chef”\r\nTEL;TYPE=CELL:1\r\nEND:VCARD\r\n",
                &ansi);
    assert_read("BEGIN:VCARD\nN:x\nSOUND;X-IRMC-N;CHARSET=SHIFT_JIS:\x83\x41;\nEND:VCARD\n",
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN;X-DERIVED=N:x\r\nN:x\r\nSOUND;TYPE=X-IRMC-N;VALUE=text:ア;"
                "\r\nEND:VCARD\r\n",
                NULL);
}

/* Outlook, Motorola, Funambol: quoted-printable everywhere, bare encodings, labels, media types. */
static void others(void **state)
{
    (void)state;
    assert_read(
        "BEGIN:VCARD\nVERSION:2.1\nN;QUOTED-PRINTABLE:=4D=FC=3B=4A\nEMAIL;PREF;INTERNET:a@b.test\n"
        "LABEL;WORK;ENCODING=QUOTED-PRINTABLE:Via 1=0D=0ARoma\nCATEGORIES:A,B;X-C\nNICKNAME:Bob\\, B.,Bobby\n"
        "PHOTO;TYPE=image/jpeg;ENCODING=b:AAAA\nLOGO;VALUE=URL;TYPE=GIF:http://x.test/l.gif\nPHOTO:http://"
        "x.test/p\n"
        "GEO:-17.87,37.24\nKEY;PGP:abc\nBDAY:1970-01-31\nX-FUNAMBOL;ENCODING=BASE64:AAAA\n\nEND:VCARD\n",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN;X-DERIVED=N:J Mü\r\nN:Mü;J\r\nEMAIL;TYPE=PREF,INTERNET:a@b.test\r\n"
        "LABEL;TYPE=WORK:Via 1\\nRoma\r\nCATEGORIES:A,B,C\r\nNICKNAME:Bob\\, B.,Bobby\r\n"
        "PHOTO;TYPE=jpeg;ENCODING=b:AAAA\r\nLOGO;TYPE=GIF;VALUE=uri:http://x.test/"
        "l.gif\r\nPHOTO;VALUE=uri:http://x.test/p\r\n"
        "GEO:37.24;-17.87\r\nKEY;TYPE=PGP;VALUE=text:abc\r\nBDAY:1970-01-31\r\nX-FUNAMBOL;ENCODING=b:"
        "AAAA\r\nEND:VCARD\r\n",
        &(struct vcard21_read){.categories_x = true});
    assert_read("BEGIN:VCARD\nVERSION:3.0\nN:a;b\nFN:b a\\, c\nEND:VCARD\n",
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b\r\nFN:b a\\, c\r\nEND:VCARD\r\n", NULL);
    assert_read("BEGIN:VCARD\nORG:ACME;x\nN:;;;;\nEND:VCARD\n\0\0",
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN;X-DERIVED=N:ACME\r\nORG:ACME;x\r\nN:;;;;\r\nEND:VCARD\r\n",
                NULL);
}

static void agents(void **state)
{
    (void)state;
    static const char text[] =
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN:a\r\nFN:a\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:b;c\r\n"
        "AGENT:\r\nBEGIN:VCARD\r\nN:d\r\nEND:VCARD\r\nEND:VCARD\r\nTEL:1\r\nEND:VCARD\r\n";
    assert_read(text,
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:a\r\nFN:a\r\nAGENT:BEGIN:VCARD\\nVERSION:2.1\\nN:b\\;"
                "c\\nAGENT:\\nBEGIN:VCARD\\nN:d\\n"
                "END:VCARD\r\n \\nEND:VCARD\r\nTEL:1\r\nEND:VCARD\r\n",
                NULL);
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    assert_ok(vcard21_write(&a, card(&a, text, NULL), &modern, &out));
    assert_str(buf_view(&out), text);
    SCOPED_BUF(deep, 1 << 20);
    buf_addz(&deep, "BEGIN:VCARD\nAGENT:\n");
    for (int i = 0; i < 5; i++)
        buf_addz(&deep, "BEGIN:VCARD\nAGENT:\n");
    struct vcard *c;
    struct vcard_problem problem;
    assert_status(vcard21_parse(&a, buf_view(&deep), &(struct vcard21_read){0}, &c, &problem), TOO_MANY);
    assert_true(problem.size);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
        enum status st;
    } cases[] = {
        {"", "line 1: an empty text", INVALID},
        {"N:x\n", "line 1: BEGIN:VCARD is missing", INVALID},
        {"BEGIN:VCARD\nN:x\n", "line 2: END:VCARD is missing", INVALID},
        {"BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n", "line 3: text behind END:VCARD", INVALID},
        {"BEGIN:VCARD\nBEGIN:VCARD\n", "line 2: a card inside a card", INVALID},
        {"BEGIN:VCARD\nVERSION:2.2\nEND:VCARD\n", "line 2: only versions 2.1, 3.0 and 4.0 are taken",
         UNSUPPORTED},
        {"BEGIN:VCARD\nTITLE;BASE64:A\n\nEND:VCARD\n", "line 2: not base64", INVALID},
        {"BEGIN:VCARD\nX\nEND:VCARD\n", "line 2: a colon is missing", INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct vcard *c;
        struct vcard_problem problem;
        assert_status(vcard21_parse(&a, str_c(cases[i].text), &(struct vcard21_read){0}, &c, &problem),
                      cases[i].st);
        assert_str(problem.text, cases[i].why);
        assert_null(c);
    }
}

static size_t sizes(void *ctx, struct str property)
{
    (void)ctx;
    return str_eq(property, STR("N"))            ? 8
           : str_eq(property, STR("NOTE"))       ? 3
           : str_eq(property, STR("CATEGORIES")) ? 5
           : str_eq(property, STR("FN"))         ? 0
                                                 : 4;
}

static void written(void **state)
{
    (void)state;
    static const char text[] =
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN:Jörg "
        "Müller\r\nitem1.TEL;TYPE=home,voice;PREF=1:+1\r\n"
        "EMAIL:a@b.test\r\nBDAY:19700131\r\nTITLE:\r\nADR;LABEL=\"Via 1^nRoma\":;;Via "
        "1;Roma;;;\r\nCATEGORIES:a,b c\r\n"
        "PHOTO:data:image/jpeg;base64,AAAA\r\nNOTE:a\\nb\\;c\\,d\r\nORG:;;\r\nEND:VCARD\r\n";
    assert_written(text, &modern,
                   "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg "
                   "M=C3=BCller;;;;\r\nUID:urn:uuid:1\r\n"
                   "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg "
                   "M=C3=BCller\r\nTEL;HOME;VOICE;PREF:+1\r\nEMAIL:a@b.test\r\n"
                   "BDAY:19700131\r\nADR:;;Via 1;Roma;;;\r\nLABEL;ENCODING=QUOTED-PRINTABLE:Via "
                   "1=0D=0ARoma\r\nCATEGORIES:a,b c\r\n"
                   "PHOTO;TYPE=JPEG;ENCODING=BASE64:\r\n "
                   "AAAA\r\n\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab;c,d\r\nEND:VCARD\r\n");
    const struct vcard21_write old = {.text = {.charset = CHARSET_LATIN1, .empty = true},
                                      .email_internet = true,
                                      .categories_x = true,
                                      .groups = true};
    assert_written(
        text, &old,
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1:J\xf6rg M\xfcller;;;;\r\nUID:urn:uuid:1\r\n"
        "FN;CHARSET=ISO-8859-1:J\xf6rg "
        "M\xfcller\r\nitem1.TEL;HOME;VOICE;PREF:+1\r\nEMAIL;INTERNET:a@b.test\r\n"
        "BDAY:19700131\r\nTITLE:\r\nADR:;;Via 1;Roma;;;\r\nLABEL;ENCODING=QUOTED-PRINTABLE:Via "
        "1=0D=0ARoma\r\nCATEGORIES:X-a,X-b c\r\n"
        "PHOTO;TYPE=JPEG;ENCODING=b:AAAA\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab;c,d\r\nORG:;;\r\nEND:"
        "VCARD\r\n");
}

static void cut(void **state)
{
    (void)state;
    const struct vcard21_write small = {.text = {.charset = CHARSET_UTF8, .size = sizes}};
    assert_written("BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Jörg;x\r\nFN:Jörg\r\nNOTE:äöüß\r\nTEL:"
                   "12345\r\nTEL:1234\r\nX-A:12345\r\n"
                   "CATEGORIES:ab,cde,f\r\nPHOTO;ENCODING=b:AAAAAAAA\r\nEND:VCARD\r\n",
                   &small,
                   "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8:Müller;Jö;\r\nFN;CHARSET=UTF-8:"
                   "Jörg\r\nNOTE;CHARSET=UTF-8:äöü\r\nTEL:1234\r\n"
                   "CATEGORIES:ab,f\r\nEND:VCARD\r\n");
}

/* ---- what goes out comes back ---- */

static uint32_t seed;
static uint32_t draw(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static struct str text_of(struct arena *a)
{
    static const char *const pieces[] = {"a",   "B", "ä",     "\n", "=",  ";",   "\\",  ",",  " x",
                                         ".0A", "€", "wort ", "日", "X:", "\\;", "\\n", "'\""};
    SCOPED_BUF(b, 1000);
    buf_addc(&b, 'z');
    for (uint32_t n = draw(14); n; n--)
        buf_addz(&b, pieces[draw(COUNT_OF(pieces))]);
    buf_addc(&b, 'z');
    return arena_str(a, buf_view(&b));
}

static void add(struct buf *b, struct arena *a, const char *head, int parts, char between)
{
    buf_addz(b, head);
    for (int i = 0; i < parts; i++) {
        if (i)
            buf_addc(b, between);
        text_escape(b, text_of(a));
    }
    buf_addz(b, "\r\n");
}

static void random_card(struct buf *b, struct arena *a)
{
    static const struct {
        const char *head;
        int parts;
        char between;
    } lines[] = {
        {"TEL;TYPE=HOME,VOICE:", 1, 0},
        {"EMAIL;TYPE=INTERNET,PREF:", 1, 0},
        {"ADR;TYPE=WORK:", 7, ';'},
        {"ORG:", 2, ';'},
        {"NOTE:", 1, 0},
        {"CATEGORIES:", 3, ','},
        {"NICKNAME:", 2, ','},
        {"TITLE;LANGUAGE=it:", 1, 0},
        {"item1.LABEL;TYPE=WORK:", 1, 0},
        {"UID:", 1, 0},
        {"X-A;X-B=c:", 1, 0},
        {"ROLE:", 1, 0},
    };
    static const char *const others[] = {"BDAY:19700131\r\n",
                                         "GEO:1.5;-2.5\r\n",
                                         "URL:http://a.test/?a=b;c,d\\e\r\n",
                                         "PHOTO;TYPE=JPEG;ENCODING=b:AAECAwQF\r\n",
                                         "TZ:+01:00\r\n",
                                         "KEY;TYPE=PGP;VALUE=text:abc\r\n",
                                         "SOUND;VALUE=uri:http://a.test/s\r\n"};
    buf_addz(b, "BEGIN:VCARD\r\nVERSION:3.0\r\n");
    add(b, a, "N:", 5, ';');
    add(b, a, "FN:", 1, 0);
    for (uint32_t n = draw(8); n; n--) {
        uint32_t i = draw(COUNT_OF(lines));
        add(b, a, lines[i].head, lines[i].parts, lines[i].between);
        buf_addz(b, others[draw(COUNT_OF(others))]);
    }
    buf_addz(b, "END:VCARD\r\n");
}

static void out_and_back(void **state)
{
    (void)state;
    for (seed = 1; seed < 3000000; seed += 1000) {
        SCOPED_ARENA(a, 4 << 20);
        SCOPED_BUF(text, 1 << 20);
        SCOPED_BUF(out, 1 << 20);
        SCOPED_BUF(there, 1 << 20);
        SCOPED_BUF(back, 1 << 20);
        uint32_t began = seed;
        struct vcard *c, *again;
        struct vcard_problem problem;
        random_card(&text, &a);
        assert_ok(vcard_parse(&a, buf_view(&text), &vcard_default_limits, &c, &problem));
        vcard_write(&there, c, NULL, false);
        const struct vcard21_write o = {
            .text = {.charset = CHARSET_UTF8, .qp_8bit = draw(2), .fold = draw(2), .empty = draw(2)},
            .photo_base64 = draw(2),
            .groups = true};
        assert_ok(vcard21_write(&a, c, &o, &out));
        assert_ok(vcard21_parse(&a, buf_view(&out), &(struct vcard21_read){0}, &again, &problem));
        vcard_write(&back, again, NULL, false);
        if (!str_eq(buf_view(&back), buf_view(&there)))
            fail_msg("seed %u\n%.*s\n%.*s\n%.*s", began, STR_ARG(buf_view(&there)), STR_ARG(buf_view(&out)),
                     STR_ARG(buf_view(&back)));
        seed = began;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nokia),  cmocka_unit_test(sony_ericsson), cmocka_unit_test(others),
        cmocka_unit_test(agents), cmocka_unit_test(refused),       cmocka_unit_test(written),
        cmocka_unit_test(cut),    cmocka_unit_test(out_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
