/* vCards: what is taken and refused, conversion both ways, selection, merging, splitting, indexed fields. */
#include "tests/unit/test.h"

#include "formats/vcard.h"

static struct vcard *parse(struct arena *a, struct str text)
{
    struct vcard *c;
    struct vcard_problem problem;
    enum status st = vcard_parse(a, text, &vcard_default_limits, &c, &problem);
    if (st != OK)
        print_error("%.*s: %.*s\n", STR_ARG(text), STR_ARG(problem.text));
    assert_ok(st);
    return c;
}

static struct str wrap(struct arena *a, const char *version, const char *props)
{
    return arena_strf(a, "BEGIN:VCARD\r\nVERSION:%s\r\n%sEND:VCARD\r\n", version, props);
}

static struct str unwrap(struct arena *a, const struct vcard *c)
{
    SCOPED_BUF(b, 1 << 20);
    vcard_write(&b, c, NULL, false);
    struct str s = buf_view(&b);
    size_t from = sizeof "BEGIN:VCARD\r\nVERSION:4.0\r\n" - 1;
    return arena_str(a, str_slice(s, from, s.n - from - (sizeof "END:VCARD\r\n" - 1)));
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
        enum status st;
    } rows[] = {
        {"", "line 1: an empty text", INVALID},
        {"FN:x\r\n", "line 1: BEGIN:VCARD is missing", INVALID},
        {"BEGIN:VCALENDAR\r\n", "line 1: BEGIN:VCARD is missing", INVALID},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\n", "line 3: END:VCARD is missing", INVALID},
        {"BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n", "line 3: VERSION is missing", INVALID},
        {"BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n", "line 2: only versions 3.0 and 4.0 are taken",
         UNSUPPORTED},
        {"BEGIN:VCARD\r\nVERSION:5\r\nEND:VCARD\r\n", "line 2: only versions 3.0 and 4.0 are taken",
         UNSUPPORTED},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nVERSION:3.0\r\nEND:VCARD\r\n", "line 3: a second VERSION", INVALID},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nbroken\r\nEND:VCARD\r\n", "line 3: a colon is missing", INVALID},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:\xff\r\nEND:VCARD\r\n", "line 3: not UTF-8", INVALID},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nFN;X=\xff:a\r\nEND:VCARD\r\n", "line 3: not UTF-8", INVALID},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nBEGIN:VCARD\r\nEND:VCARD\r\n", "line 3: a card inside a card",
         INVALID},
        {"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\nBEGIN:VCARD\r\n", "line 4: text behind END:VCARD",
         INVALID},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct vcard *c;
        struct vcard_problem problem;
        assert_status(vcard_parse(&a, str_c(rows[i].text), &vcard_default_limits, &c, &problem), rows[i].st);
        assert_null(c);
        assert_str(problem.text, rows[i].why);
        assert_false(problem.size);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct vcard_limits small = {{.line = 60, .lines = 4, .params = 3}};
    static const struct {
        const char *props;
        enum status st;
    } rows[] = {
        {"NOTE:0123456789012345678901234567890123456789012345678901234567890123456789\r\n", TOO_LARGE},
        {"A:1\r\nB:2\r\nC:3\r\n", TOO_MANY},
        {"A;B=1;C=2;D=3:1\r\n", TOO_MANY},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct vcard *c;
        struct vcard_problem problem;
        assert_status(vcard_parse(&a, wrap(&a, "3.0", rows[i].props), &small, &c, &problem), rows[i].st);
        assert_true(problem.size && problem.text.n);
    }
}

static void test_tolerates(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct vcard *c =
        parse(&a, STR("\xef\xbb\xbf"
                      "begin:vcard\nversion:3.0\nFN:a\x01\x0b\x7f"
                      "b\n\n"
                      "NOTE;CHARSET=ISO-8859-1:caff\xe8\nPHOTO;ENCODING=b:AA\n AA\nend:vcard\n\n"));
    assert_int_equal(c->version, VCARD_3_0);
    assert_str(c->props->value, "a\x01\x0b\x7f"
                                "b");
    assert_str(c->props->next->value, "caff\xc3\xa8");
    assert_str(c->props->next->next->value, "AAAA");
    SCOPED_BUF(b, 10000);
    vcard_write(&b, c, NULL, true);
    assert_true(str_find(buf_view(&b),
                         STR("FN:a\x7f"
                             "b\r\n"),
                         0) != SIZE_MAX);
}

