/* mailcore/delivery/stage.h: the stages that a sender and a recipient pass before they are accepted: a table of each, in order. A stage
 * looks at the turn and lets it pass, or ends it with a reply; a filter is another row. They run on a worker. */
#ifndef SCAMBIO_MAILCORE_DELIVERY_STAGE_H
#define SCAMBIO_MAILCORE_DELIVERY_STAGE_H

#include "mailcore/delivery/inside.h"

enum verdict { VERDICT_NEXT, VERDICT_END }; /* END: `reply` is set */

struct turn { /* one MAIL or RCPT */
    struct job job;
    struct loop_post post;
    struct intake *in;
    struct intake_settings *conf;
    struct smtp *s;
    struct smtp_recipient *recipient; /* NULL: of MAIL */
    int64_t user;                     /* who logged in; 0: nobody */
    struct lookup lookup;
    struct found found; /* behind the stage "address" */
    struct smtp_reply reply;
    struct arena arena;
};

struct stage {
    const char *name; /* for the log */
    unsigned roles;   /* of enum smtp_role: where it is passed */
    enum verdict (*fn)(struct turn *t);
};

/* Through all of them; what none refuses is accepted. */
void stages_sender(struct turn *t);
void stages_recipient(struct turn *t);

#endif
