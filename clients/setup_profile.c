/* clients/setup_profile.c: the configuration profile for iPhone, iPad and Mac: a property list with two accounts.
 *
 * Its identifiers are made from server and user, so that a profile installed again replaces the first instead of doubling the
 * accounts. */
#include "clients/setup_int.h"

#include "core/hash.h"

struct account {
    const char *kind;   /* in identifiers */
    const char *type;   /* PayloadType */
    const char *prefix; /* of its own keys */
    enum setup_text name;
};

static const struct account accounts[] = {
    {"caldav", "com.apple.caldav.account", "CalDAV", TEXT_PROFILE_CALENDARS},
    {"carddav", "com.apple.carddav.account", "CardDAV", TEXT_PROFILE_CONTACTS},
};

static void string_of(struct buf *out, struct str value)
{
    buf_addz(out, "<string>");
    html_escape(out, value);
    buf_addz(out, "</string>\n");
}

static void add_key(struct buf *out, const char *prefix, const char *key)
{
    buf_addf(out, "<key>%s%s</key>", prefix, key);
}

static void pair(struct buf *out, const char *prefix, const char *key, struct str value)
{
    add_key(out, prefix, key);
    string_of(out, value);
}

/* A name-based UUID (RFC 9562 section 5.8: version 8, the digest is SHA-256). */
static void pair_uuid(struct buf *out, const struct setup_place *p, struct str user, const char *kind)
{
    SCOPED_BUF(seed, 2000);
    SCOPED_BUF(text, 64);
    unsigned char d[SHA256_SIZE];
    buf_addf(&seed, "scambio profile\n%s\n%.*s\n%.*s", kind, STR_ARG(p->host), STR_ARG(user));
    sha256(buf_view(&seed), d);
    d[6] = (unsigned char)(0x80 | (d[6] & 0x0f));
    d[8] = (unsigned char)(0x80 | (d[8] & 0x3f));
    static const unsigned char groups[] = {4, 2, 2, 2, 6};
    for (size_t i = 0, at = 0; i < COUNT_OF(groups); at += groups[i++]) {
        if (i)
            buf_addc(&text, '-');
        buf_hex(&text, str_n(d + at, groups[i]));
    }
    pair(out, "Payload", "UUID", buf_view(&text));
}

static void pair_identifier(struct buf *out, const struct setup_place *p, const char *kind)
{
    SCOPED_BUF(text, 1000);
    buf_addf(&text, "%.*s.scambio%s%s", STR_ARG(p->name), *kind ? "." : "", kind);
    pair(out, "Payload", "Identifier", buf_view(&text));
}

static void principal(struct buf *out, const struct account *account, struct str user)
{
    SCOPED_BUF(url, 4000);
    buf_addz(&url, "/dav/principals/");
    http_escape(&url, user, "@");
    buf_addc(&url, '/');
    pair(out, account->prefix, "PrincipalURL", buf_view(&url));
}

static void payload(struct buf *out, const struct setup_language *l, const struct account *account,
                    const struct setup_place *p, struct str user)
{
    SCOPED_BUF(name, 1000);
    buf_addf(&name, "%.*s (%.*s)", STR_ARG(l->texts[account->name]), STR_ARG(p->name));
    buf_addz(out, "<dict>\n");
    pair(out, "Payload", "Type", str_c(account->type));
    add_key(out, "Payload", "Version");
    buf_addz(out, "<integer>1</integer>\n");
    pair_identifier(out, p, account->kind);
    pair_uuid(out, p, user, account->kind);
    pair(out, "Payload", "DisplayName", l->texts[account->name]);
    pair(out, account->prefix, "AccountDescription", buf_view(&name));
    pair(out, account->prefix, "HostName", p->name);
    add_key(out, account->prefix, "Port");
    buf_addf(out, "<integer>%.*s</integer>\n", STR_ARG(p->port));
    add_key(out, account->prefix, "UseSSL");
    buf_addz(out, p->https ? "<true/>\n" : "<false/>\n");
    if (user.n) {
        pair(out, account->prefix, "Username", user);
        principal(out, account, user);
    }
    buf_addz(out, "</dict>\n");
}

void setup_profile(struct buf *out, const struct setup_language *l, const struct setup_place *p,
                   struct str user)
{
    SCOPED_BUF(name, 1000);
    buf_addf(&name, "Scambio (%.*s)", STR_ARG(p->name));
    buf_addz(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                  "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                  "<plist version=\"1.0\">\n<dict>\n<key>PayloadContent</key>\n<array>\n");
    for (size_t i = 0; i < COUNT_OF(accounts); i++)
        payload(out, l, &accounts[i], p, user);
    buf_addz(out, "</array>\n");
    pair(out, "Payload", "Type", STR("Configuration"));
    add_key(out, "Payload", "Version");
    buf_addz(out, "<integer>1</integer>\n");
    pair_identifier(out, p, "");
    pair_uuid(out, p, user, "profile");
    pair(out, "Payload", "DisplayName", buf_view(&name));
    pair(out, "Payload", "Description", l->texts[TEXT_PROFILE_ABOUT]);
    buf_addz(out, "</dict>\n</plist>\n");
}