static void test_check(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct vcard_info info;
    struct vcard_problem problem;
    assert_ok(vcard_check(&a, parse(&a, wrap(&a, "3.0", "UID: u1 \r\n")), &info, &problem));
    assert_str(info.uid, "u1");
    assert_false(info.group);
    assert_ok(vcard_check(&a, parse(&a, wrap(&a, "4.0", "UID:u\r\nKIND:Group\r\n")), &info, &problem));
    assert_true(info.group);
    assert_ok(vcard_check(&a, parse(&a, wrap(&a, "3.0", "UID:u\r\nX-ADDRESSBOOKSERVER-KIND:group\r\n")),
                          &info, &problem));
    assert_true(info.group);
    assert_status(vcard_check(&a, parse(&a, wrap(&a, "3.0", "FN:x\r\n")), &info, &problem), INVALID);
    assert_str(problem.text, "UID is missing");
    assert_status(vcard_check(&a, parse(&a, wrap(&a, "3.0", "UID:a\r\nUID:b\r\n")), &info, &problem),
                  INVALID);
}

/* "=" in `way`: both directions; ">" 3.0 to 4.0 alone; "<" 4.0 to 3.0 alone. N is there so that none is derived. */
static const struct pair {
    const char *v3, way, *v4;
} pairs[] = {
    {"PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n", '=', "PHOTO:data:image/jpeg;base64,AAAA\r\n"},
    {"PHOTO;ENCODING=B;TYPE=png:AAAA\r\n", '>', "PHOTO:data:image/png;base64,AAAA\r\n"},
    {"PHOTO;BASE64;JPEG:AAAA\r\n", '>', "PHOTO:data:image/jpeg;base64,AAAA\r\n"},
    {"PHOTO;ENCODING=b:AAAA\r\n", '=', "PHOTO:data:;base64,AAAA\r\n"},
    {"PHOTO;VALUE=uri:http://x.test/a.jpg\r\n", '=', "PHOTO:http://x.test/a.jpg\r\n"},
    {"PHOTO;VALUE=uri;TYPE=GIF:http://x.test/a\r\n", '=', "PHOTO;MEDIATYPE=image/gif:http://x.test/a\r\n"},
    {"PHOTO;VALUE=uri:data:image/png,%89\r\n", '=', "PHOTO:data:image/png,%89\r\n"},
    {"PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n", '<', "PHOTO:data:image/jpeg\\;base64\\,AAAA\r\n"},
    {"LOGO;ENCODING=b;TYPE=SVG+XML:AAAA\r\n", '=', "LOGO:data:image/svg+xml;base64,AAAA\r\n"},
    {"SOUND;ENCODING=b;TYPE=BASIC:AAAA\r\n", '=', "SOUND:data:audio/basic;base64,AAAA\r\n"},
    {"KEY;ENCODING=b;TYPE=X509:AAAA\r\n", '=', "KEY:data:application/pkix-cert;base64,AAAA\r\n"},
    {"KEY;ENCODING=b;TYPE=PGP:AAAA\r\n", '=', "KEY:data:application/pgp-keys;base64,AAAA\r\n"},
    {"KEY:text\\, key\r\n", '=', "KEY;VALUE=text:text\\, key\r\n"},
    {"TEL;TYPE=HOME,VOICE,PREF:1\r\n", '>', "TEL;TYPE=HOME,VOICE;PREF=1:1\r\n"},
    {"TEL;TYPE=home;TYPE=PREF:1\r\n", '=', "TEL;TYPE=home;PREF=1:1\r\n"},
    {"TEL;PREF=2:1\r\n", '=', "TEL;PREF=2:1\r\n"},
    {"TEL;HOME:1\r\n", '>', "TEL;TYPE=HOME:1\r\n"},
    {"TEL;X-VALUE=uri:+39-055\r\n", '=', "TEL;VALUE=uri:tel:+39-055\r\n"},
    {"EMAIL;TYPE=INTERNET,HOME:a@x.test\r\n", '>', "EMAIL;TYPE=HOME:a@x.test\r\n"},
    {"EMAIL;TYPE=HOME:a@x.test\r\n", '<', "EMAIL;TYPE=HOME:a@x.test\r\n"},
    {"BDAY:1985-04-12\r\n", '=', "BDAY:19850412\r\n"},
    {"BDAY;VALUE=date:1985-04-12\r\n", '>', "BDAY:19850412\r\n"},
    {"BDAY;VALUE=date-time:1985-04-12T10:22:00Z\r\n", '=', "BDAY:19850412T102200Z\r\n"},
    {"BDAY;VALUE=date-time:1985-04-12T10:22:00-05:00\r\n", '=', "BDAY:19850412T102200-0500\r\n"},
    {"BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12\r\n", '=', "BDAY:--0412\r\n"},
    {"BDAY:--04-12\r\n", '>', "BDAY:--0412\r\n"},
    {"BDAY:1985-04\r\n", '=', "BDAY:1985-04\r\n"},
    {"BDAY:---12\r\n", '=', "BDAY:---12\r\n"},
    {"BDAY;VALUE=text:circa 1800\r\n", '=', "BDAY;VALUE=text:circa 1800\r\n"},
    {"BDAY;CALSCALE=gregorian:1985-04-12\r\n", '=', "BDAY;CALSCALE=gregorian:19850412\r\n"},
    {"REV:1995-10-31T22:27:10Z\r\n", '=', "REV:19951031T222710Z\r\n"},
    {"X-ANNIVERSARY:2001-09-01\r\n", '=', "ANNIVERSARY:20010901\r\n"},
    {"X-ANNIVERSARY:soon\r\n", '=', "X-ANNIVERSARY:soon\r\n"},
    {"X-X-GENDER:M\r\n", '=', "X-GENDER:M\r\n"},
    {"X-GENDER:M;boy\r\n", '=', "GENDER:M;boy\r\n"},
    {"X-GENDER:Male\r\n", '=', "X-GENDER:Male\r\n"},
    {"X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\n", '=',
     "KIND:group\r\nMEMBER:urn:uuid:1\r\n"},
    {"X-RELATED;TYPE=spouse:urn:uuid:1\r\n", '=', "RELATED;TYPE=spouse:urn:uuid:1\r\n"},
    {"AGENT;VALUE=uri:urn:uuid:1\r\n", '=', "RELATED;TYPE=agent:urn:uuid:1\r\n"},
    {"AGENT:BEGIN:VCARD\\nEND:VCARD\\n\r\n", '=',
     "RELATED;VALUE=text;TYPE=agent:BEGIN:VCARD\\nEND:VCARD\\n\r\n"},
    {"TZ:-05:00\r\n", '=', "TZ;VALUE=utc-offset:-0500\r\n"},
    {"TZ;VALUE=text:Europe/Rome\r\n", '=', "TZ:Europe/Rome\r\n"},
    {"TZ:Europe/Rome\r\n", '>', "TZ:Europe/Rome\r\n"},
    {"GEO:43.77;11.25\r\n", '=', "GEO:geo:43.77,11.25\r\n"},
    {"GEO;VALUE=uri:geo:43.77,11.25;u=10\r\n", '=', "GEO:geo:43.77,11.25;u=10\r\n"},
    {"UID:abc\r\n", '=', "UID;VALUE=text:abc\r\n"},
    {"UID:urn:uuid:1\r\n", '=', "UID:urn:uuid:1\r\n"},
    {"ADR;TYPE=home:;;Via A;;;;\r\nLABEL;TYPE=home:Via A\\n50100 Firenze\r\n", '=',
     "ADR;TYPE=home;LABEL=Via A^n50100 Firenze:;;Via A;;;;\r\n"},
    {"LABEL;TYPE=work:Via B\r\n", '=', "ADR;TYPE=work;LABEL=Via B:;;;;;;\r\n"},
    {"LABEL;TYPE=home:L\r\nADR;TYPE=home:;;V;;;;\r\n", '>', "ADR;TYPE=home;LABEL=L:;;V;;;;\r\n"},
    {"ADR;TYPE=home:;;1;;;;\r\nADR;TYPE=home:;;2;;;;\r\nLABEL;TYPE=home:two\r\n", '=',
     "ADR;TYPE=home:;;1;;;;\r\nADR;TYPE=home;LABEL=two:;;2;;;;\r\n"},
    {"NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:caff=C3=A8=0D=0Ax\r\n", '>', "NOTE:caff\xc3\xa8\\nx\r\n"},
    {"item1.EMAIL:a@x.test\r\nitem1.X-ABLabel:_$!<Other>!$_\r\n", '=',
     "item1.EMAIL:a@x.test\r\nitem1.X-ABLabel:_$!<Other>!$_\r\n"},
    {"IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@x.test\r\n", '=', "IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@x.test\r\n"},
    {"ORG;LANGUAGE=it;ALTID=1;PID=1.1:A;B\r\nX-CLIENTPIDMAP:1;urn:uuid:2\r\n", '=',
     "ORG;LANGUAGE=it;ALTID=1;PID=1.1:A;B\r\nCLIENTPIDMAP:1;urn:uuid:2\r\n"},
    {"X-XML:<a xmlns=\"u\"/>\r\n", '=', "XML:<a xmlns=\"u\"/>\r\n"},
    {"MAILER:x\r\nCLASS:PRIVATE\r\nCATEGORIES:a,b\r\n", '=',
     "MAILER:x\r\nCLASS:PRIVATE\r\nCATEGORIES:a,b\r\n"},
};

