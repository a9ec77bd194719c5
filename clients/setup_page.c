/* clients/setup_page.c: the pages as HTML: no scripts, no requests for anything else, readable on a phone. */
#include "clients/setup_int.h"

static const char style[] =
    ":root{color-scheme:light "
    "dark;--ink:#1d2733;--soft:#5a6776;--paper:#f6f7f9;--card:#fff;--line:#dde2e8;--blue:#0b5cad}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#a3afbd;--paper:#14181d;--card:#1d232a;--"
    "line:#333c47;"
    "--blue:#7db8f5}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 system-ui,-apple-system,'Segoe "
    "UI',sans-serif}"
    "main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem 4rem}"
    "header{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;color:var(--soft)}"
    "h1{font-size:1.7rem;line-height:1.2;margin:1.2rem 0 .6rem}h2{font-size:1.2rem;margin:0 0 .5rem}"
    "a{color:var(--blue)}"
    "section,.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem "
    "1.2rem;margin:1rem 0}"
    ".facts{display:flex;flex-wrap:wrap;gap:1.2rem;align-items:center;justify-content:space-between}"
    "dl{margin:0;flex:1 1 18rem}dt{color:var(--soft);font-size:.85rem}dd{margin:0 0 .7rem}"
    "code{font:.92em ui-monospace,Menlo,Consolas,monospace;background:var(--paper);border:1px solid "
    "var(--line);"
    "border-radius:5px;padding:.08em .35em;overflow-wrap:anywhere}"
    "figure{margin:0;flex:0 1 11rem;text-align:center}figure "
    "svg{width:100%;max-width:11rem;background:#fff;border-radius:8px}"
    "figcaption{font-size:.8rem;color:var(--soft)}"
    "nav{display:flex;flex-wrap:wrap;gap:.5rem 1.1rem;margin:1.2rem 0}"
    "ol{margin:.2rem 0;padding-left:1.3rem}li{margin:.35rem 0}"
    "form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin-top:.9rem}"
    "label{flex:1 1 14rem;font-size:.85rem;color:var(--soft)}"
    "input{display:block;width:100%;font:inherit;padding:.5rem .6rem;border:1px solid "
    "var(--line);border-radius:8px;"
    "background:var(--paper);color:var(--ink)}"
    "button,.button{display:inline-block;font:inherit;font-weight:600;border:0;border-radius:8px;padding:."
    "55rem 1rem;"
    "background:var(--blue);color:var(--card);text-decoration:none}"
    ".warn{border-left:4px solid #c77700}";

void html_escape(struct buf *out, struct str s)
{
    static const struct str references[128] = {
        ['&'] = STR_INIT("&amp;"),  ['<'] = STR_INIT("&lt;"),   ['>'] = STR_INIT("&gt;"),
        ['"'] = STR_INIT("&quot;"), ['\''] = STR_INIT("&#39;"),
    };
    size_t done = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 128 || !references[c].n)
            continue;
        buf_add(out, str_slice(s, done, i - done));
        buf_add(out, references[c]);
        done = i + 1;
    }
    buf_add(out, str_from(s, done));
}

/* Writes <tag class>text</tag>, the text escaped. */
static void element(struct buf *out, const char *tag, struct str text)
{
    buf_addf(out, "<%s>", tag);
    html_escape(out, text);
    buf_addf(out, "</%s>", tag);
}

