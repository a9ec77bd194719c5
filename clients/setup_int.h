/* clients/setup_int.h: what the files of the set-up help share. */
#ifndef SCAMBIO_CLIENTS_SETUP_INT_H
#define SCAMBIO_CLIENTS_SETUP_INT_H

#include "clients/setup.h"

/* The server as the client sees it; every view holds only characters that a host name and a port may have. */
struct setup_place {
    struct str scheme, host, name, port; /* host: name with its port when that is not the scheme's own */
    bool https;
};

enum setup_text {
    TEXT_TITLE,
    TEXT_FRONT,      /* what this server is */
    TEXT_FRONT_LINK, /* to the set-up page */
    TEXT_INTRO,
    TEXT_ADDRESS,
    TEXT_USER,
    TEXT_USER_VALUE,
    TEXT_PASSWORD,
    TEXT_PASSWORD_VALUE,
    TEXT_QR,
    TEXT_INSECURE, /* shown over plain HTTP */
    TEXT_PROFILE_INTRO,
    TEXT_PROFILE_BUTTON,
    TEXT_PROFILE_CALENDARS, /* names in the profile */
    TEXT_PROFILE_CONTACTS,
    TEXT_PROFILE_ABOUT,
    TEXT_DAVX5_BUTTON,
    TEXT_OTHER_LANGUAGE,
    TEXT_BAD_USER,
    TEXT_COUNT
};

enum setup_extra { EXTRA_NONE, EXTRA_PROFILE, EXTRA_DAVX5 }; /* what a guide shows below its steps */

enum { SETUP_STEPS = 8 };

/* One client. In the steps {server}, {dav}, {syncml}, {host}, {name} and {port} stand for the server's values. */
struct setup_guide {
    struct str id, title;
    enum setup_extra extra;
    struct str steps[SETUP_STEPS]; /* the first absent one ends them */
};

struct setup_language {
    struct str tag, other; /* "en", and the language that the page offers instead */
    struct str texts[TEXT_COUNT];
    const struct setup_guide *guides;
    size_t guide_count;
};

extern const struct setup_language setup_languages[];
extern const size_t setup_language_count;

/* By Accept-Language (RFC 9110 section 12.5.4); the first of the table when none fits. */
const struct setup_language *setup_language_of(struct str accept);

/* & < > " ' for HTML and XML. */
void html_escape(struct buf *out, struct str s);

void setup_page(struct buf *out, const struct setup_language *l, const struct setup_place *place);
void setup_front(struct buf *out, const struct setup_language *l);
void setup_bad_user(struct buf *out, const struct setup_language *l);

/* An Apple configuration profile with a calendar and a contacts account; `user` STR_NONE: the device asks. */
void setup_profile(struct buf *out, const struct setup_language *l, const struct setup_place *place,
                   struct str user);

/* The text as a QR code, an SVG element. E_MEMORY, INVALID (too long). */
enum status setup_qr(struct buf *out, struct str text, struct str label);

#endif