static void converts_to(const char *from, const char *props, enum vcard_version to, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    struct vcard *made;
    struct str text = arena_strf(&a, "N:R;M;;;\r\n%s", props);
    struct vcard *c = parse(&a, wrap(&a, from, text.p));
    assert_ok(vcard_convert(&a, c, to, &made));
    assert_int_equal(made->version, to);
    assert_str(str_from(unwrap(&a, made), sizeof "N:R;M;;;\r\n" - 1), wanted);
    assert_str(unwrap(&a, c), text.p); /* the source is as it was */
}

static void test_convert(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (pairs[i].way != '<')
            converts_to("3.0", pairs[i].v3, VCARD_4_0, pairs[i].v4);
        if (pairs[i].way != '>')
            converts_to("4.0", pairs[i].v4, VCARD_3_0, pairs[i].v3);
    }
}

static void whole_converts(const char *from, const char *props, enum vcard_version to, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    struct vcard *made;
    assert_ok(vcard_convert(&a, parse(&a, wrap(&a, from, props)), to, &made));
    assert_str(unwrap(&a, made), wanted);
}

static void test_names(void **state)
{
    (void)state;
    whole_converts("4.0", "FN:Vendite\r\n", VCARD_3_0, "FN:Vendite\r\nN;X-DERIVED=FN:Vendite;;;;\r\n");
    whole_converts("3.0", "FN:Vendite\r\nN;X-DERIVED=FN:Vendite;;;;\r\n", VCARD_4_0, "FN:Vendite\r\n");
    whole_converts("3.0", "FN:Vendite\r\nN;X-DERIVED=FN:Changed;;;;\r\n", VCARD_4_0,
                   "FN:Vendite\r\nN:Changed;;;;\r\n");
    whole_converts("4.0", "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;;;\r\n", VCARD_3_0,
                   "N:van der Harten;Rene;;;\r\nSORT-STRING:Harten\\,Rene\r\n");
    whole_converts("3.0", "N:van der Harten;Rene;;;\r\nSORT-STRING:Harten\\,Rene\r\n", VCARD_4_0,
                   "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;;;\r\n");
    whole_converts("3.0", "FN:x\r\nSORT-STRING:y\r\n", VCARD_4_0, "FN:x\r\nSORT-STRING:y\r\n");
    whole_converts("3.0", "N:a;b;;;\r\nSORT-STRING:x\r\nSORT-STRING:y\r\n", VCARD_4_0,
                   "N:a;b;;;\r\nSORT-STRING:x\r\nSORT-STRING:y\r\n");
}