static void begin(struct buf *out, const struct setup_language *l, struct str title)
{
    buf_addf(out, "<!DOCTYPE html>\n<html lang=\"%.*s\"><head><meta charset=\"utf-8\">", STR_ARG(l->tag));
    buf_addz(out, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    element(out, "title", title);
    buf_addf(out, "<style>%s</style></head>\n<body><main><header><span>Scambio</span>", style);
    buf_addf(out, "<a href=\"?lang=%.*s\" hreflang=\"%.*s\" lang=\"%.*s\">", STR_ARG(l->other),
             STR_ARG(l->other), STR_ARG(l->other));
    html_escape(out, l->texts[TEXT_OTHER_LANGUAGE]);
    buf_addz(out, "</a></header>\n");
    element(out, "h1", title);
}

static void end(struct buf *out)
{
    buf_addz(out, "</main></body></html>\n");
}

/* ---- the server's values in the middle of a sentence ---- */

static void value_server(struct buf *out, const struct setup_place *p)
{
    buf_addf(out, "%.*s://%.*s/", STR_ARG(p->scheme), STR_ARG(p->host));
}

static void value_dav(struct buf *out, const struct setup_place *p)
{
    value_server(out, p);
    buf_addz(out, "dav/");
}

static void value_syncml(struct buf *out, const struct setup_place *p)
{
    value_server(out, p);
    buf_addz(out, "syncml");
}

static void value_host(struct buf *out, const struct setup_place *p)
{
    buf_add(out, p->host);
}

static void value_name(struct buf *out, const struct setup_place *p)
{
    buf_add(out, p->name);
}

static void value_port(struct buf *out, const struct setup_place *p)
{
    buf_add(out, p->port);
}

static const struct {
    struct str word;
    void (*write)(struct buf *out, const struct setup_place *p);
} values[] = {
    {STR_INIT("{server}"), value_server}, {STR_INIT("{dav}"), value_dav},
    {STR_INIT("{syncml}"), value_syncml}, {STR_INIT("{host}"), value_host},
    {STR_INIT("{name}"), value_name},     {STR_INIT("{port}"), value_port},
};

static void sentence(struct buf *out, struct str text, const struct setup_place *p)
{
    size_t at;
    while ((at = str_chr(text, '{', 0)) != SIZE_MAX) {
        html_escape(out, str_slice(text, 0, at));
        text = str_from(text, at);
        struct str word = STR("{");
        for (size_t i = 0; i < COUNT_OF(values); i++) {
            if (!str_starts(text, values[i].word))
                continue;
            SCOPED_BUF(value, 1000);
            word = values[i].word;
            values[i].write(&value, p);
            element(out, "code", buf_view(&value));
        }
        text = str_from(text, word.n);
    }
    html_escape(out, text);
}

/* ---- parts ---- */

static void fact(struct buf *out, struct str what, struct str value, bool code)
{
    element(out, "dt", what);
    buf_addz(out, "<dd>");
    element(out, code ? "code" : "span", value);
    buf_addz(out, "</dd>");
}

static void facts(struct buf *out, const struct setup_language *l, const struct setup_place *p)
{
    SCOPED_BUF(server, 1000);
    value_server(&server, p);
    buf_addz(out, "<div class=\"card facts\"><dl>");
    fact(out, l->texts[TEXT_ADDRESS], buf_view(&server), true);
    fact(out, l->texts[TEXT_USER], l->texts[TEXT_USER_VALUE], false);
    fact(out, l->texts[TEXT_PASSWORD], l->texts[TEXT_PASSWORD_VALUE], false);
    buf_addz(out, "</dl><figure>");
    if (setup_qr(out, buf_view(&server), buf_view(&server)) == OK)
        element(out, "figcaption", l->texts[TEXT_QR]);
    buf_addz(out, "</figure></div>\n");
}

static void extra_profile(struct buf *out, const struct setup_language *l, const struct setup_place *p)
{
    (void)p;
    buf_addz(out, "<form action=\"/setup/scambio.mobileconfig\"><label>");
    html_escape(out, l->texts[TEXT_PROFILE_INTRO]);
    buf_addz(out, "<input type=\"email\" name=\"user\" autocomplete=\"email\" "
                  "placeholder=\"name@example.org\"></label>");
    element(out, "button", l->texts[TEXT_PROFILE_BUTTON]);
    buf_addz(out, "</form>");
}

/* DAVx5 opens davx5: as https and caldav: as http. */
static void extra_davx5(struct buf *out, const struct setup_language *l, const struct setup_place *p)
{
    buf_addf(out, "<p><a class=\"button\" href=\"%s://", p->https ? "davx5" : "caldav");
    html_escape(out, p->host);
    buf_addz(out, "/dav/\">");
    html_escape(out, l->texts[TEXT_DAVX5_BUTTON]);
    buf_addz(out, "</a></p>");
}

static void (*const extras[])(struct buf *out, const struct setup_language *l,
                              const struct setup_place *p) = {
    [EXTRA_NONE] = NULL,
    [EXTRA_PROFILE] = extra_profile,
    [EXTRA_DAVX5] = extra_davx5,
};

static void guide(struct buf *out, const struct setup_language *l, const struct setup_guide *g,
                  const struct setup_place *p)
{
    buf_addf(out, "<section id=\"%.*s\">", STR_ARG(g->id));
    element(out, "h2", g->title);
    buf_addz(out, "<ol>");
    for (size_t i = 0; i < SETUP_STEPS && g->steps[i].p; i++) {
        buf_addz(out, "<li>");
        sentence(out, g->steps[i], p);
        buf_addz(out, "</li>");
    }
    buf_addz(out, "</ol>");
    if (extras[g->extra])
        extras[g->extra](out, l, p);
    buf_addz(out, "</section>\n");
}

void setup_page(struct buf *out, const struct setup_language *l, const struct setup_place *p)
{
    begin(out, l, l->texts[TEXT_TITLE]);
    element(out, "p", l->texts[TEXT_INTRO]);
    if (!p->https) {
        buf_addz(out, "<p class=\"card warn\">");
        html_escape(out, l->texts[TEXT_INSECURE]);
        buf_addz(out, "</p>");
    }
    facts(out, l, p);
    buf_addz(out, "<nav>");
    for (size_t i = 0; i < l->guide_count; i++) {
        buf_addf(out, "<a href=\"#%.*s\">", STR_ARG(l->guides[i].id));
        html_escape(out, l->guides[i].title);
        buf_addz(out, "</a>");
    }
    buf_addz(out, "</nav>\n");
    for (size_t i = 0; i < l->guide_count; i++)
        guide(out, l, &l->guides[i], p);
    end(out);
}

void setup_front(struct buf *out, const struct setup_language *l)
{
    begin(out, l, STR("Scambio"));
    element(out, "p", l->texts[TEXT_FRONT]);
    buf_addz(out, "<p><a class=\"button\" href=\"/setup\">");
    html_escape(out, l->texts[TEXT_FRONT_LINK]);
    buf_addz(out, "</a></p>");
    end(out);
}

void setup_bad_user(struct buf *out, const struct setup_language *l)
{
    begin(out, l, l->texts[TEXT_TITLE]);
    element(out, "p", l->texts[TEXT_BAD_USER]);
    buf_addz(out, "<section>");
    extra_profile(out, l, NULL);
    buf_addz(out, "</section>");
    end(out);
}