/* ---- any card made of the rows above comes back ---- */

struct random {
    uint64_t x;
};

static size_t draw(struct random *r, size_t n)
{
    r->x ^= r->x << 13;
    r->x ^= r->x >> 7;
    r->x ^= r->x << 17;
    return (size_t)(r->x % n);
}

static void round_trip(struct arena *a, struct random *r, bool from4)
{
    SCOPED_BUF(props, 1 << 16);
    buf_addz(&props, "UID:urn:uuid:7\r\nN:R;M;;;\r\nFN:M R\r\n");
    for (size_t n = draw(r, 9); n > 0;) {
        const struct pair *p = &pairs[draw(r, COUNT_OF(pairs))];
        if (p->way != '=' || strstr(p->v3, "LABEL"))
            continue;
        buf_addz(&props, from4 ? p->v4 : p->v3);
        n--;
    }
    if (from4 && draw(r, 2))
        buf_addz(&props, "ADR;TYPE=work;LABEL=\"a, b\":;;V;;;;\r\nADR;TYPE=work:;;W;;;;\r\n");
    if (!from4 && draw(r, 2))
        buf_addz(&props, "ADR;TYPE=work:;;V;;;;\r\nLABEL;TYPE=work:a\\, b\r\nADR;TYPE=work:;;W;;;;\r\n");
    struct vcard *there, *back;
    struct vcard *c = parse(a, wrap(a, from4 ? "4.0" : "3.0", buf_c(&props)));
    assert_ok(vcard_convert(a, c, from4 ? VCARD_3_0 : VCARD_4_0, &there));
    SCOPED_BUF(text, 1 << 16);
    vcard_write(&text, there, NULL, false);
    assert_ok(vcard_convert(a, parse(a, buf_view(&text)), c->version, &back));
    assert_str(unwrap(a, back), unwrap(a, c).p);
}

static void test_round_trips(void **state)
{
    (void)state;
    struct random r = {88172645463325252U};
    for (int i = 0; i < 2000; i++) {
        SCOPED_ARENA(a, 4 << 20);
        round_trip(&a, &r, i % 2);
    }
}

static void test_select(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct vcard *c = parse(
        &a, wrap(&a, "3.0", "UID:u\r\nFN:f\r\nitem1.TEL;TYPE=home:1\r\nitem2.TEL:2\r\nTEL:3\r\nNOTE:n\r\n"));
    static const struct {
        struct str name;
        bool novalue;
        const char *wanted;
    } rows[] = {
        {STR_INIT("TEL"), false, "UID:u\r\nFN:f\r\nitem1.TEL;TYPE=home:1\r\nitem2.TEL:2\r\nTEL:3\r\n"},
        {STR_INIT("item1.tel"), false, "UID:u\r\nFN:f\r\nitem1.TEL;TYPE=home:1\r\n"},
        {STR_INIT("item1.TEL"), true, "UID:u\r\nFN:f\r\nitem1.TEL;TYPE=home:\r\n"},
        {STR_INIT("NOTHING"), false, "UID:u\r\nFN:f\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct vcard_select select = {&rows[i].name, &rows[i].novalue, 1};
        SCOPED_BUF(b, 10000);
        vcard_write(&b, c, &select, true);
        struct str wanted = wrap(&a, "3.0", rows[i].wanted);
        assert_str(buf_view(&b), wanted.p);
    }
}

static void merges_to(const char *v, const char *stored, const char *w, const char *incoming,
                      const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    struct vcard *made;
    assert_ok(vcard_merge(&a, parse(&a, wrap(&a, v, stored)), parse(&a, wrap(&a, w, incoming)), &made));
    assert_str(unwrap(&a, made), wanted);
}

static void test_merge(void **state)
{
    (void)state;
    merges_to("4.0",
              "UID:urn:u:1\r\nN:A;;;;\r\nRELATED:urn:u:2\r\nGENDER:F\r\nTEL;PREF=2;PID=1.1:1\r\nTEL:"
              "2\r\nNOTE:x\r\n",
              "3.0", "UID:urn:u:1\r\nN:B;;;;\r\nTEL:1\r\nX-GENDER:M\r\n",
              "UID:urn:u:1\r\nN:B;;;;\r\nTEL;PID=1.1;PREF=2:1\r\nGENDER:M\r\nRELATED:urn:u:2\r\n");
    merges_to("4.0", "N:G;;;;\r\nKIND:group\r\nMEMBER:urn:u:1\r\nMEMBER:urn:u:2\r\n", "3.0",
              "N:G;;;;\r\nX-ADDRESSBOOKSERVER-KIND:group\r\n", "N:G;;;;\r\nKIND:group\r\n");
    merges_to("4.0", "N:G;;;;\r\nKIND:group\r\nMEMBER:urn:u:1\r\nMEMBER:urn:u:2\r\n", "3.0", "N:H;;;;\r\n",
              "N:H;;;;\r\nKIND:group\r\nMEMBER:urn:u:1\r\nMEMBER:urn:u:2\r\n");
    merges_to("3.0", "N:A;;;;\r\nCLASS:PRIVATE\r\nNOTE:x\r\n", "4.0", "N:B;;;;\r\n",
              "N:B;;;;\r\nCLASS:PRIVATE\r\n");
    merges_to("3.0", "N:A;;;;\r\nCLASS:PRIVATE\r\n", "3.0", "N:B;;;;\r\n", "N:B;;;;\r\n");
}

struct seen {
    struct buf b;
    enum status answer;
};

static enum status on_card(void *ctx, struct str text)
{
    struct seen *s = ctx;
    buf_addf(&s->b, "[%.*s]", STR_ARG(text));
    return s->answer;
}

static void test_split(void **state)
{
    (void)state;
    struct seen s = {BUF_INIT(10000), OK};
    assert_ok(vcard_split(
        STR("\xef\xbb\xbf"
            "BEGIN:VCARD\nA:1\nEND:VCARD\n\njunk\nbegin:vcard\r\nB:2\r\n END:VCARD\r\nEND:VCARD\r\n"),
        on_card, &s));
    assert_str(buf_view(&s.b),
               "[BEGIN:VCARD\nA:1\nEND:VCARD\n][begin:vcard\r\nB:2\r\n END:VCARD\r\nEND:VCARD\r\n]");
    buf_clear(&s.b);
    assert_status(vcard_split(STR("BEGIN:VCARD\nA:1\n"), on_card, &s), INVALID);
    assert_ok(vcard_split(STR(""), on_card, &s));
    assert_str(buf_view(&s.b), "");
    s.answer = OVER_QUOTA;
    assert_status(vcard_split(STR("BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD"), on_card, &s),
                  OVER_QUOTA);
    assert_str(buf_view(&s.b), "[BEGIN:VCARD\nEND:VCARD\n]");
    buf_free(&s.b);
}

static enum status on_field(void *ctx, enum vcard_field field, size_t n, struct str folded)
{
    buf_addf(ctx, "%d.%zu=%.*s ", (int)field, n, STR_ARG(folded));
    return OK;
}

static void test_fields(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 10000);
    struct vcard *c =
        parse(&a, wrap(&a, "3.0", "FN:Nicol\xc3\xb2\\, x\r\nEMAIL:A@x\r\nitem1.EMAIL:b@x\r\nNOTE:n\r\n"));
    assert_ok(vcard_fields(&a, c, on_field, &b));
    assert_str(buf_view(&b), "1.0=NICOLO\xcc\x80, X 4.0=A@X 4.1=B@X ");
    assert_int_equal(vcard_field_of(STR("email")), VCARD_EMAIL);
    assert_int_equal(vcard_field_of(STR("NOTE")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses),     cmocka_unit_test(test_limits),  cmocka_unit_test(test_tolerates),
        cmocka_unit_test(test_check),       cmocka_unit_test(test_convert), cmocka_unit_test(test_names),
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_select),  cmocka_unit_test(test_merge),
        cmocka_unit_test(test_split),       cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
